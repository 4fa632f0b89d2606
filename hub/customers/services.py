"""What may be done with customers."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import matching, numbering
from hub.access import owning
from hub.access.principals import Principal
from hub.catalogues.services import refuse_unlisted
from hub.configuration import current
from hub.connections.models import Connection
from hub.customers import facts, keyed, references, routing
from hub.customers.defaults import currency_of_new
from hub.customers.likeness import refuse_finer
from hub.customers.models import (
    Address,
    Contact,
    Customer,
    CustomerKind,
    CustomerRole,
    Lifecycle,
)
from hub.customers.policy import PortalPolicy
from hub.customers.refusing import DuplicateLeave, refuse_duplicate, refuse_taken
from hub.customers.rules import MIXES, clean, writable
from hub.entry_policies.enforcing import warn
from hub.entry_policies.entering import entered
from hub.errors import (
    ConflictError,
    MergedError,
    NotFoundError,
    StaleVersionError,
    ValidationError,
)
from hub.history.recording import record
from hub.i18n import N_
from hub.listing.search import search_document
from hub.listing.sorting import sort_text
from hub.numbering import NumberSequence
from hub.remembering import Remembered
from hub.settings import get_settings
from hub.sharing.unseen import refuse_unseen, unseen_like

ENTITY = "customer"
CATALOGUES = {
    "qualification": "qualifications",
    "value_class": "value_classes",
    "source": "sources",
    "follow_up_method": "follow_up_methods",
    "classifications": "classifications",
    "terms_code": "terms_codes",
    "price_list": "price_lists",
    "tax_group": "tax_groups",
    "shipping_method": "shipping_methods",
    "payment_processor": "payment_processors",
    "handles": "handle_kinds",
}
"""The catalogue of each field whose words stand in one; of handles it has the keys."""

KEYED = frozenset({"registrations", "handles", "mail_routes"})
"""The fields that hold texts under keys (`hub.customers.keyed`)."""

AMOUNTS = ("credit_limit",)
"""The fields that are amounts in the customer's currency."""

SWITCHES = frozenset({"refuses_calls", "refuses_email", "portal_login"})

WRITABLE = KEYED | SWITCHES | CATALOGUES.keys() | frozenset(
    {
        "custom",
        "kind", "name", "legal_name", "ref_no", "roles", "cvr", "p_number", "vat_no", "ean",
        "phone", "mobile", "email", "website", "address", "postcode", "city", "region", "country",
        "industry",
        "currency", "customer_group", "credit_limit", "iban", "bic", "bank_account", "note",
        "external_ref", "shipping_instructions",
    }
)  # fmt: skip
"""The fields that people and scripts write."""

NEW_COLUMNS = (
    *sorted(WRITABLE | owning.FIELDS), "channel", "imported_at", "name_provisional", "lifecycle",
)  # fmt: skip
"""The columns that `completed` gives values for."""

_COMPARED = frozenset(
    {"name", "cvr", "vat_no", "ean", "p_number", "phone", "email", "website", "address",
     "postcode", "city", "country"}
)  # fmt: skip
_KEYS = _COMPARED | {"mobile"}
"""The fields by which it is known again: its second number in place of a first one."""

_SEARCHED = frozenset({"name", "legal_name", "ref_no", "cvr", "phone", "mobile", "email", "address",
                       "postcode", "city", "industry", "registrations", "handles",
                       "contact_numbers"})  # fmt: skip
_NEEDED = frozenset({"roles", "kind"}) | SWITCHES
_IMPORTED = frozenset({"import", "shop"})
_SEARCHED_BESIDE_NAME = tuple(sorted(_SEARCHED - {"name"}))


def create(
    session: Session,
    fields: Mapping[str, Any],
    *,
    now: datetime,
    allow_duplicate: DuplicateLeave | None = None,
    check_duplicates: bool = True,
    keys_are_held: bool = False,
    channel: str = "manual",
    owned_by_creator: bool = False,
    caller: Principal | None = None,
    policed: bool = True,
) -> Customer:
    """Create a customer from the fields given; a name, or a CVR number in its place, is enough.

    Without a name it is called by its number until the registry answers. Two who are about to write
    the same wait for one another, unless `keys_are_held` says that `upserting.hold` saw to it.
    `owned_by_creator` makes whoever creates it its owner, if the fields name nobody and customers
    are assigned to him at all. That a caller may name others is his to check
    (`hub.customers.ownership`). `caller` is who creates it, where a person or program does: what he
    does not see is no candidate, nor has he leave for a second one of it; None sees everything.
    `policed` says that the installation's policy of entries holds (`hub.entry_policies`).

    Raises:
        ValidationError: names every broken rule, or whom it may not be assigned to.
        ConflictError: ``duplicate`` (details: `existing_id`, `candidates`), ``taken`` where a
            reference number or external reference is in use, or ``duplicate_value``.
        UnseenError: likewise, by a customer that the caller does not see.
        TooManyBlindMatchesError: he has been told of such too often.
    """
    given = clean(writable(fields, WRITABLE | owning.FIELDS))
    currency = given.get("currency") or currency_of_new(session)
    portal_login = current(session, PortalPolicy).login_for_new_customers
    values = completed(
        given, currency=currency, portal_login=portal_login, channel=channel, now=now
    )
    if policed:
        refuse_finer(values, AMOUNTS, values["currency"])
    owning.refuse_unassignable(session, Customer, values)
    refuse_unlisted(session, CATALOGUES, chosen(values))
    routing.refuse_foreign(session, None, values["mail_routes"])
    if owned_by_creator and values.get("owner_user_id") is None:
        values["owner_user_id"] = owning.creator_if_assignable(session, Customer)
    values, warned = entered(session, Customer, values, caller=caller, policed=policed)
    refuse_taken(session, values, None, caller)
    ready = matching.prepare(ENTITY, party_of(values))
    if check_duplicates and not keys_are_held:
        matching.hold(session, ENTITY, [ready])
    found = _find_like(session, caller, ready) if check_duplicates else []
    refuse_duplicate(session, values, found, allow_duplicate)
    if check_duplicates:
        refuse_unseen(session, caller, Customer, ready)
    give_numbers(session, [values])
    # Complete before it is written: a second statement would touch nearly every index again.
    customer = Customer(**values, **derived_texts(values))
    session.add(customer)
    session.flush()
    matching.write(session, ENTITY, customer.id, ready)
    warn(session, customer, warned)
    if allow_duplicate is not None:
        for candidate in found:
            record(
                session,
                "customer.duplicate_allowed",
                subject_type=ENTITY,
                subject_id=customer.id,
                data={"other_id": str(candidate.record_id), "reason": allow_duplicate.reason},
            )
    return customer


def completed(
    values: Mapping[str, Any], *, currency: str, portal_login: bool, channel: str, now: datetime
) -> dict[str, Any]:
    """Return the columns of a new customer: clean values, and the defaults of what is not given.

    `currency` and `portal_login` hold where the values name none.

    Raises:
        ValidationError: there is neither a name nor a CVR number to call it by.
    """
    given = {name: value for name, value in values.items() if value is not None}
    provisional = "name" not in given and "cvr" in given
    if provisional:
        given["name"] = f"CVR {given['cvr']}"
    if not given.get("name"):
        raise ValidationError.of("/name", "required", N_("A name or a CVR number is needed."))
    return {
        "currency": currency,
        "country": get_settings().country,
        "kind": CustomerKind.ORGANISATION,
        "custom": {},
        **{name: [] for name in MIXES},
        **dict.fromkeys(SWITCHES, False),
        "portal_login": portal_login,
        **given,
        "roles": given.get("roles") or [CustomerRole.PROSPECT.value],
        "channel": channel,
        "imported_at": now if channel in _IMPORTED else None,
        "name_provisional": provisional,
        "lifecycle": Lifecycle.ACTIVE,
    }


def update(
    session: Session,
    customer: Customer,
    changes: Mapping[str, Any],
    *,
    now: datetime,
    caller: Principal | None = None,
    given_back: bool = False,
) -> Customer:
    """Change the named fields; None empties one.

    Whoever changes a value owns it, unless `given_back` says that it is the former one of something
    that is taken back: then it is again whose it was.

    It may become like another that `caller` sees, and the two are a pair for people to look at; but
    not what one is that he does not see, for nobody would tell him.

    Raises:
        ValidationError: names every broken rule.
        ConflictError: ``currency_locked``, ``taken``, or ``duplicate_value``.
        UnseenError: ``taken`` or ``duplicate``, by a customer that the caller does not see.
        TooManyBlindMatchesError: he has been told of such too often.
        MergedError: the customer lives on under another id.
    """
    del now
    if customer.merged_into_id is not None:
        raise MergedError(ENTITY, customer.id, customer.merged_into_id)
    given = writable(changes, WRITABLE)
    for name in KEYED & given.keys():
        given[name] = keyed.patched(getattr(customer, name), given[name])
    values = clean({"country": customer.country, **given})
    if "country" not in given:
        del values["country"]
    if "currency" in values and values["currency"] != customer.currency:
        raise ConflictError(
            "currency_locked",
            N_("The currency is {currency} and cannot be changed after the first save."),
            currency=customer.currency,
        )
    empty = sorted(name for name in _NEEDED & values.keys() if values[name] is None)
    if empty:
        raise ValidationError.of(f"/{empty[0]}", "required", N_("It cannot be emptied."))
    refuse_finer(values, AMOUNTS, customer.currency)
    refuse_taken(session, values, customer.id, caller)
    changed = {name for name, value in values.items() if getattr(customer, name) != value}
    _refuse_unknown(session, customer, {name: values[name] for name in changed})
    values, warned = entered(session, Customer, values, customer, caller=caller)
    if changed & _KEYS:
        after = {**_compared_values(customer), **values}
        if "name" in changed:
            after["name_provisional"] = False
        ready = matching.prepare(ENTITY, party_of(after))
        said = changed | ({"phone"} if "mobile" in changed else set())
        refuse_unseen(session, caller, Customer, ready, own_id=customer.id, said=said)
    warn(session, customer, warned)
    set_now = {name: values[name] for name in changed}
    if not given_back:
        facts.disown(session, customer, set_now)
    _set(customer, set_now)
    refresh_derived(session, customer, changed)
    return customer


def refresh_derived(session: Session, customer: Customer, changed: set[str]) -> None:
    """Bring search and duplicate keys up to date after fields were set by a process."""
    refresh_derived_many(session, [(customer, changed)])


def refresh_derived_many(
    session: Session, changed: Sequence[tuple[Customer, Collection[str]]]
) -> None:
    """Do the same for many customers, each with the fields that were set."""
    for customer, names in changed:
        _fill_derived(customer, names)
    session.flush()
    matching.write_many(
        session,
        ENTITY,
        (
            (customer.id, party_of(_compared_values(customer)))
            for customer, names in changed
            if _KEYS.intersection(names)
        ),
    )


def get(session: Session, customer_id: UUID, *, lock: bool = False) -> Customer:
    """Return a customer, deleted ones not.

    Raises:
        NotFoundError: there is none.
        MergedError: it lives on under another id.
    """
    statement = select(Customer).where(Customer.id == customer_id)
    if lock:
        statement = statement.with_for_update(key_share=True)
    customer = session.scalars(statement.execution_options(populate_existing=lock)).one_or_none()
    if customer is None or customer.deleted_at is not None:
        raise NotFoundError(ENTITY, customer_id)
    if customer.merged_into_id is not None:
        raise MergedError(ENTITY, customer.id, customer.merged_into_id)
    return customer


def get_for_change(session: Session, customer_id: UUID, expected_version: int) -> Customer:
    """Return a customer, locked, if it still is as the caller saw it.

    Raises:
        NotFoundError: there is none.
        MergedError: it lives on under another id.
        StaleVersionError: it was changed meanwhile.
    """
    customer = get(session, customer_id, lock=True)
    if customer.version != expected_version:
        raise StaleVersionError(ENTITY, customer.id, customer.version)
    return customer


def delete(session: Session, customer: Customer, *, now: datetime) -> None:
    """Take a customer away; number, references and history stay, its id is never used again.

    What people and other systems did with it holds it: notes, reminders that are not done, links
    that are not cut, customers merged into it. They would be lost with it; who wants it out of the
    way archives it. Contacts and addresses are the customer's own, seen and changed by its rights
    alone, and go with it. A shop's id of it stays and answers for nobody: the shop's next order
    makes a new one.

    Raises:
        ConflictError: ``in_use``; the details count and name what refers to it.
    """
    _close_to_references(session, customer)
    references.refuse_held(session, customer.id)
    for model in (Contact, Address):
        living = select(model).where(model.customer_id == customer.id, model.deleted_at.is_(None))
        for part in session.scalars(living):
            part.deleted_at = now
    _remove(session, customer, now)


def take_back(session: Session, customer: Customer, *, now: datetime) -> None:
    """Take away a customer that a process made, as the undo of its plan does.

    What was attached to it since was not the process's to make, so contacts and a shop's id of it
    hold it as well.

    Raises:
        ConflictError: ``in_use``, as for `delete`.
    """
    _close_to_references(session, customer)
    for error in references.held_with_parts(session, [customer.id]).values():
        raise error
    _remove(session, customer, now)


def take_number(session: Session, customer: Customer, number: str) -> bool:
    """Give a customer the number that another system has for it; returns whether it got it.

    It does not where it has one already, or another customer has this one.
    """
    if customer.ref_no is not None:
        return False
    if session.scalar(select(Customer.id).where(Customer.ref_no == number)) is not None:
        return False
    customer.ref_no = number
    refresh_derived(session, customer, {"ref_no"})
    return True


def give_numbers(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Give the values of new customers numbers of our own, where customers are to have some.

    They have none while a connection owns the numbers, or nobody has set that they are numbered
    (S31). One that is given by hand stays.
    """
    numberless = [row for row in rows if row.get("ref_no") is None]
    if numberless and _ARE_NUMBERED.current(session):
        numbers = numbering.allocate_many(
            session, ENTITY, len(numberless), taken=lambda asked: _taken(session, asked)
        )
        for row, number in zip(numberless, numbers, strict=True):
            row["ref_no"] = number


def party_of(values: Mapping[str, Any]) -> matching.Party:
    """Return what duplicate detection compares; a name that is only the number is none."""
    facts = {name: values.get(name) for name in _COMPARED}
    facts["phone"] = facts["phone"] or values.get("mobile")
    if values.get("name_provisional"):
        facts["name"] = None
    return matching.Party(**facts)


def derived_texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns that search and sorting need of a customer's values."""
    others = (text for name in _SEARCHED_BESIDE_NAME for text in _texts(name, values.get(name)))
    return {
        "search_text": search_document(values["name"], others),
        "sort_name": sort_text(values["name"]),
    }


def chosen(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what values hold of catalogues, as `refuse_unlisted` takes it."""
    return {
        name: keyed.texts(value) if name in KEYED and value is not None else value
        for name, value in values.items()
        if name in CATALOGUES
    }


def values_of(customer: Customer, names: frozenset[str] = WRITABLE) -> dict[str, Any]:
    """Return a customer's writable values."""
    return {name: getattr(customer, name) for name in names}


def _close_to_references(session: Session, customer: Customer) -> None:
    """Let no new row refer to a customer, and wait for those that are being written."""
    session.execute(select(Customer.id).where(Customer.id == customer.id).with_for_update())


def _remove(session: Session, customer: Customer, now: datetime) -> None:
    customer.deleted_at = now
    matching.remove(session, ENTITY, customer.id)


def _set(customer: Customer, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(customer, name, value)
    if "name" in values:
        customer.name_provisional = False


def _fill_derived(customer: Customer, changed: Collection[str]) -> None:
    if _SEARCHED.intersection(changed):
        texts = derived_texts({name: getattr(customer, name) for name in _SEARCHED})
        customer.search_text, customer.sort_name = texts["search_text"], texts["sort_name"]


_NUMBERED = select(NumberSequence.id).where(
    NumberSequence.kind == ENTITY,
    NumberSequence.automatic,
    ~select(Connection.id)
    .where(Connection.numbering_owner, Connection.deleted_at.is_(None))
    .exists(),
)


_ARE_NUMBERED = Remembered(
    lambda session: session.scalar(_NUMBERED) is not None, NumberSequence, Connection
)


def _taken(session: Session, numbers: Sequence[str]) -> list[str]:
    """Return which of some numbers customers have, deleted ones too."""
    query = select(Customer.ref_no).where(Customer.ref_no.in_(numbers))
    return [str(number) for number in session.scalars(query)]


def _texts(name: str, value: Any) -> list[str | None]:
    if name in KEYED:
        return list(keyed.texts(value or ()).values())
    return list(value or ()) if name == "contact_numbers" else [value]


def _refuse_unknown(session: Session, customer: Customer, values: Mapping[str, Any]) -> None:
    """Pass what a customer is to have anew of catalogues and of its own contacts and addresses."""
    kept = chosen({name: getattr(customer, name) for name in CATALOGUES})
    refuse_unlisted(session, CATALOGUES, chosen(values), kept=kept)
    new = set(values.get("mail_routes", ())) - set(customer.mail_routes)
    routing.refuse_foreign(session, customer.id, new)


def _find_like(
    session: Session, caller: Principal | None, ready: matching.Prepared
) -> list[matching.Candidate]:
    unseen = unseen_like(session, caller, Customer, ready)
    return matching.find(session, ENTITY, ready, unseen=unseen)


def _compared_values(customer: Customer) -> dict[str, Any]:
    return {name: getattr(customer, name) for name in (*_KEYS, "name_provisional")}

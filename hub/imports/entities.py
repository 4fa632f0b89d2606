"""What can be imported: the columns of its files, and what its rows must say."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from hub import matching
from hub.access.principals import Permission
from hub.access.roles import Verb
from hub.customers import rules as customer_rules
from hub.customers import services as customers
from hub.customers.models import Customer, CustomerKind
from hub.errors import FieldError, ValidationError
from hub.i18n import N_
from hub.imports import parts
from hub.imports.columns import ImportColumn
from hub.imports.customer_columns import CUSTOMER_COLUMNS
from hub.imports.lead_columns import LEAD_COLUMNS
from hub.imports.options import MatchKey, Options
from hub.imports.part_columns import ADDRESS_COLUMNS, CONTACT_COLUMNS
from hub.leads import rules as lead_rules
from hub.leads.models import Lead
from hub.settings import get_settings

CUSTOMERS = "customers"
LEADS = "leads"


@dataclass(frozen=True, slots=True)
class Importable:
    """What the rows of a file become.

    `join` makes whole fields of the parts that files have them in; `beside` takes out, and returns,
    what a row names beside its record, in a country; `clean` brings values to their
    stored form; `prepare` makes ready for duplicate detection. A file has one of the columns
    `named_in`, a row one of the fields `named_by`, or it says `nameless`. `amounts` are decimals.
    A row comes in without its `phones` where they cannot be read. `match` says by what a row can
    find its record, `has_roles` whether its records have roles.
    """

    model: type[Customer] | type[Lead]
    columns: tuple[ImportColumn, ...]
    join: Callable[[dict[str, Any]], None]
    beside: Callable[[dict[str, Any], str | None], dict[str, Any]]
    clean: Callable[[Mapping[str, Any]], dict[str, Any]]
    prepare: Callable[[Mapping[str, Any]], matching.Prepared | None]
    named_in: frozenset[str]
    named_by: frozenset[str]
    nameless: FieldError
    amounts: AbstractSet[str]
    phones: AbstractSet[str]
    match: frozenset[MatchKey]
    has_roles: bool = False

    @property
    def assigning(self) -> Permission:
        """The right to say whose its records are."""
        return Permission(Verb.ASSIGN, self.model.collection())

    def fitted(self, options: Options) -> Options:
        """Return wishes as far as they make sense of it.

        Raises:
            ValidationError: they name roles that its records do not have, or keys by which none of
                them is found.
        """
        if options.roles and not self.has_roles:
            raise ValidationError.of("/roles", "unfit", N_("These records have no roles."))
        strange = sorted(set(options.match) - self.match) if options.explicit_match else []
        if strange:
            raise ValidationError.of(
                "/match", "unfit", N_("None of these records is found by {key}."),
                key=strange[0].value,
            )  # fmt: skip
        return replace(options, match=tuple(key for key in options.match if key in self.match))


def _join_customer(given: dict[str, Any]) -> None:
    """Make one name of two; beside a company's name they are those of its contact.

    The one number of a row is the customer's phone, whichever it is.
    """
    if given.get("mobile") and not given.get("phone"):
        given["phone"] = given.pop("mobile")
    names = {name: given.pop(name, None) for name in ("first_name", "last_name")}
    said = {name: text for name, text in names.items() if text}
    if said and "name" not in given:
        given["name"] = " ".join(said.values())
        given.setdefault("kind", CustomerKind.PERSON.value)
    elif given.get("kind") != CustomerKind.PERSON.value:
        for name, text in said.items():
            given.setdefault(f"{parts.CONTACT}.{name}", text)
    _join_address(given)


def _join_lead(given: dict[str, Any]) -> None:
    first, last = given.pop("first_name", None), given.pop("last_name", None)
    if (first or last) and "person" not in given:
        given["person"] = " ".join(part for part in (first, last) if part)
    _join_address(given)


def _join_address(given: dict[str, Any]) -> None:
    second = given.pop("address_2", None)
    if second:
        given["address"] = "\n".join(part for part in (given.get("address"), second) if part)


def _prepare_customer(values: Mapping[str, Any]) -> matching.Prepared:
    # With the country that a new customer is given where the row names none.
    party = customers.party_of({"country": get_settings().country, **values})
    return matching.prepare(customers.ENTITY, party)


ENTITIES: Mapping[str, Importable] = {
    CUSTOMERS: Importable(
        Customer,
        (*CUSTOMER_COLUMNS, *CONTACT_COLUMNS, *ADDRESS_COLUMNS),
        join=_join_customer,
        beside=parts.read,
        clean=customer_rules.clean,
        prepare=_prepare_customer,
        named_in=frozenset({"name", "cvr", "first_name", "last_name"}),
        named_by=frozenset({"name", "cvr"}),
        nameless=FieldError("/name", "required", N_("A name or a CVR number is needed.")),
        amounts=frozenset({"credit_limit"}),
        phones=frozenset({"phone", "mobile"}),
        match=frozenset(MatchKey),
        has_roles=True,
    ),
    LEADS: Importable(
        Lead,
        LEAD_COLUMNS,
        join=_join_lead,
        beside=lambda _given, _country: {},
        clean=lead_rules.clean,
        prepare=lambda _: None,
        named_in=frozenset({"company", "person", "first_name", "last_name"}),
        named_by=frozenset({"company", "person"}),
        nameless=FieldError("/company", "required", N_("A company or a person is needed.")),
        amounts=frozenset({"net_potential_value"}),
        phones=frozenset({"phone", "mobile"}),
        match=frozenset({MatchKey.EXTERNAL_REF}),
    ),
}
"""By the names of the collections."""

"""/contacts, /addresses, /notes and /reminders: /batch and /by-external-ref/{ref}"""

from typing import Any, TypeVar
from uuid import UUID

from flask import Blueprint
from sqlalchemy import or_, select

from api.operations import Call, Permission, Verb
from api.presenting_reminders import note_view, reminder_view
from api.routes.addresses import address_view
from api.routes.contacts import contact_view
from api.routes.customers import get_customer_record
from api.schemas.addresses import AddressUpsert, AddressView
from api.schemas.customers import ContactUpsert, ContactView
from api.schemas.notes import NoteUpsert, NoteView
from api.schemas.reminders import ReminderUpsert, ReminderView, moved
from api.upserting import Fields, Upsertable, Wanted, serve
from hub import external_refs
from hub.access.lookup import get_record
from hub.customers import addresses, contacts
from hub.customers.models import Address, Contact, Customer
from hub.entry_policies import enforcing as entries
from hub.errors import NotFoundError, ValidationError
from hub.i18n import N_
from hub.notes import services as notes
from hub.notes.models import Note
from hub.reminders import services as reminders
from hub.reminders.models import Reminder
from hub.reminders.timing import Moment

blueprint = Blueprint("part_upserts", __name__)
PartT = TypeVar("PartT", Contact, Address, Note, Reminder)
_ID, _REFERENCE = "customer_id", "customer_external_ref"


def _hold(model: type[PartT]) -> Any:
    def hold(call: Call[Any, Any], wanted: Wanted) -> None:
        """Lock the customers that a batch is about, in the order of their ids."""
        known = select(model.customer_id).where(
            model.external_ref.in_([reference for reference, _ in wanted]),
            model.deleted_at.is_(None),
        )
        ids = [fields[_ID] for _, fields in wanted if _ID in fields]
        references = [fields[_REFERENCE] for _, fields in wanted if _REFERENCE in fields]
        call.session.execute(
            select(Customer.id)
            .where(
                or_(
                    Customer.id.in_(known),
                    Customer.id.in_(ids),
                    Customer.external_ref.in_(references),
                )
            )
            .order_by(Customer.id)
            .with_for_update()
        )
        entries.hold(call.session, model, (fields for _, fields in wanted))

    return hold


def _customer(call: Call[Any, Any], verb: Verb, fields: Fields) -> Customer:
    """Take whose it is out of the fields of a new one, and return him."""
    customer_id, reference = fields.pop(_ID, None), fields.pop(_REFERENCE, None)
    if (customer_id is None) == (reference is None):
        raise ValidationError.of(
            f"/{_ID}", "required",
            N_("Say whose it is: by customer_id or by customer_external_ref, one of the two."),
        )  # fmt: skip
    if reference is not None:
        found = external_refs.find(call.session, Customer, reference)
        customer_id = found.id if found else UUID(int=0)
    try:
        return get_customer_record(call, verb, customer_id)
    except NotFoundError as error:
        pointer = f"/{_ID if reference is None else _REFERENCE}"
        raise ValidationError.of(
            pointer, "unknown_customer", N_("There is no such customer.")
        ) from error


def _refuse_moving(
    call: Call[Any, Any], part: Contact | Address | Note | Reminder, fields: Fields
) -> None:
    """Take whose it is out of the fields of a known one, which stays his."""
    customer_id = fields.pop(_ID, part.customer_id)
    reference = fields.pop(_REFERENCE, None)
    if reference is not None:
        found = external_refs.find(call.session, Customer, reference)
        customer_id = customer_id if found and found.id == part.customer_id else None
    if customer_id != part.customer_id:
        pointer = f"/{_ID if reference is None else _REFERENCE}"
        raise ValidationError.of(
            pointer, "other_customer", N_("It is another customer's, and stays there.")
        )


def _lock(model: type[PartT]) -> Any:
    def lock(call: Call[Any, Any], identifier: UUID, expected_version: int | None) -> PartT:
        return get_record(
            call.session, call.principal, Verb.EDIT, model, identifier,
            expected_version=expected_version,
        )  # fmt: skip

    return lock


def _create_contact(call: Call[Any, Any], fields: Fields, keys_are_held: bool) -> Contact:  # noqa: FBT001 - as `Upsertable.create` is called
    del keys_are_held
    customer = _customer(call, Verb.EDIT, fields)
    return contacts.create(call.session, customer, fields, caller=call.principal)


def _change_contact(call: Call[Any, Any], contact: Contact, fields: Fields) -> None:
    _refuse_moving(call, contact, fields)
    customer = get_customer_record(call, Verb.EDIT, contact.customer_id)
    contacts.update(call.session, customer, contact, fields, caller=call.principal)


def _create_address(call: Call[Any, Any], fields: Fields, keys_are_held: bool) -> Address:  # noqa: FBT001 - likewise
    del keys_are_held
    return addresses.create(call.session, _customer(call, Verb.EDIT, fields), fields)


def _change_address(call: Call[Any, Any], address: Address, fields: Fields) -> None:
    _refuse_moving(call, address, fields)
    customer = get_customer_record(call, Verb.EDIT, address.customer_id)
    addresses.update(call.session, customer, address, fields)


def _create_note(call: Call[Any, Any], fields: Fields, keys_are_held: bool) -> Note:  # noqa: FBT001 - likewise
    del keys_are_held
    return notes.create(call.session, _customer(call, Verb.COMMENT, fields), now=call.now, **fields)


def _change_note(call: Call[Any, Any], note: Note, fields: Fields) -> None:
    _refuse_moving(call, note, fields)
    notes.change(call.session, note, fields, now=call.now)


def _create_reminder(call: Call[Any, Any], fields: Fields, keys_are_held: bool) -> Reminder:  # noqa: FBT001 - likewise
    del keys_are_held
    customer = _customer(call, Verb.COMMENT, fields)
    return reminders.create(
        call.session,
        customer,
        now=call.now,
        **{
            "zone": call.zone,
            "recipient_user_id": call.principal.user_id,
            **moved(fields, Moment(fields["on"], None)),
        },
    )


def _change_reminder(call: Call[Any, Any], reminder: Reminder, fields: Fields) -> None:
    _refuse_moving(call, reminder, fields)
    changes = moved(fields, Moment.of(reminder.fire_at_local))
    reminders.change(call.session, reminder, changes, now=call.now)


serve(
    blueprint,
    Upsertable(
        path="contacts",
        model=Contact,
        body=ContactUpsert,
        answer=ContactView,
        creating=Permission(Verb.EDIT, "customers"),
        changing=Permission(Verb.EDIT, "customers"),
        compared=frozenset(ContactUpsert.model_fields) - {_ID, _REFERENCE},
        view=contact_view,
        hold=_hold(Contact),
        lock=_lock(Contact),
        create=_create_contact,
        change=_change_contact,
    ),
    described="A new one says whose it is.",
)
serve(
    blueprint,
    Upsertable(
        path="addresses",
        model=Address,
        body=AddressUpsert,
        answer=AddressView,
        creating=Permission(Verb.EDIT, "customers"),
        changing=Permission(Verb.EDIT, "customers"),
        needed=("kind",),
        compared=frozenset(AddressUpsert.model_fields) - {_ID, _REFERENCE},
        view=address_view,
        hold=_hold(Address),
        lock=_lock(Address),
        create=_create_address,
        change=_change_address,
    ),
    described="A new one says whose it is and has a `kind`.",
)
serve(
    blueprint,
    Upsertable(
        path="notes",
        model=Note,
        body=NoteUpsert,
        answer=NoteView,
        creating=Permission(Verb.CREATE, "notes"),
        changing=Permission(Verb.EDIT, "notes"),
        needed=("body",),
        compared=frozenset({"body", "type", "at"}),
        view=note_view,
        hold=_hold(Note),
        lock=_lock(Note),
        create=_create_note,
        change=_change_note,
    ),
    described="A new one says whose it is and has a `body`.",
)
serve(
    blueprint,
    Upsertable(
        path="reminders",
        model=Reminder,
        body=ReminderUpsert,
        answer=ReminderView,
        creating=Permission(Verb.CREATE, "reminders"),
        changing=Permission(Verb.EDIT, "reminders"),
        needed=("title", "on"),
        compared=frozenset({"title", "fire_at_local", "zone", "recipient_user_id", "state"}),
        view=reminder_view,
        hold=_hold(Reminder),
        lock=_lock(Reminder),
        create=_create_reminder,
        change=_change_reminder,
    ),
    described="A new one says whose it is and has a `title` and a day (`on`).",
)

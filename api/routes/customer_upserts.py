"""/customers/batch and /customers/by-external-ref/{ref}"""

from typing import Any
from uuid import UUID

from flask import Blueprint

from api.operations import Call, Permission, Verb
from api.presenting_customers import customer_view
from api.routes.customers import get_customer_record
from api.schemas.customers import CustomerUpsert, CustomerView
from api.upserting import Fields, Upsertable, Wanted, serve
from hub.access import owning
from hub.customers import ownership, upserting
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.customers.refusing import taken_unseen
from hub.entry_policies import enforcing as entries
from hub.errors import ValidationError
from hub.i18n import N_
from hub.pools import passing_on
from hub.sharing.blind_matches import require_room

blueprint = Blueprint("customer_upserts", __name__)


def _hold(call: Call[Any, Any], wanted: Wanted) -> None:
    entries.hold(call.session, Customer, (fields for _, fields in wanted))
    upserting.hold(call.session, wanted, now=call.now)


def _lock(call: Call[Any, Any], customer_id: UUID, expected_version: int | None) -> Customer:
    return get_customer_record(call, Verb.EDIT, customer_id, expected_version=expected_version)


def _create(call: Call[Any, Any], fields: Fields, keys_are_held: bool) -> Customer:  # noqa: FBT001 - as `Upsertable.create` is called
    fields.pop("reason", None)
    owning.refuse_to_name_others(call.principal, Customer, fields)
    return customers.create(
        call.session,
        fields,
        now=call.now,
        owned_by_creator=True,
        keys_are_held=keys_are_held,
        caller=call.principal,
    )


def _change(call: Call[Any, Any], customer: Customer, fields: Fields) -> None:
    reason = fields.pop("reason", None)
    owners = {name: fields.pop(name) for name in owning.FIELDS & fields.keys()}
    customers.update(call.session, customer, fields, now=call.now, caller=call.principal)
    if any(getattr(customer, name) != owner for name, owner in owners.items()):
        _assign(call, customer, owners, reason)


def _refuse_unseen(call: Call[Any, Any], customer_id: UUID, external_ref: str) -> None:
    require_room(call.session, call.principal)
    raise taken_unseen(customer_id, "external_ref", external_ref)


def _assign(
    call: Call[Any, Any], customer: Customer, owners: dict[str, UUID | None], reason: str | None
) -> None:
    get_customer_record(call, Verb.ASSIGN, customer.id)
    call.principal.require(ownership.ASSIGNING)
    if reason is None:
        raise ValidationError.of("/reason", "required", N_("Say why it is to be another's."))
    passing_on.assign(call.session, customer, owners, reason=reason, now=call.now)


serve(
    blueprint,
    Upsertable(
        path="customers",
        model=Customer,
        body=CustomerUpsert,
        answer=CustomerView,
        creating=Permission(Verb.CREATE, "customers"),
        changing=Permission(Verb.EDIT, "customers"),
        compared=customers.WRITABLE | owning.FIELDS,
        refuse_unseen=_refuse_unseen,
        view=customer_view,
        hold=_hold,
        lock=_lock,
        create=_create,
        change=_change,
    ),
    described="With the right to assign it can be said whose the customer is; where that changes, "
    "`reason` says why.",
)

"""/customers/{id}/protection"""

from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.operations import Answer, Call, Permission, Verb, operation
from api.routes.customers import get_customer_record
from api.schemas.protection import ProtectionBody, ProtectionEvent, ProtectionView
from hub.access.models import User
from hub.access.predicates import allowed
from hub.access.readings import ACT
from hub.customers import protecting
from hub.customers.models import Customer
from hub.errors import ValidationError
from hub.i18n import N_
from hub.sharing.blind_matches import TOLD

blueprint = Blueprint("protection", __name__)
PROTECT = Permission(Verb.PROTECT, "customers")
READ_EVENT = f"{protecting.ENTITY}.{ACT}"
TOLD_EVENT = f"{protecting.ENTITY}.{TOLD}"
_TYPES = (protecting.PROTECTED, protecting.RENEWED, protecting.RELEASED, READ_EVENT, TOLD_EVENT)
_OF_EVENTS = ("until", "reason", "how", "matched_on")
_BOUNDS = {
    HTTPStatus.CONFLICT: "It has no owner (`no_owner`), or he has as many protected customers as"
    " the policy allows (`too_many_protected`)."
}


def _view(call: Call[Any, Any], customer: Customer) -> ProtectionView:
    protected = customer.is_protected
    call.session.flush()
    return ProtectionView(
        id=customer.id,
        version=customer.version,
        protected=protected,
        until=customer.protected_until if protected else None,
        since=customer.protected_at if protected else None,
        by=customer.protected_by if protected else None,
        history=_history(call, customer),
    )


def _history(call: Call[Any, Any], customer: Customer) -> list[ProtectionEvent]:
    if not (
        allowed(call.principal, Verb.PROTECT, customer) or call.principal.sees_all("customers")
    ):
        return []
    found = protecting.history(call.session, customer, _TYPES)
    people = {event.user_id for event in found if event.user_id is not None}
    names = {
        row.id: row.name
        for row in call.session.execute(select(User.id, User.name).where(User.id.in_(people)))
    }
    return [
        ProtectionEvent(
            type=event.type,
            at=event.at,
            by=event.user_id,
            by_name=names.get(event.user_id) if event.user_id else None,
            **{name: (event.data or {}).get(name) for name in _OF_EVENTS},
        )
        for event in found
    ]


def _view_again(call: Call[Any, Any], customer_id: UUID) -> ProtectionView:
    return _view(call, get_customer_record(call, Verb.READ, customer_id))


@operation(
    blueprint, "GET", "/customers/<uuid:customer_id>/protection",
    permission=Permission(Verb.READ, "customers"), answer=ProtectionView,
)  # fmt: skip
def get_protection(call: Call, customer_id: UUID) -> ProtectionView:
    """Return whether a customer is protected, until when, and who learnt of it meanwhile."""
    return _view_again(call, customer_id)


@operation(
    blueprint, "POST", "/customers/<uuid:customer_id>/protection",
    permission=PROTECT, body=ProtectionBody, answer=ProtectionView, reload=_view_again,
    refusals=_BOUNDS,
)  # fmt: skip
def protect_customer(call: Call[ProtectionBody], customer_id: UUID) -> ProtectionView:
    """Protect a customer, or renew its protection: for others it does not exist until then.

    Its owner, those it is shared with, whoever leads the owner, auditors and administrators know it
    still; the last two leave a mark when they read it.
    """
    customer = get_customer_record(
        call, Verb.PROTECT, customer_id, expected_version=call.version_if_given
    )
    body, until = call.body, call.body.until
    if body.days is not None:
        if until is not None:
            raise ValidationError.of(
                "/days", "one_of", N_("Say either until when or for how long.")
            )
        until = call.now + timedelta(days=body.days)
    protecting.protect(call.session, customer, until=until, reason=body.reason, now=call.now)
    return _view(call, customer)


@operation(
    blueprint, "DELETE", "/customers/<uuid:customer_id>/protection",
    permission=PROTECT, status=HTTPStatus.NO_CONTENT,
)  # fmt: skip
def release_protection(call: Call, customer_id: UUID) -> Answer[None]:
    """End the protection of a customer before its time; If-Match is the customer's version."""
    customer = get_customer_record(
        call, Verb.PROTECT, customer_id, expected_version=call.expected_version
    )
    protecting.release(call.session, customer)
    return Answer(None)

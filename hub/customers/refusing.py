"""What a customer may not be because another one is it already."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from hub import matching
from hub.access.concealing import UnseenError
from hub.access.principals import Principal
from hub.customers.models import Customer
from hub.errors import ConflictError, ValidationError
from hub.i18n import N_
from hub.matching.telling import fingerprint_of
from hub.sharing.blind_matches import require_room
from hub.sharing.unseen import sees_all, unseen_among

ENTITY = Customer.entity()
UNIQUE = ("external_ref", "ref_no")
_TAKEN = N_("Another customer has {field} {value} already.")


@dataclass(frozen=True, slots=True)
class DuplicateLeave:
    """Leave to create a customer although one like it exists, with the reason people gave."""

    reason: str


def refuse_taken(
    session: Session,
    values: Mapping[str, Any],
    own_id: UUID | None,
    caller: Principal | None = None,
) -> None:
    """Pass where no other customer has the references among some values.

    Raises:
        ConflictError: ``taken``: one has.
        UnseenError: likewise, and the caller does not see it.
        TooManyBlindMatchesError: he has been told of such too often.
    """
    named = {name: values[name] for name in UNIQUE if values.get(name) is not None}
    if named and caller is not None and not sees_all(caller, Customer):
        require_room(session, caller)
    for name, wanted in named.items():
        other = session.scalar(
            select(Customer.id).where(getattr(Customer, name) == wanted, holds(name))
        )
        if other is None or other == own_id:
            continue
        if unseen_among(session, caller, Customer, [other]):
            raise taken_unseen(other, name, wanted)
        raise ConflictError(
            "taken",
            _TAKEN,
            details={"existing_id": str(other), "pointer": f"/{name}"},
            field=name,
            value=wanted,
        )


def holds(name: str) -> ColumnElement[bool]:
    """Return the condition for the customers that hold a unique value which they have.

    A deleted one keeps its number for ever, and frees its external reference.
    """
    return Customer.deleted_at.is_(None) if name == "external_ref" else true()


def taken_unseen(customer_id: UUID, field: str, value: str) -> UnseenError:
    """Return the refusal of a reference that a customer has which the caller does not see."""
    return UnseenError(
        "taken",
        _TAKEN,
        subject=(ENTITY, customer_id),
        fingerprint=fingerprint_of(field, value),
        details={"pointer": f"/{field}", "matched_on": [field]},
        field=field,
        value=value,
    )


def refuse_duplicate(
    session: Session,
    values: Mapping[str, Any],
    found: list[matching.Candidate],
    leave: DuplicateLeave | None,
) -> None:
    """Pass where none of the customers that new values are like is surely the same.

    Raises:
        ConflictError: ``duplicate``: one is, and there is no leave; ``taken``: with leave, but of
            the same EAN.
        ValidationError: the leave gives no reason.
    """
    if leave is not None and not leave.reason.strip():
        raise ValidationError.of("/reason", "required", N_("Say why a second one is wanted."))
    strong = [candidate for candidate in found if candidate.score >= matching.FORBID]
    if not strong:
        return
    if leave is not None:
        _refuse_same_unit(session, values, strong)
        return
    raise ConflictError(
        "duplicate",
        N_("A customer like this exists already."),
        details={
            "existing_id": str(strong[0].record_id),
            "candidates": [candidate.shown() for candidate in found],
        },
    )


def _refuse_same_unit(
    session: Session, values: Mapping[str, Any], strong: list[matching.Candidate]
) -> None:
    """Refuse a second customer of one EAN even with leave: invoices could not tell them apart."""
    if not values.get("ean"):
        return
    other = session.scalar(
        select(Customer.id).where(
            Customer.id.in_([candidate.record_id for candidate in strong]),
            Customer.ean == values["ean"],
            Customer.deleted_at.is_(None),
        )
    )
    if other is not None:
        raise ConflictError(
            "taken",
            _TAKEN,
            details={"existing_id": str(other), "pointer": "/ean"},
            field="ean",
            value=values["ean"],
        )

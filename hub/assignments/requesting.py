"""Asking for records: somebody applies for several, and those who lead decide over each (Z13).

Each is an approval of its own; approved, the record is the applicant's.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import owning
from hub.access.people import find_active_user
from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.approvals import services as approvals
from hub.approvals.actions import Action, declare_action
from hub.approvals.deciders import Leaders
from hub.approvals.models import Approval
from hub.db import find_locked
from hub.errors import ConflictError, FieldError, NotFoundError, ValidationError, under
from hub.history.recording import plain
from hub.history.records import Record
from hub.i18n import N_
from hub.leads.models import Lead
from hub.opportunities.models import Opportunity

MOST = 100
"""So many are asked for at a time."""

REQUESTED: Mapping[str, type[Record]] = {each.collection(): each for each in (Lead, Opportunity)}
"""What can be asked for, by collection; customers wait in pools."""

_LABELS: Mapping[type[Record], str] = {
    Lead: N_("Get a lead"),
    Opportunity: N_("Get an opportunity"),
}


def request(
    session: Session,
    principal: Principal,
    model: type[Record],
    ids: Sequence[UUID],
    *,
    reason: str,
    now: datetime,
) -> list[Approval]:
    """Apply for records that a caller sees: all of them or none.

    Raises:
        ValidationError: names those that he does not see, that are closed, or his already; or
            records of their kind are not assigned to him.
        ConflictError: ``already_requested``: one he has applied for already.
    """
    owning.refuse_unassignable(session, model, {"owner_user_id": principal.user_id})
    asked: Any = model
    found = {
        each.id: each
        for each in session.scalars(
            select(asked).where(
                asked.id.in_(ids), asked.deleted_at.is_(None),
                visible(principal, Verb.READ, model),
            )
        )
    }  # fmt: skip
    errors = []
    for place, identifier in enumerate(ids):
        code, message = _broken(found.get(identifier), principal)
        if code:
            errors.append(FieldError(f"/ids/{place}", code, message))
    if errors:
        raise ValidationError(*errors)
    made = []
    for place, identifier in enumerate(dict.fromkeys(ids)):
        record = found[identifier]
        with under(f"/ids/{place}"):
            made.append(
                approvals.request(
                    session, action=_name(model), subject=record,
                    requested_by=principal.user_id, now=now, reason=reason,
                    data=plain({"owner_user_id": record.owner_user_id}),
                )
            )  # fmt: skip
    return made


def declare_actions() -> None:
    """Make getting a record something that can be approved."""
    for model in REQUESTED.values():
        declare_action(Action(_name(model), _LABELS[model], model, Leaders(), approved=_approved))


def _broken(record: Any, principal: Principal) -> tuple[str, str]:
    if record is None:
        return "unknown", N_("There is no such record.")
    if not record.is_open:
        return "closed", N_("It is closed.")
    if record.owner_user_id == principal.user_id:
        return "not_needed", N_("It is yours already.")
    return "", ""


def _name(model: type[Record]) -> str:
    return f"ownership.{model.entity()}"


def _approved(session: Session, approval: Approval, now: datetime) -> None:
    del now
    model = next(each for each in REQUESTED.values() if each.entity() == approval.subject_type)
    record: Any = find_locked(session, model, approval.subject_id)
    if record is None or record.deleted_at is not None:
        raise NotFoundError(model.entity(), approval.subject_id)
    if find_active_user(session, approval.requested_by) is None:
        raise ConflictError("inactive", N_("Whoever asked for it is not active any more."))
    if not record.is_open:
        raise ConflictError("closed", N_("It is closed."))
    if plain(record.owner_user_id) != approval.data.get("owner_user_id"):
        raise ConflictError("owner_changed", N_("It was given to another one meanwhile."))
    owning.assign(session, record, {"owner_user_id": approval.requested_by}, reason=approval.reason)

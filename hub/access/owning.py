"""Whose a record is: its owner, its team, and its representatives.

None of these is an ordinary field: they decide who sees and changes the record, so that they are
changed by acts of their own, each with a reason in the history.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.access import assignable
from hub.access.fields import NOT_YOURS
from hub.access.principals import Permission, Principal
from hub.access.roles import Verb
from hub.errors import FieldError, ValidationError
from hub.history.recording import explain_change, origin_of
from hub.history.records import Record
from hub.i18n import N_

FIELDS = frozenset({"owner_user_id", "team_id", "inside_rep_id", "outside_rep_id"})
"""The fields that say whose it is."""

NEEDS_ASSIGNING = N_("Naming another one here needs the right {permission}.")


def refuse_unassignable(session: Session, model: type[Record], values: Mapping[str, Any]) -> None:
    """Pass where records of a model may be assigned to everybody that the values name.

    Raises:
        ValidationError: names each field with its rule.
    """
    named = {field: values[field] for field in sorted(FIELDS & values.keys())}
    assignable.refuse_unassignable(session, model.collection(), named)


def refuse_to_name_others(
    principal: Principal, model: type[Record], values: Mapping[str, Any]
) -> None:
    """Pass where a caller may give a new record to whom the values name: himself at any rate.

    Raises:
        ValidationError: names each field that he lacks the right for.
    """
    assigning = Permission(Verb.ASSIGN, model.collection())
    if principal.may(assigning):
        return
    own = {None, principal.user_id}
    errors = [
        FieldError(f"/{field}", NOT_YOURS, NEEDS_ASSIGNING, {"permission": str(assigning)})
        for field in sorted(FIELDS & values.keys())
        if values[field] not in (own if field != assignable.TEAM else {None})
    ]
    if errors:
        raise ValidationError(*errors)


def creator_if_assignable(session: Session, model: type[Record]) -> UUID | None:
    """Return who acts, if records may be assigned to him; None for a program, for example."""
    creator = origin_of(session).user_id
    if creator is None:
        return None
    return creator if assignable.may_be_assigned(session, model.collection(), creator) else None


def hand_over(session: Session, record: Any, owner_user_id: UUID) -> None:
    """Give a record to whoever goes on with it, as part of an act that says so in the history.

    Raises:
        ValidationError: records of its kind are not assigned to him.
    """
    if record.owner_user_id != owner_user_id:
        refuse_unassignable(session, type(record), {"owner_user_id": owner_user_id})
        record.owner_user_id = owner_user_id


def assign(
    session: Session, record: Any, changes: Mapping[str, UUID | None], *, reason: str | None
) -> bool:
    """Change whose a record is, by `FIELDS`; None leaves one empty. Returns whether it moved.

    That the caller may is his to check, by `get_record` with `Verb.ASSIGN`.

    Raises:
        ValidationError: somebody is named who may not be assigned.
    """
    changed = {name: each for name, each in changes.items() if getattr(record, name) != each}
    if not changed:
        return False
    refuse_unassignable(session, type(record), changed)
    for name, value in changed.items():
        setattr(record, name, value)
    explain_change(
        session, f"{record.entity()}.assigned",
        subject_type=record.entity(), subject_id=record.id, data={"reason": reason},
    )  # fmt: skip
    return True

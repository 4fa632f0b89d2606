"""Changes of policies that hold from an instant to come: said now, made by workers then."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pydantic
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.configuration.models import ComingSetting
from hub.configuration.policies import Policy, policy_of
from hub.configuration.services import current, read, replace, stored
from hub.errors import ConflictError, FieldError, ValidationError, under
from hub.i18n import N_
from hub.ledger.enqueueing import enqueue
from hub.ledger.tasks import TaskName

ENTITY = ComingSetting.entity()


def coming(session: Session, policy: type[Policy]) -> list[ComingSetting]:
    """Return what is still to come of a policy, the next first."""
    query = (
        select(ComingSetting)
        .where(
            ComingSetting.key == policy.KEY, ComingSetting.applied_at.is_(None),
            ComingSetting.deleted_at.is_(None),
        )
        .order_by(ComingSetting.effective_at, ComingSetting.id)
    )  # fmt: skip
    return list(session.scalars(query))


def announce(
    session: Session,
    policy: type[Policy],
    changes: Mapping[str, Any],
    *,
    effective_at: datetime,
    now: datetime,
    reason: str | None = None,
) -> ComingSetting:
    """Have some fields of a policy change at an instant to come.

    They are looked at as the policy is now, and again when they are made.

    Raises:
        ValidationError: the instant is not to come, or the policy could not be so; pointers lead
            into the changes.
    """
    if effective_at <= now:
        raise ValidationError.of("/effective_at", "past", N_("That time has come already."))
    if not changes:
        raise ValidationError.of("/changes", "required", N_("Say what changes."))
    with under("/changes"):
        changed(current(session, policy), changes).check(session)
    made = ComingSetting(
        key=policy.KEY, changes=dict(changes), effective_at=effective_at, reason=reason
    )
    session.add(made)
    session.flush()
    enqueue(
        session, TaskName.APPLY_SETTING, key=str(made.id), run_at=effective_at,
        subject=(ENTITY, made.id), coming_id=made.id,
    )  # fmt: skip
    return made


def withdraw(session: Session, made: ComingSetting, *, now: datetime) -> None:
    """Leave the policy as it is; its job will find nothing to do.

    Raises:
        ConflictError: ``applied``: it has come already.
    """
    if made.applied_at is not None:
        raise ConflictError("applied", N_("It has come already; restore an earlier version."))
    made.deleted_at = now
    session.flush()


def apply(session: Session, made: ComingSetting, *, now: datetime) -> int | None:
    """Change the policy as was announced, and return its version; None where that is settled.

    What was changed meanwhile of other fields stays.

    Raises:
        NotFoundError: this release knows no such policy any more.
        ValidationError: the policy cannot be so any more.
        StaleVersionError: somebody wrote the first version of it at this very moment.
    """
    if made.applied_at is not None or made.deleted_at is not None:
        return None
    policy = policy_of(made.key)
    held = stored(session, policy, lock=True)
    found = replace(
        session, changed(held.policy, made.changes), expected_version=held.version,
        reason=made.reason, coming_id=str(made.id),
    )  # fmt: skip
    made.applied_at = now
    session.flush()
    return found.version


def changed(before: Policy, changes: Mapping[str, Any]) -> Policy:
    """Return a policy with some fields changed.

    Raises:
        ValidationError: there is no such field, or a value is none for it.
    """
    policy = type(before)
    unknown = sorted(changes.keys() - policy.model_fields.keys())
    if unknown:
        raise ValidationError.of(f"/{unknown[0]}", "unknown", N_("There is no such field here."))
    try:
        return read(policy, {**before.model_dump(mode="json"), **changes})
    except pydantic.ValidationError as error:
        raise ValidationError(
            *(
                FieldError(
                    "".join(f"/{part}" for part in each["loc"]), "not_allowed",
                    N_("That is no value for it: {why}"), {"why": each["msg"]},
                )
                for each in error.errors()
            )
        ) from error  # fmt: skip

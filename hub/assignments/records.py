"""The records of a batch of items: locked in one order, and written as a set."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from hub.assignments.entities import OWNER, Assignable
from hub.customers.ownership import PROTECTION
from hub.db import among, new_id
from hub.history.recording import PendingEvent, origin_of, record_many

Owners = Mapping[str, UUID | None]
"""Whose a record is, or is to be, by field."""


def lock(
    session: Session,
    assignable: Assignable,
    ids: Sequence[UUID],
    permitted: ColumnElement[bool],
) -> dict[UUID, Any]:
    """Lock records, in the order of their ids, and return them as they are now, by their ids.

    Each says whether it is `permitted`. What was deleted or merged is absent.
    """
    model = assignable.model
    rows = session.execute(
        select(
            model.id,
            model.version,
            *assignable.guards,
            permitted.label("permitted"),
            *(getattr(model, name) for name in sorted(assignable.fields)),
        )
        .where(among(model.id, ids), assignable.living)
        .order_by(model.id)
        .with_for_update(of=model, key_share=True)
    )
    return {row.id: row for row in rows}


def assign(
    session: Session,
    assignable: Assignable,
    wanted: Mapping[UUID, Owners],
    rows: Mapping[UUID, Any],
    *,
    told: Mapping[str, Any],
    now: datetime,
) -> None:
    """Write whose records are to be, with their history; all of them are locked.

    Args:
        session: the worker's.
        assignable: what they are.
        wanted: whose each is to be, by its id.
        rows: what `lock` returned.
        told: what their events say beside the change.
        now: when.
    """
    alike: dict[tuple[tuple[str, UUID | None], ...], list[UUID]] = {}
    for record_id, owners in wanted.items():
        alike.setdefault(tuple(sorted(owners.items())), []).append(record_id)
    for key, ids in alike.items():
        _update(session, assignable, ids, dict(key), now)
    record_many(
        session,
        [
            PendingEvent(
                id=new_id(),
                type=assignable.event,
                subject_type=assignable.entity,
                subject_id=record_id,
                changes={
                    name: (getattr(rows[record_id], name), value) for name, value in owners.items()
                },
                data=told,
            )
            for record_id, owners in wanted.items()
        ],
    )


def _update(
    session: Session, assignable: Assignable, ids: Sequence[UUID], owners: Owners, now: datetime
) -> None:
    values: dict[str, Any] = dict(owners)
    unowned = OWNER in owners and owners[OWNER] is None
    if assignable.guarded and unowned:  # a protection that is over may stand there still
        values |= dict.fromkeys(PROTECTION)
    session.execute(
        update(assignable.model)
        .where(among(assignable.model.id, ids))
        .values(
            **values,
            version=assignable.model.version + 1,
            updated_at=now,
            updated_by=origin_of(session).user_id,
        )
        .execution_options(synchronize_session=False)
    )

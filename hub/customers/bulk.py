"""Making customers in sets, and taking them back, without looking at each.

What comes of it is what `create` and `take_back` of `hub.customers.services` do one by one.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from hub import custom_fields, matching
from hub.access import owning
from hub.catalogues.services import refuse_unlisted
from hub.clock import utcnow
from hub.configuration import current
from hub.copying import copy_in
from hub.custom_fields.models import COLUMN, PREFIX
from hub.customers import facts, references
from hub.customers.defaults import currency_of_new
from hub.customers.models import Customer
from hub.customers.policy import PortalPolicy
from hub.customers.services import (
    CATALOGUES,
    ENTITY,
    NEW_COLUMNS,
    chosen,
    completed,
    derived_texts,
    give_numbers,
    party_of,
)
from hub.db import among, new_id
from hub.entry_policies.enforcing import enforce_many
from hub.held import HeldError
from hub.history.recording import PendingEvent, origin_of, record_many
from hub.history.records import unfolded
from hub.origin import CauseKind

_OWN_COLUMNS = ("id", "created_at", "created_by", "updated_at", "updated_by", "version")
_TEXT_COLUMNS = ("search_text", "sort_name")
_NOT_IN_EVENTS = Customer.__derived__


def create_many(
    session: Session,
    rows: Sequence[Mapping[str, Any]],
    *,
    prepared: Sequence[matching.Prepared | None],
    channel: str,
    origin: CauseKind,
    source: str,
    now: datetime,
) -> list[UUID]:
    """Make customers of clean values, with their history, keys and facts; returns their ids.

    Whether they may be made (references that are taken, duplicates) was looked at before; all are
    made or none. `prepared` has, row by row, what duplicate detection prepared then, None where it
    must be made now.

    Raises:
        ConflictError: ``duplicate_value``: one has what another customer has and must not.
        ValidationError: one has neither a name nor a CVR number, names as its owner somebody whom
            customers are not assigned to any more, or keeps a word that no catalogue has.
        IntegrityError: SQLAlchemy's: a reference is taken, or a value breaks a rule.
    """
    for named in {frozenset((name, row.get(name)) for name in owning.FIELDS) for row in rows}:
        owning.refuse_unassignable(session, Customer, dict(named))
    refuse_unlisted(session, CATALOGUES, _all_chosen(rows))
    currency = currency_of_new(session)
    portal_login = current(session, PortalPolicy).login_for_new_customers
    values = [
        completed(
            _with_custom(session, row),
            currency=currency,
            portal_login=portal_login,
            channel=channel,
            now=now,
        )
        for row in rows
    ]
    enforce_many(session, Customer, values)
    give_numbers(session, values)
    made = [(new_id(), each) for each in values]
    user = origin_of(session).user_id
    copy_in(
        session,
        Customer.__tablename__,
        (*_OWN_COLUMNS, *NEW_COLUMNS, *_TEXT_COLUMNS),
        (
            (
                identifier, now, user, now, user, 1,
                *(_copied(name, values.get(name)) for name in NEW_COLUMNS),
                *derived_texts(values).values(),
            )
            for identifier, values in made
        ),
    )  # fmt: skip
    matching.write_new(
        session,
        ENTITY,
        (
            (identifier, ready or matching.prepare(ENTITY, party_of(values)))
            for (identifier, values), ready in zip(made, prepared, strict=True)
        ),
    )
    facts.copy_written(
        session,
        [(identifier, _told_of(row)) for (identifier, _), row in zip(made, rows, strict=True)],
        origin,
        source,
        at=now,
    )
    record_many(session, [_event(identifier, values) for identifier, values in made])
    return [identifier for identifier, _ in made]


def take_back_many(
    session: Session, customer_ids: Sequence[UUID], *, now: datetime
) -> dict[UUID, HeldError]:
    """Take away customers that a process made; returns why those stay that something refers to.

    All of them live and are locked against new references (``for update``), and none was changed in
    this transaction: their events are written here.
    """
    held = references.held_with_parts(session, customer_ids)
    gone = [each for each in customer_ids if each not in held]
    session.execute(
        update(Customer)
        .where(among(Customer.id, gone))
        .values(
            deleted_at=now,
            version=Customer.version + 1,
            updated_at=utcnow(),
            updated_by=origin_of(session).user_id,
        )
        .execution_options(synchronize_session="fetch")
    )
    matching.remove_many(session, ENTITY, gone)
    record_many(
        session,
        [
            PendingEvent(
                new_id(), f"{ENTITY}.deleted",
                subject_type=ENTITY, subject_id=each, changes={"deleted_at": (None, now)},
            )
            for each in gone
        ],
    )  # fmt: skip
    return held


def _copied(name: str, value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if name == COLUMN else value


def _told_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row says field by field, custom ones each by its name."""
    others = {name: value for name, value in row.items() if name != COLUMN}
    return others | {f"{PREFIX}{key}": value for key, value in (row.get(COLUMN) or {}).items()}


def _with_custom(session: Session, row: Mapping[str, Any]) -> Mapping[str, Any]:
    given = row.get("custom")
    return {**row, "custom": custom_fields.clean(session, Customer, given)} if given else row


def _all_chosen(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return what all rows together hold of each catalogue."""
    found: dict[str, set[str]] = {}
    for row in rows:
        for name, value in chosen(row).items():
            found.setdefault(name, set()).update([value] if isinstance(value, str) else value or ())
    return {name: sorted(codes) for name, codes in found.items()}


def _event(identifier: UUID, values: Mapping[str, Any]) -> PendingEvent:
    return PendingEvent(
        id=new_id(),
        type=f"{ENTITY}.created",
        subject_type=ENTITY,
        subject_id=identifier,
        changes=unfolded(
            Customer,
            {
                name: (None, value)
                for name, value in values.items()
                if value is not None and name not in _NOT_IN_EVENTS
            },
        ),
    )

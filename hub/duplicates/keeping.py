"""Decisions over pairs that outlast what Hub writes by itself: a fill says nothing of its own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, lazyload

from hub.duplicates.kinds import KINDS, write_missing
from hub.duplicates.models import DupCandidate, DupState
from hub.duplicates.raising import by_these_rules, compare, describe


@contextmanager
def decisions_kept(session: Session, record_id: UUID) -> Iterator[None]:
    """Let the dismissed pairs of a record stay so, whatever the block writes into it.

    For values that follow from what people knew when they decided: a registry's answer to a number
    is no more evidence than the number was. What somebody else changed before the block, and nobody
    has looked at yet, opens its pair all the same. The pairs are locked until the transaction ends.
    """
    rows = _locked(session, record_id)
    if not rows:
        yield
        return
    sides = {side for row in rows for side in ((row.a_entity, row.a_id), (row.b_entity, row.b_id))}
    for kind in KINDS:
        write_missing(session, kind, sorted(id_ for entity, id_ in sides if entity == kind))
    before = compare(session, rows)
    for row in rows:
        if (pair := before.get((row.a_id, row.b_id))) is not None:
            by_these_rules(row, pair)
    yield
    session.flush()
    after = compare(session, rows)
    for row in rows:
        was, pair = before.get((row.a_id, row.b_id)), after.get((row.a_id, row.b_id))
        if was is None or pair is None:
            continue
        row.fingerprint = _renewed(row.fingerprint or {}, was.fingerprint, pair.fingerprint)
        describe(row, pair)
    session.flush()


def _locked(session: Session, record_id: UUID) -> list[DupCandidate]:
    """Return a record's dismissed pairs; the open ones are locked too, or one might become such."""
    rows = session.scalars(
        select(DupCandidate)
        .where(
            DupCandidate.state.in_((DupState.OPEN, DupState.DISMISSED)),
            or_(DupCandidate.a_id == record_id, DupCandidate.b_id == record_id),
        )
        .order_by(DupCandidate.a_id, DupCandidate.b_id)
        .with_for_update()
        .execution_options(populate_existing=True)
        .options(lazyload("*"))
    )
    return [row for row in rows if row.state is DupState.DISMISSED]


def _renewed(
    decided: Mapping[str, str], before: Mapping[str, str], after: Mapping[str, str]
) -> dict[str, str]:
    """Return a fingerprint with those fields renewed that changed just now, and only just now."""
    renewed = dict(decided)
    for field in before.keys() | after.keys():
        if before.get(field) == after.get(field) or decided.get(field) != before.get(field):
            continue
        if field in after:
            renewed[field] = after[field]
        else:
            del renewed[field]
    return renewed

"""Raising pairs: new ones, known ones that changed, and those that are pairs no more."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, lazyload

from hub import matching
from hub.db import new_id
from hub.duplicates.models import DupCandidate, DupState
from hub.matching import Pair


def raise_pair(session: Session, pair: Pair) -> bool:
    """Raise one pair; see `raise_pairs`."""
    return raise_pairs(session, [pair]) == 1


def raise_pairs(session: Session, pairs: Sequence[Pair], *, chosen: Sequence[str] = ()) -> int:
    """Make pairs known to people; returns how many came to be open.

    One that is open already gets its present score. One that was dismissed stays so, unless
    something speaks for it now that did not then; who dismissed it, when and why stays to be read.
    One that was merged is left alone. `chosen` are the fields by which people looked for them,
    where they are not found by their score.
    """
    known = _known(session, pairs)
    fresh = [pair for pair in pairs if _ids(pair) not in known]
    opened = _insert(session, fresh, [sorted(chosen)] if chosen else [])
    settled = _still_settled(session, known.values(), pairs)
    for pair in pairs:
        row = known.get(_ids(pair))
        if row is None or row.state is DupState.MERGED or row.id in settled:
            continue
        if row.state is not DupState.OPEN:
            row.state = DupState.OPEN
            if row.reason is None:  # it was obsolete, which is nobody's decision
                row.decided_by, row.decided_at = None, None
            opened += 1
        if chosen and sorted(chosen) not in row.chosen:
            row.chosen = [*row.chosen, sorted(chosen)]
        describe(row, pair)
    session.flush()
    return opened


def close_vanished(session: Session, record_ids: Sequence[UUID], still: Sequence[Pair]) -> int:
    """Look again at the open pairs of some records that a search did not meet any more.

    Returns how many became obsolete: the two differ by now, or one of them is gone.
    """
    met = {_ids(pair) for pair in still}
    rows = [
        row
        for row in session.scalars(
            select(DupCandidate)
            .where(
                DupCandidate.state == DupState.OPEN,
                or_(DupCandidate.a_id.in_(record_ids), DupCandidate.b_id.in_(record_ids)),
            )
            .order_by(DupCandidate.a_id, DupCandidate.b_id)
            .with_for_update()
            .execution_options(populate_existing=True)
            .options(lazyload("*"))  # the records themselves are not looked at
        )
        if (row.a_id, row.b_id) not in met
    ]
    present = compare(session, rows)
    closed = 0
    for row in rows:
        pair = present.get((row.a_id, row.b_id))
        if pair is None or not _is_pair(row, pair):
            row.state = DupState.OBSOLETE
            closed += 1
        else:
            describe(row, pair)
    session.flush()
    return closed


def compare(session: Session, rows: Iterable[DupCandidate]) -> dict[tuple[UUID, UUID], Pair]:
    """Return pairs as their records are now, by their ids; without those of which one is gone."""
    by_kinds: dict[tuple[str, str], list[tuple[UUID, UUID]]] = {}
    for row in rows:
        by_kinds.setdefault((row.a_entity, row.b_entity), []).append((row.a_id, row.b_id))
    found: dict[tuple[UUID, UUID], Pair] = {}
    for (entity, among), ids in by_kinds.items():
        if entity == "customer" and among != entity:  # scored as from the lead, whichever is first
            swapped = [(other, one) for one, other in ids]
            found |= matching.compare_pairs(session, among, swapped, among=entity)
        else:
            found |= matching.compare_pairs(session, entity, ids, among=among)
    return found


def _is_pair(row: DupCandidate, pair: Pair) -> bool:
    return pair.score >= matching.WARN or any(
        set(fields) <= set(pair.agrees) for fields in row.chosen
    )


def describe(row: DupCandidate, pair: Pair) -> None:
    """Give a row the present score and evidence of its pair; writes nothing where they are so."""
    score = Decimal(str(pair.score))
    agrees = list(pair.agrees)
    if row.score != score or row.rule_version != matching.RULES or row.agrees != agrees:
        row.score, row.agrees = score, agrees
        row.evidence = [item.shown() for item in pair.evidence]
        row.rule_version = matching.RULES


def by_these_rules(row: DupCandidate, pair: Pair) -> None:
    """Take the fingerprint of a dismissed pair anew, where it is one of other rules.

    What other rules made of the same words is no evidence; and it tells nothing of what changed.
    """
    if row.rule_version != matching.RULES:
        row.fingerprint = dict(pair.fingerprint)
        describe(row, pair)


def _still_settled(
    session: Session, rows: Iterable[DupCandidate], pairs: Iterable[Pair]
) -> set[UUID]:
    """Return which of some locked rows are dismissed and stay so.

    What would open one is read again: a fill may have come in while its lock was waited for.
    """
    dismissed = {(row.a_id, row.b_id): row for row in rows if row.state is DupState.DISMISSED}
    doubtful = []
    for pair in pairs:
        row = dismissed.get(_ids(pair))
        if row is not None:
            by_these_rules(row, pair)
            if _is_new(row, pair):
                doubtful.append(row)
    present = compare(session, doubtful)
    opened = {
        row.id
        for row in doubtful
        if (now := present.get((row.a_id, row.b_id))) is not None and _is_new(row, now)
    }
    return {row.id for row in dismissed.values()} - opened


def _is_new(row: DupCandidate, pair: Pair) -> bool:
    return matching.is_new_evidence(row.fingerprint or {}, pair.fingerprint, pair.evidence)


def _ids(pair: Pair) -> tuple[UUID, UUID]:
    return pair.first_id, pair.second_id


def _known(session: Session, pairs: Sequence[Pair]) -> dict[tuple[UUID, UUID], DupCandidate]:
    if not pairs:
        return {}
    rows = session.scalars(
        select(DupCandidate)
        .where(tuple_(DupCandidate.a_id, DupCandidate.b_id).in_([_ids(pair) for pair in pairs]))
        .order_by(DupCandidate.a_id, DupCandidate.b_id)
        .with_for_update()
        .execution_options(populate_existing=True)
        .options(lazyload("*"))
    )
    return {(row.a_id, row.b_id): row for row in rows}


def _insert(session: Session, pairs: Sequence[Pair], chosen: Sequence[Sequence[str]]) -> int:
    """Write new pairs at once; a scan's finds are no acts of people and make no events."""
    if not pairs:
        return 0
    statement = (
        insert(DupCandidate)
        .values(
            [
                {
                    "id": new_id(),
                    "a_entity": pair.first_entity,
                    "a_id": pair.first_id,
                    "b_entity": pair.second_entity,
                    "b_id": pair.second_id,
                    "score": Decimal(str(pair.score)),
                    "evidence": [item.shown() for item in pair.evidence],
                    "agrees": list(pair.agrees),
                    "chosen": chosen,
                    "rule_version": matching.RULES,
                    "state": DupState.OPEN,
                    "created_at": func.now(),
                    "updated_at": func.now(),
                }
                for pair in sorted(pairs, key=_ids)
            ]
        )
        .on_conflict_do_nothing(index_elements=["a_id", "b_id"])
        .returning(DupCandidate.id)
    )
    return len(session.scalars(statement).all())

"""What people decide over pairs, and what follows when a record goes."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, lazyload

from hub import matching
from hub.clock import utcnow
from hub.customers.models import Customer
from hub.db import among, new_id
from hub.duplicates.kinds import KINDS, write_missing
from hub.duplicates.models import DupCandidate, DupState
from hub.duplicates.raising import compare, describe
from hub.errors import ConflictError, NotFoundError, ValidationError
from hub.history.recording import PendingEvent, origin_of
from hub.i18n import N_

_CUSTOMER = Customer.entity()
_LEAVING = ("deleted_at", "customer_id")  # what a record has that takes no part any more
_ALLOWED = {
    DupState.OPEN: (DupState.DISMISSED, DupState.MERGED, DupState.OBSOLETE),
    DupState.DISMISSED: (DupState.OPEN,),
    DupState.MERGED: (DupState.OPEN,),
    DupState.OBSOLETE: (DupState.OPEN,),
}


def get(session: Session, candidate_id: UUID, *, lock: bool = False) -> DupCandidate:
    """Return a pair.

    Raises:
        NotFoundError: there is none.
    """
    query = select(DupCandidate).where(
        DupCandidate.id == candidate_id, DupCandidate.deleted_at.is_(None)
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = session.scalar(query)
    if row is None:
        raise NotFoundError(DupCandidate.entity(), candidate_id)
    return row


def dismiss(
    session: Session, candidate_id: UUID, *, reason: str, by: UUID, now: datetime
) -> DupCandidate:
    """Say that an open pair is two records.

    It stays so until something speaks for the pair that does not speak for it now.

    Raises:
        NotFoundError: there is no such pair.
        ValidationError: no reason was given.
        ConflictError: it is not open.
    """
    row = get(session, candidate_id, lock=True)
    _require(row, DupState.OPEN, DupState.DISMISSED)
    _dismiss(session, row, reason=_reason(reason), by=by, now=now)
    return row


def remember_allowed(
    session: Session,
    first_id: UUID,
    second_id: UUID,
    *,
    reason: str,
    by: UUID | None,
    now: datetime,
    entities: tuple[str, str] = (_CUSTOMER, _CUSTOMER),
) -> DupCandidate:
    """Remember that a record was made on purpose beside one like it: the pair is dismissed.

    `entities` are the kinds of the two.

    Both are in the session's database already; an earlier decision over them is renewed. Neither
    can be written to before the transaction ends: what is compared here is what holds then.

    Raises:
        ValidationError: no reason was given.
    """
    reason = _reason(reason)
    (a_id, a_entity), (b_id, b_entity) = sorted(zip((first_id, second_id), entities, strict=True))
    session.execute(
        insert(DupCandidate)
        .values(
            id=new_id(), a_id=a_id, b_id=b_id, a_entity=a_entity, b_entity=b_entity,
            score=Decimal(0), evidence=[],
            rule_version=matching.RULES, state=DupState.OPEN, created_by=by, updated_by=by,
        )
        .on_conflict_do_nothing(index_elements=["a_id", "b_id"])
    )  # fmt: skip
    for entity, record_id in ((a_entity, a_id), (b_entity, b_id)):
        model = KINDS[entity].model
        session.execute(select(model.id).where(model.id == record_id).with_for_update(read=True))
    row = session.scalars(
        select(DupCandidate)
        .where(DupCandidate.a_id == a_id, DupCandidate.b_id == b_id)
        .with_for_update()
        .options(lazyload("*"))  # read again with it, the two would lose what is not written yet
        .execution_options(populate_existing=True)
    ).one()
    _dismiss(session, row, reason=reason, by=by, now=now)
    return row


def mark_merged(session: Session, survivor_id: UUID, merged_id: UUID, *, now: datetime) -> None:
    """Note that two customers became one; other open pairs of the one that went are obsolete."""
    for row in _open_pairs_of(session, [merged_id]):
        is_pair = {row.a_id, row.b_id} == {survivor_id, merged_id}
        row.state = DupState.MERGED if is_pair else DupState.OBSOLETE
        row.reason, row.decided_by, row.decided_at = None, None, now
    session.flush()


def reopen_merged(session: Session, survivor_id: UUID, merged_id: UUID) -> None:
    """Open the pair of a merge that was undone."""
    a_id, b_id = sorted((survivor_id, merged_id))
    row = session.scalar(
        select(DupCandidate).where(
            DupCandidate.a_id == a_id,
            DupCandidate.b_id == b_id,
            DupCandidate.state == DupState.MERGED,
        )
    )
    if row is not None:
        row.state, row.decided_at = DupState.OPEN, None
        session.flush()


def react(session: Session, event: PendingEvent) -> None:
    """Follow what happens to a customer or a lead; called for every event of one.

    One made on purpose beside another is a pair already decided over; one that is deleted, or is a
    customer's by now, has none.
    """
    react_many(session, [event])


def react_many(session: Session, events: Sequence[PendingEvent]) -> None:
    """Do the same for many."""
    leaving = [event for event in events if _leaves(event)]
    if leaving:
        for row in _open_pairs_of(session, [event.subject_id for event in leaving]):
            row.state = DupState.OBSOLETE
    for event in events:
        is_allowed = event.type.endswith(".duplicate_allowed") and not _leaves(event)
        if is_allowed and event.data is not None:
            remember_allowed(
                session,
                event.subject_id,
                UUID(event.data["other_id"]),
                reason=event.data["reason"],
                by=origin_of(session).user_id,
                now=utcnow(),
                entities=(event.subject_type, event.data.get("other_entity", _CUSTOMER)),
            )


def _leaves(event: PendingEvent) -> bool:
    return any(event.changes.get(name, (None, None))[1] is not None for name in _LEAVING)


def _dismiss(
    session: Session, row: DupCandidate, *, reason: str, by: UUID | None, now: datetime
) -> None:
    for entity, record_id in ((row.a_entity, row.a_id), (row.b_entity, row.b_id)):
        write_missing(session, entity, [record_id])
    pair = compare(session, [row]).get((row.a_id, row.b_id))
    if pair is not None:
        describe(row, pair)
    row.fingerprint = dict(pair.fingerprint) if pair is not None else {}
    row.state, row.reason, row.decided_by, row.decided_at = DupState.DISMISSED, reason, by, now
    session.flush()


def _open_pairs_of(session: Session, record_ids: Sequence[UUID]) -> list[DupCandidate]:
    return list(
        session.scalars(
            select(DupCandidate)
            .where(
                DupCandidate.state == DupState.OPEN,
                or_(among(DupCandidate.a_id, record_ids), among(DupCandidate.b_id, record_ids)),
            )
            .order_by(DupCandidate.id)  # so that two who take many away meet their locks in order
            .with_for_update()
            .options(lazyload("*"))  # nobody looks at the two records
            .execution_options(populate_existing=True)
        )
    )


def _reason(given: str) -> str:
    reason = given.strip()
    if not reason:
        raise ValidationError.of("/reason", "required", N_("Say why they are two."))
    return reason


def _require(row: DupCandidate, needed: DupState, wanted: DupState) -> None:
    if row.state is needed:
        return
    raise ConflictError(
        "dup_candidate_state",
        N_("The pair is {state}; it cannot become {wanted}."),
        details={
            "state": row.state.value,
            "allowed": [state.value for state in _ALLOWED[row.state]],
        },
        state=row.state.value,
        wanted=wanted.value,
    )

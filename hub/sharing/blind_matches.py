"""Telling somebody that what he wants to write is there already, and that he may not see it.

He is told whom to ask, and gets a reference by which to ask for access: nothing of the record. How
often he is told so is limited; that he was is an event of the record, for those who see it.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.access.concealing import UnseenError
from hub.access.models import User
from hub.access.principals import Principal
from hub.configuration import current
from hub.db import new_id
from hub.errors import ConflictError, HubError, NotFoundError
from hub.history.recording import record, record_once
from hub.i18n import N_
from hub.sharing.answering import whom_to_ask
from hub.sharing.models import BlindMatch
from hub.sharing.policy import SharingPolicy
from hub.sharing.subjects import living_subject, shareable

WINDOW = timedelta(hours=1)
TOLD = "blind_match"
EXHAUSTED = "user.blind_matches_exhausted"
_ASK = N_("{refusal} Ask {name}, or ask for access by its reference.")


class TooManyBlindMatchesError(HubError):
    """He was told too often of records that he may not see; `wait` says when he may write again.

    Whether there is one this time plays no part: it would be an answer as well.
    """

    code = "too_many_blind_matches"

    def __init__(self, most: int, wait: timedelta) -> None:
        super().__init__(
            N_(
                "You were told of {most} records within an hour that you may not see. For a while"
                " nothing is written that would be compared with them."
            ),
            most=most,
        )
        self.wait = wait


def require_room(session: Session, principal: Principal) -> None:
    """Pass who may be told of a record that he does not see; asked before anything is looked for.

    Raises:
        TooManyBlindMatchesError: as said there.
    """
    most = current(session, SharingPolicy).blind_matches_per_hour
    earliest = session.scalar(
        select(BlindMatch.first_at)
        .where(BlindMatch.user_id == principal.user_id, _is_counted())
        .order_by(BlindMatch.first_at.desc())
        .offset(most - 1)
        .limit(1)
    )
    if earliest is not None:
        now = session.scalar(select(func.now()))
        assert now is not None  # noqa: S101 - a clock
        raise TooManyBlindMatchesError(most, earliest + WINDOW - now)


def tell(session: Session, principal: Principal, error: UnseenError) -> ConflictError:
    """Note that a caller is told of a record, and return his refusal with whom to ask.

    To be called in a transaction that is committed although he is refused.
    """
    policy = current(session, SharingPolicy)
    reference, expires_at = _remember(session, principal, error, policy)
    entity, identifier = error.subject
    subject = session.get(shareable()[entity], identifier)
    contact = None if subject is None else whom_to_ask(session, subject)
    told = {
        "reference": str(reference),
        "expires_at": expires_at.isoformat(),
        "contact": contact and {"user_id": str(contact.id), "name": contact.name},
    }
    details = {**error.details, TOLD: told}
    if contact is None:
        return ConflictError(error.code, error.message, details=details, **error.params)
    return ConflictError(error.code, _ASK, details=details, refusal=error.words, name=contact.name)


def subject_of_reference(session: Session, principal: Principal, reference: UUID) -> Any:
    """Return the record that a caller was told of, by the reference he was given.

    Raises:
        NotFoundError: it is not his, is too old, or the record is gone.
    """
    lasts = timedelta(hours=current(session, SharingPolicy).reference_hours)
    match = session.scalar(
        select(BlindMatch).where(
            BlindMatch.id == reference,
            BlindMatch.user_id == principal.user_id,
            BlindMatch.at > func.now() - lasts,
        )
    )
    if match is None:
        raise NotFoundError(TOLD, reference)
    try:
        return living_subject(session, match.subject_type, match.subject_id)
    except NotFoundError:
        raise NotFoundError(TOLD, reference) from None


def _remember(
    session: Session, principal: Principal, error: UnseenError, policy: SharingPolicy
) -> tuple[UUID, datetime]:
    entity, identifier = error.subject
    lasts = timedelta(hours=policy.reference_hours)
    asked = (
        BlindMatch.user_id == principal.user_id,
        BlindMatch.subject_type == entity,
        BlindMatch.subject_id == identifier,
        BlindMatch.fingerprint == error.fingerprint,
    )
    is_known = bool(session.scalar(select(BlindMatch.at > func.now() - lasts).where(*asked)))
    statement = insert(BlindMatch).values(
        id=new_id(),
        user_id=principal.user_id,
        subject_type=entity,
        subject_id=identifier,
        fingerprint=error.fingerprint,
    )
    row: Any = session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "subject_type", "subject_id", "fingerprint"],
            set_={"at": func.now()},
        ).returning(BlindMatch.id, BlindMatch.at, literal_column("xmax = 0").label("is_new"))
    ).one()
    if not is_known:
        record(
            session,
            f"{entity}.{TOLD}",
            subject_type=entity,
            subject_id=identifier,
            data={
                "user_id": principal.user_id,
                "code": error.code,
                "matched_on": error.details.get("matched_on", []),
            },
        )
    if row.is_new:
        _note_exhausted(session, principal, policy.blind_matches_per_hour)
    return row.id, row.at + lasts


def _note_exhausted(session: Session, principal: Principal, most: int) -> None:
    """Let administrators know, by an event, of who has been told as often as anybody may be."""
    told = session.scalar(
        select(func.count())
        .select_from(BlindMatch)
        .where(BlindMatch.user_id == principal.user_id, _is_counted())
    )
    if (told or 0) >= most:
        record_once(
            session,
            EXHAUSTED,
            subject_type=User.entity(),
            subject_id=principal.user_id,
            data={"most": most},
        )


def _is_counted() -> Any:
    return BlindMatch.first_at > func.now() - WINDOW

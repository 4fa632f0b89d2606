"""Links between customers here and there: which one counts, and what it last agreed on."""

from collections.abc import Container, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.connections.models import Conflict, ExternalLink, LinkState
from hub.db import new_id
from hub.sync import chronicling
from hub.sync.mapping import Pair
from hub.sync.merging import Clash

DEAD = frozenset({LinkState.SEVERED})
_SENT = "sent"  # in the intent of a live link: values sent, by field, of which no end is noted


def of_customer(
    session: Session, connection_id: UUID, customer_id: UUID, *, lock: bool = False
) -> ExternalLink | None:
    """Return the live link of a customer, None where there is none."""
    statement = select(ExternalLink).where(
        ExternalLink.connection_id == connection_id,
        ExternalLink.customer_id == customer_id,
        ExternalLink.state.not_in(DEAD),
    )
    if lock:
        statement = statement.with_for_update()
    return session.scalars(statement.execution_options(populate_existing=lock)).one_or_none()


def of_remote(session: Session, connection_id: UUID, remote_id: str) -> ExternalLink | None:
    """Return the live link of a remote customer, None where there is none."""
    return session.scalars(
        select(ExternalLink).where(
            ExternalLink.connection_id == connection_id,
            ExternalLink.remote_id == remote_id,
            ExternalLink.state.not_in(DEAD),
        )
    ).one_or_none()


def note_sending(link: ExternalLink, values: Mapping[str, Any]) -> None:
    """Note values before they are sent: if the reply is lost, they are known for ours by this."""
    noted: dict[str, list[Any]] = (link.intent or {}).get(_SENT, {})
    link.intent = {
        _SENT: {name: [*noted.get(name, []), value] for name, value in values.items()}
        | {name: kept for name, kept in noted.items() if name not in values}
    }


def base_beside(link: ExternalLink, theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what both sides agree on, given what the other side has now.

    A value that we sent without learning whether it arrived, and that stands there, is one.
    """
    noted = (link.intent or {}).get(_SENT, {}) if link.state is not LinkState.INTENDED else {}
    arrived = {
        name: theirs[name]
        for name, sent in noted.items()
        if name in theirs and theirs[name] in sent
    }
    return {**link.base, **arrived}


def agree(link: ExternalLink, values: Mapping[str, Any], *, clear: bool = False) -> None:
    """Note what both sides now agree on."""
    link.base = dict(values) if clear else {**link.base, **values}


def raise_conflicts(
    session: Session, link: ExternalLink, pairs: Iterable[Pair], clashes: Iterable[Clash]
) -> int:
    """Put clashing fields into the inbox, renewed where they stand there; returns how many."""
    local_names = {pair.remote: pair.local for pair in pairs}
    count = 0
    for clash in clashes:
        field = local_names[clash.name]
        found = open_conflict(session, link.id, field)
        if found is None:
            made = Conflict(
                id=new_id(),
                link_id=link.id,
                connection_id=link.connection_id,
                customer_id=link.customer_id,
                field=field,
                base=clash.base,
                local=clash.local,
                remote=clash.remote,
            )
            session.add(made)
            chronicling.tell_made(session, made)
        else:
            found.local, found.remote = clash.local, clash.remote
        count += 1
    if count:
        link.state = LinkState.DIVERGED
    return count


def keep_overruled(
    session: Session,
    link: ExternalLink,
    pairs: Iterable[Pair],
    overruled: Iterable[Clash],
    *,
    now: datetime,
) -> None:
    """Keep what is written over there without having been taken in here, as a conflict settled.

    A sending that is repeated keeps it once.
    """
    local_names = {pair.remote: pair.local for pair in pairs}
    for clash in overruled:
        settled = {
            "link_id": link.id,
            "field": local_names[clash.name],
            "local": clash.local,
            "remote": clash.remote,
            "state": "resolved",
            "chosen": "local",
        }
        if session.scalar(select(Conflict.id).filter_by(**settled).limit(1)) is None:
            kept = Conflict(
                id=new_id(),
                connection_id=link.connection_id,
                customer_id=link.customer_id,
                base=clash.base,
                resolved_at=now,
                **settled,
            )
            session.add(kept)
            chronicling.tell_decided(session, kept)


def settle_conflicts(session: Session, link: ExternalLink, still: Iterable[str]) -> None:
    """Close conflicts of fields that clash no more; without any left the link is whole again."""
    kept = set(still)
    close_conflicts(session, link, but_of=kept)
    if not kept and link.state is LinkState.DIVERGED:
        link.state = LinkState.LINKED


def close_conflicts(session: Session, link: ExternalLink, *, but_of: Container[str] = ()) -> None:
    """Close the conflicts of a link, which are nobody's to decide any more, but of some fields."""
    for conflict in session.scalars(
        select(Conflict).where(Conflict.link_id == link.id, Conflict.state == "open")
    ):
        if conflict.field not in but_of:
            conflict.state = "obsolete"
            chronicling.tell_gone(session, conflict)


def open_count(session: Session, link_id: UUID) -> int:
    """Return how many conflicts of a link are open."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Conflict)
            .where(Conflict.link_id == link_id, Conflict.state == "open")
        )
        or 0
    )


def open_conflict(session: Session, link_id: UUID, field: str) -> Conflict | None:
    """Return the open conflict of a field, None where there is none."""
    return session.scalars(
        select(Conflict).where(
            Conflict.link_id == link_id, Conflict.field == field, Conflict.state == "open"
        )
    ).one_or_none()


def orphan_unseen(session: Session, connection_id: UUID, *, before: datetime) -> list[ExternalLink]:
    """Mark links orphaned that a complete sweep begun at `before` has not shown; returns them."""
    unseen = session.scalars(
        select(ExternalLink).where(
            ExternalLink.connection_id == connection_id,
            ExternalLink.state.in_([LinkState.LINKED, LinkState.DIVERGED]),
            ExternalLink.last_in_at.is_(None) | (ExternalLink.last_in_at < before),
            ExternalLink.created_at < before,
        )
    ).all()
    for link in unseen:
        link.state = LinkState.ORPHANED
    return list(unseen)

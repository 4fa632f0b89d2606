"""Refusals that name other records: what they name must be what the caller may see."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import readings
from hub.access.predicates import has_rule, near, visible
from hub.access.principals import Permission, Principal
from hub.access.roles import Verb
from hub.db import Base
from hub.errors import ConflictError
from hub.held import HeldError, Holder
from hub.history.records import Record

_ONE, _SEVERAL = "existing_id", "candidates"


class UnseenError(ConflictError):
    """What the caller asks for a record has already that he may not see; it names nothing of it.

    `subject` is that record, entity and id, for `hub.sharing.blind_matches` to tell him no more
    than whom to ask; `fingerprint` is the hash of what he said to meet it.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        subject: tuple[str, UUID],
        fingerprint: bytes,
        details: Mapping[str, object],
        **params: object,
    ) -> None:
        super().__init__(code, message, details=details, **params)
        self.subject = subject
        self.fingerprint = fingerprint


def seen_among(
    session: Session, principal: Principal, model: type[Any], ids: Iterable[UUID]
) -> set[UUID]:
    """Return those of some records of a model, by their ids, that a caller may see."""
    wanted = set(ids)
    if not wanted or principal.sees_all(model.collection()):
        return wanted
    principal = near(principal, model, wanted)
    return set(
        session.scalars(
            select(model.id).where(model.id.in_(wanted), visible(principal, Verb.READ, model))
        )
    )


def hidden_among(
    session: Session, principal: Principal, model: type[Any], ids: Iterable[UUID]
) -> set[UUID]:
    """Return those of some records of a model, by their ids, that there are and he may not see."""
    wanted = set(ids)
    if not wanted or principal.sees_all(model.collection()):
        return set()
    there = set(session.scalars(select(model.id).where(model.id.in_(wanted))))
    return there - seen_among(session, principal, model, there)


def without_unseen(
    session: Session, principal: Principal, model: type[Record], error: ConflictError
) -> ConflictError:
    """Return a refusal without the ids of records that the caller may not see.

    That there is one he is still told: otherwise he could not know why he is refused; it is an
    `UnseenError` then. What only a right to all shows him is marked. Of what holds a record,
    records of any kind, he is told that there are others, and not how many.
    """
    if isinstance(error, HeldError):
        return _with_seen_holders(session, principal, error)
    named = _named(error.details)
    if not named or any("entity" in each for each in error.details.get(_SEVERAL, ())):  # type: ignore[attr-defined]  # details are JSON
        return error  # candidates of several models were looked for among what he sees
    seen = {
        str(identifier)
        for identifier in session.scalars(
            select(model.id).where(
                model.id.in_([UUID(each) for each in named]), visible(principal, Verb.READ, model)
            )
        )
    }
    readings.note_found(session, principal, model, map(UUID, seen), "refusal")
    if named <= seen:
        return error
    kept = _kept(error.details, seen)
    existing_id = error.details.get(_ONE)
    subject = None
    if existing_id is not None and existing_id not in seen:
        subject = readings.whose_is(session, model, UUID(str(existing_id)))
    if subject is None:
        return ConflictError(error.code, error.message, details=kept, **error.params)
    said = (error.code, *(f"{name}={error.params[name]}" for name in sorted(error.params)))
    return UnseenError(
        error.code,
        error.message,
        subject=subject,
        fingerprint=sha256("\0".join(said).encode()).digest(),
        details=kept,
        **error.params,
    )


def _named(details: Mapping[str, Any]) -> set[str]:
    named = {candidate["id"] for candidate in details.get(_SEVERAL, ())}
    return named | ({details[_ONE]} if _ONE in details else set())


def _kept(details: Mapping[str, Any], seen: set[str]) -> dict[str, Any]:
    kept = dict(details)
    if kept.get(_ONE) not in seen:
        kept.pop(_ONE, None)
    if _SEVERAL in kept:
        kept[_SEVERAL] = [candidate for candidate in kept[_SEVERAL] if candidate["id"] in seen]
    return kept


def _with_seen_holders(session: Session, principal: Principal, error: HeldError) -> HeldError:
    ids: dict[str, list[UUID]] = {}
    for holder in error.holders:
        ids.setdefault(holder.entity, []).append(holder.id)
    seen: set[Holder] = set()
    all_of = set()
    for entity, model in _models_of(ids):
        if not principal.may(Permission(Verb.READ, model.collection())):
            continue
        if principal.sees_all(model.collection()):
            all_of.add(entity)
            readings.note_found(session, principal, model, ids[entity], "refusal")
            continue
        found = seen_among(session, principal, model, ids[entity])
        readings.note_found(session, principal, model, found, "refusal")
        seen |= {Holder(entity, each) for each in found}
    return error.told_of(seen, all_of=all_of)


def _models_of(entities: Collection[str]) -> Iterator[tuple[str, type[Any]]]:
    """Give the models of entities; a row that nobody can read by itself is named to nobody."""
    for mapper in Base.registry.mappers:
        model: Any = mapper.class_
        if has_rule(model):
            named = getattr(model, "entity", None)
            entity = named() if named is not None else model.__tablename__
            if entity in entities:
                yield entity, model

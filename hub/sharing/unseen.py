"""Records that a caller does not see: they count for nothing, but for what he may be told of.

`caller` is None for a process, which sees all of them and tells nobody.
"""

from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from hub import matching
from hub.access.concealing import UnseenError
from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.db import Ids, among
from hub.history.records import Record
from hub.i18n import N_
from hub.matching import Identity, Prepared
from hub.matching.models import match_key
from hub.sharing.blind_matches import require_room

Records = type[Record]
"""A model whose records are compared: customers, leads."""

_THERE_IS_ONE = {
    "customer": N_("A customer like this exists already, and you may not see it."),
    "lead": N_("A lead like this exists already, and you may not see it."),
}


def sees_all(caller: Principal | None, model: Records) -> bool:
    """Say whether no record of a model is hidden from a caller."""
    return caller is None or caller.sees_all(model.collection())


def unseen_among(
    session: Session, caller: Principal | None, model: Records, ids: Iterable[UUID]
) -> set[UUID]:
    """Return those of some records that a caller does not see."""
    wanted = set(ids)
    if not wanted or caller is None or sees_all(caller, model):
        return set()
    unseen = among(model.id, Ids(wanted)), _hidden_from(caller, model)
    return set(session.scalars(select(model.id).where(*unseen)))


def unseen_like(
    session: Session, caller: Principal | None, model: Records, ready: Prepared
) -> set[UUID]:
    """Return the records that a party, made ready for them, meets and a caller does not see."""
    if sees_all(caller, model):
        return set()
    return unseen_among(session, caller, model, matching.met(session, model.entity(), ready))


def refuse_unseen(
    session: Session,
    caller: Principal | None,
    model: Records,
    ready: Prepared,
    *,
    own_id: UUID | None = None,
    said: AbstractSet[str] | None = None,
) -> None:
    """Pass where no record that the caller does not see is what he says.

    Args:
        session: the caller's.
        caller: who says it.
        model: of which records it is asked.
        ready: what he says, as it is compared.
        own_id: the record that he says it of.
        said: the fields that he says anew; all of them where None.

    Raises:
        UnseenError: ``duplicate``: there is one.
        TooManyBlindMatchesError: he has been told so too often.
    """
    asked = [
        identity
        for identity in matching.identities_of(ready.facts)
        if said is None or not said.isdisjoint(identity.fields)
    ]
    if not asked or caller is None or sees_all(caller, model):
        return
    require_room(session, caller)
    found = find_unseen(session, caller, model, asked, own_id=own_id)
    if found is not None:
        raise unseen_duplicate(model, *found)


def find_unseen(
    session: Session,
    caller: Principal,
    model: Records,
    asked: Sequence[Identity],
    *,
    own_id: UUID | None = None,
) -> tuple[UUID, Identity] | None:
    """Return a record with one of some identities that a caller does not see, and which it is."""
    having = matching.having(session, model.entity(), asked)
    unseen = unseen_among(session, caller, model, (each for _, each in having)) - {own_id}
    return next(((each, identity) for identity, each in having if each in unseen), None)


def unseen_with(
    session: Session, caller: Principal, model: Records, digests: Collection[int]
) -> set[int]:
    """Return those of some keys' digests that records have which a caller does not see."""
    if not digests:
        return set()
    rows = session.scalars(
        select(match_key.c.digest)
        .join(model, model.id == match_key.c.record_id)
        .where(match_key.c.digest.in_(digests), _hidden_from(caller, model))
        .distinct()
    )
    return set(rows)


def unseen_duplicate(model: Records, record_id: UUID, identity: Identity) -> UnseenError:
    """Return the refusal of who says what a record is that he does not see."""
    return UnseenError(
        "duplicate",
        _THERE_IS_ONE[model.entity()],
        subject=(model.entity(), record_id),
        fingerprint=identity.fingerprint,
        details={"candidates": [], "matched_on": list(identity.fields)},
    )


def _hidden_from(caller: Principal, model: Records) -> ColumnElement[bool]:
    return ~func.coalesce(visible(caller, Verb.READ, model), False)

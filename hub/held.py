"""A record that something refers to is held: it may not be taken away meanwhile (domain.md, 15).

Who refuses says what held it, of each kind so many; what of it a caller is told is for
`hub.access.concealing` to say.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from hub.errors import ConflictError
from hub.i18n import N_

NAMED = 100  # holders that a refusal names at most
LOOKED_AT = 1000  # of each kind, to see which of them a caller may know of
_UNSEEN = {"text": N_("what you may not see"), "params": {}}


@dataclass(frozen=True, slots=True)
class Holder:
    """What refers to a record: of which entity, and its id."""

    entity: str
    id: UUID


class HeldError(ConflictError):
    """Something refers to the record; `details` counts it by kind and names some of each.

    Args:
        message: may say ``{what}``: the kinds with their counts.
        holders: those that were looked at.
        counts: how many there are of each kind, where they are more than those.
        code: ``in_use``, or what it says more closely.
        others: there are some that are not told of.
        params: as for all.
    """

    def __init__(
        self,
        message: str,
        holders: Sequence[Holder],
        counts: Mapping[str, int] | None = None,
        *,
        code: str = "in_use",
        others: bool = False,
        **params: object,
    ) -> None:
        kinds = Counter(each.entity for each in holders) | Counter(counts or {})
        told = ", ".join(f"{entity} ({count})" for entity, count in sorted(kinds.items()))
        super().__init__(
            code,
            message,
            details={
                "count": kinds.total(),
                "kinds": dict(sorted(kinds.items())),
                "blockers": [{"entity": e.entity, "id": str(e.id)} for e in _some_of_each(holders)],
                "others": others,
            },
            **{**params, "what": told or _UNSEEN},
        )
        self.holders = holders
        self.counts: Mapping[str, int] = counts or {}

    def told_of(self, seen: Collection[Holder], *, all_of: Collection[str]) -> "HeldError":
        """Return it as told to somebody who may know of some only, and of all of some entities.

        That there are others he is told, or he could not know why he is refused; not how many.
        """
        shown = [each for each in self.holders if each.entity in all_of or each in seen]
        return HeldError(
            self.message,
            shown,
            {entity: count for entity, count in self.counts.items() if entity in all_of},
            code=self.code,
            others=len(shown) < len(self.holders),
            **self.params,
        )


def refuse_held(session: Session, message: str, sources: Iterable[tuple[str, Select[Any]]]) -> None:
    """Pass a record to which nothing refers.

    Args:
        session: the caller's.
        message: what is told; see `HeldError`.
        sources: entities, each with the query for the ids of those that refer to it.

    Raises:
        HeldError: ``in_use``.
    """
    holders: list[Holder] = []
    counts: dict[str, int] = {}
    for entity, query in sources:
        ids = session.scalars(query.limit(LOOKED_AT)).all()
        holders += [Holder(entity, each) for each in ids]
        if len(ids) == LOOKED_AT:
            everyone = query.order_by(None).subquery()
            counts[entity] = session.scalar(select(func.count()).select_from(everyone)) or 0
    if holders:
        raise HeldError(message, list(dict.fromkeys(holders)), counts)


def _some_of_each(holders: Sequence[Holder]) -> list[Holder]:
    kinds: dict[str, list[Holder]] = {}
    for each in holders:
        kinds.setdefault(each.entity, []).append(each)
    rounds = zip_longest(*(kinds[entity] for entity in sorted(kinds)))
    return [each for row in rounds for each in row if each is not None][:NAMED]

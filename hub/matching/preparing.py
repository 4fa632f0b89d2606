"""Parties made ready once: to be held, looked for, compared and written."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from hub.copying import copy_in
from hub.matching.comparing import RULES, Comparable, comparable
from hub.matching.keys import keys_of
from hub.matching.parties import Party

_HELD = frozenset({"number", "ean", "p_number", "email", "phone", "name"})


@dataclass(frozen=True, slots=True)
class Prepared:
    """A party's facts in one form, and the digests of its keys.

    `held` are those by which nothing may be made twice; what was stored meanwhile has none.
    """

    facts: Comparable
    digests: Sequence[int]
    held: Sequence[int] = ()

    def stored(self) -> list[object]:
        """Return it as JSON carries it, with the version of the rules it was made under."""
        return [RULES, self.facts.stored(), list(self.digests)]

    @classmethod
    def of_stored(cls, stored: Sequence[object] | None) -> "Prepared | None":
        """Return it again; None where there is none, or the rules are others by now."""
        match stored:
            case [rules, dict() as facts, list() as digests] if rules == RULES:
                return cls(Comparable.of_stored(facts), digests)
            case _:
                return None


def prepare(entity: str, party: Party | Prepared) -> Prepared:
    """Return what the record of a party will be compared and found by; one made ready stays it."""
    if isinstance(party, Prepared):
        return party
    return prepare_facts(entity, comparable(party))


def prepare_facts(entity: str, facts: Comparable) -> Prepared:
    """Return by what records of an entity are found that are like some facts."""
    digests = {key: key.digest(entity) for key in keys_of(facts)}
    held = [digest for key, digest in digests.items() if key.kind in _HELD]
    return Prepared(facts, list(digests.values()), held)


def write_new(session: Session, entity: str, items: Iterable[tuple[UUID, Prepared]]) -> None:
    """Write the keys of records that have none yet; some thousands a second more than others."""
    made = list(items)
    copy_in(
        session,
        "match_party",
        ("entity", "record_id", "compared", "keys", "rules"),
        (
            (
                entity, record_id,
                json.dumps(prepared.facts.stored(), separators=(",", ":")),
                "{" + ",".join(map(str, prepared.digests)) + "}", RULES,
            )
            for record_id, prepared in made
        ),
    )  # fmt: skip
    copy_in(
        session,
        "match_key",
        ("digest", "record_id"),
        ((digest, record_id) for record_id, prepared in made for digest in prepared.digests),
    )

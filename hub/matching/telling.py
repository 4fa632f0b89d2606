"""By what somebody may be told that a record is there which he cannot see: his own words, exactly.

Whoever is told learns of the record that it says the same. So only whole facts count that he said
himself, and the narrowest identifier among them decides alone: what else the record says has no
part in the answer, and nothing about it can be found out by asking again and again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.matching.comparing import Comparable
from hub.matching.keys import Key


@dataclass(frozen=True, slots=True)
class Identity:
    """Facts that together are surely one record's, as they are compared.

    `fields` are those that say them, as a customer's fields are called.
    """

    key: Key
    fields: tuple[str, ...]
    words: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> bytes:
        """What is kept of the question whether there is such a record: its hash."""
        return fingerprint_of(self.key.kind, self.key.value, *self.words)


def fingerprint_of(*said: str) -> bytes:
    """Return the hash of a question."""
    return sha256("\0".join(said).encode()).digest()


def identities_of(facts: Comparable) -> Sequence[Identity]:
    """Return by which identities a record may be told of to whoever says some facts.

    That is the unit, by EAN or production unit number, where he names one; else the company; else
    the name together with the mail address, or with the telephone number. A name alone is none, and
    neither is being alike.
    """
    for kind, value, field in (
        ("ean", facts.ean, "ean"),
        ("p_number", facts.p_number, "p_number"),
        ("number", facts.number, "cvr"),
        ("vat", facts.vat, "vat_no"),
    ):
        if value:
            return [Identity(Key(kind, value), (field,))]
    return [
        Identity(Key(kind, value), ("name", kind), facts.words)
        for kind, value in (("email", facts.email), ("phone", facts.phone))
        if value and facts.words
    ]


# Each key is looked up in one index; nearly always nothing is there, and no record is read.
_HAVING = text("""
    select w.place, k.record_id
    from unnest(
        cast(:places as int[]), cast(:digests as bigint[]), cast(:kinds as text[]),
        cast(:values as text[]), cast(:words as text[])
    ) as w (place, digest, kind, value, words)
    cross join lateral (select record_id from match_key where digest = w.digest offset 0) k
    join match_party p on p.entity = :entity and p.record_id = k.record_id
    where p.compared ->> w.kind = w.value
      and (w.words = '[]' or p.compared -> 'words' = cast(w.words as jsonb))
""")


def having(
    session: Session, entity: str, identities: Sequence[Identity]
) -> list[tuple[Identity, UUID]]:
    """Return the records of an entity that have one of some identities, in the order of these."""
    rows = session.execute(
        _HAVING,
        {
            "entity": entity,
            "places": list(range(len(identities))),
            "digests": [each.key.digest(entity) for each in identities],
            "kinds": [each.key.kind for each in identities],
            "values": [each.key.value for each in identities],
            "words": [json.dumps(each.words) for each in identities],
        },
    )
    found = sorted((row.place, row.record_id) for row in rows)
    return [(identities[place], record_id) for place, record_id in found]

"""By what somebody may be told that a record is there which he cannot see: his own words, exactly.

Whoever is told learns of the record that it says the same. So only whole facts count that he said
himself, and the narrowest identifier among them decides alone: what else the record says has no
part in the answer, and nothing about it can be found out by asking again and again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from sqlalchemy import Select, select

from hub.matching.comparing import Comparable
from hub.matching.keys import Key
from hub.matching.models import match_key, match_party


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


def having(entity: str, identity: Identity) -> Select[tuple[UUID]]:
    """Return the query for the ids of the records of an entity that have an identity."""
    key, said = identity.key, match_party.c.compared
    query = (
        select(match_key.c.record_id)
        .join(match_party, match_party.c.record_id == match_key.c.record_id)
        .where(
            match_party.c.entity == entity,
            match_key.c.digest == key.digest(entity),
            said[key.kind].astext == key.value,
        )
    )
    return query.where(said["words"] == list(identity.words)) if identity.words else query

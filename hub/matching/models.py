"""Tables of matching.

Both are written and read by `hub.matching.index` and `hub.matching.candidates` alone, in sets and
never as objects, so they are plain tables without ids of their own.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hub.db import Base, Instant

match_party = Table(
    "match_party",
    Base.metadata,
    Column("entity", Text, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("compared", JSONB, nullable=False),
    Column("keys", ARRAY(BigInteger), nullable=False),
    Column("rules", SmallInteger, nullable=False),
    Column("changed_at", Instant, nullable=False, server_default=func.now()),
    Column("checked", Boolean, nullable=False, server_default=false()),
    PrimaryKeyConstraint("entity", "record_id"),
    Index("ix_match_party_unchecked", "entity", "record_id", postgresql_where=text("not checked")),
)
"""One row for each record that takes part: its facts, normalised, so that a candidate is compared
without normalising it again; its keys, so that replacing them needs no index by record; the version
of the rules it was normalised under; when it last changed (the beginning of that transaction), and
whether its pairs were looked for since."""

match_key = Table(
    "match_key",
    Base.metadata,
    Column("digest", BigInteger, nullable=False),
    Column("record_id", Uuid, nullable=False),
    PrimaryKeyConstraint("digest", "record_id"),
)
"""Which records share a key. A key is the 64-bit digest of entity, kind and value: a row of 24
bytes whatever the value, and one index that alone answers every look-up."""

"""Keeps the keys of records: written with the record, in its own transaction."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.matching.comparing import RULES, Comparable, comparable
from hub.matching.keys import keys_of
from hub.matching.parties import Party

_BATCH = 1000  # records of one statement: some 15,000 keys, a few megabytes

# One round trip whatever the number of records: keys that a record no longer has go, new ones come,
# and those it keeps are not touched. Sorted, so that two writers meet their locks in one order.
_WRITE = text("""
    with given as (
        select * from unnest(
            cast(:ids as uuid[]), cast(:compared as text[]), cast(:keys as text[])
        ) as g (record_id, compared, keys)
    ), known as (
        select p.record_id, p.keys from match_party p join given using (record_id)
        where p.entity = :entity
    ), gone as (
        delete from match_key k
        using (
            select known.record_id, digest
            from known join given using (record_id), unnest(known.keys) as digest
            where not digest = any(cast(given.keys as bigint[]))
        ) old
        where k.digest = old.digest and k.record_id = old.record_id
    ), kept as (
        insert into match_party (entity, record_id, compared, keys, rules)
        select :entity, record_id, cast(compared as jsonb), cast(keys as bigint[]), :rules
        from given order by record_id
        on conflict (entity, record_id) do update
        set compared = excluded.compared, keys = excluded.keys, rules = excluded.rules,
            checked = match_party.checked and match_party.rules = excluded.rules
                and match_party.compared = excluded.compared,
            changed_at = now()
    )
    insert into match_key (digest, record_id)
    select digest, record_id from given, unnest(cast(given.keys as bigint[])) as digest
    order by digest, record_id
    on conflict do nothing
""")

_REMOVE = text("""
    with gone as (
        delete from match_party where entity = :entity and record_id = :record_id returning keys
    )
    delete from match_key k using (select unnest(keys) as digest from gone) old
    where k.digest = old.digest and k.record_id = :record_id
""")

_HELD = frozenset({"number", "ean", "p_number", "email", "phone", "name"})
_HOLD = text("select pg_advisory_xact_lock(:digest)")

_OUTDATED = text("""
    select wanted.record_id from unnest(cast(:record_ids as uuid[])) as wanted (record_id)
    left join match_party p on p.entity = :entity and p.record_id = wanted.record_id
    where p.rules is distinct from :rules
""")

# Locked, and passed over where somebody is writing: his change is looked at the next time.
_UNCHECKED = text("""
    select record_id from match_party where entity = :entity and not checked
    order by record_id limit :limit for update skip locked
""")

_MARK_CHECKED = text("""
    update match_party set checked = true
    where entity = :entity and record_id = any(:record_ids) and not checked
      and (cast(:before as timestamptz) is null or changed_at < :before)
""")


def write(session: Session, entity: str, record_id: UUID, party: Party) -> None:
    """Replace a record's keys by those of its present facts."""
    write_many(session, entity, [(record_id, party)])


def write_many(session: Session, entity: str, items: Iterable[tuple[UUID, Party]]) -> None:
    """Replace the keys of many records, each named once; a few thousand a second and more."""
    for batch in _batches(items):
        _write(session, entity, [(record_id, comparable(party)) for record_id, party in batch])


def hold(session: Session, entity: str, party: Party) -> None:
    """Make others who are about to write the like of a party wait until this transaction ends.

    Call it before `find` where nothing of the kind may be made twice: of two who look at the same
    moment both would find nothing. For single writes; a transaction of hundreds would hold too many
    locks.
    """
    facts = comparable(party)
    held = sorted(key.digest(entity) for key in keys_of(facts) if key.kind in _HELD)
    for digest in held:
        session.execute(_HOLD, {"digest": digest})


def outdated(session: Session, entity: str, record_ids: Sequence[UUID]) -> list[UUID]:
    """Return those of some records that are not in, or were written under older rules."""
    return list(
        session.scalars(
            _OUTDATED, {"entity": entity, "record_ids": list(record_ids), "rules": RULES}
        )
    )


def unchecked(session: Session, entity: str, limit: int) -> list[UUID]:
    """Return records whose pairs were not looked for since they last changed."""
    return list(session.scalars(_UNCHECKED, {"entity": entity, "limit": limit}))


def mark_checked(
    session: Session,
    entity: str,
    record_ids: Sequence[UUID],
    *,
    changed_before: datetime | None = None,
) -> None:
    """Note that the pairs of records were looked for as they are now.

    Whoever did not hold the records locked names an instant that lies before he began to look, by
    longer than a transaction may last: what changed later stays to be looked at.
    """
    session.execute(
        _MARK_CHECKED,
        {"entity": entity, "record_ids": list(record_ids), "before": changed_before},
    )


def remove(session: Session, entity: str, record_id: UUID) -> None:
    """Take a record out, so that it is found no more; does nothing where it is not in."""
    session.execute(_REMOVE, {"entity": entity, "record_id": record_id})


def _batches(items: Iterable[tuple[UUID, Party]]) -> Iterable[Sequence[tuple[UUID, Party]]]:
    batch: list[tuple[UUID, Party]] = []
    for item in items:
        batch.append(item)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _write(session: Session, entity: str, items: Sequence[tuple[UUID, Comparable]]) -> None:
    session.execute(
        _WRITE,
        {
            "entity": entity,
            "rules": RULES,
            "ids": [record_id for record_id, _ in items],
            "compared": [json.dumps(facts.stored(), separators=(",", ":")) for _, facts in items],
            "keys": [_array(entity, facts) for _, facts in items],
        },
    )


def _array(entity: str, facts: Comparable) -> str:
    """Return the digests as a literal: PostgreSQL has no arrays of arrays of unequal length."""
    return "{" + ",".join(str(key.digest(entity)) for key in keys_of(facts)) + "}"

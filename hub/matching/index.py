"""Keeps the keys of records: written with the record, in its own transaction."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.matching.comparing import RULES
from hub.matching.parties import Party
from hub.matching.preparing import Prepared, prepare

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
        delete from match_party where entity = :entity and record_id = any(:record_ids)
        returning record_id, keys
    )
    delete from match_key k using (select record_id, unnest(keys) as digest from gone) old
    where k.digest = old.digest and k.record_id = old.record_id
""")

_OUTDATED = text("""
    select wanted.record_id from unnest(cast(:record_ids as uuid[])) as wanted (record_id)
    left join match_party p on p.entity = :entity and p.record_id = wanted.record_id
    where p.rules is distinct from :rules
""")

_ANY_OUTDATED = text("select exists (select from match_party where rules <> :rules)")

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


def write(session: Session, entity: str, record_id: UUID, party: Party | Prepared) -> None:
    """Replace a record's keys by those of its present facts."""
    write_many(session, entity, [(record_id, party)])


def write_many(
    session: Session, entity: str, items: Iterable[tuple[UUID, Party | Prepared]]
) -> None:
    """Replace the keys of many records, each named once; a few thousand a second and more."""
    for batch in _batches(items):
        _write(session, entity, [(record_id, prepare(entity, party)) for record_id, party in batch])


def outdated(session: Session, entity: str, record_ids: Sequence[UUID]) -> list[UUID]:
    """Return those of some records that are not in, or were written under older rules."""
    return list(
        session.scalars(
            _OUTDATED, {"entity": entity, "record_ids": list(record_ids), "rules": RULES}
        )
    )


def are_outdated(session: Session) -> bool:
    """Say whether any record was written under other rules; reads them all where none was."""
    return bool(session.scalar(_ANY_OUTDATED, {"rules": RULES}))


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
    remove_many(session, entity, [record_id])


def remove_many(session: Session, entity: str, record_ids: Sequence[UUID]) -> None:
    """Do the same with many records."""
    session.execute(_REMOVE, {"entity": entity, "record_ids": list(record_ids)})


def _batches(
    items: Iterable[tuple[UUID, Party | Prepared]],
) -> Iterable[Sequence[tuple[UUID, Party | Prepared]]]:
    batch: list[tuple[UUID, Party | Prepared]] = []
    for item in items:
        batch.append(item)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _write(session: Session, entity: str, items: Sequence[tuple[UUID, Prepared]]) -> None:
    session.execute(
        _WRITE,
        {
            "entity": entity,
            "rules": RULES,
            "ids": [record_id for record_id, _ in items],
            "compared": [
                json.dumps(ready.facts.stored(), separators=(",", ":")) for _, ready in items
            ],
            # Literals: PostgreSQL has no arrays of arrays of unequal length.
            "keys": ["{" + ",".join(map(str, ready.digests)) + "}" for _, ready in items],
        },
    )

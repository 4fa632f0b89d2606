"""Holding records to what is asked of them when they are entered.

A service calls `enforce` with the clean values of one record before it is written, or
`enforce_many` with those of many new ones.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zlib import crc32

from sqlalchemy import Text, cast, func, select, text
from sqlalchemy.orm import Session

from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.configuration import current
from hub.custom_fields.listing import text_of
from hub.custom_fields.models import COLUMN, PREFIX
from hub.entry_policies.policy import Duplicates, EntryPolicy, EntryRule
from hub.errors import ConflictError, FieldError, ValidationError
from hub.i18n import N_
from hub.sharing.blind_matches import require_room

REQUIRED = N_("This field is required.")
TAKEN = N_("Another record has this value of {field} already.")
DUPLICATE = "duplicate_value"

_SPACE = 7_215_006  # any constant of our own: these locks are no other's
_BUCKETS = 1024
_HOLD = text("""
    select pg_advisory_xact_lock(:space, bucket)
    from unnest(cast(:buckets as integer[])) as b (bucket) order by bucket
""")
_WARNINGS = "entry_warnings"


@dataclass(frozen=True, slots=True)
class Warned:
    """A value that another record has, or another record that is alike: allowed, and told.

    `text` is an English source text, in which `field` may stand; `score` says of an alike record
    how surely it is the same.
    """

    pointer: str
    field: str
    existing_id: UUID
    code: str = DUPLICATE
    text: str = TAKEN
    existing_entity: str | None = None
    score: float | None = None


def rules_of(session: Session, model: type[Any]) -> list[EntryRule]:
    """Return what is asked of the records of a model now."""
    entity = model.entity()
    return [rule for rule in current(session, EntryPolicy).rules if rule.entity == entity]


def enforce(
    session: Session,
    model: type[Any],
    values: Mapping[str, Any],
    record: Any = None,
    *,
    caller: Principal | None = None,
) -> list[Warned]:
    """Pass values that keep what is asked; returns what is to be told of them (see `warn`).

    Args:
        session: the caller's; it holds the values that must be new until its end.
        model: the record's.
        values: of a new record all, of a change what is named; `custom` is whole.
        record: what is changed, as it was; None for a new one.
        caller: who is told of others: only of what he sees. None sees everything.

    Raises:
        ValidationError: ``required``, for each field that is.
        ConflictError: ``duplicate_value``: another record has it; the details name that one.
        TooManyBlindMatchesError: the caller was told too often of what he does not see.
    """
    rules = rules_of(session, model)
    if not rules:
        return []
    said = [rule for rule in rules if record is None or _is_changed(record, rule.field, values)]
    _refuse_missing(said, values)
    asked = [
        (rule, value)
        for rule in said
        if rule.duplicates is not Duplicates.ALLOW
        and not is_empty(value := value_of(values, rule.field))
    ]
    if caller is not None and any(rule.duplicates is Duplicates.FORBID for rule, _ in asked):
        _require_room(session, model, caller)
    _hold(session, model, [(rule.field, value) for rule, value in asked])
    warned = []
    for rule, value in asked:
        seen = caller if rule.duplicates is Duplicates.WARN else None
        other = _other(session, model, rule.field, value, record, seen)
        if other is None:
            continue
        if rule.duplicates is Duplicates.FORBID:
            raise _taken(rule.field, other)
        warned.append(Warned(pointer_of(rule.field), rule.field, other))
    return warned


def enforce_many(session: Session, model: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Pass the values of many new records that keep what is asked; warnings are not told.

    Raises:
        ValidationError: one lacks a required field.
        ConflictError: ``duplicate_value``: one has what another has, here or among the rows.
    """
    rules = rules_of(session, model)
    for row in rows if rules else ():
        _refuse_missing(rules, row)
    for rule in rules:
        if rule.duplicates is not Duplicates.FORBID:
            continue
        values = [value for row in rows if not is_empty(value := value_of(row, rule.field))]
        _hold(session, model, [(rule.field, value) for value in values])
        folded = [fold(value) for value in values]
        held = next(iter(holders(session, model, rule.field, folded).values()), None)
        if held is not None or len(set(folded)) < len(folded):
            raise _taken(rule.field, held)


def hold(session: Session, model: type[Any], rows: Iterable[Mapping[str, Any]]) -> None:
    """Hold what must be new of all rows that a batch is about to write, so that none waits midway.

    Without it each record holds its own, and two batches could wait for each other.
    """
    rules = [r for r in rules_of(session, model) if r.duplicates is not Duplicates.ALLOW]
    said = [
        (rule.field, value)
        for row in rows
        for rule in rules
        if not is_empty(value := value_of(row, rule.field))
    ]
    _hold(session, model, said)


def holders(
    session: Session, model: type[Any], field: str, folded: Collection[str]
) -> dict[str, UUID]:
    """Return which living records have some values of a field, by the folded values."""
    if not folded:
        return {}
    column = _folded(model, field)
    rows = session.execute(
        select(column, model.id).where(column.in_(folded), *_living(model)).order_by(model.id)
    )
    found: dict[str, UUID] = {}
    for value, identifier in rows:
        found.setdefault(value, identifier)
    return found


def warn(session: Session, record: Any, warned: Iterable[Warned]) -> None:
    """Keep what is to be told of a record until the answer is made."""
    session.info.setdefault(_WARNINGS, {})[record.id] = list(warned)


def warnings_of(session: Session, record: Any) -> list[Warned]:
    """Return what is to be told of a record that this session wrote."""
    found: list[Warned] = session.info.get(_WARNINGS, {}).get(record.id, [])
    return found


def value_of(values: Mapping[str, Any], field: str) -> Any:
    """Return a field among values; a custom one lies in `custom`."""
    if field.startswith(PREFIX):
        return (values.get(COLUMN) or {}).get(field.removeprefix(PREFIX))
    return values.get(field)


def pointer_of(field: str) -> str:
    """Return the pointer that leads to a field in a body."""
    return "/" + field.replace(PREFIX, f"{COLUMN}/", 1) if field.startswith(PREFIX) else f"/{field}"


def fold(value: Any) -> str:
    """Return a value as two of them are compared: without case."""
    return str(value.value if hasattr(value, "value") else value).casefold()


def missing(rules: Iterable[EntryRule], values: Mapping[str, Any]) -> list[FieldError]:
    """Return the required fields that values lack."""
    return [
        FieldError(pointer_of(rule.field), "required", REQUIRED)
        for rule in rules
        if rule.required and is_empty(value_of(values, rule.field))
    ]


def _refuse_missing(rules: Iterable[EntryRule], values: Mapping[str, Any]) -> None:
    errors = missing(rules, values)
    if errors:
        raise ValidationError(*errors)


def _require_room(session: Session, model: type[Any], caller: Principal) -> None:
    """Pass whoever may be refused by what he does not see."""
    if not caller.sees_all(model.collection()):
        require_room(session, caller)


def _is_changed(record: Any, field: str, values: Mapping[str, Any]) -> bool:
    own = COLUMN if field.startswith(PREFIX) else field
    if own not in values:
        return False
    before = {own: getattr(record, own)}
    return bool(value_of(before, field) != value_of(values, field))


def is_empty(value: Any) -> bool:
    """Say whether a value says nothing."""
    return value is None or value in ("", [])


def _hold(session: Session, model: type[Any], said: Sequence[tuple[str, Any]]) -> None:
    """Make others who are about to write the same values wait until the transaction ends."""
    if said:
        entity = model.entity()
        keys = {f"{entity} {field} {fold(value)}" for field, value in said}
        buckets = sorted({crc32(key.encode()) % _BUCKETS for key in keys})
        session.execute(_HOLD, {"space": _SPACE, "buckets": buckets})


def _other(  # noqa: PLR0917 - what is asked of one field
    session: Session,
    model: type[Any],
    field: str,
    value: Any,
    record: Any,
    caller: Principal | None,
) -> UUID | None:
    query = select(model.id).where(_folded(model, field) == fold(value), *_living(model))
    if record is not None:
        query = query.where(model.id != record.id)
    if caller is not None:
        query = query.where(visible(caller, Verb.READ, model))
    found: UUID | None = session.scalar(query.order_by(model.id).limit(1))
    return found


def _folded(model: type[Any], field: str) -> Any:
    if field.startswith(PREFIX):
        return func.casefold(text_of(model, field.removeprefix(PREFIX)))
    return func.casefold(cast(getattr(model, field), Text))


def _living(model: type[Any]) -> list[Any]:
    merged = getattr(model, "merged_into_id", None)
    return [model.deleted_at.is_(None), *([] if merged is None else [merged.is_(None)])]


def _taken(field: str, other: UUID | None) -> ConflictError:
    named = {} if other is None else {"existing_id": str(other)}
    return ConflictError(
        DUPLICATE, TAKEN, details={**named, "pointer": pointer_of(field)}, field=field
    )

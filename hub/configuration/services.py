"""Reading and writing what is set."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.configuration.models import Setting
from hub.configuration.policies import Policy
from hub.db import savepoint
from hub.errors import StaleVersionError
from hub.history.recording import explain_change
from hub.remembering import Remembered

ENTITY = "setting"
OF_DEFAULTS = 1
"""The version of what nobody has written yet."""

_LIVING = Setting.deleted_at.is_(None)
_COLUMNS = (Setting.key, Setting.value, Setting.version, Setting.updated_at, Setting.updated_by)

PolicyT = TypeVar("PolicyT", bound=Policy)


@dataclass(frozen=True, slots=True)
class Stored(Generic[PolicyT]):
    """A policy with its version, and when and by whom it was written; None for the defaults."""

    policy: PolicyT
    version: int
    updated_at: datetime | None = None
    updated_by: UUID | None = None


def current(session: Session, policy: type[PolicyT]) -> PolicyT:
    """Return what is set: for a transaction, what was as it first asked for any policy."""
    return stored(session, policy).policy


def stored(session: Session, policy: type[PolicyT], *, lock: bool = False) -> Stored[PolicyT]:
    """Return what is set, with its version; with `lock` what is now, and so it stays."""
    if lock:
        return _shown(policy, _locked(session, policy))
    return _ALL.current(session).of(policy)


def replace(
    session: Session,
    wanted: PolicyT,
    *,
    expected_version: int,
    act: str = "updated",
    **said: object,
) -> Stored[PolicyT]:
    """Set a policy anew, whole; the same as before writes nothing.

    Args:
        session: the caller's.
        wanted: what is to hold from the commit on.
        expected_version: the version that the caller has seen.
        act: what its event is called.
        said: what the event says besides, such as the `reason`.

    Raises:
        StaleVersionError: somebody wrote it since the caller read it.
        ValidationError: it names what is not there.
    """
    policy = type(wanted)
    row = _locked(session, policy)
    before = _shown(policy, row)
    if before.version != expected_version:
        raise StaleVersionError(ENTITY, policy.KEY, before.version)
    if before.policy == wanted:
        return before
    wanted.check(session)
    if row is None:
        row = _first(session, wanted)
    else:
        row.value = _written(wanted)
    explain_change(
        session, f"{ENTITY}.{act}", subject_type=ENTITY, subject_id=row.id,
        data={name: each for name, each in said.items() if each is not None},
    )  # fmt: skip
    return _shown(policy, row)


def _first(session: Session, wanted: Policy) -> Setting:
    row = Setting(key=wanted.KEY, value=_written(wanted), version=OF_DEFAULTS + 1)
    try:
        with savepoint(session):
            session.add(row)
            session.flush()
    except IntegrityError as error:  # another one was the first, at this very moment
        raise StaleVersionError(ENTITY, wanted.KEY, OF_DEFAULTS + 1) from error
    return row


def _locked(session: Session, policy: type[Policy]) -> Setting | None:
    query = select(Setting).where(Setting.key == policy.KEY, _LIVING).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


class _AllSet:
    """All that is set: most ask for several policies, and all the time for the same."""

    def __init__(self, rows: Mapping[str, Row[Any]]) -> None:
        self._rows = rows
        self._known: dict[type[Policy], Stored[Any]] = {}

    def of(self, policy: type[PolicyT]) -> Stored[PolicyT]:
        if policy not in self._known:
            self._known[policy] = _shown(policy, self._rows.get(policy.KEY))
        return self._known[policy]


def _read_all(session: Session) -> _AllSet:
    return _AllSet({row.key: row for row in session.execute(select(*_COLUMNS).where(_LIVING))})


_ALL = Remembered(_read_all, Setting)


def _shown(policy: type[PolicyT], row: Row[Any] | Setting | None) -> Stored[PolicyT]:
    if row is None:
        return Stored(policy(), OF_DEFAULTS)
    return Stored(read(policy, row.value), row.version, row.updated_at, row.updated_by)


def read(policy: type[PolicyT], value: Mapping[str, Any]) -> PolicyT:
    """Return a policy as it was written.

    A field that a later release dropped is passed over; one that it added has its default.

    Raises:
        ValidationError: pydantic's: a value is not one of the policy's any more.
    """
    known = {name: each for name, each in value.items() if name in policy.model_fields}
    return policy.model_validate_json(json.dumps(known))


def _written(wanted: Policy) -> dict[str, Any]:
    return wanted.model_dump(mode="json")

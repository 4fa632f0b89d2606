"""What policies were: every version with when it held, and going back to one of them.

The history has them all; a version is the value that an event wrote.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import pydantic
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.configuration.models import Setting
from hub.configuration.policies import Policy
from hub.configuration.services import ENTITY, OF_DEFAULTS, Stored, read, replace
from hub.errors import NotFoundError, ValidationError
from hub.history.models import Event
from hub.i18n import N_

PolicyT = TypeVar("PolicyT", bound=Policy)
_VALUE = "value"


@dataclass(frozen=True, slots=True)
class Version:
    """A policy as it was set once, and the event that set it: it held from then to the next one.

    The first one are the defaults, as this release has them; nobody set them. `value` is as it was
    written, and None where its event was erased.
    """

    number: int
    value: Mapping[str, Any] | None
    since: datetime | None = None
    until: datetime | None = None
    event_id: UUID | None = None


def versions(session: Session, policy: type[Policy]) -> list[Version]:
    """Return all versions of a policy in their order."""
    query = (
        select(Event.id, Event.at, Event.changes)
        .join(Setting, Setting.id == Event.subject_id)
        .where(Event.subject_type == ENTITY, Setting.key == policy.KEY)
        .order_by(Event.id)
    )
    written = [
        row
        for row in session.execute(query)
        if row.changes is None or _VALUE in row.changes
    ]  # fmt: skip
    ends = [*(row.at for row in written), None]
    found = [Version(OF_DEFAULTS, policy().model_dump(mode="json"), until=ends[0])]
    for number, row in enumerate(written, OF_DEFAULTS + 1):
        value = None if row.changes is None else row.changes[_VALUE][1]
        found.append(Version(number, value, row.at, ends[number - OF_DEFAULTS], row.id))
    return found


def version_at(session: Session, policy: type[Policy], at: datetime) -> Version:
    """Return the version of a policy that held at an instant."""
    held = [each for each in versions(session, policy) if each.since is None or each.since <= at]
    return held[-1]


def restore(
    session: Session,
    policy: type[PolicyT],
    number: int,
    *,
    expected_version: int,
    reason: str | None = None,
) -> Stored[PolicyT]:
    """Set a policy to what it was in an earlier version: a new version, with the same value.

    Raises:
        NotFoundError: there is no such version, or its value was erased.
        ValidationError: what it says is no policy any more, or names what is not there any more.
        StaleVersionError: somebody wrote it since the caller read it.
    """
    known = {each.number: each.value for each in versions(session, policy)}
    value = known.get(number)
    if value is None:
        raise NotFoundError("version", number)
    try:
        wanted = read(policy, value)
    except pydantic.ValidationError as error:
        raise ValidationError.of(
            "/version", "outdated", N_("This version says what cannot be said any more.")
        ) from error
    return replace(
        session, wanted, expected_version=expected_version, act="restored", version=number,
        reason=reason,
    )  # fmt: skip

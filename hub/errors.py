"""Every error that crosses a package border.

    HubError
    ├── DomainError                 the caller can mend it
    │   ├── ValidationError         one or more fields break a rule
    │   ├── NotFoundError           no such record for this caller
    │   ├── MergedError             the record lives on under another id
    │   ├── ConflictError           the record's state forbids it
    │   ├── StaleVersionError       somebody changed it since it was read
    │   └── ForbiddenError          the caller's rights do not reach
    ├── PostponedError              not now, through no fault of the work itself: later
    ├── StaleClaimError             another worker has taken the job over
    └── ConnectorError              an outside system
        ├── TransientError          may succeed when tried again
        │   ├── RateLimitedError    it asked us to slow down
        │   └── UnknownOutcomeError the write may or may not have happened
        └── PermanentError          will fail again until somebody mends something
            ├── AuthenticationError credentials are refused
            ├── RejectedError       it refuses the values, and says which
            ├── MissingError        what we named is not there
            ├── RemoteConflictError a newer version or another record stands in the way
            └── MalformedReplyError the reply has an unknown shape

Messages are English sources of the babel catalogues with ``{named}`` parameters; whoever shows one
translates it by `hub.i18n.translate`. They are safe to show: no secrets, no payloads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class FieldError:
    """One broken rule: where (a JSON pointer), which (a stable code), and what to tell people."""

    pointer: str
    code: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)


class HubError(Exception):
    """The root of all errors raised on purpose."""


class DomainError(HubError):
    """Something the caller asked for cannot be done as asked."""

    code = "refused"

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message.format(**params) if params else message)
        self.message = message
        self.params: Mapping[str, object] = params


class ValidationError(DomainError):
    """One or more fields break a rule; nothing was written."""

    code = "validation"

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("Some fields are not valid.")
        self.errors: Sequence[FieldError] = errors

    @classmethod
    def of(cls, pointer: str, code: str, message: str, **params: object) -> "ValidationError":
        """Make an error of a single field, `pointer` being a JSON pointer such as ``/cvr``."""
        return cls(FieldError(pointer, code, message, params))

    def __str__(self) -> str:
        """Name each field with its rule."""
        return "; ".join(f"{e.pointer}: {e.message.format(**e.params)}" for e in self.errors)


class NotFoundError(DomainError):
    """No such record, or none that this caller may see: the two look alike on purpose."""

    code = "not_found"

    def __init__(self, entity: str, identifier: object) -> None:
        super().__init__("There is no {entity} {id}.", entity=entity, id=str(identifier))


class MergedError(DomainError):
    """The record was merged; `survivor_id` answers for it."""

    code = "merged"

    def __init__(self, entity: str, identifier: UUID, survivor_id: UUID) -> None:
        super().__init__(
            "{entity} {id} was merged into {survivor_id}.",
            entity=entity,
            id=str(identifier),
            survivor_id=str(survivor_id),
        )
        self.survivor_id = survivor_id


class ConflictError(DomainError):
    """The record's state, or another record, forbids it; `details` says which and what is allowed.

    `code` is stable in every language, for scripts.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        details: Mapping[str, object] | None = None,
        **params: object,
    ) -> None:
        super().__init__(message, **params)
        self.code = code
        self.details: Mapping[str, object] = details or {}


class StaleVersionError(DomainError):
    """The record was changed since the caller read it."""

    code = "stale_version"

    def __init__(self, entity: str, identifier: object, current: int) -> None:
        super().__init__(
            "{entity} {id} was changed meanwhile; its version is now {current}.",
            entity=entity,
            id=str(identifier),
            current=current,
        )
        self.current = current


class ForbiddenError(DomainError):
    """The caller is known, but its rights do not reach this far."""

    code = "forbidden"


class PostponedError(HubError):
    """The work must wait through no fault of its own; the attempt is given back.

    Args:
        reason: what it waits for, in words for people.
        delay: how long to wait at least before trying again.
        waits_for: what will release it sooner, for example ``connection:<id>``.
    """

    def __init__(self, reason: str, delay: timedelta, waits_for: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.delay = delay
        self.waits_for = waits_for


class StaleClaimError(HubError):
    """The lease was lost and another worker holds the job: nothing done may be recorded."""


class ConnectorError(HubError):
    """An outside system, named by `system`, failed or refused; `message` is for people."""

    def __init__(self, system: str, message: str, **params: object) -> None:
        text = message.format(**params) if params else message
        super().__init__(f"{system}: {text}")
        self.system = system
        self.message = message
        self.params: Mapping[str, object] = params

    @property
    def words(self) -> dict[str, object]:
        """What it says, to be kept as JSON and translated when somebody reads it."""
        return {"text": self.message, "params": dict(self.params)}


class TransientError(ConnectorError):
    """May succeed when tried again, after `retry_after` where the other side named a time."""

    def __init__(
        self, system: str, message: str, retry_after: timedelta | None = None, **params: object
    ) -> None:
        super().__init__(system, message, **params)
        self.retry_after = retry_after


class RateLimitedError(TransientError):
    """The other side asked us to slow down."""


class UnknownOutcomeError(TransientError):
    """The request was sent and no answer came: a write may or may not have happened."""


class PermanentError(ConnectorError):
    """Will fail again until somebody mends something."""


class AuthenticationError(PermanentError):
    """Credentials are missing, wrong, expired or revoked."""


@dataclass(frozen=True, slots=True)
class RemoteFieldError:
    """What the other side says of one value: its own field name, its code, its words."""

    field: str
    code: str
    message: str


class RejectedError(PermanentError):
    """The other side refuses the values, and says which."""

    def __init__(
        self, system: str, message: str, errors: Sequence[RemoteFieldError] = (), **params: object
    ) -> None:
        super().__init__(system, message, **params)
        self.errors = tuple(errors)


class MissingError(PermanentError):
    """What we named is not there (any more)."""


class RemoteConflictError(PermanentError):
    """A newer version, or another record with the same key, stands in the way."""


class MalformedReplyError(PermanentError):
    """The reply has a shape we do not know; the message says which part."""

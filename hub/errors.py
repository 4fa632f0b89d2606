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

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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
    """The root of all errors raised on purpose.

    Args:
        message: the English source of what people are told.
        params: what stands for its ``{names}``; a value may be the `words` of another error.

    `code` is stable in every language, for scripts.
    """

    code = "failed"

    def __init__(self, message: str, /, **params: object) -> None:
        super().__init__(message.format(**_said(params)) if params else message)
        self.message = message
        self.params: Mapping[str, object] = params

    @property
    def words(self) -> dict[str, object]:
        """What it says, to be kept as JSON and translated when somebody reads it."""
        return {"text": self.message, "params": {n: _plain(v) for n, v in self.params.items()}}


class DomainError(HubError):
    """Something the caller asked for cannot be done as asked."""

    code = "refused"


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

    @property
    def words(self) -> dict[str, object]:
        """Say what is wrong with the first field, which is more than that something is."""
        if not self.errors:
            return super().words
        first = self.errors[0]
        return {"text": first.message, "params": {n: _plain(v) for n, v in first.params.items()}}


@contextmanager
def under(pointer: str) -> Iterator[None]:
    """Let errors of the block's values point into what they are a part of, which is at `pointer`.

    Raises:
        ValidationError: as the block does, each pointer behind this one.
    """
    try:
        yield
    except ValidationError as error:
        moved = (replace(each, pointer=pointer + each.pointer) for each in error.errors)
        raise ValidationError(*moved) from error


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
        message: what it waits for, in words for people.
        delay: how long to wait at least before trying again.
        waits_for: what will release it sooner, for example ``connection:<id>``.
        params: as for all.

    `connection_id` is the account elsewhere that may not be called now; the work is not held for
    it, and is tried sooner where somebody mends the connection.
    """

    def __init__(
        self, message: str, delay: timedelta, waits_for: str | None = None, /, **params: object
    ) -> None:
        super().__init__(message, **params)
        self.delay = delay
        self.waits_for = waits_for
        self.connection_id: UUID | None = None
        self.code = "held" if waits_for else "postponed"


class StaleClaimError(HubError):
    """The lease was lost and another worker holds the job: nothing done may be recorded."""


class ConnectorError(HubError):
    """An outside system, named by `system`, failed or refused; `message` is for people.

    `connection_id` is our account there, once somebody has opened it.
    """

    def __init__(self, system: str, message: str, **params: object) -> None:
        super().__init__(message, **params)
        self.system = system
        self.connection_id: UUID | None = None

    def __str__(self) -> str:
        """Name the system first."""
        return f"{self.system}: {super().__str__()}"


class TransientError(ConnectorError):
    """May succeed when tried again, after `retry_after` where the other side named a time."""

    code = "no_answer"

    def __init__(
        self, system: str, message: str, retry_after: timedelta | None = None, **params: object
    ) -> None:
        super().__init__(system, message, **params)
        self.retry_after = retry_after


class RateLimitedError(TransientError):
    """The other side asked us to slow down."""

    code = "rate_limited"


class UnknownOutcomeError(TransientError):
    """The request was sent and no answer came: a write may or may not have happened."""

    code = "unknown_outcome"


class PermanentError(ConnectorError):
    """Will fail again until somebody mends something."""


class AuthenticationError(PermanentError):
    """Credentials are missing, wrong, expired or revoked."""

    code = "credentials_refused"


@dataclass(frozen=True, slots=True)
class RemoteFieldError:
    """What the other side says of one value: its own field name, its code, its words.

    `meaning` is what we say of a code that we know: an English source, as all messages.
    """

    field: str
    code: str
    message: str
    meaning: str = ""


class RejectedError(PermanentError):
    """The other side refuses the values, and says which."""

    code = "refused"

    def __init__(
        self, system: str, message: str, errors: Sequence[RemoteFieldError] = (), **params: object
    ) -> None:
        super().__init__(system, message, **params)
        self.errors = tuple(errors)


class MissingError(PermanentError):
    """What we named is not there (any more)."""

    code = "missing"


class RemoteConflictError(PermanentError):
    """A newer version, or another record with the same key, stands in the way."""

    code = "remote_conflict"


class MalformedReplyError(PermanentError):
    """The reply has a shape we do not know; the message says which part."""

    code = "malformed_reply"


def _said(params: Mapping[str, object]) -> dict[str, object]:
    """Return parameters with the words of other errors in English."""
    return {name: _in_english(value) for name, value in params.items()}


def _in_english(value: object) -> object:
    if isinstance(value, Mapping) and isinstance(value.get("text"), str):
        text: str = value["text"]
        params = value.get("params")
        return text.format(**_said(params)) if isinstance(params, Mapping) and params else text
    if isinstance(value, list):
        return "; ".join(str(_in_english(each)) for each in value)
    return value


def _plain(value: object) -> object:
    """Return a parameter as JSON can carry it."""
    kept = isinstance(value, str | int | float | Mapping | list) or value is None
    return value if kept else str(value)

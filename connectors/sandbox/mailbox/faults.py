"""What goes wrong at the mailbox, on demand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class MailFaults:
    """What goes wrong; counters are used up one message at a time.

    refuse: recipients answered ``550 5.1.1``. busy: messages answered ``451`` after the final dot.
    drop_kept: messages kept, whose sender is then cut off without a reply. drop_lost: the same, but
    not kept. drop_early: senders cut off at DATA, before the message. slow_s: pause before each
    reply to a message, which is kept first. down: no connections, and the open ones are cut.
    """

    refuse: set[str] = field(default_factory=set)
    busy: int = 0
    drop_kept: int = 0
    drop_lost: int = 0
    drop_early: int = 0
    slow_s: float = 0.0
    down: bool = False

    def take(self, name: str) -> bool:
        """Use up one of a counter; False where none is left. Call it in the event loop only."""
        left: int = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return left > 0


def checked_faults(body: Any) -> dict[str, Any]:
    """Return fields of `MailFaults` as a request wrote them.

    Raises:
        ValueError: one is unknown or has an impossible value.
    """
    if not isinstance(body, dict):
        raise ValueError("faults are a JSON object")  # noqa: TRY004 - a value of the request
    for name, value in body.items():
        if name not in _CHECKS:
            raise ValueError(f"{name}: there is no such fault; there are {', '.join(_CHECKS)}")
        if not _CHECKS[name](value):
            raise ValueError(f"{name}: {value!r} is not one of its values")
    return body


def _is_addresses(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(address, str) for address in value)


def _is_seconds(value: Any) -> bool:
    return type(value) in {int, float} and value >= 0


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "refuse": _is_addresses,
    "busy": _is_count,
    "drop_kept": _is_count,
    "drop_lost": _is_count,
    "drop_early": _is_count,
    "slow_s": _is_seconds,
    "down": lambda value: isinstance(value, bool),
}

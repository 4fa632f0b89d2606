"""What the supervisor needs to know of one part of Hub."""

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto

from ops.embedded.account import Account


class Stage(IntEnum):
    """When a part starts; the parts of one stage start together, and stop in the other order."""

    STORES = 1
    MIGRATION = 2
    PROCESSES = 3
    DEMO = 4


class Voice(Enum):
    """How a part's lines appear in the terminal; its log file has them all in any case."""

    NAMED = auto()  # behind the part's name
    PLAIN = auto()  # as they are
    SILENT = auto()  # not at all


def _nothing() -> None:
    pass


def _at_once() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Part:
    """One program of Hub.

    `command` is asked for at every start, after `prepare`, which clears what a crash has left.
    `environment` is all that the program gets. A part that runs `once` must end with 0 before the
    next stage starts; any other is started again when it ends. One that `begins_early` is started
    before the first stage, and waits itself for what it needs; it is expected to be ready as the
    others of its stage are. `grace_s` is how long it may take to end after `stop_signal`.
    """

    name: str
    stage: Stage
    command: Callable[[], Sequence[str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    prepare: Callable[[], None] = _nothing
    is_ready: Callable[[], bool] = _at_once
    ready_within_s: float = 60  # a first start on a busy machine; everything is usually up in 4 s
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 30  # R-15 of the reliability rules
    once: bool = False
    begins_early: bool = False
    voice: Voice = Voice.NAMED

"""The field-level three-way merge, pure: what both sides last agreed on, and what each has now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum, auto
from typing import Any


class Direction(StrEnum):
    """Which way a field goes."""

    BOTH = "both"
    OUT = "out"
    IN = "in"


class Policy(StrEnum):
    """What happens to a field that both sides changed, each in its own way."""

    ASK = "ask"
    LOCAL = "local"
    REMOTE = "remote"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How one field is merged."""

    name: str
    direction: Direction = Direction.BOTH
    policy: Policy = Policy.ASK


@dataclass(frozen=True, slots=True)
class Times:
    """When each field was last changed here, by name, and the whole record there.

    The other side tells the time of its record, not of each field: what it changed last may be
    another one.
    """

    here: Mapping[str, datetime] = field(default_factory=dict)
    there: datetime | None = None

    def newest(self, name: str) -> Policy:
        """Return which side of a field is the newer; `Policy.ASK` where that is not known."""
        here = self.here.get(name)
        if here is None or self.there is None:
            return Policy.ASK
        return Policy.LOCAL if here > self.there else Policy.REMOTE


UNKNOWN = Times()


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that both sides changed: for a person to decide."""

    name: str
    base: Any
    local: Any
    remote: Any


@dataclass(frozen=True, slots=True)
class Merged:
    """What to send, what to take over, what to ask, and what both sides agree on already."""

    send: Mapping[str, Any] = field(default_factory=dict)
    take: Mapping[str, Any] = field(default_factory=dict)
    clashes: tuple[Clash, ...] = ()
    agreed: Mapping[str, Any] = field(default_factory=dict)


def merge(
    rules: Iterable[FieldRule],
    base: Mapping[str, Any],
    local: Mapping[str, Any],
    remote: Mapping[str, Any],
    *,
    times: Times = UNKNOWN,
) -> Merged:
    """Merge field by field; an absent value is None.

    A side has changed a field when its value differs from the base. One change wins; two equal
    changes agree; two different ones are decided by the field's policy. A field that goes one way
    only never clashes. Where the newest is to win and `times` do not tell which it is, it clashes.
    """
    sorted_out: dict[_Way, dict[str, Any]] = {way: {} for way in _Way}
    clashes = []
    for rule in rules:
        old, ours, theirs = (side.get(rule.name) for side in (base, local, remote))
        match _way(rule, old, ours, theirs, times):
            case _Way.CLASH:
                clashes.append(Clash(rule.name, old, ours, theirs))
            case _Way.TAKE:
                sorted_out[_Way.TAKE][rule.name] = theirs
            case way:
                sorted_out[way][rule.name] = ours
    return Merged(
        sorted_out[_Way.SEND], sorted_out[_Way.TAKE], tuple(clashes), sorted_out[_Way.AGREE]
    )


class _Way(Enum):
    NOTHING = auto()
    AGREE = auto()
    SEND = auto()
    TAKE = auto()
    CLASH = auto()


def _way(rule: FieldRule, old: Any, ours: Any, theirs: Any, times: Times) -> _Way:
    if ours == theirs:
        return _Way.NOTHING if old == ours else _Way.AGREE
    if rule.direction is Direction.OUT:
        return _Way.NOTHING if ours == old else _Way.SEND
    if rule.direction is Direction.IN:
        return _Way.NOTHING if theirs == old else _Way.TAKE
    if theirs == old:
        return _Way.SEND
    if ours == old:
        return _Way.TAKE
    return _DECIDED[times.newest(rule.name) if rule.policy is Policy.NEWEST else rule.policy]


_DECIDED = {Policy.LOCAL: _Way.SEND, Policy.REMOTE: _Way.TAKE, Policy.ASK: _Way.CLASH}

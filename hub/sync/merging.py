"""The field-level three-way merge, pure: what both sides last agreed on, and what each has now."""

from collections.abc import Collection, Iterable, Mapping
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
    """What to send, what to take over, what to ask, and what both sides agree on already.

    `left` is what changed there and cannot be taken over: it stays as it is there. `overruled` is
    what could not be read and is written over by what is sent, for the field's policy says so.
    """

    send: Mapping[str, Any] = field(default_factory=dict)
    take: Mapping[str, Any] = field(default_factory=dict)
    clashes: tuple[Clash, ...] = ()
    agreed: Mapping[str, Any] = field(default_factory=dict)
    left: Mapping[str, Any] = field(default_factory=dict)
    overruled: tuple[Clash, ...] = ()


def merge(
    rules: Iterable[FieldRule],
    base: Mapping[str, Any],
    local: Mapping[str, Any],
    remote: Mapping[str, Any],
    *,
    times: Times = UNKNOWN,
    unreadable: Collection[str] = (),
) -> Merged:
    """Merge field by field; an absent value is None.

    A side has changed a field when its value differs from the base. One change wins; two equal
    changes agree; two different ones are decided by the field's policy. A field that goes one way
    only never clashes. Where the newest is to win and `times` do not tell which it is, it clashes.

    The base of a field may be a `let_be`. The remote values of `unreadable` fields break a rule
    here: none is taken over, and where one would win over a change made here, it clashes.
    """
    sorted_out: dict[_Way, dict[str, Any]] = {way: {} for way in _Way}
    clashes, overruled = [], []
    for rule in rules:
        old, ours, theirs = (side.get(rule.name) for side in (base, local, remote))
        ours_then, theirs_then = _sides(old)
        way = _way(rule, (ours_then, theirs_then), ours, theirs, times)
        if way is _Way.TAKE and rule.name in unreadable:
            is_changed_here = ours != ours_then and rule.direction is Direction.BOTH
            way = _Way.CLASH if is_changed_here else _Way.LEAVE
        clash = Clash(rule.name, theirs_then, ours, theirs)
        if way is _Way.CLASH:
            clashes.append(clash)
        else:
            sorted_out[way][rule.name] = theirs if way in {_Way.TAKE, _Way.LEAVE} else ours
        if way is _Way.SEND and rule.name in unreadable and theirs != theirs_then:
            overruled.append(clash)
    return Merged(
        sorted_out[_Way.SEND],
        sorted_out[_Way.TAKE],
        tuple(clashes),
        sorted_out[_Way.AGREE],
        sorted_out[_Way.LEAVE],
        tuple(overruled),
    )


def let_be(ours: Any, theirs: Any) -> dict[str, Any]:
    """Return a base for two values that differ though nobody changed either: both are let be."""
    return {"here": ours, "there": theirs}


def _sides(old: Any) -> tuple[Any, Any]:
    return (old["here"], old["there"]) if isinstance(old, Mapping) else (old, old)


class _Way(Enum):
    NOTHING = auto()
    AGREE = auto()
    SEND = auto()
    TAKE = auto()
    LEAVE = auto()
    CLASH = auto()


def _way(rule: FieldRule, then: tuple[Any, Any], ours: Any, theirs: Any, times: Times) -> _Way:
    if ours == theirs:
        return _Way.NOTHING if then == (ours, ours) else _Way.AGREE
    is_changed_here = ours != then[0] and rule.direction is not Direction.IN
    is_changed_there = theirs != then[1] and rule.direction is not Direction.OUT
    if is_changed_here and is_changed_there:
        return _DECIDED[times.newest(rule.name) if rule.policy is Policy.NEWEST else rule.policy]
    if is_changed_here:
        return _Way.SEND
    return _Way.TAKE if is_changed_there else _Way.NOTHING


_DECIDED = {Policy.LOCAL: _Way.SEND, Policy.REMOTE: _Way.TAKE, Policy.ASK: _Way.CLASH}

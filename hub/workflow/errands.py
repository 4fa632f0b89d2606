"""Errands: what is done when a record comes to a state, as a workflow says.

What one consists of, and what may be said of it, is here; who does it declares it, by the kind of
records (`declare_errands`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub import places
from hub.access.principals import Principal
from hub.calendar_time import working_days_after
from hub.errors import FieldError
from hub.i18n import N_

PLACES = ("name", "customer", "number", "state", "reason")
"""What its texts may name in braces: the record, its customer and number, the state it comes to,
and why it was moved there."""

MOST = 10
"""So many errands of one state or way at most."""


class Doing(StrEnum):
    """What is done."""

    ACTIVITY = "activity"  # an activity is planned
    REMINDER = "reminder"  # somebody is reminded on a day
    MAIL = "mail"  # somebody is told by mail, now
    FOLLOW_UP = "follow_up"  # the record's day of following it up is set


class Whose(StrEnum):
    """For whom it is; where there is nobody, for whoever moves the record."""

    ASSIGNEE = "assignee"  # to whom the record is assigned, after the move
    OWNER = "owner"  # whose customer it is about; without one as ASSIGNEE
    MANAGER = "manager"  # who leads the assignee, or the record's team
    MOVER = "mover"


class Unit(StrEnum):
    """Days, or those from Monday to Friday."""

    DAYS = "days"
    WORKING_DAYS = "working_days"


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing to be done; of what each takes part, see `_TAKEN`.

    `kind` is that of an activity. `due_in` counts from the day of the move, on the business's
    calendar; 0 is that day.
    """

    do: Doing
    title: str | None = None
    text: str | None = None
    kind: str | None = None
    due_in: int | None = None
    unit: Unit = Unit.DAYS
    whose: Whose = Whose.ASSIGNEE

    def stored(self) -> dict[str, Any]:
        """Return it as JSON keeps it; what is not said is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> "Errand":
        """Return it again from what `stored` gave."""
        known = {each.name for each in fields(cls)}
        said = {name: value for name, value in stored.items() if name in known}
        return cls(**{
            **said, "do": Doing(said["do"]), "unit": Unit(said.get("unit", Unit.DAYS)),
            "whose": Whose(said.get("whose", Whose.ASSIGNEE)),
        })  # fmt: skip

    def due_on(self, today: date) -> date | None:
        """Return its day; None where it has none."""
        if self.due_in is None:
            return None
        if self.unit is Unit.WORKING_DAYS:
            return working_days_after(today, self.due_in)
        return today + timedelta(days=self.due_in)


@dataclass(frozen=True, slots=True)
class Occasion:
    """A move of a record: who moves it, to what people call the state, why, and when."""

    principal: Principal
    state: str
    reason: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Prepared:
    """An errand of one record: its texts filled, its day reckoned, for whom; None for nobody."""

    errand: Errand
    title: str
    text: str | None
    due_on: date | None
    user_id: UUID | None


@dataclass(frozen=True, slots=True)
class Doer:
    """Who does the errands of one kind of records; `kinds` are those of activities there are.

    `prepare` says what an errand comes to and changes nothing. `carry_out` does it in the caller's
    transaction, and returns what it made, entity and id; None where it made nothing.
    """

    does: frozenset[Doing]
    kinds: frozenset[str]
    prepare: Callable[[Session, Any, Errand, Occasion], Prepared]
    carry_out: Callable[[Session, Any, Prepared, Occasion], tuple[str, UUID] | None]


_DOERS: dict[str, Doer] = {}


def declare_errands(entity: str, doer: Doer) -> None:
    """Let the workflows of a kind of records have errands."""
    _DOERS[entity] = doer


def prepared(
    session: Session, record: Any, errands: Sequence[Errand], occasion: Occasion
) -> list[Prepared]:
    """Return what some errands come to for a record."""
    if not errands:
        return []
    doer = _DOERS[record.entity()]
    return [doer.prepare(session, record, errand, occasion) for errand in errands]


def carry_out(
    session: Session, record: Any, errands: Sequence[Errand], occasion: Occasion
) -> list[dict[str, Any]]:
    """Do some errands for a record that comes to a state; returns what was done, for its event."""
    done = []
    for each in prepared(session, record, errands, occasion):
        made = _DOERS[record.entity()].carry_out(session, record, each, occasion)
        done.append({
            "do": each.errand.do, "title": each.title or None, "due_on": each.due_on,
            "user_id": each.user_id,
            "made": None if made is None else {"entity": made[0], "id": made[1]},
        })  # fmt: skip
    return done


_NEEDED: Mapping[Doing, frozenset[str]] = {
    Doing.ACTIVITY: frozenset({"title"}),
    Doing.REMINDER: frozenset({"title", "due_in"}),
    Doing.MAIL: frozenset({"title"}),
    Doing.FOLLOW_UP: frozenset({"due_in"}),
}
_TAKEN: Mapping[Doing, frozenset[str]] = {
    Doing.ACTIVITY: frozenset({"title", "text", "kind", "due_in"}),
    Doing.REMINDER: frozenset({"title", "due_in"}),
    Doing.MAIL: frozenset({"title", "text"}),
    Doing.FOLLOW_UP: frozenset({"due_in"}),
}
_SAID = ("title", "text", "kind", "due_in")


def faults(entity: str, errands: Sequence[Errand], pointer: str) -> Iterator[FieldError]:
    """Yield what is wrong with the errands of a state or a way of a kind of records."""
    doer = _DOERS.get(entity)
    if len(errands) > MOST:
        yield FieldError(pointer, "too_many", N_("There are {most} at most."), {"most": MOST})
    for place, errand in enumerate(errands):
        does = doer.does if doer else frozenset[Doing]()
        if doer is None or errand.do not in does:
            yield _unknown(f"{pointer}/{place}/do", errand.do, does)
        else:
            yield from _faults_of_one(errand, doer.kinds, f"{pointer}/{place}")


def _faults_of_one(errand: Errand, kinds: frozenset[str], pointer: str) -> Iterator[FieldError]:
    for name in _SAID:
        value = getattr(errand, name)
        if value is None and name in _NEEDED[errand.do]:
            yield FieldError(f"{pointer}/{name}", "required", N_("This field is required."))
        elif value is not None and name not in _TAKEN[errand.do]:
            yield FieldError(
                f"{pointer}/{name}", "not_used", N_("This means nothing here: leave it out.")
            )
        elif name == "kind" and value is not None and value not in kinds:
            yield _unknown(f"{pointer}/kind", value, kinds)
        elif isinstance(value, str):
            yield from places.faults(value, PLACES, f"{pointer}/{name}")


def _unknown(pointer: str, name: str, allowed: Iterable[str]) -> FieldError:
    return FieldError(
        pointer, "unknown", N_("There is no {name} here; there are {allowed}."),
        {"name": str(name), "allowed": ", ".join(sorted(allowed)) or "–"},
    )  # fmt: skip

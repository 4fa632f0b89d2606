"""How far objectives are: reckoned from the records, kept by workers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hub.customers.models import Customer
from hub.db import find_locked
from hub.history.models import Event
from hub.ledger.enqueueing import enqueue
from hub.ledger.tasks import TaskName
from hub.objectives import measures
from hub.objectives.models import AMOUNTS, Measure, Objective, ObjectiveProgress
from hub.objectives.tenures import tenures_of
from hub.objectives.windows import Period, begun, next_turn

KEPT = 1000
"""The progress of so many periods, the newest ones, is kept up to date; before them it stays."""

_TARGETS = "targets."  # what the history calls the parts of the column


@dataclass(frozen=True, slots=True)
class Figure:
    """What a measure comes to in a period, and its target."""

    period: Period
    measure: Measure
    value: Decimal
    target: Decimal

    @property
    def starts_on(self) -> date:
        """The first day."""
        return self.period.starts_on

    @property
    def ends_on(self) -> date:
        """The last day."""
        return self.period.ends_on

    @property
    def ratio(self) -> Decimal:
        """How much of the target that is, to four decimals."""
        return round(self.value / self.target, 4)

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.value >= self.target


def request(session: Session, objective_id: UUID, *, run_at: datetime | None = None) -> None:
    """Ask for an objective to be reckoned anew."""
    enqueue(
        session, TaskName.MEASURE_OBJECTIVE, key=str(objective_id), run_at=run_at,
        subject=(Objective.entity(), objective_id), objective_id=objective_id,
    )  # fmt: skip


def reckon(
    session: Session,
    objective: Objective,
    *,
    at: datetime,
    as_of: datetime | None = None,
    last: int | None = None,
) -> list[Figure]:
    """Return the figures of an objective, of the periods that have begun, in their order.

    A period has the targets that hold when it ends, or now: a change of targets leaves the periods
    that are over as they are. A team's is known to people who do not know each other's protected
    customers: what tells of these is left out of it, for everybody alike.

    Args:
        session: where to read.
        objective: whose.
        at: the present, or the end of an earlier day.
        as_of: that end: the records are read as they stood then; as they stand where None.
        last: so many of the newest periods; all where None.
    """
    wanted = begun(objective, at)
    wanted = wanted[-last:] if last else wanted
    if not wanted:
        return []
    tenures = tenures_of(session, objective)
    targets = list(_targets(session, objective, wanted, at))
    values = {
        measure: measures.values(
            session,
            measure,
            wanted,
            tenures,
            currency=objective.currency,
            as_of=as_of,
            hides_protected=objective.team_id is not None,
        )
        for measure in Measure
        if any(measure in each for each in targets)
    }
    return [
        Figure(period, measure, values[measure][place], Decimal(targets[place][measure]))
        for place, period in enumerate(wanted)
        for measure in Measure
        if measure in targets[place]
    ]


def kept(session: Session, objective: Objective, *, last: int) -> list[ObjectiveProgress]:
    """Return what is kept of an objective's newest periods, so many of them, in their order."""
    row = ObjectiveProgress
    own = row.objective_id == objective.id
    newest = select(row.starts_on).where(own).distinct().order_by(row.starts_on.desc()).limit(last)
    found = session.scalars(select(row).where(own, row.starts_on.in_(newest)))
    places = {each: place for place, each in enumerate(Measure)}
    return sorted(found, key=lambda each: (each.starts_on, places[each.measure]))


def measure(session: Session, objective_id: UUID, *, now: datetime) -> int:
    """Reckon an objective, keep its progress, and ask for its next turn; returns how many figures.

    Done twice it comes to the same. What was taken away is left as it is.
    """
    objective = find_locked(session, Objective, objective_id)
    if objective is None or objective.deleted_at is not None:
        return 0
    figures = reckon(session, objective, at=now, last=KEPT)
    _keep(session, objective, figures, now)
    newest = figures[-1].period if figures else None
    objective.met = all(f.met for f in figures if f.period == newest) if figures else None
    objective.computed_at = now
    session.flush()
    turns = [each for each in (next_turn(objective, now), _shown_at(session, objective)) if each]
    if turns:
        request(session, objective.id, run_at=min(turns))
    return len(figures)


def forget(session: Session, objective: Objective) -> None:
    """Remove what is kept of an objective."""
    session.execute(delete(ObjectiveProgress).where(ObjectiveProgress.objective_id == objective.id))


def _shown_at(session: Session, objective: Objective) -> datetime | None:
    """Return when the next protection ends, and a team's objective may count more by itself."""
    if objective.team_id is None:
        return None
    return session.scalar(select(func.min(Customer.protected_until)).where(Customer.is_protected))


def _targets(
    session: Session, objective: Objective, periods: Sequence[Period], at: datetime
) -> Iterator[Mapping[str, Any]]:
    """Yield the targets that hold for each period, by what the history tells of their changes."""
    changes = session.execute(
        select(Event.at, Event.changes)
        .where(
            Event.subject_type == Objective.entity(), Event.subject_id == objective.id,
            Event.type != f"{Objective.entity()}.created",
        )
        .order_by(Event.at.desc(), Event.id.desc())
    ).all()  # fmt: skip
    for period in periods:
        held, until = dict(objective.targets), min(period.ends_at, at)
        for changed in changes:
            if changed.at <= until:
                break
            for name, (before, _) in (changed.changes or {}).items():
                if name.startswith(_TARGETS):
                    held[name.removeprefix(_TARGETS)] = before
        yield {name: target for name, target in held.items() if target is not None}


def _keep(session: Session, objective: Objective, figures: Sequence[Figure], now: datetime) -> None:
    """Bring the rows of an objective, which is locked, to what was reckoned."""
    rows = select(ObjectiveProgress).where(ObjectiveProgress.objective_id == objective.id)
    if figures:
        rows = rows.where(ObjectiveProgress.starts_on >= figures[0].starts_on)
    kept = {(row.starts_on, row.measure): row for row in session.scalars(rows)}
    for figure in figures:
        row = kept.pop((figure.starts_on, figure.measure), None)
        if row is None:
            row = ObjectiveProgress(
                objective_id=objective.id, user_id=objective.user_id, team_id=objective.team_id,
                measure=figure.measure, starts_on=figure.starts_on,
                currency=objective.currency if figure.measure in AMOUNTS else None,
            )  # fmt: skip
            session.add(row)
        reckoned = (figure.ends_on, figure.value, figure.target)
        if (row.ends_on, row.value, row.target) != reckoned:
            row.ends_on, row.value, row.target = reckoned
            row.computed_at = now
    for row in kept.values():
        session.delete(row)

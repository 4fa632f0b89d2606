"""The lists of objectives, of their progress, and of their templates."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, cast, func, literal, select

from hub.access.captions import person, team
from hub.db import Instant
from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Listing, Reader
from hub.objectives.measures import LABELS
from hub.objectives.models import (
    Frequency,
    Measure,
    Objective,
    ObjectiveProgress,
    ObjectiveTemplate,
)

FREQUENCIES = (
    Choice(Frequency.ONCE, N_("Once")),
    Choice(Frequency.DAILY, N_("Daily")),
    Choice(Frequency.WEEKLY, N_("Weekly")),
    Choice(Frequency.MONTHLY, N_("Monthly")),
)
MEASURES = tuple(Choice(each, LABELS[each]) for each in Measure)


def _whose(model: type[Any]) -> tuple[Field, ...]:
    return (
        Field("user", model.user_id, label=N_("Person"), kind=Kind.USER, facet=True,
              caption=person(model.user_id, model), width=20),
        Field("team", model.team_id, label=N_("Team"), kind=Kind.UUID, facet=True,
              caption=team(model.team_id, model), width=20),
    )  # fmt: skip


def _is_over(reader: Reader) -> ColumnElement[bool]:
    return func.coalesce(Objective.ends_on < _today(reader, Objective.zone), False)


def _is_current(reader: Reader) -> ColumnElement[bool]:
    today = _today(reader, _ZONE)
    return and_(ObjectiveProgress.starts_on <= today, ObjectiveProgress.ends_on >= today)


def _today(reader: Reader, zone: Any) -> ColumnElement[date]:
    """Return which day it is where an objective's days begin and end."""
    return cast(func.timezone(zone, literal(reader.now, Instant())), Date)


def _of_objective(column: Any) -> Any:
    return (
        select(column)
        .where(Objective.id == ObjectiveProgress.objective_id)
        .correlate(ObjectiveProgress)
        .scalar_subquery()
    )


_OBJECTIVE, _ZONE = _of_objective(Objective.name), _of_objective(Objective.zone)

OBJECTIVES = Listing(
    name="objectives",
    model=Objective,
    fields=(
        Field("id", Objective.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("name", Objective.name, label=N_("Name"), sortable=True, width=40),
        *_whose(Objective),
        Field("measure", Objective.measures, label=N_("Measures"), kind=Kind.TAGS,
              choices=MEASURES, facet=True, width=30),
        Field("currency", Objective.currency, label=N_("Currency"), facet=True, width=8),
        Field("frequency", Objective.frequency, label=N_("How often"), kind=Kind.ENUM, facet=True,
              choices=FREQUENCIES, width=12),
        Field("starts_on", Objective.starts_on, label=N_("From"), kind=Kind.DATE, sortable=True,
              width=12),
        Field("ends_on", Objective.ends_on, label=N_("Until"), kind=Kind.DATE, width=12),
        Field("is_over", None, label=N_("Over"), kind=Kind.BOOLEAN, reckoned=_is_over,
              shown=False),
        Field("met", Objective.met, label=N_("Reached"), kind=Kind.BOOLEAN, facet=True, width=10),
        Field("computed_at", Objective.computed_at, label=N_("Computed"), kind=Kind.DATETIME,
              width=18),
        Field("zone", Objective.zone, label=N_("Time zone"), shown=False),
        Field("template", Objective.template_id, label=N_("Template"), kind=Kind.UUID,
              shown=False),
        Field("created_at", Objective.created_at, label=N_("Created"), kind=Kind.DATETIME,
              sortable=True, shown=False),
        Field("updated_at", Objective.updated_at, label=N_("Changed"), kind=Kind.DATETIME,
              shown=False),
    ),
    default_sort=("-starts_on",),
)  # fmt: skip

OBJECTIVE_PROGRESS = Listing(
    name="objective-progress",
    model=ObjectiveProgress,
    fields=(
        Field("id", ObjectiveProgress.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("objective", ObjectiveProgress.objective_id, label=N_("Objective"), kind=Kind.UUID,
              caption=_OBJECTIVE, width=40),
        *_whose(ObjectiveProgress),
        Field("measure", ObjectiveProgress.measure, label=N_("Measure"), kind=Kind.ENUM,
              facet=True, choices=MEASURES, width=24),
        Field("starts_on", ObjectiveProgress.starts_on, label=N_("From"), kind=Kind.DATE,
              sortable=True, width=12),
        Field("ends_on", ObjectiveProgress.ends_on, label=N_("Until"), kind=Kind.DATE, width=12),
        Field("is_current", None, label=N_("Current"), kind=Kind.BOOLEAN, reckoned=_is_current,
              shown=False),
        Field("value", ObjectiveProgress.value, label=N_("Value"), kind=Kind.DECIMAL, width=14),
        Field("target", ObjectiveProgress.target, label=N_("Target"), kind=Kind.DECIMAL,
              width=14),
        Field("ratio", ObjectiveProgress.ratio, label=N_("Ratio"), kind=Kind.DECIMAL,
              sortable=True, width=10),
        Field("currency", ObjectiveProgress.currency, label=N_("Currency"), facet=True, width=8),
        Field("met", ObjectiveProgress.met, label=N_("Reached"), kind=Kind.BOOLEAN, facet=True,
              width=10),
        Field("computed_at", ObjectiveProgress.computed_at, label=N_("Computed"),
              kind=Kind.DATETIME, width=18),
    ),
    default_sort=("-starts_on",),
)  # fmt: skip

OBJECTIVE_TEMPLATES = Listing(
    name="objective-templates",
    model=ObjectiveTemplate,
    fields=(
        Field("id", ObjectiveTemplate.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("name", ObjectiveTemplate.name, label=N_("Name"), sortable=True, width=40),
        Field("frequency", ObjectiveTemplate.frequency, label=N_("How often"), kind=Kind.ENUM,
              facet=True, choices=FREQUENCIES, width=12),
        Field("currency", ObjectiveTemplate.currency, label=N_("Currency"), facet=True, width=8),
        Field("active", ObjectiveTemplate.active, label=N_("Active"), kind=Kind.BOOLEAN,
              facet=True),
        Field("place", ObjectiveTemplate.sort, label=N_("Place"), kind=Kind.INTEGER,
              sortable=True),
    ),
    default_sort=("place",),
)  # fmt: skip

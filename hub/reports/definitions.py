"""Reports as people define them: a name for a stored query."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.errors import ValidationError
from hub.held import refuse_held
from hub.i18n import N_
from hub.listing import Query, Reader
from hub.reports.datasets import DATASETS, Dataset
from hub.reports.models import Audience, FileFormat, ReportDef, ReportSchedule


def create(
    session: Session,
    dataset: Dataset,
    *,
    name: str,
    query: Mapping[str, Any],
    format: FileFormat,  # noqa: A002 - the field's own name
    reader: Reader,
    audience: Audience = Audience.AUTHOR,
    team_id: UUID | None = None,
    teams: Collection[UUID] = (),
) -> ReportDef:
    """Keep a query under a name, for its author, `reader`, and his `audience`.

    Raises:
        ValidationError: the query asks for what the list does not have, or not for him; the team
            that it is for is none of `teams`, which are his.
    """
    _refuse_audience(audience, team_id, teams)
    assert reader.user_id is not None  # noqa: S101 - reports have authors
    report = ReportDef(
        name=name,
        dataset=dataset.name,
        query=dataset.query(query, reader, pointer="/query").stored(),
        format=format,
        owner_user_id=reader.user_id,
        audience=audience,
        team_id=team_id,
    )
    session.add(report)
    session.flush()
    return report


def update(
    session: Session,
    report: ReportDef,
    changes: Mapping[str, Any],
    *,
    reader: Reader,
    teams: Collection[UUID] = (),
) -> ReportDef:
    """Change name, query (as a whole), format or audience; the next run is by the new ones.

    Raises:
        ValidationError: as `create`.
    """
    if changes.keys() & {"audience", "team_id"}:
        whom = {name: changes.get(name, getattr(report, name)) for name in ("audience", "team_id")}
        if whom["audience"] is not Audience.TEAM and "team_id" not in changes:
            changes = {**changes, "team_id": None}
            whom["team_id"] = None
        _refuse_audience(**whom, teams=teams)
    for field, value in changes.items():
        if field == "query":
            report.query = dataset_of(report).query(value, reader, pointer="/query").stored()
        else:
            setattr(report, field, value)
    session.flush()
    return report


def delete(session: Session, report: ReportDef, *, now: Any) -> None:
    """Take a report away; the files of its runs stay.

    Raises:
        ConflictError: it has schedules; they are listed.
    """
    schedules = select(ReportSchedule.id).where(
        ReportSchedule.report_id == report.id, ReportSchedule.deleted_at.is_(None)
    )
    refuse_held(
        session,
        N_("It is kept, it is sent by schedules: {what}. Take them away first."),
        [(ReportSchedule.entity(), schedules.order_by(ReportSchedule.id))],
    )
    report.deleted_at = now
    session.flush()


def _refuse_audience(audience: Audience, team_id: UUID | None, teams: Collection[UUID]) -> None:
    if audience is Audience.TEAM and team_id is None:
        raise ValidationError.of("/team_id", "required", N_("Say which team it is for."))
    if audience is not Audience.TEAM and team_id is not None:
        raise ValidationError.of("/team_id", "no_team", N_("It is not for a team."))
    if team_id is not None and team_id not in teams:
        raise ValidationError.of("/team_id", "not_yours", N_("It is none of your teams."))


def dataset_of(report: ReportDef) -> Dataset:
    """Return the dataset of a report."""
    return DATASETS[report.dataset]


def query_for(report: ReportDef, reader: Reader) -> Query[Any]:
    """Return what a report asks on behalf of whoever will read it.

    Raises:
        ValidationError: he may not ask so.
    """
    return dataset_of(report).query(report.query, reader)

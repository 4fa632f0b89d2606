"""Reports as people define them: a name for a stored query."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.errors import ConflictError
from hub.i18n import N_
from hub.listing import Query, Reader
from hub.reports.datasets import DATASETS, Dataset
from hub.reports.models import FileFormat, ReportDef, ReportSchedule


def create(
    session: Session,
    dataset: Dataset,
    *,
    name: str,
    query: Mapping[str, Any],
    format: FileFormat,  # noqa: A002 - the field's own name
    reader: Reader,
) -> ReportDef:
    """Keep a query under a name, for its author, `reader`.

    Raises:
        ValidationError: the query asks for what the list does not have, or not for him.
    """
    assert reader.user_id is not None  # noqa: S101 - reports have authors
    report = ReportDef(
        name=name,
        dataset=dataset.name,
        query=dataset.query(query, reader, pointer="/query").stored(),
        format=format,
        owner_user_id=reader.user_id,
    )
    session.add(report)
    session.flush()
    return report


def update(
    session: Session, report: ReportDef, changes: Mapping[str, Any], *, reader: Reader
) -> ReportDef:
    """Change name, query (as a whole) or format; the next run is by the new ones.

    Raises:
        ValidationError: as `create`.
    """
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
    schedules = session.scalars(
        select(ReportSchedule.id).where(
            ReportSchedule.report_id == report.id, ReportSchedule.deleted_at.is_(None)
        )
    ).all()
    if schedules:
        raise ConflictError(
            "in_use", N_("The report has schedules; delete them first."),
            details={"schedule_ids": [str(each) for each in schedules]},
        )  # fmt: skip
    report.deleted_at = now
    session.flush()


def dataset_of(report: ReportDef) -> Dataset:
    """Return the dataset of a report."""
    return DATASETS[report.dataset]


def query_for(report: ReportDef, reader: Reader) -> Query[Any]:
    """Return what a report asks on behalf of whoever will read it.

    Raises:
        ValidationError: he may not ask so.
    """
    return dataset_of(report).query(report.query, reader)

"""The lists of reports, of their runs, and of exports."""

from sqlalchemy import select

from hub.access.models import User
from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Listing
from hub.reports.models import (
    Audience,
    Export,
    ExportState,
    FileFormat,
    ReportDef,
    ReportRun,
    ReportRunState,
)

_FORMATS = tuple(Choice(each, each.value) for each in FileFormat)
_OWNER = (
    select(User.name)
    .where(User.id == ReportDef.owner_user_id)
    .correlate(ReportDef)
    .scalar_subquery()
)
_RECIPIENT = (
    select(User.name)
    .where(User.id == ReportRun.recipient_user_id)
    .correlate(ReportRun)
    .scalar_subquery()
)

REPORTS = Listing(
    name="reports",
    model=ReportDef,
    fields=(
        Field("id", ReportDef.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("name", ReportDef.name, label=N_("Name"), sortable=True, width=40),
        Field("dataset", ReportDef.dataset, label=N_("List"), facet=True),
        Field("format", ReportDef.format, label=N_("Format"), kind=Kind.ENUM, choices=_FORMATS),
        Field("owner", ReportDef.owner_user_id, label=N_("Owner"), kind=Kind.USER, facet=True,
              caption=_OWNER, width=20),
        Field("audience", ReportDef.audience, label=N_("For whom"), kind=Kind.ENUM, facet=True,
              choices=(
                  Choice(Audience.AUTHOR, N_("The author")),
                  Choice(Audience.TEAM, N_("A team")),
                  Choice(Audience.EVERYBODY, N_("Everybody")),
              )),
        Field("created_at", ReportDef.created_at, label=N_("Created"), kind=Kind.DATETIME,
              sortable=True, width=18),
    ),
    default_sort=("name",),
)  # fmt: skip

REPORT_RUNS = Listing(
    name="report-runs",
    model=ReportRun,
    fields=(
        Field("id", ReportRun.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("report", ReportRun.report_id, label=N_("Report"), kind=Kind.UUID),
        Field("schedule", ReportRun.schedule_id, label=N_("Schedule"), kind=Kind.UUID),
        Field("recipient", ReportRun.recipient_user_id, label=N_("Recipient"), kind=Kind.USER,
              facet=True, caption=_RECIPIENT, width=20),
        Field("state", ReportRun.state, label=N_("State"), kind=Kind.ENUM, facet=True, choices=(
            Choice(ReportRunState.DUE, N_("Due")),
            Choice(ReportRunState.RENDERING, N_("Rendering")),
            Choice(ReportRunState.RENDERED, N_("Rendered")),
            Choice(ReportRunState.DELIVERING, N_("Delivering")),
            Choice(ReportRunState.DELIVERED, N_("Delivered")),
            Choice(ReportRunState.PARTLY_DELIVERED, N_("Partly delivered")),
            Choice(ReportRunState.FAILED, N_("Failed")),
            Choice(ReportRunState.SKIPPED_EMPTY, N_("Nothing to report")),
        )),
        Field("row_count", ReportRun.row_count, label=N_("Rows"), kind=Kind.INTEGER),
        Field("planned_at", ReportRun.planned_at, label=N_("Planned"), kind=Kind.DATETIME,
              sortable=True, width=18),
    ),
    default_sort=("-planned_at",),
)  # fmt: skip

EXPORTS = Listing(
    name="exports",
    model=Export,
    fields=(
        Field("id", Export.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("dataset", Export.dataset, label=N_("List"), facet=True),
        Field("format", Export.format, label=N_("Format"), kind=Kind.ENUM, choices=_FORMATS),
        Field("state", Export.state, label=N_("State"), kind=Kind.ENUM, facet=True, choices=(
            Choice(ExportState.WAITING, N_("Waiting")),
            Choice(ExportState.RENDERING, N_("Rendering")),
            Choice(ExportState.DONE, N_("Done")),
            Choice(ExportState.PARTIAL, N_("Partial")),
            Choice(ExportState.FAILED, N_("Failed")),
        )),
        Field("row_count", Export.row_count, label=N_("Rows"), kind=Kind.INTEGER),
        Field("created_at", Export.created_at, label=N_("Created"), kind=Kind.DATETIME,
              sortable=True, width=18),
    ),
    default_sort=("-created_at",),
)  # fmt: skip

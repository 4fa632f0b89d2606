"""Exports, reports, schedules and runs as the API takes and shows them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from api.schemas.customers import MessageView
from api.schemas.fields import Line, OneLine, ZoneName, broken, like
from api.schemas.shapes import Body, Patch, RecordView, View, absent
from hub.i18n import N_
from hub.reports.models import (
    Audience,
    EmptyPolicy,
    ExportState,
    FileFormat,
    RecipientsMode,
    ReportRunState,
)

Rule = Annotated[str, OneLine(500), Field(examples=["FREQ=WEEKLY;BYDAY=MO"])]
DatasetName = Annotated[str, OneLine(60), Field(examples=["customers"])]


def _wall_time(value: str) -> str:
    try:
        return datetime.fromisoformat(value).isoformat()
    except ValueError as error:
        raise broken("wall_time", N_("There is no such day or hour.")) from error


WallTime = Annotated[
    str,
    StringConstraints(
        pattern=like("2026-12-07T08:00", r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$")
    ),
    AfterValidator(_wall_time),
    Field(examples=["2026-12-07T08:00"]),
]
"""A time on the wall clock, without an offset: the zone is said apart."""


class StoredQuery(Body):
    """A query as a list takes it, in its stored form; `GET /listings/{name}` tells what may be.

    Values may be relative: `me`, `today`, `week+1w`.
    """

    filter: dict[str, Any] = Field(
        default_factory=dict, examples=[{"owner": {"eq": "me"}, "name": {"contains": "nord"}}]
    )
    q: str | None = Field(None, description="Quick search.", max_length=200)
    sort: list[str] = Field(default_factory=list, examples=[["-last_note_at", "name"]])
    fields: list[str] = Field(default_factory=list, description="The columns, in their order.")
    facets: list[str] = Field(
        default_factory=list, description="The counts that a saved view opens with."
    )

    def stored(self) -> dict[str, Any]:
        """Return it as `hub.listing.parse_stored` reads it."""
        return self.given()


class ExportCreate(Body):
    """Which rows of which list, as what."""

    dataset: DatasetName
    query: StoredQuery = Field(default_factory=StoredQuery)
    format: FileFormat = FileFormat.XLSX


class ManifestView(RecordView):
    """What is in a file: rows, when they were read, and a hash to check it by."""

    as_of: AwareDatetime | None = Field(description="The instant of the snapshot that was read.")
    row_count: int | None
    total: int | None = Field(description="Rows there were at that instant; all, unless partial.")
    size_bytes: int | None
    sha256: str | None
    message: MessageView | None = Field(description="Why it failed, or what is not in the file.")
    file: str | None = Field(description="Where the file is, while there is one for you.")
    job_id: UUID | None


class ExportView(ManifestView):
    """An export; `partial` says that rows are missing, and `message` why."""

    dataset: str
    query: dict[str, Any]
    format: FileFormat
    state: ExportState
    expires_at: AwareDatetime | None


class ReportCreate(Body):
    """A name for a query over a list."""

    name: Line
    dataset: DatasetName
    query: StoredQuery = Field(default_factory=StoredQuery)
    format: FileFormat = FileFormat.XLSX
    audience: Audience = Field(
        Audience.AUTHOR, description="Who sees it beside you, each what is his to see."
    )
    team_id: UUID | None = Field(None, description="The team that it is for, one of yours.")


class ReportPatch(Patch):
    """What changes of a report; a query is replaced as a whole."""

    name: Line = absent()
    query: StoredQuery = absent()
    format: FileFormat = absent()
    audience: Audience = absent()
    team_id: UUID | None = absent()

    def changes(self) -> dict[str, Any]:
        """See `Patch.changes`; the query in its stored form."""
        given = self.given()
        if "query" in given:
            given["query"] = given["query"].stored()
        return given


class ReportView(RecordView):
    """A report."""

    name: str
    dataset: str
    query: dict[str, Any]
    format: FileFormat
    owner_user_id: UUID
    audience: Audience
    team_id: UUID | None
    list_path: str | None = Field(description="The list as it is now, for you.")


class RecipientsBody(Body):
    """Who gets it: the users named, or everyone who owns rows of the list, each his own."""

    mode: RecipientsMode
    user_ids: Annotated[tuple[UUID, ...], Field(max_length=500)] = ()


class ScheduleCreate(Body):
    """When a report runs, and for whom."""

    name: Line | None = Field(None, description="The report's name where it is left out.")
    rule: Rule = Field(description="A recurrence rule, the documented part of RFC 5545.")
    zone: ZoneName | None = Field(None, description="Your own time zone where it is left out.")
    starts_at_local: WallTime = Field(description="The wall-clock time the rule counts from.")
    recipients: RecipientsBody
    on_empty: EmptyPolicy = Field(
        EmptyPolicy.SEND,
        description="Without rows: send a file of headers, skip the mail, or tell in a mail.",
    )
    active: bool = True


class SchedulePatch(Patch):
    """What changes of a schedule."""

    name: Line = absent()
    rule: Rule = absent()
    zone: ZoneName = absent()
    starts_at_local: WallTime = absent()
    recipients: RecipientsBody = absent()
    on_empty: EmptyPolicy = absent()
    active: bool = absent()


class RecipientsView(View):
    """Who gets it."""

    mode: RecipientsMode
    user_ids: list[UUID]


class ScheduleView(RecordView):
    """A schedule; `next_at` is None when it is inactive, or its rule has ended."""

    report_id: UUID
    name: str
    rule: str
    zone: str
    starts_at_local: str
    recipients: RecipientsView
    on_empty: EmptyPolicy
    active: bool
    next_at: AwareDatetime | None
    owner_user_id: UUID | None


class ReportRunView(ManifestView):
    """One occurrence of a schedule for one recipient."""

    schedule_id: UUID
    report_id: UUID
    recipient_user_id: UUID
    planned_at: AwareDatetime
    state: ReportRunState
    partial: bool
    sends: int = Field(description="How often it was sent.")


class ListingSummary(View):
    """A list that you may read."""

    name: str
    title: str
    may_export: bool


class ListingsView(View):
    """The lists that you may read."""

    items: list[ListingSummary]


class ListingView(ListingSummary):
    """What can be filtered, sorted, counted and shown."""

    search: bool
    has_owners: bool = Field(description="Whether it can be reported to each owner.")
    default_sort: list[str]
    fields: list[dict[str, Any]]

"""Imports as the API takes and shows them."""

import json
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field

from api.schemas.customers import MessageView
from api.schemas.fields import LocaleName, OneLine, broken
from api.schemas.shapes import Body, PageQuery, Query, RecordView, View
from hub.i18n import N_
from hub.imports.models import ImportState
from hub.imports.options import Apply, MatchKey, OnMatch, Options

Entity = Literal["customers", "leads"]
Roles = list[Literal["prospect", "customer", "supplier"]]
_Country = Annotated[str, OneLine(2, 2)]
_Currency = Annotated[str, OneLine(3, 3)]
_Sheet = Annotated[str, OneLine(100)]
_HeaderRow = Annotated[int, Field(ge=1, le=1_048_576)]  # as many rows as a sheet has
_Encoding = Annotated[str, OneLine(40)]


def _mapping(text: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not all(
        isinstance(column, str | None) for column in value.values()
    ):
        raise broken(
            "mapping", N_('Must be a JSON object of headers and columns, like {"Firma": "name"}.')
        )
    return text


class ImportUploadQuery(Query):
    """How the file that is sent is to be imported."""

    entity: Entity = "customers"
    name: Annotated[str, OneLine(200)] = Field("upload", description="What the file is called.")
    mapping: Annotated[str, Field(max_length=20_000), AfterValidator(_mapping)] | None = Field(
        None,
        description="Headers and the columns they stand for, as JSON; null leaves one out."
        " Headers not named here are recognised by themselves.",
        examples=['{"Firma": "name", "Id": null}'],
    )
    match: list[MatchKey] | None = Field(
        None,
        description="By what a row's record is found. Naming keys lets one of them decide alone."
        " Leads are found by `external_ref` only.",
    )
    on_match: OnMatch = OnMatch.UPDATE
    overwrite: bool = Field(
        default=False, description="Whether the file wins over what somebody typed here."
    )
    roles: Roles | None = Field(None, description="Of new customers whose rows name none.")
    owner: UUID | None = Field(None, description="The owner of new records; nobody if not given.")
    country: _Country | None = Field(
        None, description="Of rows that name none, and of their phone numbers."
    )
    currency: _Currency | None = Field(None, description="Of new records whose rows name none.")
    locale: LocaleName | None = Field(None, description="How numbers are written in the file.")
    encoding: _Encoding | None = Field(
        None, description="Of a CSV file, where it is not recognised.", examples=["windows-1252"]
    )
    sheet: _Sheet | None = Field(
        None,
        description="The name of a workbook's sheet; the first one that holds rows if not given.",
    )
    header_row: _HeaderRow | None = Field(
        None,
        description="The number of the row in which the headers stand, as a spreadsheet shows it;"
        " what stands above it is left out. It is found by the headers if not given.",
    )
    apply: Apply = Field(
        Apply.NO,
        description="`false` only previews; `true` goes on when no row is refused; `good_rows`"
        " goes on with those that are not.",
    )

    def options(self) -> Options:
        """Return the wishes as the hub knows them."""
        return Options(
            mapping=json.loads(self.mapping) if self.mapping else {},
            match=_keys(self.match),
            explicit_match=self.match is not None,
            on_match=self.on_match,
            overwrite=self.overwrite,
            roles=tuple(self.roles or ()),
            owner_user_id=self.owner,
            country=self.country.upper() if self.country else None,
            currency=self.currency.upper() if self.currency else None,
            locale=self.locale,
            encoding=self.encoding,
            sheet=self.sheet,
            header_row=self.header_row,
            apply=self.apply,
        )


class ImportOptionsBody(Body):
    """The same wishes, to preview an upload anew; all that is not named is as by default."""

    mapping: dict[str, str | None] = Field(default_factory=dict, max_length=200)
    match: list[Literal["external_ref", "cvr", "email", "duplicates"]] | None = None
    on_match: Literal["update", "skip"] = "update"
    overwrite: bool = False
    roles: Roles | None = None
    owner: UUID | None = None
    country: _Country | None = None
    currency: _Currency | None = None
    locale: LocaleName | None = None
    encoding: _Encoding | None = None
    sheet: _Sheet | None = None
    header_row: _HeaderRow | None = None
    apply: Literal["false", "true", "good_rows"] = "false"

    def options(self) -> Options:
        """Return the wishes as the hub knows them."""
        return Options(
            mapping=self.mapping,
            match=_keys(self.match),
            explicit_match=self.match is not None,
            on_match=OnMatch(self.on_match),
            overwrite=self.overwrite,
            roles=tuple(self.roles or ()),
            owner_user_id=self.owner,
            country=self.country.upper() if self.country else None,
            currency=self.currency.upper() if self.currency else None,
            locale=self.locale,
            encoding=self.encoding,
            sheet=self.sheet,
            header_row=self.header_row,
            apply=Apply(self.apply),
        )


def _keys(given: list[Any] | None) -> tuple[MatchKey, ...]:
    return tuple(MatchKey) if given is None else tuple(MatchKey(key) for key in given)


class ColumnView(View):
    """A header of the file, and the column it was understood as; None where it was not."""

    header: str
    field: str | None


class ImportView(RecordView):
    """An import: how its file was understood, what its plan does, what became of it."""

    entity: str
    state: ImportState
    file_name: str
    source: dict[str, Any] | None = Field(
        description="How the file is written, and which `sheet` of its `sheets` and which"
        " `header_row` were taken."
    )
    columns: list[ColumnView] | None
    unknown_columns: list[str]
    row_count: int | None
    counters: dict[str, int] = Field(
        description="Rows by action (create, update, skip, refuse) and, once applied, by outcome"
        " (done, skipped, failed, undone, kept); each adds up to `items`. How far it is while it"
        " is applied stands in the `progress` of its job: `GET /jobs?subject_id=` its id."
    )
    options: dict[str, Any]
    message: MessageView | None
    plan_id: UUID | None
    has_result: bool
    owner_user_id: UUID | None
    applied_at: AwareDatetime | None
    undone_at: AwareDatetime | None


class ReasonView(View):
    """Why a row is dealt with as it is; `column` is the header in the file."""

    pointer: str
    code: str
    message: str
    column: str | None = None
    details: dict[str, Any] = Field(default_factory=dict)


class ImportRowView(View):
    """What is done with a row, or was done."""

    row: int = Field(description="The number of the row, as a spreadsheet shows it.")
    action: str
    outcome: str | None
    customer_id: UUID | None
    lead_id: UUID | None
    external_ref: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reasons: list[ReasonView]


class ImportRowsQuery(PageQuery):
    """Which rows."""

    action: Literal["create", "update", "skip", "refuse"] | None = None
    outcome: Literal["done", "skipped", "failed", "undone", "kept"] | None = None
    left_out: bool | None = Field(
        default=None, description="Those that come in without a value that cannot be read."
    )


class TemplateQuery(Query):
    """Which template."""

    entity: Entity = "customers"
    format: Literal["xlsx", "csv"] = "xlsx"

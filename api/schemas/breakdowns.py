"""Breakdowns of lists as the API takes and shows them."""

from typing import Any

from pydantic import Field

from api.schemas.fields import Amount
from api.schemas.shapes import Query, View


class BreakdownQuery(Query):
    """By what a list is broken down, beside its own filters."""

    by: str | None = Field(
        None,
        max_length=500,
        description="Up to three fields, separated by commas; of a date `.day`, `.week`, `.month`,"
        " `.quarter` or `.year`, such as `created_at.week`.",
        examples=["state,source", "created_at.week"],
    )

    empty: bool = Field(
        default=False,
        description="Whether groups are shown, too, that no row is in: of the words of catalogues,"
        " of states and choices that the query does not filter by.",
    )

    @property
    def names(self) -> list[str]:
        """The fields in their order."""
        return [each.strip() for each in self.by.split(",")] if self.by else []


class KeyView(View):
    """The value that the rows of a group share in one field; of a stretch of days, its first."""

    value: str | int | bool | None
    label: str | None = Field(description="What people read, where the value needs it.")


class SumsView(View):
    """Rows of one currency: how many, and what their amounts add up to."""

    count: int
    currency: str | None = Field(description="null where the list has no amounts.")
    sums: dict[str, Amount] = Field(description="By field; what has no amount adds nothing.")


class GroupView(SumsView):
    """Rows that share their values, and the filter that finds them in the list."""

    keys: list[KeyView] = Field(description="In the order of `by`.")
    filter: dict[str, dict[str, Any]]


class BreakdownView(View):
    """A list broken down, ready for a chart."""

    by: list[str]
    groups: list[GroupView] = Field(
        description="In the order of their days, else the fullest first; empty ones, which are"
        " of no currency, last."
    )
    totals: list[SumsView] = Field(description="Of all that was found, one for each currency.")
    complete: bool = Field(description="false where there were more groups than are shown.")

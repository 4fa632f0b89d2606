"""The shapes of all requests and answers.

A request refuses what it does not know, and does not guess at types: ``"32"`` is no number. Each is
built when it is first used: all of them together would take 17 MB and half a second of every start.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

T = TypeVar("T")


def _mark_what_may_be_absent(schema: dict[str, Any], model: type[Any]) -> None:
    for name, each in model.classes.items():
        shown = schema.get("properties", {}).get(name)
        if shown is None:
            continue
        said = shown.get("description", "")
        absent_for = f"Absent for who may not see fields of the class {each}."
        shown["description"] = f"{said} {absent_for}".strip()
        if name in schema.get("required", ()):
            schema["required"].remove(name)


class Body(BaseModel):
    """What a caller sends: unknown fields, and those that are not his to write, are refused.

    `classes` are those of its fields that are not for everybody to set. `customised` is the entity
    whose own fields its `custom` has, each with a class of its own. `each_alone` is a list whose
    items the route reads itself, each on its own: they come to it as they were sent.
    """

    classes: ClassVar[Mapping[str, str]] = MappingProxyType({})
    customised: ClassVar[str] = ""
    each_alone: ClassVar[str] = ""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    def given(self) -> dict[str, Any]:
        """Return the fields that the caller sent, None where he sent null."""
        sent = self.model_fields_set
        return {name: getattr(self, name) for name in type(self).model_fields if name in sent}


class Patch(Body):
    """A merge patch (RFC 7396): a field that is absent stays, one that is null is cleared.

    Declare each field with `absent()`; only one whose type has None can be cleared.
    """

    def changes(self) -> dict[str, Any]:
        """Return the fields to change, None where one is to be cleared."""
        return self.given()


class Query(BaseModel):
    """Parameters of the query string; text is turned into the type it stands for."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class View(BaseModel):
    """What a caller is shown.

    `classes` are those of its fields that are not for everybody to see: they are absent from the
    answers to others, wherever in an answer the view stands (`api.field_classes`). `customised` is
    the entity whose own fields its `custom` has, each with a class of its own.
    """

    classes: ClassVar[Mapping[str, str]] = MappingProxyType({})
    customised: ClassVar[str] = ""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        serialize_by_alias=True,
        defer_build=True,
        json_schema_extra=_mark_what_may_be_absent,
    )


class RecordView(View):
    """A record; `version` is its ETag."""

    id: UUID
    version: int = Field(ge=1)
    created_at: AwareDatetime
    created_by: UUID | None
    updated_at: AwareDatetime
    updated_by: UUID | None
    allowed_actions: list[str] = Field(
        default_factory=list, description="What you may do to this record."
    )


class TotalView(View):
    """How many there are: `count` exactly, or at least so many."""

    count: int
    exact: bool


class Page(View, Generic[T]):
    """A page of a list; the `Link` header leads to the next one, as does `next_cursor`."""

    items: list[T]
    next_cursor: str | None = None


class PageQuery(Query):
    """Which page of a list that has no filters of its own."""

    limit: int = Field(50, ge=1, le=500, description="How many at most.")
    cursor: UUID | None = Field(None, description="`next_cursor` of the page before.")


class Because(Query):
    """Why something is done whose request has no body of its own to say it in."""

    reason: str | None = Field(
        None, min_length=1, max_length=500, description="Why; kept in the history."
    )


def absent() -> Any:
    """Declare a field of a `Patch` that need not be sent."""
    # A factory and not a default, which the published schema would show as null.
    return Field(default_factory=lambda: None)

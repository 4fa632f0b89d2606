"""Custom fields as the API takes and shows them, and their values on records."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from api.schemas.fields import CODE_PATTERN, Code, Integer, Line, Text
from api.schemas.shapes import Body, Patch, RecordView, View, absent
from hub.access.roles import FieldClass
from hub.custom_fields import FieldType

Value = str | int | float | bool | None
CustomValues = Annotated[dict[Code, Value], Field(max_length=200)]
"""Values by the keys of `GET /custom-fields`; one that is null is emptied, others stay."""

CUSTOM = (
    "Values of the installation's own fields (`GET /custom-fields`) by their keys; in a patch one"
    " that is null goes, and one that is not named stays."
)
GuardedClass = Literal["public", "internal", "sensitive"]
CustomKey = Annotated[str, Field(max_length=50, pattern=CODE_PATTERN)]


class CustomFieldCreate(Body):
    """A new field of the records of an entity."""

    entity: Code = Field(examples=["customer", "contact", "activity", "lead", "opportunity"])
    key: CustomKey = Field(description="What it is called in `custom`; it never changes.")
    type: Literal["text", "number", "decimal", "date", "instant", "boolean", "choice", "reference"]
    label: Line = Field(description="For people.")
    help: Text | None = None
    tab: Line | None = Field(None, description="On which tab of the record people find it.")
    section: Line | None = Field(None, description="Under which heading people find it.")
    field_class: GuardedClass = Field(
        "public", description="Who is shown it and may set it, as for fields of ours."
    )
    sort: Integer | None = Field(None, description="Its place; last where it is left out.")
    catalogue: Code | None = Field(
        None, description="Of a choice: whose words; one of its own where it is left out."
    )
    reference: Code | None = Field(
        None, description="Of a reference: `customer`, `lead`, `opportunity` or `user`."
    )

    def fields(self) -> dict[str, Any]:
        """Return what becomes of the field's own columns."""
        values = self.model_dump(exclude={"entity", "type", "field_class"})
        return {
            **values, "entity_name": self.entity, "type": FieldType(self.type),
            "field_class": FieldClass(self.field_class),
        }  # fmt: skip


class CustomFieldPatch(Patch):
    """What changes of a field; its key and what its values are stay."""

    label: Line = absent()
    help: Text | None = absent()
    tab: Line | None = absent()
    section: Line | None = absent()
    field_class: GuardedClass = absent()
    sort: Integer = absent()
    active: bool = absent()


class CustomFieldView(RecordView):
    """A field that the installation has added."""

    entity: str
    key: str
    name: str = Field(description="As filters, columns, files and policies call it.")
    type: FieldType
    label: str
    help: str | None
    tab: str | None
    section: str | None
    field_class: FieldClass
    sort: int
    active: bool = Field(description="False: retired, whoever has something of it keeps it.")
    catalogue: str | None
    reference: str | None


class WarningView(View):
    """What is to be known of a value, a record or a person that was taken all the same."""

    pointer: str = Field(
        description="The value that another record has, or the person who is away; empty where the"
        " record is alike."
    )
    code: str
    text: str
    existing_id: UUID
    existing_entity: str = Field(examples=["customer", "lead", "user"])
    score: float | None = Field(
        None, ge=0, le=1, description="Of one that is alike: how surely it is the same."
    )

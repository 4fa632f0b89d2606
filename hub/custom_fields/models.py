"""The table of custom fields, and the column that holds their values."""

from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.access.roles import FieldClass
from hub.db import EnumText
from hub.history.records import Record

COLUMN = "custom"
PREFIX = f"{COLUMN}."
"""What the name of a custom field begins with wherever it stands among others."""


class FieldType(StrEnum):
    """What the values of a field are."""

    TEXT = "text"
    NUMBER = "number"
    DECIMAL = "decimal"
    DATE = "date"
    INSTANT = "instant"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    REFERENCE = "reference"


class CustomField(Record):
    """A field that the records of an entity have beside those of the model.

    `key` never changes, nor what values are: `type`, the `catalogue` of a choice, the entity that a
    `reference` is to. One that is not `active` is retired: records keep what they have of it, and
    get it no more. `field_class` says who is shown it and may set it, as for fields of the model;
    `tab` and `section` where people find it.
    """

    __tablename__ = "custom_field"

    entity_name: Mapped[str]
    key: Mapped[str]
    type: Mapped[FieldType] = mapped_column(EnumText(FieldType))
    label: Mapped[str]
    help: Mapped[str | None]
    tab: Mapped[str | None]
    section: Mapped[str | None]
    sort: Mapped[int] = mapped_column(default=0, server_default="0")
    active: Mapped[bool] = mapped_column(default=True, server_default="true")
    catalogue: Mapped[str | None]
    reference: Mapped[str | None]
    field_class: Mapped[FieldClass] = mapped_column(
        EnumText(FieldClass), default=FieldClass.PUBLIC, server_default="public"
    )

    __table_args__ = (
        CheckConstraint("field_class in ('public', 'internal', 'sensitive')", name="field_class"),
        CheckConstraint("(type = 'choice') = (catalogue is not null)", name="catalogue"),
        CheckConstraint("(type = 'reference') = (reference is not null)", name="reference"),
        Index("uq_custom_field", "entity_name", "key", unique=True,
              postgresql_where=text("deleted_at is null")),
        Index("ix_custom_field_sort", "entity_name", "sort", "id"),
        Index("ix_custom_field_place", "sort", "id"),
    )  # fmt: skip

    @property
    def name(self) -> str:
        """Its name among the fields of a list, a file, a policy."""
        return f"{PREFIX}{self.key}"


class Customised:
    """Mixin of a record with custom fields; `custom` holds their values by key, as JSON has them.

    A decimal is a text, a day and an instant are as ISO 8601 writes them, a choice is a code, a
    reference an id. The history tells of each by its name.
    """

    __unfolded__: ClassVar[frozenset[str]] = frozenset({COLUMN})

    custom: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")

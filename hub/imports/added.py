"""The columns that an installation has added: custom fields, known by their labels and keys."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from hub.access.roles import FieldClass
from hub.custom_fields.models import CustomField, FieldType
from hub.custom_fields.services import definitions
from hub.custom_fields.values import of_type
from hub.imports.columns import ImportColumn, Meaning
from hub.imports.entities import ENTITIES

_MEANINGS = {
    FieldType.NUMBER: Meaning.DECIMAL,
    FieldType.DECIMAL: Meaning.DECIMAL,
    FieldType.DATE: Meaning.DATE,
    FieldType.INSTANT: Meaning.INSTANT,
    FieldType.BOOLEAN: Meaning.BOOLEAN,
    FieldType.CHOICE: Meaning.WORD,
}


def columns_added(session: Session, entity_name: str) -> tuple[ImportColumn, ...]:
    """Return a column for each custom field that is not retired."""
    fields = definitions(session, ENTITIES[entity_name].model.entity())
    return tuple(_column(field) for field in fields if field.active)


def template_columns(session: Session, entity_name: str) -> tuple[ImportColumn, ...]:
    """Return the columns that a template offers."""
    columns = (*ENTITIES[entity_name].columns, *columns_added(session, entity_name))
    return tuple(column for column in columns if column.in_template)


def _column(field: CustomField) -> ImportColumn:
    return ImportColumn(
        field.name, field.label, (field.key,), _MEANINGS.get(field.type, Meaning.TEXT),
        in_template=field.field_class is not FieldClass.SENSITIVE,
        catalogue=field.catalogue or "", refine=_refine(field),
    )  # fmt: skip


def _refine(field: CustomField) -> Callable[[Any], Any]:
    return lambda value: of_type(field, value)

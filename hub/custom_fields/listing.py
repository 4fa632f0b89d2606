"""The list of custom fields, and custom fields in the lists of their records."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Numeric, Text, Uuid, cast, select
from sqlalchemy.orm import Session

from hub.access.principals import Principal
from hub.access.roles import FieldClass
from hub.catalogues.declaring import Catalogue, Use
from hub.catalogues.services import words_of
from hub.custom_fields.declaring import CustomisedEntity, entities, targets
from hub.custom_fields.models import CustomField, FieldType
from hub.custom_fields.services import definitions
from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Listing
from hub.listing.declaration import Expression, Of
from hub.subjects import name_of

TYPES = (
    Choice(FieldType.TEXT, N_("Text")),
    Choice(FieldType.NUMBER, N_("Whole number")),
    Choice(FieldType.DECIMAL, N_("Number")),
    Choice(FieldType.DATE, N_("Day")),
    Choice(FieldType.INSTANT, N_("Time")),
    Choice(FieldType.BOOLEAN, N_("Yes or no")),
    Choice(FieldType.CHOICE, N_("Choice")),
    Choice(FieldType.REFERENCE, N_("Another record")),
)

CLASSES = (
    Choice(FieldClass.PUBLIC, N_("For everybody")),
    Choice(FieldClass.INTERNAL, N_("Internal")),
    Choice(FieldClass.SENSITIVE, N_("Sensitive")),
)

CUSTOM_FIELDS = Listing(
    name="custom-fields",
    model=CustomField,
    fields=(
        Field("id", CustomField.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("entity", CustomField.entity_name, label=N_("Records"), facet=True),
        Field("key", CustomField.key, label=N_("Key")),
        Field("label", CustomField.label, label=N_("Label")),
        Field("type", CustomField.type, label=N_("Type"), kind=Kind.ENUM, facet=True,
              choices=TYPES),
        Field("tab", CustomField.tab, label=N_("Tab"), facet=True),
        Field("section", CustomField.section, label=N_("Section"), facet=True),
        Field("field_class", CustomField.field_class, label=N_("Class of the field"),
              kind=Kind.ENUM, facet=True, choices=CLASSES, shown=False),
        Field("active", CustomField.active, label=N_("Active"), kind=Kind.BOOLEAN, facet=True),
        Field("catalogue", CustomField.catalogue, label=N_("Catalogue"), shown=False),
        Field("reference", CustomField.reference, label=N_("Refers to"), shown=False),
        Field("place", CustomField.sort, label=N_("Place"), kind=Kind.INTEGER, sortable=True),
    ),
    default_sort=("place",),
)  # fmt: skip

_KINDS: Mapping[FieldType, tuple[Kind, Any]] = {
    FieldType.TEXT: (Kind.TEXT, Text()),
    FieldType.NUMBER: (Kind.INTEGER, BigInteger()),
    FieldType.DECIMAL: (Kind.DECIMAL, Numeric()),
    FieldType.DATE: (Kind.DATE, Date()),
    FieldType.INSTANT: (Kind.DATETIME, DateTime(timezone=True)),
    FieldType.BOOLEAN: (Kind.BOOLEAN, Boolean()),
    FieldType.CHOICE: (Kind.TEXT, Text()),
    FieldType.REFERENCE: (Kind.UUID, Uuid()),
}
_COUNTED = frozenset({FieldType.BOOLEAN, FieldType.CHOICE, FieldType.REFERENCE})


def further_fields(session: Session, principal: Principal) -> Callable[[str], tuple[Field, ...]]:
    """Return what tells the custom fields of a list by its name, asked once for each list."""
    known: dict[str, tuple[Field, ...]] = {}

    def fields_of(listing: str) -> tuple[Field, ...]:
        if listing not in known:
            known[listing] = tuple(_fields(session, principal, listing))
        return known[listing]

    return fields_of


def catalogues(session: Session) -> list[Catalogue]:
    """Return the catalogues that choices have of their own."""
    query = select(CustomField).where(
        CustomField.type == FieldType.CHOICE, CustomField.deleted_at.is_(None)
    )
    return [
        Catalogue(str(field.catalogue), field.label)
        for field in session.scalars(query.order_by(CustomField.id))
        if str(field.catalogue).startswith("custom_")
    ]


def uses(session: Session, catalogue: str) -> list[Use]:
    """Return where custom fields keep words of a catalogue."""
    query = select(CustomField).where(
        CustomField.catalogue == catalogue, CustomField.deleted_at.is_(None)
    )
    found = []
    for field in session.scalars(query):
        model = entities()[field.entity_name].model
        found.append(Use(model, text_of(model, field.key)))
    return found


def text_of(model: type[Any], key: str) -> Any:
    """Return the SQL for what records have of a custom field, as text."""
    return model.custom[key].astext


def _fields(session: Session, principal: Principal, listing: str) -> Iterable[Field]:
    for entity in entities().values():
        if entity.listing == listing:
            for field in definitions(session, entity.model.entity()):
                yield _listed(entity, field, principal)


def _listed(entity: CustomisedEntity, field: CustomField, principal: Principal) -> Field:
    kind, column_type = _KINDS[field.type]
    text = text_of(entity.model, field.key)
    column = text if isinstance(column_type, Text) else cast(text, column_type)
    return Field(
        field.name, column, label=field.label, kind=kind, sortable=True, shown=False,
        permission_class="" if field.field_class is FieldClass.PUBLIC else field.field_class,
        facet=field.type in _COUNTED,
        caption=_caption(entity, field, principal),
        words=words_of(str(field.catalogue), text, entity.model)
        if field.type is FieldType.CHOICE
        else None,
        of=Of(str(field.reference), column) if field.type is FieldType.REFERENCE else None,
    )  # fmt: skip


def _caption(
    entity: CustomisedEntity, field: CustomField, principal: Principal
) -> Expression | None:
    text = text_of(entity.model, field.key)
    if field.type is not FieldType.REFERENCE:
        return None
    target = targets()[str(field.reference)]
    # A customer may refer to a customer: the one that is named needs a name of its own.
    model = target.model.__table__.alias(f"custom_{field.key}")
    name = name_of(principal, target.model, model.c)
    named = select(name).where(model.c.id == cast(text, Uuid()))
    return named.correlate(entity.model).scalar_subquery()

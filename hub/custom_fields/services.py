"""What may be done with custom fields."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.access.roles import FieldClass
from hub.catalogues.services import get_catalogue
from hub.custom_fields.declaring import entities, targets
from hub.custom_fields.models import CustomField, FieldType
from hub.db import savepoint
from hub.errors import ConflictError, NotFoundError, ValidationError
from hub.held import refuse_held
from hub.i18n import N_
from hub.listing import Operator
from hub.remembering import Remembered

_APART = 10  # between two places, so that one can be put between them


def create(session: Session, fields: Mapping[str, Any]) -> CustomField:
    """Add a field to the records of an entity; without a `sort` of its own it comes last.

    A choice without a catalogue has one of its own, which begins empty.

    Raises:
        ValidationError: names the rule that is broken.
        ConflictError: ``taken``: the entity has a field of this key.
    """
    values = dict(fields)
    _check(session, values)
    if values["type"] is FieldType.CHOICE and values.get("catalogue") is None:
        values["catalogue"] = f"custom_{values['entity_name']}_{values['key']}"
    if values.get("sort") is None:
        values["sort"] = _next_sort(session, values["entity_name"])
    field = CustomField(**values)
    try:
        with savepoint(session):
            session.add(field)
            session.flush()
    except IntegrityError as error:
        raise ConflictError(
            "taken", N_("There is a field {name} already."), details={"pointer": "/key"},
            name=field.key,
        ) from error  # fmt: skip
    return field


def change(session: Session, field: CustomField, changes: Mapping[str, Any]) -> CustomField:
    """Change what a field is called, where it stands, or whether it is retired."""
    for name, value in changes.items():
        if getattr(field, name) != value:
            setattr(field, name, value)
    session.flush()
    return field


def delete(session: Session, field: CustomField, *, now: datetime) -> None:
    """Take a field away that no record has anything of.

    Raises:
        HeldError: ``in_use``: some have; it can be retired.
    """
    model = entities()[field.entity_name].model
    having = select(model.id).where(model.custom.has_key(field.key)).order_by(model.id)
    refuse_held(
        session,
        N_("It is kept, records have something of it: {what}. Retire it instead."),
        [(field.entity_name, having)],
    )
    field.active = False
    field.deleted_at = now
    session.flush()


def definitions(session: Session, entity: str) -> Sequence[CustomField]:
    """Return the fields of an entity in their order, retired ones too: to be read, not changed."""
    return _DEFINITIONS.current(session).get(entity, ())


def _read_definitions(session: Session) -> Mapping[str, Sequence[CustomField]]:
    columns = CustomField.__table__
    query = select(columns).where(CustomField.deleted_at.is_(None))
    found: dict[str, list[CustomField]] = {}
    for row in session.execute(query.order_by(CustomField.sort, CustomField.id)).mappings():
        found.setdefault(row[columns.c.entity_name], []).append(CustomField(**row))
    return found


_DEFINITIONS = Remembered(_read_definitions, CustomField)


def guarded(session: Session) -> dict[str, dict[str, FieldClass]]:
    """Return the classes of the fields that are not public, by entity and name."""
    found: dict[str, dict[str, FieldClass]] = {}
    for entity, fields in _DEFINITIONS.current(session).items():
        for field in fields:
            if field.field_class is not FieldClass.PUBLIC:
                found.setdefault(entity, {})[field.name] = field.field_class
    return found


def _check(session: Session, values: Mapping[str, Any]) -> None:
    if values["entity_name"] not in entities():
        raise ValidationError.of(
            "/entity", "unknown", N_("Fields can be added to {allowed}."),
            allowed=", ".join(sorted(entities())),
        )  # fmt: skip
    if values["key"] in set(Operator):
        raise ValidationError.of("/key", "reserved", N_("This name compares values in filters."))
    _check_kind(values, FieldType.CHOICE, "catalogue", needed=False)
    _check_kind(values, FieldType.REFERENCE, "reference", needed=True)
    if values.get("catalogue") is not None:
        try:
            get_catalogue(session, values["catalogue"])
        except NotFoundError as error:
            raise ValidationError.of(
                "/catalogue", "unknown", N_("There is no such catalogue.")
            ) from error
    if values.get("reference") is not None and values["reference"] not in targets():
        raise ValidationError.of(
            "/reference", "unknown", N_("A field can refer to {allowed}."),
            allowed=", ".join(sorted(targets())),
        )  # fmt: skip


def _check_kind(values: Mapping[str, Any], kind: FieldType, name: str, *, needed: bool) -> None:
    given = values.get(name) is not None
    if given and values["type"] is not kind:
        raise ValidationError.of(
            f"/{name}", "not_for_this_type", N_("Only a {type} has this."), type=kind.value
        )
    if needed and not given and values["type"] is kind:
        raise ValidationError.of(f"/{name}", "required", N_("This field is required."))


def _next_sort(session: Session, entity: str) -> int:
    query = select(func.coalesce(func.max(CustomField.sort), 0))
    return (session.scalar(query.where(CustomField.entity_name == entity)) or 0) + _APART

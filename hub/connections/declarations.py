"""What connectors say of themselves, as the workers published it."""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import Enum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.connections.models import ConnectorDeclaration
from hub.db import new_id
from hub.errors import FieldError, NotFoundError, ValidationError
from hub.i18n import N_
from hub.ports import Declaration, FieldType
from hub.settings import get_settings

_STAND_INS = frozenset({"contact"})
"""What a connector may have of the installation: a foreign one must not ask for its secrets."""


def publish(session: Session, declarations: Iterable[Declaration]) -> None:
    """Write what the installed connectors say; done by each worker as it starts."""
    for declared in declarations:
        statement = insert(ConnectorDeclaration).values(
            id=new_id(),
            name=declared.name,
            kind=declared.kind,
            title=declared.title,
            declaration=_plain(declared),
        )
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["name"],
                set_={
                    "kind": statement.excluded.kind,
                    "title": statement.excluded.title,
                    "declaration": statement.excluded.declaration,
                    "published_at": func.now(),
                },
            )
        )


def get(session: Session, connector: str) -> dict[str, Any]:
    """Return a connector's declaration as data.

    Raises:
        NotFoundError: no worker knows such a connector.
    """
    found = session.scalar(
        select(ConnectorDeclaration.declaration).where(ConnectorDeclaration.name == connector)
    )
    if found is None:
        raise NotFoundError("connector", connector)
    return dict(found)


def list_all(session: Session) -> list[dict[str, Any]]:
    """Return all declarations, by name."""
    return list(
        session.scalars(
            select(ConnectorDeclaration.declaration).order_by(ConnectorDeclaration.name)
        )
    )


def split_settings(
    declared: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Part given values into settings and secrets, checked against the declaration.

    Raises:
        ValidationError: an unknown name, a wrong type, or a choice that there is not.
    """
    fields = {field["name"]: field for field in declared["settings"]}
    errors = []
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for name, value in given.items():
        field = fields.get(name)
        if field is None:
            errors.append(
                FieldError(f"/settings/{name}", "unknown_field", N_("There is no such setting."))
            )
        elif value is not None and not _fits(field, value):
            errors.append(
                FieldError(
                    f"/settings/{name}",
                    "type",
                    N_("It must be of type {type}."),
                    {"type": field["type"]},
                )
            )
        elif field["secret"]:
            secrets[name] = value
        else:
            settings[name] = value
    if errors:
        raise ValidationError(*errors)
    return settings, secrets


def missing_settings(
    declared: Mapping[str, Any], settings: Mapping[str, Any], secrets: Mapping[str, Any]
) -> list[str]:
    """Return the required settings that have neither a value nor a default."""
    known = with_stand_ins(declared, settings)
    return [
        field["name"]
        for field in declared["settings"]
        if field["required"]
        and field["default"] is None
        and not (secrets if field["secret"] else known).get(field["name"])
    ]


def with_stand_ins(declared: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a connection's settings, with the installation's where it has none of its own."""
    ours = {
        field["name"]: getattr(get_settings(), field["stand_in"])
        for field in declared["settings"]
        if field.get("stand_in") in _STAND_INS and not settings.get(field["name"])
    }
    return {**settings, **{name: value for name, value in ours.items() if value}}


def _fits(field: Mapping[str, Any], value: Any) -> bool:
    match FieldType(field["type"]):
        case FieldType.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case FieldType.BOOLEAN:
            return isinstance(value, bool)
        case FieldType.DECIMAL:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case FieldType.CHOICE:
            choices = {choice["value"] for choice in field["choices"]}
            return isinstance(value, str) and (not choices or value in choices)
        case _:
            return isinstance(value, str)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    match value:
        case Enum():
            return value.value
        case timedelta():
            return value.total_seconds()
        case tuple() | list():
            return [_plain(item) for item in value]
        case frozenset() | set():
            return sorted(_plain(item) for item in value)
        case _:
            return value

"""Which fields of a record a caller is shown, and which he may set: `__classes__` of its model.

Whatever shows values asks here: lists by `hub.listing`, answers of the API by the classes of their
views, and what carries values by the names of fields (events, plan items, facts) by `readable`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from hub.access.principals import Principal
from hub.access.roles import FieldClass
from hub.db import Base
from hub.errors import FieldError, ValidationError
from hub.i18n import N_

ALL_READ = frozenset({FieldClass.PUBLIC, FieldClass.INTERNAL, FieldClass.SENSITIVE})
"""Every class that anybody is shown."""

NOT_YOURS = "field_not_yours"
NOT_YOURS_TO_SET = N_("You may not set this field: it is of the class {field_class}.")
NOT_YOURS_TO_SEE = N_("This field is not yours to see.")
_MODELS: dict[str, type[Base]] = {}


FindClasses = Callable[[Session], Mapping[str, Mapping[str, FieldClass]]]
"""Returns the classes of fields that the installation has added, by entity and name."""

_find_classes: list[FindClasses] = []


def declare_classes(find: FindClasses) -> None:
    """Have `find` asked for the classes of added fields: what adds them lies above."""
    _find_classes[:] = [find]


def added_classes(session: Session) -> dict[str, Mapping[str, FieldClass]]:
    """Return the classes of added fields that are not public, by entity and name."""
    return {entity: each for find in _find_classes for entity, each in find(session).items()}


def classes_of(principal: Principal, model: type[Base]) -> Mapping[str, str]:
    """Return of which class a model's fields are that are not public, added ones too."""
    entity = getattr(model, "entity", None)
    added = principal.added_classes.get(entity()) if callable(entity) else None
    return {**model.__classes__, **added} if added else model.__classes__


def hidden_names(classes: Mapping[str, str], held: frozenset[FieldClass]) -> frozenset[str]:
    """Return which fields are of none of the classes held."""
    return frozenset(name for name, each in classes.items() if each not in held)


def hidden_fields(principal: Principal, model: type[Base]) -> frozenset[str]:
    """Return the fields of a model that a caller is not shown."""
    return hidden_names(classes_of(principal, model), principal.reads)


def refuse_to_set(
    principal: Principal,
    classes: Mapping[str, str],
    fields: Iterable[str],
    *,
    pointer: str | None = None,
) -> None:
    """Pass where a caller may set some fields, whatever to.

    Args:
        principal: who.
        classes: of the fields that are not public.
        fields: those that he sets.
        pointer: where he names them; None for a pointer to each by its name.

    Raises:
        ValidationError: ``field_not_yours``, for each that he may not set.
    """
    errors = [
        FieldError(
            f"/{name}" if pointer is None else pointer,
            NOT_YOURS,
            NOT_YOURS_TO_SET,
            {"field_class": str(classes[name])},
        )
        for name in sorted(hidden_names(classes, principal.writes) & set(fields))
    ]
    if errors:
        raise ValidationError(*errors)


def readable(
    principal: Principal, entity: str, values: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Return values by the names of an entity's fields without those that a caller is not shown.

    They may lie deeper: what is found under such a name is left out at every depth.
    """
    if values is None:
        return None
    model = model_of(entity)
    names = hidden_fields(principal, model) if model is not None else frozenset()
    return _without(values, names) if names else dict(values)


def readable_errors(
    principal: Principal, entity: str, errors: Sequence[Mapping[str, Any]] | None
) -> list[dict[str, Any]]:
    """Return what was wrong with fields, as plans keep it, without what it tells of hidden ones."""
    model = model_of(entity)
    names = hidden_fields(principal, model) if model is not None else frozenset()
    return [
        {**error, "message": NOT_YOURS_TO_SEE, "params": {}}
        if str(error.get("pointer", "")).removeprefix("/").replace("/", ".") in names
        else dict(error)
        for error in errors or ()
    ]


def of_shown_fields(principal: Principal, model: type[Base]) -> list[ColumnElement[bool]]:
    """Return the conditions under which rows that tell of one field each tell of one that is shown.

    Such a model says in `__field_of__` whose fields its column `field` names.
    """
    entity: str | None = getattr(model, "__field_of__", None)
    subject = model_of(entity) if entity is not None else None
    names = hidden_fields(principal, subject) if subject is not None else frozenset()
    column: Any = getattr(model, "field", None)
    return [column.not_in(sorted(names))] if names else []


def model_of(entity: str) -> type[Base] | None:
    """Return the model of an entity by its name in events and plans, None where there is none."""
    if entity not in _MODELS:  # one that was not imported yet may be there the next time
        for mapper in Base.registry.mappers:
            name = getattr(mapper.class_, "entity", None)
            if callable(name):
                _MODELS.setdefault(name(), mapper.class_)
    return _MODELS.get(entity)


def _without(value: Any, names: frozenset[str], within: str = "") -> Any:
    """Leave out what is called by a name, by itself or by what it lies in (``custom.visits``)."""
    match value:
        case Mapping():
            return {
                key: _without(each, names, f"{key}.")
                for key, each in value.items()
                if key not in names and f"{within}{key}" not in names
            }
        case list() | tuple():
            return [_without(each, names, within) for each in value]
        case _:
            return value

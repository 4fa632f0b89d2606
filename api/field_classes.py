"""Fields that a caller is not shown, and those that he may not set, in what goes out and comes in.

Both follow from the models of a route's answer and body, so that no route can forget them.
"""

import types
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from api.schemas.shapes import Body, View
from hub.access.fields import hidden_names, refuse_to_set
from hub.access.principals import Principal
from hub.access.roles import FieldClass
from hub.custom_fields.models import COLUMN, PREFIX
from hub.errors import under

Exclusion = dict[str, Any]
"""What pydantic leaves out: True for a field, another one for what lies within it."""

Added = frozenset[tuple[str, str]]
"""Fields of the installation's own that a caller is not shown: entity and key."""

_EACH = "__all__"  # pydantic's word for every item of a list, every value of an object


def left_out(principal: Principal | None, answer: type[BaseModel] | None) -> Exclusion | None:
    """Return what of an answer a caller is not shown, None where he is shown all."""
    if principal is None or answer is None:
        return None
    added = frozenset(
        (entity, name.removeprefix(PREFIX))
        for entity, classes in principal.added_classes.items()
        for name in hidden_names(classes, principal.reads)
    )
    return _within_model(answer, principal.reads, added)


def refuse_foreign_fields(principal: Principal | None, body: object) -> None:
    """Pass a body whose every field its sender may set, those of the bodies within it too.

    Raises:
        ValidationError: names each that is of another class.
    """
    if principal is None or not isinstance(body, Body):
        return
    refuse_to_set(principal, type(body).classes, body.model_fields_set)
    _refuse_foreign_custom(principal, body)
    for name in sorted(body.model_fields_set):
        with under(f"/{name}"):
            refuse_foreign_fields(principal, getattr(body, name))


def _refuse_foreign_custom(principal: Principal, body: Body) -> None:
    given = getattr(body, COLUMN, None) if type(body).customised else None
    classes = principal.added_classes.get(type(body).customised) if given else None
    if given and classes:
        by_key = {name.removeprefix(PREFIX): each for name, each in classes.items()}
        with under(f"/{COLUMN}"):
            refuse_to_set(principal, by_key, given)


def without(value: Any, exclusion: Exclusion) -> Any:
    """Return JSON that was made for the same model before, without what is left out now."""
    if isinstance(value, list):
        each = exclusion.get(_EACH)
        return [without(item, each) if each else item for item in value]
    if not isinstance(value, Mapping):
        return value
    if _EACH in exclusion:
        return {name: without(item, exclusion[_EACH]) for name, item in value.items()}
    return {
        name: without(item, inner) if isinstance(inner := exclusion.get(name), dict) else item
        for name, item in value.items()
        if exclusion.get(name) is not True
    }


@lru_cache(maxsize=1024)
def _within_model(
    model: type[BaseModel], reads: frozenset[FieldClass], added: Added
) -> Exclusion | None:
    found: Exclusion = {}
    if issubclass(model, View):
        hidden = hidden_names(model.classes, reads) & model.model_fields.keys()
        found |= dict.fromkeys(hidden, True)
        own = {key: True for entity, key in added if entity == model.customised}
        found |= {COLUMN: own} if own else {}
    for name, field in model.model_fields.items():
        if name not in found and (inner := _within(field.annotation, reads, added)):
            found[name] = inner
    return found or None


def _within(annotation: Any, reads: frozenset[FieldClass], added: Added) -> Exclusion | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _within_model(annotation, reads, added)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _within(arguments[0], reads, added)
    inner = [found for each in arguments if (found := _within(each, reads, added))]
    if not inner:
        return None
    merged: Exclusion = {}
    for each in inner:
        merged |= each
    return merged if origin in {Union, types.UnionType} else {_EACH: merged}

"""Turns pydantic's errors into ours: a pointer, a stable code, a message that can be translated."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, get_args, get_origin

import pydantic
from pydantic import BaseModel
from pydantic_core import ErrorDetails
from werkzeug.datastructures import MultiDict

from api.bodies import escape, refuse_bad_text
from api.schemas.fields import example_of
from hub.errors import FieldError, ValidationError
from hub.i18n import N_

ModelT = TypeVar("ModelT", bound=BaseModel)
MAX_ERRORS = 100

_EMPTY = N_("Must not be empty.")
_NUMBER = ("type", N_("Must be a number."))
_INSTANT = ("instant", N_("Must be an instant with its offset, like 2026-12-01T09:00:00+01:00."))
_RULES = {
    "missing": ("required", N_("This field is required.")),
    "extra_forbidden": ("unknown", N_("There is no such field here, or it is not yours to write.")),
    "model_type": ("type", N_("Must be an object.")),
    "dict_type": ("type", N_("Must be an object.")),
    "list_type": ("type", N_("Must be a list.")),
    "string_type": ("type", N_("Must be text.")),
    "bool_type": ("type", N_("Must be true or false.")),
    "bool_parsing": ("type", N_("Must be true or false.")),
    "int_type": ("type", N_("Must be a whole number.")),
    "int_parsing": ("type", N_("Must be a whole number.")),
    "int_parsing_size": ("type", N_("Must be a whole number.")),
    "int_from_float": ("type", N_("Must be a whole number.")),
    "float_type": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "uuid_type": ("id", N_("Must be an id.")),
    "uuid_parsing": ("id", N_("Must be an id.")),
    "date_type": ("date", N_("Must be a date like 2026-12-31.")),
    "date_parsing": ("date", N_("Must be a date like 2026-12-31.")),
    "date_from_datetime_parsing": ("date", N_("Must be a date like 2026-12-31.")),
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "timezone_aware": _INSTANT,
    "enum": ("choice", N_("Must be one of: {expected}.")),
    "literal_error": ("choice", N_("Must be one of: {expected}.")),
    "string_too_short": ("too_short", N_("Needs at least {min_length} characters.")),
    "string_too_long": ("too_long", N_("May have at most {max_length} characters.")),
    "string_pattern_mismatch": ("form", N_("Must be written like {example}.")),
    "too_short": ("too_short", N_("Has too few items: at least {min_length}.")),
    "too_long": ("too_long", N_("Has too many items: at most {max_length}.")),
    "greater_than": ("too_small", N_("Must be more than {gt}.")),
    "greater_than_equal": ("too_small", N_("Must be at least {ge}.")),
    "less_than": ("too_large", N_("Must be less than {lt}.")),
    "less_than_equal": ("too_large", N_("Must be at most {le}.")),
    "decimal_max_places": ("precision", N_("May have at most {decimal_places} decimals.")),
    "decimal_max_digits": ("precision", N_("May have at most {max_digits} digits.")),
    "decimal_whole_digits": ("precision", N_("Is too large.")),
}


def read_body(model: type[ModelT], data: bytes, value: Any) -> ModelT:
    """Return the body as the route declares it.

    Args:
        model: what the route takes.
        data: the JSON text.
        value: the same as Python values, to find the place of an error.

    Raises:
        ValidationError: names each broken rule.
    """
    try:
        if getattr(model, "each_alone", ""):  # its texts may hold what no JSON text may
            return model.model_validate(value)
        return model.model_validate_json(data)
    except pydantic.ValidationError as error:
        raise ValidationError(
            *(_field_error(detail, _pointer(detail, value)) for detail in _details(error))
        ) from error


def read_query(model: type[ModelT], arguments: MultiDict[str, str]) -> ModelT:
    """Return the query string as the route declares it.

    Raises:
        ValidationError: names each broken rule; the pointer of a parameter is ``/name``.
    """
    given: dict[str, Any] = {}
    for name, values in arguments.lists():
        for value in values:
            refuse_bad_text(f"/{name}", value)
        many = name in model.model_fields and _takes_many(model, name)
        if len(values) > 1 and not many:
            raise ValidationError.of(f"/{name}", "repeated", N_("May be given once only."))
        given[name] = values if many else values[0]
    try:
        return model.model_validate(given)
    except pydantic.ValidationError as error:
        raise ValidationError(
            *(_field_error(detail, f"/{detail['loc'][0]}") for detail in _details(error))
        ) from error


def refuse_parameters(arguments: MultiDict[str, str]) -> None:
    """Pass a query string that is empty.

    Raises:
        ValidationError: names each parameter that the route does not know.
    """
    if arguments:
        code, message = _RULES["extra_forbidden"]
        raise ValidationError(*(FieldError(f"/{name}", code, message) for name in arguments))


@cache
def _takes_many(model: type[BaseModel], name: str) -> bool:
    annotation = model.model_fields[name].annotation
    return any(get_origin(kind) is list for kind in (annotation, *get_args(annotation)))


def _details(error: pydantic.ValidationError) -> Iterable[ErrorDetails]:
    return error.errors(include_url=False, include_input=False)[:MAX_ERRORS]


def _field_error(detail: ErrorDetails, pointer: str) -> FieldError:
    params: Mapping[str, Any] = detail.get("ctx", {})
    kind = detail["type"]
    if "source" in params:  # raised by api.schemas.fields.broken
        others = {name: value for name, value in params.items() if name != "source"}
        return FieldError(pointer, kind, params["source"], others)
    if kind in _RULES:
        code, message = _RULES[kind]
        said = {name: str(value) for name, value in params.items()}
        if kind == "string_too_short" and params["min_length"] == 1:
            message = _EMPTY
        if kind == "string_pattern_mismatch":
            said = {"example": example_of(params["pattern"]) or params["pattern"]}
        if "expected" in said:  # 'a', 'b' or 'c': in pydantic's English
            said["expected"] = said["expected"].replace("' or '", "', '")
        return FieldError(pointer, code, message, said)
    return FieldError(pointer, kind, "{reason}.", {"reason": detail["msg"].rstrip(".")})


def _pointer(detail: ErrorDetails, value: Any) -> str:
    # pydantic's location also names branches of unions and validators; only what leads somewhere
    # in the caller's own document, or is missing there, belongs into his pointer.
    location: Sequence[int | str] = detail["loc"]
    steps: list[str] = []
    for position, step in enumerate(location):
        found = _leads_on(value, step)
        if found:
            value = value[step]
        if found or (detail["type"] == "missing" and position == len(location) - 1):
            steps.append("/" + escape(str(step)))
    return "".join(steps)


def _leads_on(value: Any, step: int | str) -> bool:
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)

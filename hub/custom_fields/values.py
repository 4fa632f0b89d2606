"""What values of custom fields must be, whoever gives them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access.fields import classes_of, hidden_names
from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.catalogues.services import refuse_unlisted
from hub.custom_fields.declaring import targets
from hub.custom_fields.models import COLUMN, PREFIX, CustomField, FieldType
from hub.custom_fields.services import definitions
from hub.errors import FieldError, ValidationError
from hub.i18n import N_
from hub.listing.classes import most_delicate
from hub.texts import composed

TEXT_LENGTH = 2000
_HIGHEST = 10**15
_DECIMALS = 6
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_TRUTHS = {"true": True, "false": False}


class _WrongError(Exception):
    def __init__(self, code: str, message: str, **params: object) -> None:
        super().__init__(message)
        self.code, self.message, self.params = code, message, params


def clean(
    session: Session,
    model: type[Any],
    given: Mapping[str, Any] | None,
    kept: Mapping[str, Any] | None = None,
    *,
    caller: Principal | None = None,
) -> dict[str, Any]:
    """Return all custom values that a record is to have.

    Args:
        session: the caller's.
        model: the record's.
        given: the values that are set, by key; None empties one, and in the place of all those
            that the caller may set.
        kept: what the record has.
        caller: who sets them; he refers to what he sees. None is a process, which sees everything.

    Raises:
        ValidationError: names each broken rule; pointers lead to ``/custom/<key>``.
    """
    before = dict(kept or {})
    if given is None:
        return _not_his(model, before, caller)
    if not given:
        return before
    fields = {each.key: each for each in definitions(session, model.entity())}
    errors: list[FieldError] = []
    cleaned: dict[str, Any] = {}
    for key, value in given.items():
        try:
            cleaned[key] = _clean_one(fields.get(key), value, before.get(key))
        except _WrongError as wrong:
            errors.append(_error(key, wrong.code, wrong.message, wrong.params))
    errors += _unlisted(session, fields, cleaned, before)
    errors += _unknown_references(session, fields, cleaned, before, caller)
    if errors:
        raise ValidationError(*sorted(errors, key=lambda each: each.pointer))
    merged = {**before, **cleaned}
    return {key: value for key, value in merged.items() if value is not None}


def carried(
    session: Session, record: Any, model: type[Any], *, caller: Principal
) -> dict[str, Any]:
    """Return what a new record of a model takes over of a record that it comes of.

    It is what both have a field for: of the same key, kind and words, guarded there as well as
    here. What it could not have any more, or refers to what the caller does not see, it is without.
    """
    there = {each.key: each for each in definitions(session, model.entity()) if each.active}
    taken: dict[str, Any] = {}
    for field in definitions(session, record.entity()):
        value, same = record.custom.get(field.key), there.get(field.key)
        if value is None or same is None or not _takes_over(same, field):
            continue
        try:
            taken |= clean(session, model, {field.key: value}, caller=caller)
        except ValidationError:
            continue
    return taken


def _takes_over(field: CustomField, other: CustomField) -> bool:
    kinds = [
        (each.type, each.reference) if each.catalogue is None else (each.type, each.catalogue)
        for each in (field, other)
    ]
    guards = most_delicate((field.field_class, other.field_class))
    return kinds[0] == kinds[1] and guards == field.field_class


def _not_his(model: type[Any], kept: Mapping[str, Any], caller: Principal | None) -> dict[str, Any]:
    """Return the values that a caller may not set."""
    if caller is None:
        return {}
    foreign = hidden_names(classes_of(caller, model), caller.writes)
    return {key: value for key, value in kept.items() if f"{PREFIX}{key}" in foreign}


def of_type(field: CustomField, value: Any) -> Any:
    """Return a value as a field of its type keeps it; None for an empty one.

    Raises:
        ValidationError: it is none; the pointer leads to ``/custom/<key>``.
    """
    try:
        return _clean_one(field, value, None)
    except _WrongError as wrong:
        raise ValidationError(_error(field.key, wrong.code, wrong.message, wrong.params)) from wrong


def _clean_one(field: CustomField | None, value: Any, before: Any) -> Any:
    if field is None:
        raise _WrongError("unknown_field", N_("There is no such field."))
    if value is None or value == "":
        return None
    found = _RULES[field.type](value)
    if not field.active and found != before:
        raise _WrongError("retired", N_("This field is retired: nothing gets it any more."))
    return found


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise _WrongError("wrong_type", N_("Must be a text."))
    text = composed(value.replace("\r\n", "\n").strip())
    if len(text) > TEXT_LENGTH:
        raise _WrongError(
            "too_long", N_("At most {longest} characters are allowed."), longest=TEXT_LENGTH
        )
    if _CONTROL.search(text.replace("\n", "").replace("\t", "")):
        raise _WrongError("control_character", N_("It holds control characters."))
    return text or None


def _number(value: Any) -> int:
    wrong = _WrongError("wrong_type", N_("Must be a whole number."))
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise wrong
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise wrong from None
    if not number.is_finite() or number != number.to_integral_value() or abs(number) >= _HIGHEST:
        raise wrong
    return int(number)


def _decimal(value: Any) -> str:
    wrong = _WrongError("wrong_type", N_("Must be a number such as 1234.50."))
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise wrong
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise wrong from None
    if not number.is_finite() or abs(number) >= _HIGHEST:
        raise wrong
    if number != round(number, _DECIMALS):
        raise _WrongError("precision", N_("May have at most {most} decimals."), most=_DECIMALS)
    return format(number.normalize(), "f")


def _date(value: Any) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise _WrongError("wrong_type", N_("Must be a day such as 2026-01-31.")) from None


def _instant(value: Any) -> str:
    wrong = _WrongError("wrong_type", N_("Must be a time such as 2026-01-31T08:00:00Z."))
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise wrong from None
    if found.tzinfo is None:
        raise wrong
    return found.astimezone(UTC).isoformat()


def _boolean(value: Any) -> bool:
    found = value if isinstance(value, bool) else _TRUTHS.get(str(value))
    if found is None:
        raise _WrongError("wrong_type", N_("Must be true or false."))
    return found


def _code(value: Any) -> str:
    if not isinstance(value, str):
        raise _WrongError("wrong_type", N_("Must be a code of its catalogue."))
    return value


def _id(value: Any) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError:
        raise _WrongError("wrong_type", N_("Must be an id.")) from None


_RULES: Mapping[FieldType, Callable[[Any], Any]] = {
    FieldType.TEXT: _text,
    FieldType.NUMBER: _number,
    FieldType.DECIMAL: _decimal,
    FieldType.DATE: _date,
    FieldType.INSTANT: _instant,
    FieldType.BOOLEAN: _boolean,
    FieldType.CHOICE: _code,
    FieldType.REFERENCE: _id,
}


def _unlisted(
    session: Session,
    fields: Mapping[str, CustomField],
    cleaned: Mapping[str, Any],
    before: Mapping[str, Any],
) -> list[FieldError]:
    catalogues = {
        key: str(fields[key].catalogue) for key in cleaned if fields[key].type is FieldType.CHOICE
    }
    changed = {key: cleaned[key] for key in catalogues if cleaned[key] != before.get(key)}
    try:
        refuse_unlisted(session, catalogues, changed)
    except ValidationError as error:
        return [replace(each, pointer=f"/{COLUMN}{each.pointer}") for each in error.errors]
    return []


def _unknown_references(
    session: Session,
    fields: Mapping[str, CustomField],
    cleaned: Mapping[str, Any],
    before: Mapping[str, Any],
    caller: Principal | None,
) -> list[FieldError]:
    errors = []
    for key, value in cleaned.items():
        field = fields[key]
        if field.type is not FieldType.REFERENCE or value in {None, before.get(key)}:
            continue
        model = targets()[str(field.reference)].model
        there = select(model.id).where(model.id == UUID(value), model.deleted_at.is_(None))
        if caller is not None:
            there = there.where(visible(caller, Verb.READ, model))
        if session.scalar(there) is None:
            errors.append(_error(key, "unknown", N_("There is no such record."), {}))
    return errors


def _error(key: str, code: str, message: str, params: Mapping[str, object]) -> FieldError:
    return FieldError(f"/{COLUMN}/{key}", code, message, params)

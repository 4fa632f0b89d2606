"""Bringing values from outside to their stored form, one by one."""

from collections.abc import Callable, Mapping
from typing import Any

from hub.customers import rules
from hub.errors import FieldError, ValidationError

Clean = Callable[[Mapping[str, Any]], dict[str, Any]]


def clean_each(
    values: Mapping[str, Any], clean: Clean = rules.clean
) -> tuple[dict[str, Any], list[FieldError]]:
    """Return the values that keep their rules, in stored form, and the errors of the others.

    The rules are a customer's unless `clean` says others. Empty values are left out. `country`
    bears on the phone number and is looked at with it.
    """
    good: dict[str, Any] = {}
    broken: list[FieldError] = []
    for field, value in values.items():
        if value in (None, "", []):
            continue
        context = {"country": values["country"]} if field == "phone" and _country(values) else {}
        try:
            cleaned = clean({field: value, **context})[field]
        except ValidationError as error:
            broken.extend(error.errors)
            continue
        if cleaned is not None:
            good[field] = cleaned
    return good, broken


def _country(values: Mapping[str, Any]) -> str | None:
    """Return the country where it is one: a wrong one must not spoil the phone number."""
    try:
        country: str | None = rules.clean({"country": values.get("country")})["country"]
    except ValidationError:
        return None
    return country

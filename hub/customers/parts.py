"""What the parts of a customer, its contacts and addresses, have in common."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hub.customers.rules import clean
from hub.errors import FieldError, ValidationError


def cleaned(
    country: str | None, fields: Mapping[str, Any], rules: Mapping[str, str]
) -> dict[str, Any]:
    """Return a part's fields in their stored form; only those given are looked at.

    `rules` name the customer's field whose rule each keeps. What a country decides is decided by
    that of the part, else by the customer's.

    Raises:
        ValidationError: names every broken rule.
    """
    values = dict(fields)
    where = {"country": fields.get("country") or country}
    errors: list[FieldError] = []
    for name, rule in rules.items():
        if values.get(name) is None:
            continue
        try:
            values[name] = clean({**where, rule: values[name]})[rule]
        except ValidationError as error:
            errors += [
                replace(each, pointer=each.pointer.replace(f"/{rule}", f"/{name}", 1))
                for each in error.errors
                if each.pointer.split("/")[1] == rule
            ]
    if errors:
        raise ValidationError(*errors)
    return values

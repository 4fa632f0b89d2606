"""What a lead's fields must be, whoever gives them."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hub.customers import rules as shared
from hub.errors import FieldError, ValidationError
from hub.i18n import N_

AS_CUSTOMERS = {
    "company": "name", "person": "legal_name", "job": "industry", "mobile": "phone",
    "referrer": "legal_name", "description": "note",
    **{
        name: name
        for name in (
            "email", "phone", "website", "address", "postcode", "city", "region", "country",
            "industry", "cvr", "currency", "external_ref",
        )
    },
}  # fmt: skip
"""The fields that keep the rule of a customer's field, and of which one."""

_MOST = Decimal(10) ** 14  # what the column holds


def clean(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields in their stored form; only those given are looked at.

    Raises:
        ValidationError: names every broken rule.
    """
    cleaned, errors = dict(fields), []
    around = {"country": fields["country"]} if fields.get("country") else {}
    for name in AS_CUSTOMERS.keys() & fields.keys():
        rule, value = AS_CUSTOMERS[name], fields[name]
        if value is None:
            continue
        try:
            given = {rule: value.strip() or None} if isinstance(value, str) else {rule: value}
            cleaned[name] = shared.clean({**around, **given})[rule] if given[rule] else None
        except ValidationError as error:
            errors += [
                replace(each, pointer=f"/{name}")
                for each in error.errors
                if each.pointer == f"/{rule}"
            ]
    value = fields.get("net_potential_value")
    if value is not None and not 0 <= value < _MOST:
        errors.append(
            FieldError(
                "/net_potential_value", "range", N_("An amount from 0, of 14 digits at most.")
            )
        )
    if errors:
        raise ValidationError(*sorted(errors, key=lambda each: each.pointer))
    return cleaned

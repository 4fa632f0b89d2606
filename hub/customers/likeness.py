"""Fields of other records that keep the rule of a customer's field."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hub.customers import rules
from hub.errors import FieldError, ValidationError
from hub.i18n import N_
from hub.money import decimals, is_finer

_TOO_FINE = N_("Amounts in {currency} have at most {decimals} decimals.")
_MOST = Decimal(10) ** 14  # what the column of an amount holds


def clean_alike(
    fields: Mapping[str, Any], alike: Mapping[str, str], amounts: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the fields in their stored form; only those given are looked at.

    Args:
        fields: what is to be written.
        alike: by field, the customer's field whose rule it keeps.
        amounts: the fields that are amounts of money, from 0.

    Raises:
        ValidationError: names every broken rule.
    """
    cleaned, errors = dict(fields), []
    around = {"country": fields["country"]} if fields.get("country") else {}
    for name in alike.keys() & fields.keys():
        rule, value = alike[name], fields[name]
        if value is None:
            continue
        try:
            given = {rule: value.strip() or None} if isinstance(value, str) else {rule: value}
            cleaned[name] = rules.clean({**around, **given})[rule] if given[rule] else None
        except ValidationError as error:
            errors += [
                replace(each, pointer=f"/{name}")
                for each in error.errors
                if each.pointer == f"/{rule}"
            ]
    errors += _faults_of_amounts(fields, amounts)
    if errors:
        raise ValidationError(*sorted(errors, key=lambda each: each.pointer))
    return cleaned


def refuse_finer(fields: Mapping[str, Any], amounts: Iterable[str], currency: str) -> None:
    """Pass amounts that can be paid in a currency: none has parts of its minor unit.

    Raises:
        ValidationError: ``precision``: names each that has.
    """
    errors = [
        FieldError(f"/{name}", "precision", _TOO_FINE,
                   {"currency": currency, "decimals": decimals(currency)})
        for name in amounts
        if fields.get(name) is not None and is_finer(fields[name], currency)
    ]  # fmt: skip
    if errors:
        raise ValidationError(*errors)


def _faults_of_amounts(fields: Mapping[str, Any], amounts: Iterable[str]) -> Iterator[FieldError]:
    for name in amounts:
        value = fields.get(name)
        if value is not None and not 0 <= value < _MOST:
            yield FieldError(f"/{name}", "range", N_("An amount from 0, of 14 digits at most."))

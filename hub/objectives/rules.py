"""What the targets and days of an objective must be, whoever gives them."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from hub.customers.likeness import refuse_finer
from hub.errors import FieldError, ValidationError, under
from hub.i18n import N_
from hub.money import CURRENCIES
from hub.objectives.models import AMOUNTS, Frequency, Measure

EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)
_MOST = Decimal(10) ** 14

_NO_MEASURE = N_("{name} is no measure; there are {allowed}.")
_NOT_POSITIVE = N_("A target is more than 0.")
_TOO_MUCH = N_("A target has 14 digits at most.")
_NOT_WHOLE = N_("A target of a count is a whole number.")


def clean_targets(targets: Mapping[str, Any]) -> dict[str, Any]:
    """Return targets as they are stored, those that are None left out.

    Raises:
        ValidationError: names every broken rule: no measure at all, an unknown one, a target that
            is not above 0.
    """
    given = {name: value for name, value in targets.items() if value is not None}
    if not given:
        raise ValidationError.of("/targets", "required", N_("Say what is to be reached."))
    errors = list(_faults(given))
    if errors:
        raise ValidationError(*errors)
    return {
        name: f"{Decimal(value):f}" if name in AMOUNTS else int(value)
        for name, value in given.items()
    }


def clean_currency(currency: str | None, targets: Mapping[str, Any]) -> str | None:
    """Return the currency of targets, where one of them is an amount.

    Raises:
        ValidationError: it is missing, unknown, or of no amount; an amount is finer than its minor
            unit.
    """
    if not AMOUNTS & targets.keys():
        if currency is not None:
            raise ValidationError.of(
                "/currency", "no_amount", N_("Only amounts are in a currency, and there are none.")
            )
        return None
    if currency is None:
        raise ValidationError.of(
            "/currency", "required", N_("Say in which currency the amount is to be reached.")
        )
    code = currency.upper()
    if code not in CURRENCIES:
        raise ValidationError.of(
            "/currency", "unknown", N_("This is not a currency of ISO 4217.")
        )  # fmt: skip
    amounts: dict[str, Decimal] = {
        name.value: Decimal(targets[name]) for name in AMOUNTS & targets.keys()
    }
    with under("/targets"):
        refuse_finer(amounts, sorted(amounts), code)
    return code


def check_window(frequency: Frequency, starts_on: date, ends_on: date | None) -> None:
    """Pass where the days make periods.

    Raises:
        ValidationError: names every broken rule.
    """
    errors = []
    for name, day in (("starts_on", starts_on), ("ends_on", ends_on)):
        if day is not None and not EARLIEST <= day <= LATEST:
            errors.append(FieldError(f"/{name}", "range", N_("A day from 2000 to 2199.")))
    if ends_on is None and frequency is Frequency.ONCE:
        errors.append(FieldError("/ends_on", "required", N_("Say when it is to be reached.")))
    if ends_on is not None and ends_on < starts_on:
        errors.append(FieldError("/ends_on", "before_start", N_("It ends before it begins.")))
    if errors:
        raise ValidationError(*errors)


def _faults(targets: Mapping[str, Any]) -> Iterator[FieldError]:
    for name, value in sorted(targets.items()):
        pointer = f"/targets/{name}"
        if name not in set(Measure):
            allowed = {"name": name, "allowed": ", ".join(Measure)}
            yield FieldError(pointer, "unknown_measure", _NO_MEASURE, allowed)
            continue
        target = Decimal(value)
        if not target > 0:
            yield FieldError(pointer, "not_positive", _NOT_POSITIVE)
        elif target >= _MOST:
            yield FieldError(pointer, "range", _TOO_MUCH)
        elif name not in AMOUNTS and target != target.to_integral_value():
            yield FieldError(pointer, "not_whole", _NOT_WHOLE)

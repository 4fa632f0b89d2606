"""Numbers, pointed and grouped as somebody wrote them."""

import re
from decimal import Decimal

from babel.numbers import get_decimal_symbol

from hub.i18n import N_, locale_of
from hub.parsing.cells import Cell, refusal

MAX_NUMBER_LENGTH = 60
_SPACES = re.compile(r"\s+")  # also those that group digits: no-break, narrow, figure
_GROUPED = {
    ".": re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+"),
    ",": re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+"),
}
_DIGITS = re.compile(r"[0-9]+")


def parse_decimal(value: Cell, locale: str, *, pointer: str = "") -> Decimal | None:
    """Return a number, pointed and grouped as the locale does, or as only one reading allows.

    A minus may stand before or behind the digits, or be a pair of brackets, as ledgers write it.

    Raises:
        ValidationError: ``number.ambiguous`` or ``number.invalid``.
    """
    if isinstance(value, str):
        text = _SPACES.sub("", value).replace("\N{MINUS SIGN}", "-")
        return _number(text, locale, value, pointer) if text else None
    if value is None or (isinstance(value, Decimal) and value.is_finite()):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    raise refusal(pointer, "number.invalid", N_("{value} is not a number."), value)


def parse_integer(value: Cell, locale: str, *, pointer: str = "") -> int | None:
    """Return a whole number, written as `parse_decimal` reads it; ``12,00`` is one.

    Raises:
        ValidationError: ``number.ambiguous``, ``number.invalid`` or ``number.not_whole``.
    """
    number = parse_decimal(value, locale, pointer=pointer)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise refusal(pointer, "number.not_whole", N_("{value} is not a whole number."), value)
    return int(number)


def _number(text: str, locale: str, value: object, pointer: str) -> Decimal:
    sign, digits = _sign_and_digits(text)
    point = "," if get_decimal_symbol(locale_of(locale)) == "," else "."
    group = "." if point == "," else ","
    digits = digits.replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")
    whole, separator, fraction = digits.rpartition(max(".,", key=digits.rfind))
    if len(digits) > MAX_NUMBER_LENGTH:
        raise refusal(pointer, "number.invalid", N_("{value} is not a number."), value)
    if _DIGITS.fullmatch(digits):
        plain = digits
    elif _DIGITS.fullmatch(whole) and _DIGITS.fullmatch(fraction):  # one separator, at the end
        if separator == group and _GROUPED[group].fullmatch(digits):
            plain = whole + fraction
        elif separator == point and _GROUPED[point].fullmatch(digits) and whole[0] != "0":
            message = N_("{value} may be a thousand or a fraction: write it with other decimals.")
            raise refusal(pointer, "number.ambiguous", message, value)
        else:
            plain = f"{whole}.{fraction}"
    elif _GROUPED[separator or "."].fullmatch(digits):
        plain = digits.replace(separator, "")
    else:
        other = "." if separator == "," else ","
        if not _GROUPED[other].fullmatch(whole) or not _DIGITS.fullmatch(fraction):
            raise refusal(pointer, "number.invalid", N_("{value} is not a number."), value)
        plain = f"{whole.replace(other, '')}.{fraction}"
    return Decimal(sign + plain)


def _sign_and_digits(text: str) -> tuple[str, str]:
    if text.startswith("(") and text.endswith(")"):
        return "-", text[1:-1]
    if text.endswith("-"):
        return "-", text[:-1]
    if text[0] in "+-":
        return text[0], text[1:]
    return "", text

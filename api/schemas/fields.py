"""Types of fields that many requests share, with their rules and the words for a broken one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import available_timezones

from babel.core import Locale, UnknownLocaleError
from pydantic import AfterValidator, AwareDatetime, PlainSerializer, StringConstraints
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from hub.i18n import N_
from hub.texts import INVISIBLE, composed, is_blank

# The same rules for readers of the published schema; \S, since blanks at the ends are cut off.
_IN_LINE = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_IN_TEXT = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_LINE_PATTERN = rf"^[^{_IN_LINE}]*[^\s{INVISIBLE}{_IN_LINE}][^{_IN_LINE}]*$"
_CONTROL = re.compile(f"[{_IN_LINE}]")
_CONTROL_BUT_BREAKS = re.compile(f"[{_IN_TEXT}]")
_TEXT_PATTERN = rf"^[^{_IN_TEXT}]*[^\s{INVISIBLE}{_IN_TEXT}][^{_IN_TEXT}]*$"


_EXAMPLES: dict[str, str] = {}


def like(example: str, pattern: str) -> str:
    """Return a pattern of which whoever misses it is shown an example."""
    _EXAMPLES[pattern] = example
    return pattern


def example_of(pattern: str) -> str | None:
    """Return what a pattern takes, where `like` made it."""
    return _EXAMPLES.get(pattern)


def broken(code: str, message: str, **params: object) -> PydanticCustomError:
    """Make the error of a broken rule for a validator to raise.

    Args:
        code: stable, for scripts.
        message: an English source text, marked with `N_` where it stands.
        **params: fill the ``{named}`` places of the message.
    """
    return PydanticCustomError(code, message, {**params, "source": message})


@dataclass(frozen=True, slots=True)
class OneLine:
    """Makes ``Annotated[str, OneLine(80)]`` a text of one line; blanks at the ends are cut off.

    Letters and their marks are composed (`hub.texts`), as in `Lines`.
    """

    max_length: int = 200
    min_length: int = 1

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Return the rule for pydantic."""
        del source, handler
        return _text_schema(self.min_length, self.max_length, _one_line, _LINE_PATTERN)


@dataclass(frozen=True, slots=True)
class Lines:
    """Makes ``Annotated[str, Lines(5000)]`` a text that may have several lines."""

    max_length: int = 20_000
    min_length: int = 1

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Return the rule for pydantic."""
        del source, handler
        return _text_schema(self.min_length, self.max_length, _lines, _TEXT_PATTERN)


@dataclass(frozen=True, slots=True)
class Whole:
    """Makes ``Annotated[int, Whole(0, 100)]`` a whole number between two bounds, both included."""

    least: int = -(2**31)
    most: int = 2**31 - 1  # what an integer column holds

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Return the rule for pydantic."""
        del source, handler
        number = core_schema.int_schema(ge=self.least, le=self.most)
        return core_schema.no_info_before_validator_function(_whole, number)


def _text_schema(
    min_length: int, max_length: int, check: Callable[[str], str], pattern: str
) -> CoreSchema:
    return core_schema.no_info_after_validator_function(
        check,
        core_schema.str_schema(strip_whitespace=True, min_length=min_length, max_length=max_length),
        metadata={"pydantic_js_updates": {"pattern": pattern}},
    )


def _one_line(value: str) -> str:
    if _CONTROL.search(value):
        raise broken("control_character", N_("Must not contain line breaks or control characters."))
    return _visible(value)


def _lines(value: str) -> str:
    if _CONTROL_BUT_BREAKS.search(value):
        raise broken("control_character", N_("Must not contain control characters."))
    return _visible(value)


def _visible(value: str) -> str:
    if value and is_blank(value):
        raise broken("too_short", N_("Must not be empty."))
    return composed(value)


def _whole(value: Any) -> Any:
    # JSON knows one kind of number: 32.0 is the integer 32 (JSON Schema, "integer").
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _amount(value: Decimal) -> str:
    whole, _, rest = f"{value:.4f}".partition(".")
    return f"{whole}.{rest[:2]}{rest[2:].rstrip('0')}"


def _locale(value: str) -> str:
    try:
        return str(Locale.parse(value.replace("-", "_")))
    except (ValueError, UnknownLocaleError) as error:
        raise broken(
            "locale", N_("Is no language we know; write for example da or en_GB.")
        ) from error


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise broken("zone", N_("Is no time zone we know; write for example Europe/Copenhagen."))
    return value


Amount = Annotated[Decimal, PlainSerializer(_amount, return_type=str)]
"""An amount as it is shown: with two decimals, or four where it has them."""

Line = Annotated[str, OneLine()]
"""One line of up to 200 characters."""

Text = Annotated[str, Lines()]
"""Several lines."""

Integer = Annotated[int, Whole()]
"""A whole number as a column holds it."""

Instant = AwareDatetime
"""A point in time with its offset (RFC 3339)."""

CODE_PATTERN = like("trade_show", r"^[a-z][a-z0-9_]*$")
Code = Annotated[str, StringConstraints(max_length=50, pattern=CODE_PATTERN)]
"""What scripts and files call an entry of a catalogue, a state, a workflow."""

LocaleName = Annotated[str, StringConstraints(min_length=1, max_length=20), AfterValidator(_locale)]
"""A language with or without a territory, such as ``da`` or ``en_GB``."""

ZoneName = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(_zone)]
"""An IANA time zone."""

"""Money: an exact amount in one currency."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from babel.core import get_global
from babel.numbers import get_currency_precision

CURRENCIES = frozenset(get_global("all_currencies")) - {"XXX", "XTS"}
"""The codes of ISO 4217, past and present, as CLDR lists them, without those of no money."""

_MOST_HAVE = 2  # decimals


def minor_units_sql(currency: str) -> str:
    """Return the SQL for how many decimals the minor unit of a currency has, given its column.

    It is written as PostgreSQL shows it, so that it can be compared with what a database has.
    """
    by_precision: dict[int, list[str]] = {}
    for code in sorted(CURRENCIES):
        by_precision.setdefault(decimals(code), []).append(f"'{code}'::text")
    ways = " ".join(
        f"when {currency} = any (array[{', '.join(codes)}]) then {precision}"
        for precision, codes in sorted(by_precision.items())
        if precision != _MOST_HAVE
    )
    return f"case {ways} else {_MOST_HAVE} end"


def is_finer(amount: Decimal, currency: str) -> bool:
    """Say whether an amount has parts of the currency's minor unit, such as half an øre."""
    return amount != round(amount, decimals(currency))


def decimals(currency: str) -> int:
    """Return how many decimals the minor unit of a currency has: 2 of DKK, 0 of JPY."""
    places: int = get_currency_precision(currency)
    return places


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its ISO 4217 currency; never a float, never without its currency."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        """Refuse an unknown currency and an amount that is not finite.

        Raises:
            ValueError: as said.
        """
        if self.currency not in CURRENCIES:
            raise ValueError(f"{self.currency!r} is no ISO 4217 currency")
        if not self.amount.is_finite():
            raise ValueError("the amount is not finite")

    def rounded(self) -> "Money":
        """Return it rounded half up to the currency's minor unit."""
        exponent = Decimal(1).scaleb(-decimals(self.currency))
        return Money(self.amount.quantize(exponent, ROUND_HALF_UP), self.currency)

    def __add__(self, other: "Money") -> "Money":
        """Add an amount of the same currency.

        Raises:
            ValueError: the currencies differ.
        """
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount + other.amount, self.currency)

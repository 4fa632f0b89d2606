"""The reader of a mail or a file: words, dates, times and numbers as that person writes them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date, format_time, get_timezone_name
from babel.numbers import format_decimal

from hub.calendar_time import check_zone
from hub.i18n import N_, language_of, locale_of, translate


@dataclass(frozen=True, slots=True)
class Reader:
    """Who will read: a locale such as ``da`` or ``en_GB``, and an IANA time zone."""

    locale: str
    zone: str

    def __post_init__(self) -> None:
        """Refuse a time zone that does not exist; an unknown locale is read as English.

        Raises:
            ValidationError: as said.
        """
        check_zone(self.zone)

    @property
    def language(self) -> str:
        """Return the catalogue's language, for the ``lang`` of a page."""
        return language_of(self.locale)

    @property
    def formats(self) -> Locale:
        """Return the locale for dates and numbers, never of another language than the words."""
        wanted = locale_of(self.locale)
        return wanted if wanted.language == self.language else Locale.parse(self.language)

    def words(self, message: str, **params: object) -> str:
        """Return an English source text in the reader's language, its parameters filled in."""
        return translate(self.locale, message, params)

    def day(self, day: date) -> str:
        """Return a date with its weekday, such as ``tirsdag den 1. december 2026``."""
        return format_date(day, "full", locale=self.formats)

    def short_day(self, day: date) -> str:
        """Return a date in figures or with a short month."""
        return format_date(day, "medium", locale=self.formats)

    def instant(self, instant: datetime) -> str:
        """Return an instant on the reader's own clock, with the name of the zone."""
        local = instant.astimezone(ZoneInfo(self.zone))
        return self.words(
            N_("{day} at {time} ({zone})"),
            day=self.day(local.date()),
            time=format_time(local, "short", tzinfo=local.tzinfo, locale=self.formats),
            zone=get_timezone_name(local, "long", locale=self.formats),
        )

    def number(self, number: int | Decimal) -> str:
        """Return a number grouped and pointed as the reader writes it."""
        return format_decimal(number, locale=self.formats)

    def count(self, number: int, one: str, many: str) -> str:
        """Return `one` or `many`, two source texts; `{count}` in them is the grouped number."""
        return self.words(one if number == 1 else many, count=self.number(number))

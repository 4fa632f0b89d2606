"""The only place that reads the wall clock."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def utcnow() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def business_date(instant: datetime, zone: str) -> date:
    """Return the calendar day of `instant` in an IANA zone; the UTC day is wrong near midnight."""
    return instant.astimezone(ZoneInfo(zone)).date()

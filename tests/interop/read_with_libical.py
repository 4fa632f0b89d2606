"""Reads .ics files with libical, validates them as iTIP messages, and prints what it read.

Run by the system's Python, which has the GObject bindings: ``python3 read_with_libical.py
LIST.json``, a JSON list of paths. Prints a JSON list of events with their ``errors``.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gi  # type: ignore[import-not-found]  # a module of the system's Python only

gi.require_version("ICalGLib", "3.0")
from gi.repository import (  # type: ignore[import-not-found]  # noqa: E402 - the version comes first
    ICalGLib as ical,  # noqa: N813 - short, since every line names it
)

KIND = ical.PropertyKind


def read(path: str) -> dict[str, Any]:
    calendar = ical.Parser.parse_string(Path(path).read_text(encoding="utf-8"))
    event = calendar.get_first_component(ical.ComponentKind.VEVENT_COMPONENT)
    more = calendar.get_next_component(ical.ComponentKind.VEVENT_COMPONENT)
    attendee = event.get_first_property(KIND.ATTENDEE_PROPERTY)
    organizer = event.get_first_property(KIND.ORGANIZER_PROPERTY)
    name = attendee and attendee.get_first_parameter(ical.ParameterKind.CN_PARAMETER)
    method = calendar.get_first_property(KIND.METHOD_PROPERTY)
    return {
        "valid": bool(ical.restriction_check(calendar)) and more is None,
        "errors": errors(calendar),
        "method": method and ical.Property.method_to_string(method.get_method()),
        "uid": event.get_uid(),
        "sequence": event.get_sequence(),
        "status": ical.Property.status_to_string(event.get_status()),
        "start": time(event.get_dtstart()),
        "end": time(event.get_dtend()),
        "summary": event.get_summary(),
        "description": event.get_description() or "",
        "location": event.get_location() or "",
        "organizer": organizer and organizer.get_organizer(),
        "attendee": attendee and attendee.get_attendee(),
        "attendee_name": name.get_cn() if name else "",
    }


def time(value: Any) -> str:
    if value.is_date():
        return f"{value.get_year():04}-{value.get_month():02}-{value.get_day():02}"
    instant = datetime.fromtimestamp(value.as_timet(), UTC)
    suffix = "Z" if value.is_utc() else " not UTC"
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000") + suffix


def errors(component: Any) -> list[str]:
    found = []
    error = component.get_first_property(KIND.XLICERROR_PROPERTY)
    while error:
        found.append(error.get_xlicerror())
        error = component.get_next_property(KIND.XLICERROR_PROPERTY)
    inner = component.get_first_component(ical.ComponentKind.ANY_COMPONENT)
    while inner:
        found += errors(inner)
        inner = component.get_next_component(ical.ComponentKind.ANY_COMPONENT)
    return found


def occurrences(rule: str, start: str, count: int) -> list[str]:
    """Return the first local times of a rule, as libical reckons them."""
    iterator = ical.RecurIterator.new(
        ical.Recurrence.new_from_string(rule), ical.Time.new_from_string(start)
    )
    found: list[str] = []
    while len(found) < count:
        time = iterator.next()
        if time is None or time.is_null_time():
            break
        found.append(time.as_ical_string())
    return found


def main() -> None:
    work = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    answer: list[Any] = (
        [read(path) for path in work]
        if isinstance(work, list)
        else [occurrences(*rule) for rule in work["rules"]]
    )
    sys.stdout.write(json.dumps(answer))


main()

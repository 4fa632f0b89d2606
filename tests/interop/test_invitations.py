import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from hub.calendar_time import instant_of
from tests.interop.independent_parsers import read_with_libical, read_with_node
from workers.rendering.invitations import Invitation, Method, render_invitation
from workers.rendering.mailboxes import Mailbox

ORGANIZER = Mailbox("Hub, påmindelser", "hub@nordlys.example")
STAMP = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ZONES = (
    "Europe/Copenhagen", "Europe/London", "Europe/Dublin", "Europe/Istanbul", "Europe/Moscow",
    "America/New_York", "America/St_Johns", "America/Sao_Paulo", "America/Santiago",
    "America/Phoenix", "Africa/Cairo", "Africa/Casablanca", "Asia/Kathmandu", "Asia/Kolkata",
    "Asia/Shanghai", "Asia/Tehran", "Australia/Lord_Howe", "Australia/Sydney",
    "Pacific/Chatham", "Pacific/Kiritimati",
)  # fmt: skip
WORDS = (
    "Ring til", "Nordlys Havn ApS", "tilbud; pris, 1.234,56", "🎉", "👩‍👩‍👧‍👦", "שלום", "مرحبا بكم",
    "北京", "zażółć", "𝒳𝒴", "a:b=c", "<b>&amp;</b>", "e\u0301", "50 %", "(haster!)", "'citat'",
)  # fmt: skip


class Sample(NamedTuple):
    invitation: Invitation
    path: Path


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    folder = tmp_path_factory.mktemp("invitations")
    found = []
    for number, invitation in enumerate(_invitations()):
        path = folder / f"{number}.ics"
        path.write_bytes(render_invitation(invitation))
        found.append(Sample(invitation, path))
    return found


def test_there_are_a_thousand_samples_with_every_change_of_three_years(
    samples: Sequence[Sample],
) -> None:
    assert len(samples) == 1000
    assert {sample.invitation.method for sample in samples} == set(Method)
    assert max(len(sample.invitation.summary) for sample in samples) == 500


def test_libical_validates_and_reads_every_invitation(
    samples: Sequence[Sample], tmp_path: Path
) -> None:
    answers = read_with_libical([str(sample.path) for sample in samples], tmp_path)

    for sample, answer in zip(samples, answers, strict=True):
        assert (answer.pop("valid"), answer.pop("errors")) == (True, [])
        assert answer == _expected(sample.invitation)


@pytest.mark.parametrize("parser", ["ical.js", "node-ical"])
def test_a_javascript_parser_reads_every_invitation(
    samples: Sequence[Sample], tmp_path: Path, parser: str
) -> None:
    answers = read_with_node(
        "read_with_node.mjs", [str(sample.path) for sample in samples], tmp_path
    )

    for sample, answer in zip(samples, answers, strict=True):
        assert answer[parser] == _expected(sample.invitation)


@pytest.mark.parametrize("line", [b"ATTENDEE", b"ORGANIZER", b"DTSTART", b"DTSTAMP"])
def test_the_validator_refuses_an_invitation_that_lacks_what_it_must_have(
    samples: Sequence[Sample], tmp_path: Path, line: bytes
) -> None:
    whole = samples[1].path.read_bytes().replace(b"\r\n ", b"").split(b"\r\n")
    broken = tmp_path / "broken.ics"
    broken.write_bytes(b"\r\n".join(row for row in whole if not row.startswith(line)))

    (answer,) = read_with_libical([str(broken)], tmp_path)

    assert not answer["valid"]


def test_backslashes_and_quotes_are_read_as_they_were_written(tmp_path: Path) -> None:
    # node-ical is not asked: it reads an escaped backslash before an n as a line break.
    text = 'C:\\new\\temp, "x"; \\, \\;'
    invitation = _invitation(1, datetime(2026, 12, 1, 8, tzinfo=UTC), summary=text)
    path = tmp_path / "one.ics"
    path.write_bytes(render_invitation(invitation))

    (libical,) = read_with_libical([str(path)], tmp_path)
    (node,) = read_with_node("read_with_node.mjs", [str(path)], tmp_path)

    assert (libical["summary"], node["ical.js"]["summary"]) == (text, text)


def test_a_calendar_ends_in_the_same_state_whatever_the_order_and_the_repeats(
    tmp_path: Path,
) -> None:
    first = datetime(2026, 12, 1, 8, tzinfo=UTC)
    files = []
    for sequence in range(5):
        path = tmp_path / f"{sequence}.ics"
        invitation = _invitation(
            7,
            first + timedelta(days=min(sequence, 3)),
            sequence=sequence,
            method=Method.CANCEL if sequence == 4 else Method.REQUEST,
            stamp=STAMP + timedelta(minutes=sequence),
        )
        path.write_bytes(render_invitation(invitation))
        files.append(str(path))
    deliveries = [list(order) for order in permutations(range(5))]
    deliveries += [order + order[::-1] for order in deliveries[:24]]

    states = read_with_node(
        "play_calendar.mjs", {"files": files, "deliveries": deliveries}, tmp_path
    )

    uid = _invitation(7, first).uid
    end = {"uid": uid, "sequence": 4, "cancelled": True, "start": "2026-12-04T08:00:00Z"}
    assert states == [[end]] * len(deliveries)


def test_a_late_copy_of_an_update_does_not_move_the_event_back(tmp_path: Path) -> None:
    files = []
    for sequence in range(3):
        path = tmp_path / f"{sequence}.ics"
        start = datetime(2026, 12, 1 + sequence, 8, tzinfo=UTC)
        path.write_bytes(render_invitation(_invitation(8, start, sequence=sequence)))
        files.append(str(path))

    (state,) = read_with_node(
        "play_calendar.mjs", {"files": files, "deliveries": [[0, 2, 1, 0]]}, tmp_path
    )

    assert [(event["sequence"], event["start"]) for event in state] == [(2, "2026-12-03T08:00:00Z")]


def _expected(invitation: Invitation) -> dict[str, Any]:
    start = invitation.starts_at
    return {
        "method": invitation.method.value,
        "uid": invitation.uid,
        "sequence": invitation.sequence,
        "status": "CANCELLED" if invitation.method is Method.CANCEL else "CONFIRMED",
        "start": _told(start),
        "end": _told(start + invitation.duration),
        "summary": invitation.summary,
        "description": invitation.description,
        "location": invitation.location,
        "organizer": f"mailto:{invitation.organizer.address}",
        "attendee": f"mailto:{invitation.attendee.address}",
        "attendee_name": invitation.attendee.name,
    }


def _told(moment: datetime | date) -> str:
    if isinstance(moment, datetime):
        return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return moment.isoformat()


def _invitations() -> list[Invitation]:
    source = random.Random(4711)
    edges = [instant for zone in ZONES for instant in _around_changes(zone)]
    days = [date(2026, 1, 1) + timedelta(days=source.randrange(1200)) for _ in range(120)]
    others = [
        instant_of(
            datetime(2026, 1, 1, 9) + timedelta(minutes=source.randrange(1_500_000)),  # noqa: DTZ001 - wall clock
            source.choice(ZONES),
        )
        for _ in range(1000 - len(edges) - len(days))
    ]
    return [
        _invitation(
            number,
            moment,
            summary=_text(source, number),
            description="\n".join(_text(source, number) for _ in range(source.randrange(4))),
            location=_text(source, number) if number % 5 == 0 else "",
            name=_text(source, number + 1).replace(";", " ").replace(":", " ").replace(",", " "),
            sequence=source.randrange(40),
            method=Method.CANCEL if number % 7 == 0 else Method.REQUEST,
        )
        for number, moment in enumerate([*edges, *days, *others])
    ]


def _invitation(
    number: int,
    moment: datetime | date,
    *,
    summary: str = "Ring til Nordlys",
    description: str = "",
    location: str = "",
    name: str = "Åse Ægir",
    sequence: int = 0,
    method: Method = Method.REQUEST,
    stamp: datetime = STAMP,
) -> Invitation:
    timed = isinstance(moment, datetime)
    return Invitation(
        uid=f"0192f0c1-0000-7000-8000-{number:012}@nordlys.example",
        sequence=sequence,
        method=method,
        summary=summary,
        starts_at=moment,
        duration=timedelta(minutes=15) if timed else timedelta(days=1),
        organizer=ORGANIZER,
        attendee=Mailbox(name, f"reader{number}+hub@nordlys.example"),
        stamp=stamp,
        description=description.strip(),
        location=location,
        url=f"https://hub.nordlys.example/customers/{number}?a=1&b=2",
    )


def _text(source: random.Random, number: int) -> str:
    if number % 50 == 0:
        return "Ær ø." * 100 if number % 100 else ("x" * 499 + "ø")
    return " ".join(source.choice(WORDS) for _ in range(source.randrange(1, 6)))


def _around_changes(zone: str) -> list[datetime]:
    """Return instants of wall-clock times before, inside and after each change of 2026 to 2028."""
    found = []
    hour = datetime(2026, 1, 1, tzinfo=UTC)
    while hour.year < 2029:
        before, after = (
            moment.astimezone(ZoneInfo(zone)).utcoffset()
            for moment in (hour, hour + timedelta(hours=1))
        )
        if before != after:
            wall = hour.astimezone(ZoneInfo(zone)).replace(tzinfo=None, minute=30)
            found += [instant_of(wall + timedelta(hours=step), zone) for step in (-1, 0, 1, 2)]
        hour += timedelta(hours=1)
    return found

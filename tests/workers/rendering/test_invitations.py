from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from tests.workers.rendering.makers import COMPOSED_AT, NINE_IN_COPENHAGEN
from workers.rendering.invitations import Invitation, Method, render_invitation
from workers.rendering.mailboxes import Mailbox

HUB = Mailbox("Hub", "hub@nordlys.example")
AASE = Mailbox("Åse Ægir", "aase@nordlys.example")


def make_invitation(
    *,
    starts_at: datetime | date = NINE_IN_COPENHAGEN,
    method: Method = Method.REQUEST,
    sequence: int = 0,
    summary: str = "Ring til Nordlys",
    duration: timedelta = timedelta(minutes=15),
    attendee: Mailbox = AASE,
    description: str = "",
    alarm_before: timedelta | None = None,
) -> Invitation:
    return Invitation(
        uid="0192@nordlys.example",
        sequence=sequence,
        method=method,
        summary=summary,
        starts_at=starts_at,
        organizer=HUB,
        attendee=attendee,
        stamp=COMPOSED_AT,
        duration=duration,
        description=description,
        alarm_before=alarm_before,
    )


def lines_of(content: bytes) -> list[str]:
    return content.replace(b"\r\n ", b"").decode("utf-8").split("\r\n")


def test_a_timed_invitation_is_the_file_that_every_calendar_takes() -> None:
    assert lines_of(render_invitation(make_invitation())) == [
        "BEGIN:VCALENDAR",
        "PRODID:-//Hub//Reminders//EN",
        "VERSION:2.0",
        "CALSCALE:GREGORIAN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        "UID:0192@nordlys.example",
        "DTSTAMP:20261121T103015Z",
        "SEQUENCE:0",
        "STATUS:CONFIRMED",
        "ORGANIZER;CN=Hub:mailto:hub@nordlys.example",
        (
            'ATTENDEE;CN="Åse Ægir";CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;'
            "PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:aase@nordlys.example"
        ),
        "SUMMARY:Ring til Nordlys",
        "DTSTART:20261201T080000Z",
        "DTEND:20261201T081500Z",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_an_instant_of_any_offset_is_written_in_utc() -> None:
    offset = timezone(timedelta(hours=1))
    local = make_invitation(starts_at=datetime(2026, 12, 1, 9, tzinfo=offset))

    assert render_invitation(local) == render_invitation(make_invitation())


def test_an_all_day_invitation_is_a_date_and_ends_on_the_next() -> None:
    lines = lines_of(
        render_invitation(make_invitation(starts_at=date(2026, 12, 1), duration=timedelta(days=1)))
    )

    assert "DTSTART;VALUE=DATE:20261201" in lines
    assert "DTEND;VALUE=DATE:20261202" in lines


def test_a_cancellation_carries_the_status_and_no_alarm() -> None:
    lines = lines_of(
        render_invitation(
            make_invitation(method=Method.CANCEL, sequence=4, alarm_before=timedelta(minutes=5))
        )
    )

    assert {"METHOD:CANCEL", "STATUS:CANCELLED", "SEQUENCE:4"} <= set(lines)
    assert "BEGIN:VALARM" not in lines


def test_an_alarm_is_written_where_it_is_asked_for() -> None:
    lines = lines_of(render_invitation(make_invitation(alarm_before=timedelta(minutes=15))))

    start = lines.index("BEGIN:VALARM")
    assert sorted(lines[start : lines.index("END:VALARM")]) == [
        "ACTION:DISPLAY",
        "BEGIN:VALARM",
        "DESCRIPTION:Ring til Nordlys",
        "TRIGGER:-PT15M",
    ]


def test_special_characters_are_escaped_and_come_back() -> None:
    text = 'a\\b; c, "d"\ne'
    content = render_invitation(make_invitation(summary="x; y, z\\n", description=text))

    (event,) = Calendar.from_ical(content).events
    assert str(event["description"]) == text
    assert str(event["summary"]) == "x; y, z\\n"


def test_a_name_with_quotes_and_separators_stays_one_parameter() -> None:
    party = Mailbox('Søren "the; great", ^ Kær', "s@nordlys.example")

    (event,) = Calendar.from_ical(render_invitation(make_invitation(attendee=party))).events

    assert event["attendee"].params["CN"] == "Søren ”the; great”, ^ Kær"
    assert str(event["attendee"]) == "mailto:s@nordlys.example"


def test_an_event_without_a_title_still_has_a_summary() -> None:
    assert "SUMMARY:-" in lines_of(render_invitation(make_invitation(summary=" \r\n ")))


@given(summary=st.text(max_size=600), name=st.text(max_size=200), note=st.text(max_size=2000))
def test_any_text_gives_short_lines_known_names_and_equal_bytes(
    summary: str, name: str, note: str
) -> None:
    invitation = make_invitation(
        summary=summary, attendee=Mailbox(name, "aase@nordlys.example"), description=note
    )
    content = render_invitation(invitation)

    assert content == render_invitation(invitation)
    assert content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r")
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    names = [line.partition(":")[0].partition(";")[0] for line in lines_of(content)[:-1]]
    plain = [line.partition(":")[0].partition(";")[0] for line in PLAIN]
    assert [name for name in names if name != "DESCRIPTION"] == plain


PLAIN = lines_of(render_invitation(make_invitation()))[:-1]


@pytest.mark.parametrize(
    "change",
    [
        {"starts_at": NINE_IN_COPENHAGEN.replace(tzinfo=None)},
        {"starts_at": date(2026, 12, 1)},  # an hour of an all-day event
        {"duration": timedelta(0)},
        {"sequence": -1},
    ],
)
def test_an_event_that_calendars_would_disagree_about_is_a_mistake(
    change: dict[str, object],
) -> None:
    with pytest.raises(ValueError, match="invitation"):
        make_invitation(**change)  # type: ignore[arg-type]  # the point of the test


def test_the_stamp_is_given_never_taken_from_the_clock() -> None:
    assert f"DTSTAMP:{datetime(2026, 11, 21, 10, 30, 15, tzinfo=UTC):%Y%m%dT%H%M%SZ}" in PLAIN

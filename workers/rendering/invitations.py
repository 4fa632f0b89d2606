"""Calendar invitations: one event, one attendee, one method, as the bytes of an ``.ics`` file.

RFC 5545 and RFC 5546 (iTIP); what mail programs make of it is in reliability.md section 3. A timed
event is in UTC and needs no time zone table; an all-day event is a date, which no zone may shift.
A reminder never blocks the day: ``TRANSP:TRANSPARENT``.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from urllib.parse import quote

from icalendar import Alarm, Calendar, Event, vCalAddress

from workers.rendering.mailboxes import Mailbox
from workers.rendering.safe_text import one_line, paragraphs

PRODUCT = "-//Hub//Reminders//EN"


class Method(StrEnum):
    """What an invitation asks of the calendar that receives it."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class Invitation:
    """An event to put into, change in or take out of somebody's calendar.

    `starts_at` is an instant, or a date for an event of the whole day, whose `duration` is then
    whole days. `uid` stays for the life of the reminder and `sequence` rises with each change
    that matters. `stamp` is when the message was composed: stored by the caller, so that it can be
    rendered again to the same bytes. `organizer` is the mailbox that sends, never the attendee.
    """

    uid: str
    sequence: int
    method: Method
    summary: str
    starts_at: datetime | date
    organizer: Mailbox
    attendee: Mailbox
    stamp: datetime
    duration: timedelta = timedelta(minutes=15)
    description: str = ""
    location: str = ""
    url: str = ""
    rsvp: bool = True  # without it several programs show no buttons; replies go to the organizer
    alarm_before: timedelta | None = None

    def __post_init__(self) -> None:
        """Refuse what would make an event that calendars disagree about.

        Raises:
            ValueError: as said; the values come from our own records, so it is a mistake of ours.
        """
        timed = isinstance(self.starts_at, datetime)
        if self.stamp.tzinfo is None or (timed and self.starts_at.tzinfo is None):  # type: ignore[union-attr]  # `timed` says it is a datetime
            raise ValueError("the instants of an invitation need a time zone")
        if self.duration <= timedelta(0) or (not timed and self.duration % timedelta(days=1)):
            raise ValueError("an invitation lasts a while, and an all-day one whole days")
        if self.sequence < 0 or not self.uid or one_line(self.uid) != self.uid:
            raise ValueError("an invitation needs a uid of one line and a sequence from 0")


def render_invitation(invitation: Invitation) -> bytes:
    """Return the ``.ics`` file: UTF-8, CRLF, folded at 75 octets; equal bytes for equal input."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", invitation.method.value)
    calendar.add_component(_event(invitation))
    return bytes(calendar.to_ical(sorted=False))


def _event(invitation: Invitation) -> Event:
    cancelled = invitation.method is Method.CANCEL
    event = Event()
    event.add("uid", invitation.uid)
    event.add("dtstamp", invitation.stamp.astimezone(UTC).replace(microsecond=0))
    event.add("sequence", invitation.sequence)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("organizer", _party(invitation.organizer))
    event.add("attendee", _attendee(invitation), encode=False)
    event.add("summary", one_line(invitation.summary) or "-")  # an empty one is no SUMMARY at all
    _add_times(event, invitation)
    event.add("transp", "TRANSPARENT")
    if invitation.description:
        event.add("description", paragraphs(invitation.description))
    if invitation.location:
        event.add("location", one_line(invitation.location))
    if invitation.url:
        event.add("url", one_line(invitation.url))
    if invitation.alarm_before is not None and not cancelled:
        event.add_component(_alarm(invitation))
    return event


def _add_times(event: Event, invitation: Invitation) -> None:
    start = invitation.starts_at
    if isinstance(start, datetime):
        start = start.astimezone(UTC).replace(microsecond=0)
    event.add("dtstart", start)
    event.add("dtend", start + invitation.duration)  # exclusive for dates: RFC 5545 3.6.1


def _attendee(invitation: Invitation) -> vCalAddress:
    party = _party(invitation.attendee)
    party.params["CUTYPE"] = "INDIVIDUAL"
    party.params["ROLE"] = "REQ-PARTICIPANT"
    party.params["PARTSTAT"] = "NEEDS-ACTION"
    party.params["RSVP"] = "TRUE" if invitation.rsvp else "FALSE"
    return party


def _party(mailbox: Mailbox) -> vCalAddress:
    # RFC 6068: only what a URI may not carry bare is encoded; programs compare the rest as it is.
    party = vCalAddress("mailto:" + quote(mailbox.address, safe="@!$&'*+/=_~"))
    if mailbox.name:
        # RFC 6868 would write a straight quote as ^', which Outlook shows as it stands.
        party.params["CN"] = mailbox.name.replace('"', "\N{RIGHT DOUBLE QUOTATION MARK}")
    return party


def _alarm(invitation: Invitation) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", one_line(invitation.summary) or "-")
    alarm.add("trigger", -(invitation.alarm_before or timedelta(0)))
    return alarm

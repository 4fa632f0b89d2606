"""The mail that warns an owner before his customers go back to their pool."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hub.i18n import N_
from workers.rendering.layouts import Fact, Page, Section, lay_out
from workers.rendering.mails import MailContent
from workers.rendering.readers import Reader

MOST_LISTED = 50
"""Customers that one mail names; it says how many more there are."""


@dataclass(frozen=True, slots=True)
class GoingBack:
    """A customer that goes back on a day unless somebody notes something of it before."""

    customer: str
    pool: str
    on: date
    last_note_on: date | None
    link: str


def warning_content(going: Sequence[GoingBack], reader: Reader) -> MailContent:
    """Return what the owner is told; those that go first come first."""
    heading = reader.count(
        len(going),
        N_("{count} customer is about to go back to the pool"),
        N_("{count} customers are about to go back to the pool"),
    )
    listed = going[:MOST_LISTED]
    more = len(going) - len(listed)
    sections = [_section(each, reader) for each in listed]
    if more:
        sections.append(
            Section(text=reader.words(N_("And {count} more."), count=reader.number(more)))
        )
    page = Page(
        language=reader.language,
        subject=heading,
        heading=heading,
        lead=reader.words(
            N_("Nothing was noted of them for a long time. A note keeps them with you.")
        ),
        sections=tuple(sections),
        footer=reader.words(N_("You receive this because these customers are yours.")),
    )
    return lay_out(page)


def _section(going: GoingBack, reader: Reader) -> Section:
    last = (
        reader.words(N_("None")) if going.last_note_on is None else reader.day(going.last_note_on)
    )
    return Section(
        title=going.customer,
        facts=(
            Fact(reader.words(N_("Goes back on")), reader.day(going.on)),
            Fact(reader.words(N_("Newest note")), last),
            Fact(reader.words(N_("Pool")), going.pool),
        ),
        link=Fact(reader.words(N_("Open in Hub")), "", going.link),
    )

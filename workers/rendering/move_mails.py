"""The mail that tells of a lead or an opportunity that came to a state."""

from dataclasses import dataclass

from hub.i18n import N_
from workers.rendering.layouts import Fact, Page, Section, lay_out
from workers.rendering.mails import MailContent
from workers.rendering.readers import Reader


@dataclass(frozen=True, slots=True)
class Moved:
    """What the mail tells; `about` and what follows are empty where the reader may not see it."""

    title: str
    text: str | None
    about: str
    state: str
    by: str
    reason: str | None
    link: str


def move_content(moved: Moved, reader: Reader) -> MailContent:
    """Return what the mail says, in the words of the workflow."""
    told = (
        (N_("Record"), moved.about),
        (N_("State"), moved.state),
        (N_("Moved by"), moved.by),
        (N_("Reason"), moved.reason),
    )
    section = Section(
        facts=tuple(Fact(reader.words(label), value) for label, value in told if value),
        link=Fact(reader.words(N_("Open in Hub")), "", moved.link),
    )
    page = Page(
        language=reader.language,
        subject=moved.title,
        heading=moved.title,
        lead=moved.text or "",
        sections=(section,),
        footer=reader.words(N_("You receive this because a workflow says so.")),
    )
    return lay_out(page)

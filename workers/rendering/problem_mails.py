"""Mails of operation: what needs somebody's hand, that it works again, and the test mail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.i18n import N_
from workers.rendering.layouts import Fact, Page, Section, lay_out
from workers.rendering.mails import MailContent
from workers.rendering.readers import Reader


@dataclass(frozen=True, slots=True)
class Words:
    """An English source text with its parameters, to be put into the reader's language."""

    message: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProblemFacts:
    """One cause of trouble, however much it stops.

    `subject` names what has it, such as a connection; `waiting` is how many changes wait for it.
    """

    subject: str
    cause: Words
    remedy: Words
    since: datetime
    waiting: int
    link: str


@dataclass(frozen=True, slots=True)
class RecoveryFacts:
    """A cause that is gone; `sent` is how many waiting changes went out since."""

    subject: str
    since: datetime
    until: datetime
    sent: int
    link: str


def alert_content(problems: Sequence[ProblemFacts], reader: Reader) -> MailContent:
    """Return the alert for one cause, or the digest of several.

    Raises:
        ValueError: there is no problem to tell of.
    """
    if not problems:
        raise ValueError("an alert tells of at least one problem")
    (first, *others) = problems
    if others:
        heading = reader.words(
            N_("{count} problems need your attention"), count=reader.number(len(problems))
        )
        subject = heading
    else:
        heading = reader.words(N_("{subject} needs your attention"), subject=first.subject)
        subject = reader.words(
            N_("{subject}: {cause}"), subject=first.subject, cause=_told(first.cause, reader)
        )
    page = Page(
        language=reader.language,
        subject=subject,
        heading=heading,
        lead=reader.words(N_("Nothing is lost: changes wait until it works again.")),
        sections=tuple(_section(problem, reader, titled=bool(others)) for problem in problems),
        footer=reader.words(_FOOTER),
    )
    return lay_out(page)


def recovery_content(facts: RecoveryFacts, reader: Reader) -> MailContent:
    """Return the word that something works again."""
    heading = reader.words(N_("{subject} is working again"), subject=facts.subject)
    page = Page(
        language=reader.language,
        subject=heading,
        heading=heading,
        lead=reader.words(N_("There is nothing for you to do.")),
        sections=(
            Section(
                facts=(
                    Fact(reader.words(N_("Stopped")), reader.instant(facts.since)),
                    Fact(reader.words(N_("Working again")), reader.instant(facts.until)),
                    Fact(reader.words(N_("Sent since")), reader.number(facts.sent)),
                ),
                link=Fact(reader.words(N_("Open in Hub")), "", facts.link),
            ),
        ),
        footer=reader.words(_FOOTER),
    )
    return lay_out(page)


def trial_content(sent_at: datetime, link: str, reader: Reader) -> MailContent:
    """Return the mail that only proves that mail arrives."""
    page = Page(
        language=reader.language,
        subject=reader.words(N_("Test mail from Hub")),
        heading=reader.words(N_("Mail works")),
        lead=reader.words(N_("Hub can send mail, and it reaches you.")),
        sections=(
            Section(
                facts=(Fact(reader.words(N_("Sent")), reader.instant(sent_at)),),
                link=Fact(reader.words(N_("Open Hub")), "", link),
            ),
        ),
        footer=reader.words(N_("You receive this because somebody asked for a test mail.")),
    )
    return lay_out(page)


def _section(problem: ProblemFacts, reader: Reader, *, titled: bool) -> Section:
    return Section(
        title=problem.subject if titled else "",
        text=_told(problem.cause, reader),
        facts=(
            Fact(reader.words(N_("Since")), reader.instant(problem.since)),
            Fact(reader.words(N_("Waiting changes")), reader.number(problem.waiting)),
            Fact(reader.words(N_("What to do")), _told(problem.remedy, reader)),
        ),
        link=Fact(reader.words(N_("Open in Hub")), "", problem.link),
    )


def _told(words: Words, reader: Reader) -> str:
    return reader.words(words.message, **words.params)


_FOOTER = N_("You receive this because you look after this installation of Hub.")

"""Mails of operation: what needs somebody's hand, that it works again, and the test mail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.i18n import N_
from hub.problems.models import ProblemKind
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

    `subject` names what has it, such as a connection, of which `connection_kind` is the kind;
    `waiting` is how much the cause stops.
    """

    kind: ProblemKind
    subject: str
    cause: Words
    remedy: Words
    since: datetime
    waiting: int
    link: str
    connection_kind: str = ""


@dataclass(frozen=True, slots=True)
class RecoveryFacts:
    """A cause that is gone; `sent` is how much of what a connection kept waiting is done since."""

    kind: ProblemKind
    subject: str
    since: datetime
    until: datetime
    sent: int
    link: str
    connection_kind: str = ""


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
    leads = {_meanwhile(problem) for problem in problems}
    one_lead = leads.pop() if len(leads) == 1 else None
    page = Page(
        language=reader.language,
        subject=subject,
        heading=heading,
        lead=reader.words(one_lead or N_("What each of them stops, and what to do, stands below.")),
        sections=tuple(
            _section(problem, reader, titled=bool(others), tells_meanwhile=one_lead is None)
            for problem in problems
        ),
        footer=reader.words(_FOOTER),
    )
    return lay_out(page)


def recovery_content(facts: RecoveryFacts, reader: Reader) -> MailContent:
    """Return the word that something works again, or that a problem is over."""
    works_again = facts.kind in _OF_CONNECTIONS or facts.kind in _OF_PROCESSES
    heading = reader.words(
        N_("{subject} is working again") if works_again else N_("{subject}: the problem is over"),
        subject=facts.subject,
    )
    over = N_("Working again") if works_again else N_("Over since")
    done = _done_since(facts, reader) if facts.kind in _OF_CONNECTIONS else ()
    page = Page(
        language=reader.language,
        subject=heading,
        heading=heading,
        lead=reader.words(N_("There is nothing for you to do.")),
        sections=(
            Section(
                facts=(
                    Fact(reader.words(N_("Stopped")), reader.instant(facts.since)),
                    Fact(reader.words(over), reader.instant(facts.until)),
                    *done,
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


def _section(
    problem: ProblemFacts, reader: Reader, *, titled: bool, tells_meanwhile: bool
) -> Section:
    meanwhile = Fact(reader.words(N_("Meanwhile")), reader.words(_meanwhile(problem)))
    counted = _counted(problem)
    count = Fact(reader.words(counted), reader.number(problem.waiting)) if counted else None
    facts = (
        Fact(reader.words(N_("Since")), reader.instant(problem.since)),
        count,
        Fact(reader.words(N_("What to do")), _told(problem.remedy, reader)),
        meanwhile if tells_meanwhile else None,
    )
    return Section(
        title=problem.subject if titled else "",
        text=_told(problem.cause, reader),
        facts=tuple(fact for fact in facts if fact is not None),
        link=Fact(reader.words(N_("Open in Hub")), "", problem.link),
    )


def _meanwhile(problem: ProblemFacts) -> str:
    """Return what becomes of what a problem stops, until somebody has seen to it."""
    if problem.kind in _OF_CONNECTIONS:
        return _MEANWHILE_BY_CONNECTION.get(problem.connection_kind, _CHANGES_WAIT)
    return _MEANWHILE[problem.kind]


def _counted(problem: ProblemFacts) -> str | None:
    """Return what a problem's number counts; None where it says nothing."""
    if problem.kind in _OF_CONNECTIONS:
        return _COUNTED_BY_CONNECTION.get(problem.connection_kind, _CHANGES)
    return _COUNTED.get(problem.kind)


def _done_since(facts: RecoveryFacts, reader: Reader) -> tuple[Fact, ...]:
    done = _DONE_BY_CONNECTION.get(facts.connection_kind, _SENT)
    return (Fact(reader.words(done), reader.number(facts.sent)),) if done else ()


def _told(words: Words, reader: Reader) -> str:
    return reader.words(words.message, **words.params)


_FOOTER = N_("You receive this because you look after this installation of Hub.")

_OF_CONNECTIONS = frozenset(
    {
        ProblemKind.CONNECTION_REVOKED,
        ProblemKind.CONNECTION_PAUSED,
        ProblemKind.CONNECTION_DEGRADED,
        ProblemKind.CONNECTION_BLOCKED,
        ProblemKind.CONNECTION_HELD,
    }
)
_OF_PROCESSES = frozenset(
    {ProblemKind.STUCK_WORK, ProblemKind.MAIL_WAITING, ProblemKind.MAIL_SERVER_DOWN}
)

_CHANGES_WAIT = N_("Nothing is lost: changes wait until it works again.")
_MAILS_WAIT = N_("Nothing is lost: mails wait until it works again.")
_MEANWHILE_BY_CONNECTION = {
    "registry": N_("Nothing is lost: customers wait to be filled until it works again."),
    "mailbox": N_("Nothing is lost: mail stays in the mailbox until it works again."),
}
_MEANWHILE = {
    ProblemKind.DEAD_JOBS: N_(
        "This does not mend itself: it is not tried again until somebody sends it again."
    ),
    ProblemKind.STUCK_WORK: N_("Nothing is lost: the work waits until it is taken up again."),
    ProblemKind.REPORT_FAILED: N_(
        "This does not mend itself: the report is not made until somebody has it made again."
    ),
    ProblemKind.CONFLICTS: N_("Nothing is overwritten: both values stay until somebody chooses."),
    ProblemKind.GONE_THERE: N_(
        "This does not mend itself: changes of these customers are not sent until somebody decides."
    ),
    ProblemKind.MAIL_FAILED: N_(
        "This does not mend itself: the mails have not gone out, and are not tried again."
    ),
    ProblemKind.MAIL_UNSURE: N_("The mails are held, and wait for somebody to decide."),
    ProblemKind.MAIL_WAITING: _MAILS_WAIT,
    ProblemKind.MAIL_SERVER_DOWN: _MAILS_WAIT,
}
_CHANGES = N_("Waiting changes")
_COUNTED_BY_CONNECTION = {"registry": N_("Customers that wait"), "mailbox": None}
_COUNTED = {
    ProblemKind.DEAD_JOBS: N_("Failed jobs"),
    ProblemKind.REPORT_FAILED: N_("Reports not made"),
    ProblemKind.CONFLICTS: N_("Fields to decide"),
    ProblemKind.GONE_THERE: N_("Customers gone there"),
    ProblemKind.MAIL_FAILED: N_("Mails not sent"),
    ProblemKind.MAIL_UNSURE: N_("Mails held"),
    ProblemKind.MAIL_WAITING: N_("Mails that wait"),
    ProblemKind.MAIL_SERVER_DOWN: N_("Mails that wait"),
}
_SENT = N_("Sent since")
_DONE_BY_CONNECTION = {"registry": N_("Customers looked up since"), "mailbox": None}

"""Mails about approvals: that somebody asks for one, and what was decided."""

from dataclasses import dataclass
from datetime import datetime

from hub.i18n import N_
from workers.rendering.layouts import Fact, Page, Section, lay_out
from workers.rendering.mails import MailContent
from workers.rendering.readers import Reader


@dataclass(frozen=True, slots=True)
class ApprovalFacts:
    """A request as its reader may see it.

    `action` is an English source text; `subject` and `reference` are None where the reader may not
    see what it is about. `went_up`: nobody nearer has decided. `outcome`, an English source text
    too, is None while nobody has decided; `answer` is the reason of the decision.
    """

    action: str
    requester: str
    requested_at: datetime
    link: str
    subject: str | None = None
    reference: str | None = None
    reason: str | None = None
    expires_at: datetime | None = None
    went_up: bool = False
    outcome: str | None = None
    decider: str | None = None
    answer: str | None = None


_SUBJECTS = {
    False: N_("{name} asks for your approval: {action}"),
    True: N_("Nobody has decided yet: {name} asks for your approval: {action}"),
}
_LEADS = {
    False: N_("{name} asks for your approval."),
    True: N_("{name} asks for an approval, and nobody has decided yet: now you may."),
}
"""By whether it went up."""


def request_content(facts: ApprovalFacts, reader: Reader) -> MailContent:
    """Return what those who may decide are told."""
    action = reader.words(facts.action)
    found = [*_common(facts, reader)]
    if facts.expires_at is not None:
        found.append(Fact(reader.words(N_("Expires")), reader.instant(facts.expires_at)))
    page = Page(
        language=reader.language,
        subject=reader.words(_SUBJECTS[facts.went_up], name=facts.requester, action=action),
        heading=action,
        lead=reader.words(_LEADS[facts.went_up], name=facts.requester),
        sections=(_section(reader, found, N_("Reason"), facts.reason, facts.link),),
        footer=reader.words(N_("You receive this because you may decide over it.")),
    )
    return lay_out(page)


def decision_content(facts: ApprovalFacts, reader: Reader) -> MailContent:
    """Return what whoever asked is told.

    Raises:
        ValueError: nothing is decided yet.
    """
    if facts.outcome is None:
        raise ValueError("there is no decision to tell of")
    action, outcome = reader.words(facts.action), reader.words(facts.outcome)
    found = [*_common(facts, reader)]
    if facts.decider is not None:
        found.append(Fact(reader.words(N_("Decided by")), facts.decider))
    page = Page(
        language=reader.language,
        subject=reader.words(N_("{outcome}: {action}"), outcome=outcome, action=action),
        heading=outcome,
        lead=action,
        sections=(_section(reader, found, N_("Reason of the decision"), facts.answer, facts.link),),
        footer=reader.words(N_("You receive this because you asked for it.")),
    )
    return lay_out(page)


def _common(facts: ApprovalFacts, reader: Reader) -> list[Fact]:
    found = [Fact(reader.words(N_("Requested")), reader.instant(facts.requested_at))]
    if facts.subject is not None:
        found.insert(0, Fact(reader.words(N_("About")), facts.subject))
    if facts.reference is not None:
        found.append(Fact(reader.words(N_("Reference")), facts.reference))
    return found


def _section(
    reader: Reader, found: list[Fact], title: str, quote: str | None, link: str
) -> Section:
    return Section(
        facts=tuple(found),
        quote_title=reader.words(title) if quote else "",
        quote=quote or "",
        link=Fact(reader.words(N_("Open in Hub")), "", link),
    )

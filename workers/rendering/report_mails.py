"""The mail that brings a scheduled report as a file."""

from dataclasses import dataclass
from datetime import datetime

from hub.i18n import N_
from workers.rendering.layouts import Fact, Page, Section, lay_out
from workers.rendering.mails import MailContent
from workers.rendering.readers import Reader


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """One run of a report; `row_count` is what the file holds, `as_of` when it was read.

    `partial_reason`, an English source text, says why rows are missing; None where none are.
    `has_file` is false where an empty report is announced without a file, `is_attached` where the
    file is too large for a mail. `sha256` lets the reader check that his file is the one that was
    made.
    """

    title: str
    as_of: datetime
    row_count: int
    link: str
    has_file: bool = True
    is_attached: bool = True
    sha256: str | None = None
    partial_reason: str | None = None


def report_content(facts: ReportFacts, reader: Reader) -> MailContent:
    """Return what the mail of a report says; the file itself is attached by `compose`."""
    rows = reader.count(facts.row_count, N_("{count} row"), N_("{count} rows"))
    found = [
        Fact(reader.words(N_("Rows")), reader.number(facts.row_count)),
        Fact(reader.words(N_("As of")), reader.instant(facts.as_of)),
    ]
    if facts.sha256:
        found.append(Fact("SHA-256", facts.sha256))
    warning = ""
    if facts.partial_reason is not None:
        reason = reader.words(facts.partial_reason)
        warning = reader.words(N_("This report is not complete: {reason}"), reason=reason)
    page = Page(
        language=reader.language,
        subject=reader.words(N_("{title}: {rows}"), title=facts.title, rows=rows),
        heading=facts.title,
        lead=reader.words(_lead(facts)),
        sections=(
            Section(
                text=warning,
                facts=tuple(found),
                link=Fact(reader.words(N_("Open in Hub")), "", facts.link),
            ),
        ),
        footer=reader.words(N_("You receive this because you are on the report's schedule.")),
    )
    return lay_out(page)


def _lead(facts: ReportFacts) -> str:
    if not facts.has_file:
        return N_("There is nothing to report.")
    if not facts.is_attached:
        return N_("The report is too large for a mail; fetch it in Hub.")
    return N_("The report is attached.")

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from hub.errors import ValidationError
from hub.problems.models import ProblemKind
from tests.workers.rendering.makers import BRITON, DANE, make_facts
from workers.rendering.layouts import Fact, Page, Section, lay_out
from workers.rendering.problem_mails import (
    ProblemFacts,
    RecoveryFacts,
    Words,
    alert_content,
    recovery_content,
    trial_content,
)
from workers.rendering.readers import Reader
from workers.rendering.reminder_mails import Occasion, reminder_content
from workers.rendering.report_mails import ReportFacts, report_content

NOON = datetime(2026, 7, 1, 10, tzinfo=UTC)


def make_problem(
    subject: str = "e-conomic", kind: ProblemKind = ProblemKind.CONNECTION_REVOKED, of: str = ""
) -> ProblemFacts:
    return ProblemFacts(
        kind=kind,
        connection_kind=of,
        subject=subject,
        cause=Words("The token of {name} is refused.", {"name": "Nordlys"}),
        remedy=Words("Make a new one."),
        since=NOON,
        waiting=1234,
        link="https://hub.nordlys.example/problems",
    )


def test_a_danish_reminder_can_be_read_without_the_html() -> None:
    content = reminder_content(Occasion.INVITATION, make_facts(), DANE)

    assert content.subject == "Påmindelse: Ring om tilbuddet (Nordlys Havn ApS)"
    assert content.text == (
        "Ring om tilbuddet\n"
        "\n"
        "En påmindelse til din kalender.\n"
        "\n"
        "Hvornår: tirsdag den 1. december 2026 kl. 09.00 (Centraleuropæisk normaltid)\n"
        "Kunde: Nordlys Havn ApS\n"
        "Telefon: +45 12 34 56 78\n"
        "\n"
        "Seneste notat, 20. nov. 2026\n"
        "> Vil have prisen før fredag.\n"
        "\n"
        "Åbn i Hub:\n"
        "https://hub.nordlys.example/customers/0192\n"
        "\n"
        "-- \n"
        "Du får denne mail, fordi påmindelsen er din.\n"
    )


def test_the_same_reminder_is_told_on_the_clock_of_an_english_reader() -> None:
    content = reminder_content(Occasion.DUE, make_facts(), BRITON)

    assert content.subject == "Now: Ring om tilbuddet (Nordlys Havn ApS)"
    assert "When: Tuesday, 1 December 2026 at 08:00 (Greenwich Mean Time)\n" in content.text


def test_an_all_day_reminder_shows_a_day_and_no_time() -> None:
    content = reminder_content(Occasion.UPDATE, make_facts(starts_at=date(2026, 12, 1)), DANE)

    assert "Hvornår: tirsdag den 1. december 2026 (hele dagen)\n" in content.text
    assert content.subject.startswith("Påmindelse ændret: ")


def test_what_people_wrote_is_text_in_html_never_markup() -> None:
    facts = make_facts(
        title="<script>alert(1)</script>",
        customer_name='Nordlys & "Søn" <b>',
        last_note="</div><img src=x onerror=alert(1)>\nlinje to",
    )

    html = reminder_content(Occasion.INVITATION, facts, DANE).html

    assert "<script" not in html
    assert "<img" not in html
    assert "Nordlys &amp; &#34;Søn&#34; &lt;b&gt;" in html
    assert "&lt;/div&gt;&lt;img src=x onerror=alert(1)&gt;\nlinje to" in html


def test_a_phone_number_can_be_rung_from_the_mail() -> None:
    html = reminder_content(Occasion.DUE, make_facts(), DANE).html

    assert '<a href="tel:+4512345678"' in html


def test_braces_in_a_name_are_no_parameters() -> None:
    content = reminder_content(Occasion.DUE, make_facts(customer_name="{title} {0}"), DANE)

    assert content.subject == "Nu: Ring om tilbuddet ({title} {0})"


def test_a_note_beyond_what_a_mail_should_carry_is_cut_with_a_mark() -> None:
    content = reminder_content(Occasion.DUE, make_facts(last_note="a" * 5000), DANE)

    assert "> " + "a" * 4000 + " …\n" in content.text


@pytest.mark.parametrize(
    ("count", "subject"),
    [(0, "Forfaldne: 0 rækker"), (1, "Forfaldne: 1 række"), (1234, "Forfaldne: 1.234 rækker")],
)
def test_a_report_says_how_many_rows_it_holds(count: int, subject: str) -> None:
    content = report_content(ReportFacts("Forfaldne", NOON, count, "https://h.example/r"), DANE)

    assert content.subject == subject
    assert "Pr.: onsdag den 1. juli 2026 kl. 12.00 (Centraleuropæisk sommertid)" in content.text


def test_a_report_that_lacks_rows_says_so() -> None:
    facts = ReportFacts(
        "Overdue", NOON, 5, "https://h.example/r", partial_reason="the limit was reached"
    )

    assert "This report is not complete: the limit was reached\n" in (
        report_content(facts, BRITON).text
    )


def test_one_problem_is_named_in_the_subject_and_several_are_counted() -> None:
    one = alert_content([make_problem()], BRITON)
    two = alert_content([make_problem(), make_problem("Webshop")], DANE)

    assert one.subject == "e-conomic: The token of Nordlys is refused."
    assert "Waiting changes: 1,234\n" in one.text
    assert "What to do: Make a new one.\n" in one.text
    assert two.subject == "2 problemer kræver din opmærksomhed"
    assert two.text.index("\ne-conomic\n") < two.text.index("\nWebshop\n")
    assert "Ventende ændringer: 1.234\n" in two.text


@pytest.mark.parametrize(
    ("kind", "of", "lead", "count"),
    [
        (ProblemKind.CONNECTION_REVOKED, "accounting",
         "Intet er tabt: Ændringer venter, til det virker igen.", "Ventende ændringer: 1.234"),
        (ProblemKind.CONNECTION_REVOKED, "registry",
         "Intet er tabt: Kunder venter på at blive udfyldt, til det virker igen.",
         "Kunder, der venter: 1.234"),
        (ProblemKind.DEAD_JOBS, "",
         "Det løser sig ikke af sig selv: Der forsøges ikke igen, før nogen sender det igen.",
         "Fejlede job: 1.234"),
        (ProblemKind.CONFLICTS, "",
         "Intet overskrives: Begge værdier bliver stående, til nogen vælger.",
         "Felter, der skal afgøres: 1.234"),
        (ProblemKind.GONE_THERE, "",
         ("Det løser sig ikke af sig selv: "
          "Ændringer af disse kunder sendes ikke, før nogen tager stilling."),
         "Kunder, der er væk dér: 1.234"),
    ],
)  # fmt: skip
def test_an_alert_says_what_becomes_of_what_its_kind_stops_and_what_it_counts(
    kind: ProblemKind, of: str, lead: str, count: str
) -> None:
    lines = alert_content([make_problem(kind=kind, of=of)], DANE).text.splitlines()

    assert (lead in lines, count in lines) == (True, True)


@pytest.mark.parametrize("kind", list(ProblemKind))
def test_nothing_that_waits_for_a_person_is_said_to_wait_by_itself(kind: ProblemKind) -> None:
    text = alert_content([make_problem(kind=kind)], BRITON).text

    waits_by_itself = kind.value.startswith("connection_") or kind in {
        ProblemKind.STUCK_WORK, ProblemKind.MAIL_WAITING, ProblemKind.MAIL_SERVER_DOWN,
    }  # fmt: skip
    assert ("Nothing is lost" in text) == waits_by_itself


def test_several_problems_say_each_what_becomes_of_what_it_stops() -> None:
    alike = alert_content([make_problem(), make_problem("Webshop")], BRITON).text
    mixed = alert_content([make_problem(), make_problem(kind=ProblemKind.DEAD_JOBS)], BRITON).text

    assert alike.count("Nothing is lost") == 1
    assert "What each of them stops, and what to do, stands below.\n" in mixed
    assert "Meanwhile: Nothing is lost: changes wait until it works again.\n" in mixed
    assert "Meanwhile: This does not mend itself: it is not tried again" in mixed


def test_dead_jobs_that_are_no_more_are_not_said_to_work_or_to_be_sent() -> None:
    facts = RecoveryFacts(
        ProblemKind.DEAD_JOBS, "Sending customers to accounting", NOON, NOON, 2,
        "https://h.example",
    )  # fmt: skip

    content = recovery_content(facts, DANE)

    assert content.subject == "Sending customers to accounting: problemet er ovre"
    assert "Sendt siden" not in content.text
    assert "Ovre siden: " in content.text


def test_an_alert_without_a_problem_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        alert_content([], DANE)


def test_a_recovery_and_a_test_mail_say_what_happened() -> None:
    recovery = recovery_content(
        RecoveryFacts(
            ProblemKind.CONNECTION_REVOKED, "e-conomic", NOON, NOON, 12, "https://h.example"
        ),
        DANE,
    )
    trial = trial_content(NOON, "https://h.example", BRITON)

    assert recovery.subject == "e-conomic virker igen"
    assert "Sendt siden: 12\n" in recovery.text
    assert trial.subject == "Test mail from Hub"
    assert "Sent: Wednesday, 1 July 2026 at 11:00 (British Summer Time)\n" in trial.text


def test_a_link_to_a_script_is_a_mistake() -> None:
    link = Fact("Open", "", "javascript:alert(1)")

    with pytest.raises(ValueError, match="links to web pages"):
        lay_out(Page("en", "s", "h", "l", (Section(link=link),)))


def test_words_and_figures_are_never_of_two_languages() -> None:
    german = Reader("de_DE", "Europe/Berlin")

    assert german.words("Customer") == "Customer"
    assert german.number(Decimal("1234.5")) == "1,234.5"
    assert german.day(date(2026, 12, 1)) == "Tuesday, December 1, 2026"


def test_a_reader_in_no_time_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="zone"):
        Reader("da", "Mars/Olympus")

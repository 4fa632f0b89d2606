"""Exports and reports from asking to the mail, with the tasks run in this process."""

import email.policy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from sqlalchemy import Engine, func, select, update

from hub import files, reactions
from hub.access.callers import principal_of
from hub.access.models import User
from hub.access.predicates import visible
from hub.access.roles import Verb
from hub.customers.models import Customer
from hub.db import transaction
from hub.errors import TransientError
from hub.files import services as file_rows
from hub.ledger import claims
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from hub.listing import page
from hub.mail.models import Delivery, DeliveryState
from hub.reports import exports, runs, schedules, spooling
from hub.reports.datasets import DATASETS
from hub.reports.models import (
    EmptyPolicy,
    Export,
    ExportState,
    FileFormat,
    ReportRun,
    ReportRunState,
)
from hub.settings import get_settings
from tests.fake_mailer import FakeMailer
from tests.hub.reports.office import (
    make_customer,
    make_report,
    make_schedule,
    make_user,
    reader_of,
)
from workers.chain import drain
from workers.mailing import server
from workers.tasks import reports as tasks

MINE = {
    "filter": {"owner": {"eq": "me"}},
    "fields": ["name", "credit_limit", "created_at", "marketing_protected", "owner"],
}
AT = datetime(2026, 11, 30, 9, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def mailer(database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    del database
    monkeypatch.setattr(get_settings(), "data_dir", tmp_path)
    reactions.install()
    fake = FakeMailer()
    server.use(fake)
    yield fake
    server.use(None)


def make_office(*, rows: int = 2) -> dict[str, UUID]:
    """Make Anna, who reads Danish and has two customers, and Bo, who has one."""
    with transaction() as session:
        anna = make_user(session, "Anna", locale="da", zone="Europe/Copenhagen")
        bo = make_user(session, "Bo", locale="en", zone="Europe/London")
        for number in range(rows):
            make_customer(
                session, f"Nord {number}", anna, credit_limit="1234.5", created_at=AT,
            )  # fmt: skip
        make_customer(session, "=HYPERLINK(1)", bo, created_at=AT)
        return {"Anna": anna.id, "Bo": bo.id}


def work(name: TaskName) -> None:
    """Run all due jobs of a task; a chain alone ends after some tenths of a second."""
    while drain(name):
        pass


def ask_for_export(user_id: UUID, format: FileFormat = FileFormat.XLSX) -> UUID:  # noqa: A002
    with transaction() as session:
        export, _ = exports.request(
            session,
            DATASETS["customers"],
            query=MINE,
            format=format,
            reader=reader_of(session.get_one(User, user_id)),
        )
        return export.id


def run_schedule(
    owner: UUID,
    recipients: list[UUID] | None = None,
    query: dict[str, Any] = MINE,
    **options: Any,
) -> None:
    """Plan an occurrence now, and make its files."""
    with transaction() as session:
        report = make_report(session, session.get_one(User, owner), query, name="Mandagsliste")
        schedule = make_schedule(session, report, recipients, **options)
        schedules.run_now(session, schedule, now=AT)
    work(TaskName.RUN_REPORT)
    work(TaskName.RENDER_REPORT)


def get_export(export_id: UUID) -> Export:
    with transaction() as session:
        return session.get_one(Export, export_id)


def all_runs() -> list[ReportRun]:
    with transaction() as session:
        return list(session.scalars(select(ReportRun).order_by(ReportRun.id)))


def run_of(user_id: UUID) -> ReportRun:
    [run] = [run for run in all_runs() if run.recipient_user_id == user_id]
    return run


def job_of(run: ReportRun | Export) -> Job:
    with transaction() as session:
        return session.get_one(Job, run.job_id)


def bytes_of(record: ReportRun | Export) -> bytes:
    assert record.file_id is not None
    with (
        transaction() as session,
        file_rows.open_file(file_rows.get(session, record.file_id)) as stream,
    ):
        return stream.read()


def sheet_of(content: bytes) -> list[tuple[Any, ...]]:
    workbook = openpyxl.load_workbook(BytesIO(content))
    return [tuple(cell.value for cell in row) for row in workbook.active.iter_rows()]  # type: ignore[union-attr]  # ours has a sheet


def mails(fake: FakeMailer) -> dict[str, EmailMessage]:
    parsed = [
        message_from_bytes(mail.raw, _class=EmailMessage, policy=email.policy.default)
        for mail in fake.received
    ]
    assert len({mail["To"] for mail in parsed}) == len(parsed)
    return {mail["To"]: mail for mail in parsed}


def attachment_of(mail: EmailMessage) -> tuple[str, bytes]:
    [part] = list(mail.iter_attachments())
    content = part.get_content()
    assert isinstance(content, bytes)
    return str(part.get_filename()), content


def kept_files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "files").rglob("*") if path.is_file())


class Killed(SystemExit):
    """What stands for kill -9: no handler of ours catches it."""


def killed_at(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    def die(reached: str) -> None:
        if reached == place:
            raise Killed

    monkeypatch.setattr(tasks, "checkpoint", die)


def lapse() -> None:
    """Let the leases of the killed run out, and give their jobs back, as the relay does."""
    with transaction() as session:
        session.execute(
            update(Job)
            .where(Job.state == JobState.RUNNING)
            .values(lease_until=func.clock_timestamp() - timedelta(seconds=1))
        )
        claims.return_lapsed(session)


def test_an_export_is_a_workbook_of_typed_cells_in_the_words_of_who_asked(
    tmp_path: Path,
) -> None:
    people = make_office()
    identifier = ask_for_export(people["Anna"])

    work(TaskName.RENDER_EXPORT)

    export = get_export(identifier)
    assert export.state is ExportState.DONE
    assert (export.row_count, export.total, export.message) == (2, 2, None)
    content = bytes_of(export)
    assert (len(content), kept_files(tmp_path)) == (export.size_bytes, [export.sha256])
    header, first, second = sheet_of(content)
    assert header == ("Navn", "Kreditmaksimum", "Oprettet", "Reklamebeskyttet", "Ejer")
    assert first == ("Nord 0", 1234.5, datetime(2026, 11, 30, 10, 15), False, "Anna")  # noqa: DTZ001 - a cell has no zone
    assert second[0] == "Nord 1"
    assert job_of(export).result == {"rows": 2, "total": 2}


def test_the_rows_of_an_export_are_as_many_as_the_list_says() -> None:
    people = make_office(rows=7)
    identifier = ask_for_export(people["Anna"])

    work(TaskName.RENDER_EXPORT)

    with transaction() as session:
        anna = session.get_one(User, people["Anna"])
        query = DATASETS["customers"].query(MINE, reader_of(anna))
        principal = principal_of(session, anna)
        listed = page(session, query, visible(principal, Verb.READ, Customer)).total.count
    assert get_export(identifier).row_count == listed == 7


def test_a_csv_export_neutralises_formulas_and_points_numbers_as_the_reader_does() -> None:
    people = make_office()
    danish = ask_for_export(people["Anna"], FileFormat.CSV)
    english = ask_for_export(people["Bo"], FileFormat.CSV)

    work(TaskName.RENDER_EXPORT)

    first = bytes_of(get_export(danish)).decode("utf-8-sig").splitlines()[1]
    assert first == '"Nord 0";"1234,5000";"2026-11-30 10:15:00";"nej";"Anna"'
    assert '"\'=HYPERLINK(1)"' in bytes_of(get_export(english)).decode("utf-8-sig")


def test_an_export_beyond_the_most_rows_is_partial_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people = make_office(rows=3)
    monkeypatch.setattr(spooling.spool, "__kwdefaults__", {"most": 2})
    identifier = ask_for_export(people["Anna"])

    work(TaskName.RENDER_EXPORT)

    export = get_export(identifier)
    assert export.state is ExportState.PARTIAL
    assert (export.row_count, export.total) == (2, 3)
    assert export.message is not None
    assert export.message["code"] == "too_many_rows"
    assert len(sheet_of(bytes_of(export))) == 3


def test_an_export_of_somebody_who_has_left_fails_and_makes_no_file(tmp_path: Path) -> None:
    people = make_office()
    identifier = ask_for_export(people["Anna"])
    with transaction() as session:
        session.get_one(User, people["Anna"]).active = False

    work(TaskName.RENDER_EXPORT)

    export = get_export(identifier)
    assert (export.state, export.file_id) == (ExportState.FAILED, None)
    assert export.message is not None
    assert export.message["code"] == "forbidden"
    assert job_of(export).state is JobState.DEAD
    assert not (tmp_path / "files").exists()


def test_a_full_disk_is_told_and_a_replay_makes_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people = make_office()
    identifier = ask_for_export(people["Anna"])

    def full(source: object) -> files.Content:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("workers.reporting.files.put", full)
        work(TaskName.RENDER_EXPORT)
    export = get_export(identifier)
    assert export.state is ExportState.FAILED
    assert export.message is not None
    assert export.message["code"] == "internal"
    assert job_of(export).state is JobState.DEAD

    with transaction() as session:
        session.execute(update(Job).values(state=JobState.QUEUED, finished_at=None))
    work(TaskName.RENDER_EXPORT)
    assert get_export(identifier).state is ExportState.DONE
    assert get_export(identifier).message is None


def test_an_export_killed_before_its_commit_leaves_one_file_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = make_office()
    identifier = ask_for_export(people["Anna"])
    with monkeypatch.context() as patched:
        killed_at(patched, "after_render")
        with pytest.raises(Killed):
            work(TaskName.RENDER_EXPORT)
    first = kept_files(tmp_path)
    assert get_export(identifier).state is ExportState.RENDERING

    lapse()
    work(TaskName.RENDER_EXPORT)

    export = get_export(identifier)
    assert (export.state, kept_files(tmp_path)) == (ExportState.DONE, first)
    assert first == [export.sha256]


def test_each_owner_is_mailed_his_own_rows_in_his_own_words(mailer: FakeMailer) -> None:
    people = make_office()
    run_schedule(people["Bo"])

    work(TaskName.SEND_DELIVERY)

    sent = mails(mailer)
    assert set(sent) == {"Anna <anna@example.com>", "Bo <bo@example.com>"}
    name, content = attachment_of(sent["Anna <anna@example.com>"])
    assert name == "Mandagsliste 2026-11-30.xlsx"
    header, *rows = sheet_of(content)
    assert header[0] == "Navn"
    assert [row[0] for row in rows] == ["Nord 0", "Nord 1"]
    header, *rows = sheet_of(attachment_of(sent["Bo <bo@example.com>"])[1])
    assert header[0] == "Name"
    assert [row[0] for row in rows] == ["=HYPERLINK(1)"]
    assert rows[0][2] == datetime(2026, 11, 30, 9, 15)  # noqa: DTZ001 - a cell has no zone
    assert {run.state for run in all_runs()} == {ReportRunState.DELIVERED}


def test_each_owner_gets_his_own_even_where_the_query_does_not_say_so() -> None:
    people = make_office()

    run_schedule(people["Bo"], query={"fields": ["name"]})

    assert run_of(people["Anna"]).row_count == 2
    assert run_of(people["Bo"]).row_count == 1


def test_the_mail_tells_what_is_in_the_file_and_how_to_check_it(mailer: FakeMailer) -> None:
    people = make_office()
    run_schedule(people["Bo"], [people["Anna"]])

    work(TaskName.SEND_DELIVERY)

    [mail] = mails(mailer).values()
    run = run_of(people["Anna"])
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert mail["Subject"] == "Mandagsliste: 2 rækker"
    assert str(run.sha256) in text
    assert f"/go/report-runs/{run.id}" in text
    assert attachment_of(mail)[1] == bytes_of(run)


@pytest.mark.parametrize(
    ("policy", "state", "mailed", "filed"),
    [
        (EmptyPolicy.SEND, ReportRunState.DELIVERED, 1, True),
        (EmptyPolicy.SKIP, ReportRunState.SKIPPED_EMPTY, 0, False),
        (EmptyPolicy.TELL, ReportRunState.DELIVERED, 1, False),
    ],
)
def test_without_rows_the_schedules_policy_decides(
    mailer: FakeMailer,
    policy: EmptyPolicy,
    state: ReportRunState,
    mailed: int,
    filed: bool,
) -> None:
    people = make_office()
    run_schedule(
        people["Bo"],
        [people["Anna"]],
        {"filter": {"city": {"eq": "Nowhere"}}, "fields": ["name"]},
        on_empty=policy,
    )

    work(TaskName.SEND_DELIVERY)

    run = run_of(people["Anna"])
    assert (run.state, run.row_count, run.total) == (state, 0, 0)
    assert (len(mailer.received), run.file_id is not None) == (mailed, filed)
    if filed:
        assert sheet_of(bytes_of(run)) == [("Navn",)]
    for mail in mails(mailer).values():
        assert len(list(mail.iter_attachments())) == int(filed)


def test_a_refused_mail_fails_the_run_whose_file_stays_and_can_be_sent_again(
    mailer: FakeMailer,
) -> None:
    people = make_office()
    mailer.refused.add("anna@example.com")
    run_schedule(people["Bo"], [people["Anna"]])

    work(TaskName.SEND_DELIVERY)

    run = run_of(people["Anna"])
    assert run.state is ReportRunState.FAILED
    assert run.message is not None
    content = bytes_of(run)
    assert len(sheet_of(content)) == 3
    mailer.refused.clear()

    with transaction() as session:  # what happens to the rows meanwhile changes nothing
        session.execute(update(Customer).values(name="Syd"))
        runs.resend(session, session.get_one(ReportRun, run.id))
    work(TaskName.SEND_DELIVERY)

    [mail] = mails(mailer).values()
    assert attachment_of(mail)[1] == content
    again = run_of(people["Anna"])
    assert (again.state, again.sends, again.sha256) == (
        ReportRunState.DELIVERED, 2, run.sha256,
    )  # fmt: skip


def test_a_server_that_is_away_is_tried_again_with_the_same_bytes(mailer: FakeMailer) -> None:
    people = make_office()
    mailer.fail_next = TransientError("fake", "It is down.")
    run_schedule(people["Bo"], [people["Anna"]])

    work(TaskName.SEND_DELIVERY)
    assert run_of(people["Anna"]).state is ReportRunState.DELIVERING
    with transaction() as session:
        session.execute(update(Job).values(run_at=func.clock_timestamp()))
    work(TaskName.SEND_DELIVERY)

    assert run_of(people["Anna"]).state is ReportRunState.DELIVERED
    assert len(mailer.received) == 1


def test_a_report_killed_before_its_commit_is_one_file_and_one_mail(
    mailer: FakeMailer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = make_office()
    with monkeypatch.context() as patched:
        killed_at(patched, "after_render")
        with pytest.raises(Killed):
            run_schedule(people["Bo"], [people["Anna"]])
    assert run_of(people["Anna"]).state is ReportRunState.RENDERING

    lapse()
    for name in (TaskName.RENDER_REPORT, TaskName.SEND_DELIVERY):
        work(name)

    run = run_of(people["Anna"])
    assert run.state is ReportRunState.DELIVERED
    assert kept_files(tmp_path) == [run.sha256]
    assert len(mailer.received) == 1


def test_an_occurrence_asked_for_twice_is_one_run_and_one_mail(mailer: FakeMailer) -> None:
    people = make_office()
    run_schedule(people["Bo"], [people["Anna"]])
    with transaction() as session:
        session.execute(
            update(Job)
            .where(Job.task != TaskName.SEND_DELIVERY.value)
            .values(state=JobState.QUEUED, finished_at=None)
        )

    for name in (TaskName.RUN_REPORT, TaskName.RENDER_REPORT, TaskName.SEND_DELIVERY):
        work(name)

    assert len(all_runs()) == 1
    with transaction() as session:
        states = session.scalars(select(Delivery.state)).all()
    assert states == [DeliveryState.SENT]
    assert len(mailer.received) == 1


def test_a_recipient_who_has_left_fails_his_run_and_no_other(mailer: FakeMailer) -> None:
    people = make_office()
    with transaction() as session:
        report = make_report(session, session.get_one(User, people["Bo"]), MINE)
        schedule = make_schedule(session, report, list(people.values()))
        schedules.run_now(session, schedule, now=AT)
    with transaction() as session:
        session.get_one(User, people["Anna"]).active = False

    for name in (TaskName.RUN_REPORT, TaskName.RENDER_REPORT, TaskName.SEND_DELIVERY):
        work(name)

    assert run_of(people["Anna"]).state is ReportRunState.FAILED
    assert run_of(people["Bo"]).state is ReportRunState.DELIVERED
    assert [mail.recipient for mail in mailer.received] == ["bo@example.com"]


def test_a_file_too_large_for_a_mail_is_left_in_hub_and_the_mail_says_so(
    mailer: FakeMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = make_office()
    monkeypatch.setattr("workers.mailing.reports.MOST_BYTES", 100)
    run_schedule(people["Bo"], [people["Bo"]])

    work(TaskName.SEND_DELIVERY)

    [mail] = mails(mailer).values()
    assert list(mail.iter_attachments()) == []
    body = mail.get_body(("plain",))
    assert body is not None
    assert "too large for a mail" in body.get_content()
    assert run_of(people["Bo"]).file_id is not None

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub import files
from hub.access.callers import principal_of
from hub.access.models import User
from hub.access.predicates import allowed, visible
from hub.access.roles import Role, Verb
from hub.errors import ConflictError, ForbiddenError
from hub.files import services as file_rows
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from hub.mail.models import Delivery, DeliveryState
from hub.reports import delivering, runs, schedules
from hub.reports.access import may_read_file
from hub.reports.file_orders import FileOutcome
from hub.reports.models import EmptyPolicy, ReportRun, ReportRunState
from tests.hub.reports.office import (
    NOW,
    ended,
    make_customer,
    make_report,
    make_schedule,
    make_user,
)


def make_run(session: Session, recipient: User, owner: User | None = None) -> ReportRun:
    report = make_report(session, owner or recipient)
    [run] = runs.plan(session, make_schedule(session, report, [recipient.id]).id, NOW)
    return run


def render(session: Session, run: ReportRun, content: bytes = b"rows", total: int = 3) -> None:
    order = runs.begin(session, run.id, now=NOW)
    assert order is not None
    outcome = FileOutcome(NOW, 3, total, files.put(content))
    runs.record_rendered(session, run.id, order.order, outcome)


def deliveries(session: Session, run: ReportRun) -> list[Delivery]:
    query = select(Delivery).where(Delivery.source_id == run.id).order_by(Delivery.sequence)
    return list(session.scalars(query))


def settle(session: Session, delivery: Delivery, state: DeliveryState) -> None:
    delivery.state = state
    delivery.sent_at = NOW if state is DeliveryState.SENT else None
    delivery.message = {"code": "refused", "text": "No.", "params": {}}
    session.flush()
    delivering.ReportRuns().settled(session, delivery)


def test_an_occurrence_is_one_run_for_each_recipient_however_often_it_is_planned(
    session: Session,
) -> None:
    anna, bo = make_user(session, "Anna"), make_user(session, "Bo")
    schedule = make_schedule(session, make_report(session, anna), [anna.id, bo.id])

    first = runs.plan(session, schedule.id, NOW)
    again = runs.plan(session, schedule.id, NOW)
    session.commit()

    assert {run.recipient_user_id for run in first} == {anna.id, bo.id}
    assert {run.state for run in first} == {ReportRunState.DUE}
    assert again == []
    jobs = session.scalars(select(Job).where(Job.task == TaskName.RENDER_REPORT.value)).all()
    assert {job.args["report_run_id"] for job in jobs} == {str(run.id) for run in first}
    assert {run.job_id for run in first} == {job.id for job in jobs}


def test_the_database_itself_refuses_a_second_run_of_an_occurrence(session: Session) -> None:
    run = make_run(session, make_user(session, "Anna"))
    session.add(
        ReportRun(
            schedule_id=run.schedule_id,
            report_id=run.report_id,
            recipient_user_id=run.recipient_user_id,
            planned_at=run.planned_at,
        )
    )

    with pytest.raises(IntegrityError, match="uq_report_run_occurrence"):
        session.flush()


def test_each_owner_is_every_active_user_with_rows_of_his_own(session: Session) -> None:
    anna, bo = make_user(session, "Anna"), make_user(session, "Bo")
    gone = make_user(session, "Carl")
    make_user(session, "Dora")
    for owner in (anna, anna, bo, gone):
        make_customer(session, f"Of {owner.name}", owner)
    dead = make_customer(session, "Dead", make_user(session, "Eva"))
    dead.deleted_at = NOW
    gone.active = False
    schedule = make_schedule(session, make_report(session, anna))

    made = runs.plan(session, schedule.id, NOW)

    assert {run.recipient_user_id for run in made} == {anna.id, bo.id}


def test_a_deleted_schedule_runs_no_more(session: Session) -> None:
    anna = make_user(session, "Anna")
    schedule = make_schedule(session, make_report(session, anna), [anna.id])
    schedules.delete(session, schedule, now=NOW)

    assert runs.plan(session, schedule.id, NOW) == []


def test_a_run_is_made_for_its_recipient_in_his_language_and_on_his_day(
    session: Session,
) -> None:
    anna = make_user(session, "Anna")
    bo = make_user(session, "Bo", locale="da", zone="Pacific/Auckland")

    made = runs.begin(session, make_run(session, bo, anna).id, now=NOW)

    assert made is not None
    reader = made.order.query.reader
    assert (reader.user_id, reader.locale, reader.zone) == (bo.id, "da", "Pacific/Auckland")
    assert made.order.file_name == "My customers 2026-12-07.xlsx"
    assert made.on_empty is EmptyPolicy.SEND


@pytest.mark.parametrize("reason", ["inactive", "deleted"])
def test_who_has_left_is_not_sent_what_he_was_put_on(session: Session, reason: str) -> None:
    anna, bo = make_user(session, "Anna"), make_user(session, "Bo")
    run = make_run(session, bo, anna)
    if reason == "inactive":
        bo.active = False
    else:
        bo.deleted_at = NOW
    session.commit()

    with pytest.raises(ForbiddenError) as refused:
        runs.begin(session, run.id, now=NOW)
    session.rollback()
    runs.note_setback(session, ended(run.id, refused.value))

    assert run.state is ReportRunState.FAILED
    assert run.message == {
        "code": "forbidden",
        "text": "The person this was for is not active here any more.",
        "params": {},
    }


def test_a_rendered_run_has_its_manifest_its_file_and_one_mail_on_its_way(
    session: Session,
) -> None:
    anna = make_user(session, "Anna")
    run = make_run(session, anna)

    render(session, run, b"rows")
    session.commit()

    assert run.state is ReportRunState.DELIVERING
    assert (run.as_of, run.row_count, run.total, run.size_bytes) == (NOW, 3, 3, 4)
    assert run.sha256 is not None
    assert not run.is_partial
    [delivery] = deliveries(session, run)
    assert (delivery.recipient, delivery.sequence) == ("anna@example.com", 0)
    assert runs.begin(session, run.id, now=NOW) is None  # it is not made twice


def test_a_file_that_lacks_rows_says_so(session: Session) -> None:
    run = make_run(session, make_user(session, "Anna"))

    render(session, run, total=4)

    assert run.is_partial
    assert run.message == {
        "code": "too_many_rows",
        "text": "There are more rows than a file may hold.",
        "params": {},
    }
    settle(session, deliveries(session, run)[0], DeliveryState.SENT)
    assert run.state is ReportRunState.DELIVERED
    assert run.message is not None


def test_a_mail_that_is_out_makes_the_run_delivered(session: Session) -> None:
    run = make_run(session, make_user(session, "Anna"))
    render(session, run)

    settle(session, deliveries(session, run)[0], DeliveryState.SENT)

    assert (run.state, run.message) == (ReportRunState.DELIVERED, None)


def test_a_refused_mail_makes_the_run_failed_and_its_file_stays(session: Session) -> None:
    run = make_run(session, make_user(session, "Anna"))
    render(session, run)

    settle(session, deliveries(session, run)[0], DeliveryState.FAILED)

    assert run.state is ReportRunState.FAILED
    assert run.message == {"code": "refused", "text": "No.", "params": {}}
    assert run.file_id is not None


def test_a_resend_is_a_new_mail_of_the_same_file(session: Session) -> None:
    run = make_run(session, make_user(session, "Anna"))
    render(session, run)
    with pytest.raises(ConflictError) as refused:
        runs.resend(session, run)
    assert refused.value.code == "report_run_state"
    settle(session, deliveries(session, run)[0], DeliveryState.FAILED)
    before = run.file_id, run.sha256

    runs.resend(session, run)

    first, second = deliveries(session, run)
    assert (run.file_id, run.sha256) == before
    assert (run.state, run.sends, second.sequence) == (ReportRunState.DELIVERING, 2, 1)
    assert first.message_id != second.message_id

    states = []
    for delivery, state in ((first, DeliveryState.FAILED), (second, DeliveryState.SENT)):
        settle(session, delivery, state)
        states.append(run.state)
    assert states == [
        ReportRunState.DELIVERING,
        ReportRunState.DELIVERED,
    ]  # the older tells nothing


def test_a_run_without_a_file_has_nothing_to_send_again(session: Session) -> None:
    run = make_run(session, make_user(session, "Anna"))
    runs.note_setback(session, ended(run.id, OSError("disk full")))

    with pytest.raises(ConflictError) as refused:
        runs.resend(session, run)

    assert refused.value.code == "no_file"
    assert run.message is not None
    assert run.message["code"] == "internal"  # what the disk said is for the log


def test_a_run_is_seen_by_its_recipient_and_until_it_is_counted_by_the_schedules_owner(
    session: Session,
) -> None:
    people = {name: make_user(session, name) for name in ("Owner", "Reader", "Other")}
    people["Chief"] = make_user(session, "Chief", role=Role.ADMINISTRATOR)
    run = make_run(session, people["Reader"], people["Owner"])
    principals = {name: principal_of(session, u) for name, u in people.items()}

    seen = {
        name: bool(
            session.scalars(
                select(ReportRun.id).where(visible(principal, Verb.READ, ReportRun))
            ).all()
        )
        for name, principal in principals.items()
    }

    assert seen == {"Owner": True, "Reader": True, "Other": False, "Chief": True}
    assert seen == {n: allowed(p, Verb.READ, run) for n, p in principals.items()}
    assert {n: may_read_file(p, run) for n, p in principals.items()} == {
        "Owner": False, "Reader": True, "Other": False, "Chief": True,
    }  # fmt: skip
    run.row_count = 0  # that there is nothing for the recipient is his to know
    session.flush()
    assert {n: allowed(p, Verb.READ, run) for n, p in principals.items()} == {
        "Owner": False, "Reader": True, "Other": False, "Chief": True,
    }  # fmt: skip


def test_the_file_of_a_run_is_kept_for_a_year(session: Session) -> None:
    run = make_run(session, make_user(session, "Anna"))
    render(session, run)
    assert run.file_id is not None

    kept = file_rows.get(session, run.file_id)

    assert kept.expires_at == NOW + timedelta(days=365)
    assert (kept.name, kept.sha256) == ("My customers 2026-12-07.xlsx", run.sha256)

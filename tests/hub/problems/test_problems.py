"""Problems come, are told of, and go."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, true, update
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.access.roles import Role
from hub.connections import gate, holding
from hub.connections.models import Connection, ConnectionState
from hub.db import new_id, transaction
from hub.errors import ConflictError
from hub.i18n import translate
from hub.ledger.enqueueing import enqueue
from hub.ledger.labels import label_of
from hub.ledger.models import Job, JobState
from hub.ledger.services import cancel_job
from hub.ledger.tasks import TaskName
from hub.mail import services as mail
from hub.mail.models import Delivery, DeliveryKind
from hub.mail.services import Recipient
from hub.problems import retrying
from hub.problems import services as problems
from hub.problems.models import Problem, ProblemKind, ProblemState
from hub.reports.models import (
    EmptyPolicy,
    FileFormat,
    RecipientsMode,
    ReportDef,
    ReportRun,
    ReportRunState,
    ReportSchedule,
)
from tests.hub.duplicates.making import make_customer
from tests.people import make_user

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)  # seven in Copenhagen: before the digest
ADMIN = "anna@nordlys.example"
OWNER = "ole@nordlys.example"


@pytest.fixture(autouse=True)
def administrator(session: Session) -> User:
    user = make_user(session, ADMIN, role=Role.ADMINISTRATOR)
    session.commit()
    return user


def make_connection(
    session: Session, state: ConnectionState = ConnectionState.REVOKED, **fields: Any
) -> Connection:
    message = {
        "code": "credentials_refused",
        "text": "Refused: {reason}",
        "params": {"reason": "x"},
    }
    connection = Connection(**{
        "name": "e-conomic", "connector": "economic", "kind": "accounting", "state": state,
        "state_since": NOW - timedelta(minutes=1), "message": message, **fields,
    })  # fmt: skip
    session.add(connection)
    session.flush()
    return connection


def held_change(session: Session, connection: Connection) -> UUID:
    return enqueue(
        session,
        TaskName.PUSH_CUSTOMER,
        delay=timedelta(hours=1),
        customer_id=new_id(),
        connection_id=connection.id,
    ).id


def dead_job(
    session: Session, task: TaskName, error: str = "RejectedError", **options: Any
) -> UUID:
    handle = enqueue(session, task, **options)
    session.commit()
    session.execute(
        update(Job)
        .where(Job.id == handle.id)
        .values(state="dead", finished_at=NOW, error={"class": error, "message": "no such group"})
    )
    session.commit()
    return handle.id


def look(after: timedelta = timedelta()) -> None:
    with transaction() as session:
        assert problems.refresh(session, NOW + after)


def the_open() -> list[Problem]:
    with transaction() as session:
        return list(
            session.scalars(
                select(Problem).where(Problem.state == ProblemState.OPEN).order_by(Problem.id)
            )
        )


def told() -> list[tuple[str, str, int]]:
    """Return kind, recipient and number of problems of each mail asked for."""
    with transaction() as session:
        found = session.scalars(
            select(Delivery)
            .where(Delivery.source_type.in_(("alert", "problem", "digest")))
            .order_by(Delivery.id)
        )
        return [(d.kind.value, d.recipient, len(d.facts["problems"])) for d in found]


S = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def test_a_revoked_connection_is_one_problem_that_counts_what_waits(session: Session) -> None:
    connection = make_connection(session)
    for _ in range(3):
        held_change(session, connection)
    session.commit()

    look()
    look(5 * S)

    (problem,) = the_open()
    assert (problem.kind, problem.count) == (ProblemKind.CONNECTION_REVOKED, 3)
    assert (problem.subject_name, problem.subject_id) == ("e-conomic", connection.id)
    assert problem.since == NOW - MINUTE
    assert problem.message == {
        "code": "credentials_refused", "text": "Refused: {reason}", "params": {"reason": "x"},
    }  # fmt: skip


def test_its_owner_is_told_once_soon_and_once_more_when_it_is_over(session: Session) -> None:
    owner = make_user(session, OWNER)
    connection = make_connection(session, owner_user_id=owner.id)
    session.commit()

    for seconds in range(0, 300, 15):
        look(seconds * S)
    assert told() == [("alert", OWNER, 1)]

    connection.state = ConnectionState.ACTIVE
    session.commit()
    look(300 * S)
    assert the_open() == []
    for seconds in range(305, 600, 15):
        look(seconds * S)
    assert told() == [("alert", OWNER, 1), ("recovery", OWNER, 1)]


@pytest.mark.parametrize("owner", ["none", "inactive"])
def test_without_an_active_owner_the_administrators_are_told(session: Session, owner: str) -> None:
    gone = make_user(session, OWNER, active=False)
    make_connection(session, owner_user_id=gone.id if owner == "inactive" else None)
    session.commit()

    look()
    look(MINUTE)

    assert told() == [("alert", ADMIN, 1)]


def test_problems_that_come_together_are_told_in_one_mail(session: Session) -> None:
    make_connection(session)
    dead_job(session, TaskName.PUSH_CUSTOMER)
    dead_job(session, TaskName.LOOK_UP_COMPANY)

    look()
    look(MINUTE)

    assert told() == [("alert", ADMIN, 3)]


def test_what_passes_within_seconds_is_told_to_nobody(session: Session) -> None:
    connection = make_connection(session)
    session.commit()
    look()
    connection.state = ConnectionState.ACTIVE
    session.commit()

    look(5 * S)
    look(MINUTE)

    assert told() == []


def test_what_is_back_after_the_all_clear_is_told_again_at_once(session: Session) -> None:
    connection = make_connection(session)
    session.commit()
    look()
    look(20 * S)
    connection.state = ConnectionState.ACTIVE
    session.commit()
    look(MINUTE)
    look(2 * MINUTE)
    assert [mail[0] for mail in told()] == ["alert", "recovery"]

    connection.state = ConnectionState.REVOKED
    session.commit()
    look(3 * MINUTE)
    look(3 * MINUTE + 10 * S)

    assert [mail[0] for mail in told()] == ["alert", "recovery", "alert"]


def test_what_comes_and_goes_is_told_three_times_until_it_is_gone_for_a_quarter_of_an_hour(
    session: Session,
) -> None:
    connection = make_connection(session)
    for minute in range(30):
        connection.state = ConnectionState.ACTIVE if minute % 2 else ConnectionState.REVOKED
        session.commit()
        for seconds in (0, 20, 40):
            look(minute * MINUTE + seconds * S)

    alert, recovery = ("alert", ADMIN, 1), ("recovery", ADMIN, 1)
    assert told() == [alert, recovery, alert, recovery, alert]  # the last word is that it is there

    look(43 * MINUTE)
    assert told()[5:] == []
    look(44 * MINUTE)
    assert told()[5:] == [recovery]

    connection.state = ConnectionState.REVOKED
    session.commit()
    look(45 * MINUTE)
    look(46 * MINUTE)
    assert told()[6:] == [alert]


def test_another_cause_that_comes_and_goes_delays_no_all_clear(session: Session) -> None:
    restless = make_connection(session)
    other = make_connection(session, ConnectionState.ACTIVE, message=None, name="shop")
    for minute in range(10):
        restless.state = ConnectionState.ACTIVE if minute % 2 else ConnectionState.REVOKED
        session.commit()
        look(minute * MINUTE)
        look(minute * MINUTE + 20 * S)
    before = len(told())

    for minute, state in ((10, ConnectionState.REVOKED), (11, ConnectionState.ACTIVE)):
        other.state = state
        session.commit()
        look(minute * MINUTE)
        look(minute * MINUTE + 20 * S)

    assert told()[before:] == [("alert", ADMIN, 1), ("recovery", ADMIN, 1)]


def test_a_problem_back_before_the_all_clear_is_the_same_one(session: Session) -> None:
    connection = make_connection(session)
    session.commit()
    look()
    look(20 * S)
    (first,) = the_open()
    connection.state = ConnectionState.ACTIVE
    session.commit()
    look(25 * S)
    connection.state = ConnectionState.REVOKED
    session.commit()

    look(30 * S)
    look(5 * MINUTE)

    assert [problem.id for problem in the_open()] == [first.id]
    assert told() == [("alert", ADMIN, 1)]


def test_a_connection_that_gets_worse_is_told_again(session: Session) -> None:
    connection = make_connection(session, ConnectionState.DEGRADED)
    session.commit()
    look()
    look(20 * S)
    connection.state = ConnectionState.REVOKED
    session.commit()

    look(40 * S)
    look(60 * S)

    (problem,) = the_open()
    assert problem.kind is ProblemKind.CONNECTION_REVOKED
    assert told() == [("alert", ADMIN, 1)] * 2


def test_the_all_clear_waits_for_what_waited_and_says_how_much_went_out(session: Session) -> None:
    connection = make_connection(session)
    jobs = [held_change(session, connection) for _ in range(3)]
    session.commit()
    session.execute(update(Job).values(created_at=NOW))
    session.commit()
    look()
    look(20 * S)
    connection.state = ConnectionState.ACTIVE
    session.commit()
    look(30 * S)
    look(45 * S)
    assert [mail[0] for mail in told()] == ["alert"]

    session.execute(update(Job).where(Job.id != jobs[0]).values(state="succeeded"))
    session.commit()
    look(91 * S)

    recovery = session.scalars(select(Delivery).where(Delivery.kind == DeliveryKind.RECOVERY)).one()
    assert recovery.facts["sent"] == 2


def test_whoever_paused_a_connection_himself_gets_no_mail_about_it(session: Session) -> None:
    make_connection(session, ConnectionState.PAUSED, message=None)
    session.commit()

    look()
    look(MINUTE)

    assert [problem.kind for problem in the_open()] == [ProblemKind.CONNECTION_PAUSED]
    assert told() == []


def test_changes_held_back_until_a_plan_is_seen_are_a_problem_once_there_are_any(
    session: Session,
) -> None:
    connection = make_connection(session, ConnectionState.ACTIVE, message=None, outgoing_held=True)
    session.commit()
    look()
    assert the_open() == []

    held_change(session, connection)
    session.commit()
    look(5 * S)

    assert [(p.kind, p.count) for p in the_open()] == [(ProblemKind.CONNECTION_HELD, 1)]


def block(session: Session, connection: Connection, wait: timedelta) -> None:
    gate.admit(session, connection.id, calls=5, period=timedelta(seconds=1))
    spent = {"text": "Used up, or see the setting {setting}.", "params": {"setting": "contact"}}
    gate.block(session, connection.id, wait, spent)


def test_a_long_pause_that_the_other_side_asks_for_is_one_problem_for_all_that_wait(
    session: Session,
) -> None:
    connection = make_connection(session, ConnectionState.DEGRADED)
    for _ in range(3):
        waiting = enqueue(
            session, TaskName.LOOK_UP_COMPANY, delay=timedelta(hours=9), customer_id=new_id()
        )
        session.commit()
        session.get_one(Job, waiting.id).waits_for = holding.sooner_with(connection.id)
    block(session, connection, timedelta(hours=9))
    session.commit()

    look()

    [found] = the_open()
    assert (found.kind, found.count) == (ProblemKind.CONNECTION_BLOCKED, 3)
    assert translate("en", found.message["text"], found.message["params"]) == (
        "No call is made for now: Used up, or see the setting contact."
    )
    assert found.link == f"/api/v1/connections/{connection.id}#/settings/contact"
    holding.try_again(session, connection.id)
    connection.state, connection.message = ConnectionState.ACTIVE, None
    session.commit()
    look(5 * S)
    assert the_open() == []


def test_a_short_pause_that_the_other_side_asks_for_is_no_problem(session: Session) -> None:
    connection = make_connection(session, ConnectionState.ACTIVE, message=None)
    block(session, connection, timedelta(minutes=9))
    session.commit()

    look()

    assert the_open() == []


def test_dead_jobs_are_grouped_by_task_and_kind_of_error(session: Session) -> None:
    for _ in range(2):
        dead_job(session, TaskName.PUSH_CUSTOMER)
    dead_job(session, TaskName.PUSH_CUSTOMER, "PermanentError")

    look()

    assert [(p.cause_key, p.count) for p in the_open()] == [
        ("dead_jobs:accounting.push_customer:PermanentError", 1),
        ("dead_jobs:accounting.push_customer:RejectedError", 2),
    ]


@pytest.mark.parametrize("task", list(TaskName))
def test_every_task_has_a_name_for_people(task: TaskName) -> None:
    label = label_of(task.value)

    assert "." not in label
    assert translate("da", label) != label


def test_dead_jobs_are_called_what_they_do_and_say_for_whom(session: Session) -> None:
    nordlys, hidden = make_customer(session), make_customer(session, "Hemmelig ApS")
    hidden.owner_user_id = make_user(session, OWNER).id
    hidden.protected_at, hidden.protected_until = NOW, NOW + timedelta(days=36500)
    hidden.protected_by = hidden.owner_user_id
    session.commit()

    def told_of(*subjects: tuple[str, UUID] | None) -> tuple[str, str]:
        for subject in subjects:
            dead_job(session, TaskName.PUSH_CUSTOMER, subject=subject)
        look()
        (problem,) = the_open()
        words = translate("en", problem.message["text"], problem.message["params"])
        session.execute(delete(Job))
        session.commit()
        look(5 * S)
        return problem.subject_name, words

    name = "Sending customers to accounting"
    assert told_of(("customer", nordlys.id)) == (
        name, "A job for “Nordlys Belysning ApS” failed: no such group",
    )  # fmt: skip
    assert told_of(None, ("customer", nordlys.id)) == (
        name,
        "2 jobs failed. The last one, for “Nordlys Belysning ApS”, said: no such group",
    )
    assert told_of(("customer", hidden.id)) == (name, "A job failed: no such group")
    assert told_of(None, None) == (name, "2 jobs failed. The last one said: no such group")


def test_a_dead_job_whose_like_has_succeeded_since_is_no_problem(session: Session) -> None:
    subject = ("customer", new_id())
    dead_job(session, TaskName.PUSH_CUSTOMER, subject=subject)
    later = enqueue(session, TaskName.PUSH_CUSTOMER, subject=subject)
    session.commit()
    session.execute(update(Job).where(Job.id == later.id).values(state="succeeded"))
    session.commit()

    look()

    assert the_open() == []


def test_work_that_nobody_takes_for_a_minute_is_a_problem_unless_somebody_works_there(
    session: Session,
) -> None:
    handle = enqueue(session, TaskName.LOOK_UP_COMPANY)
    session.commit()
    look()
    assert the_open() == []

    session.execute(update(Job).values(run_at=datetime(2026, 1, 1, tzinfo=UTC)))
    session.commit()
    look(5 * S)
    assert [(p.kind, p.cause_key) for p in the_open()] == [("stuck_work", "stuck:urgent")]

    enqueue(session, TaskName.SEARCH_COMPANIES)
    session.commit()
    session.execute(
        update(Job)
        .where(Job.id != handle.id)
        .values(state="running", lease_until=datetime(2090, 1, 1, tzinfo=UTC))
    )
    session.commit()
    look(10 * S)
    assert the_open() == []


def asked_for(session: Session, address: str, **state: Any) -> Delivery:
    delivery, job = mail.request(
        session, DeliveryKind.DUE, Recipient(address), source=("reminder", new_id())
    )
    session.commit()
    session.execute(update(Delivery).where(Delivery.id == delivery.id).values(**state))
    session.execute(update(Job).where(Job.id == job.id).values(state="dead"))
    session.commit()
    return delivery


REFUSED = {"code": "refused", "text": "No such user.", "params": {}}


def test_mail_refused_is_a_problem_of_the_address_until_a_later_one_arrives(
    session: Session,
) -> None:
    for _ in range(2):
        asked_for(session, "x@nordlys.example", state="failed", message=REFUSED, last_tried_at=NOW)
    asked_for(session, "y@nordlys.example", state="failed", message=REFUSED, last_tried_at=NOW)

    look()
    assert {(p.subject_name, p.count) for p in the_open()} == {
        ("x@nordlys.example", 2), ("y@nordlys.example", 1),
    }  # fmt: skip

    asked_for(session, "x@nordlys.example", state="sent", sent_at=NOW + MINUTE)
    look(2 * MINUTE)
    assert [p.subject_name for p in the_open()] == ["y@nordlys.example"]


def test_mail_that_waits_for_a_server_is_a_problem_that_no_mail_tells_of(session: Session) -> None:
    _, job = mail.request(
        session, DeliveryKind.DUE, Recipient(OWNER), source=("reminder", new_id())
    )
    session.commit()
    session.execute(
        update(Job)
        .where(Job.id == job.id)
        .values(waits_for="mail:server", error={"message": "No mail server is set."})
    )
    session.commit()

    look()
    look(MINUTE)

    (problem,) = the_open()
    assert (problem.kind, problem.count) == (ProblemKind.MAIL_WAITING, 1)
    assert problem.message["params"] == {"count": 1, "reason": "No mail server is set."}
    assert told() == []


def test_mail_tried_three_times_says_that_the_server_is_down(session: Session) -> None:
    _, job = mail.request(
        session, DeliveryKind.DUE, Recipient(OWNER), source=("reminder", new_id())
    )
    session.commit()
    for attempt, expected in ((2, []), (3, [ProblemKind.MAIL_SERVER_DOWN])):
        session.execute(
            update(Job)
            .where(Job.id == job.id)
            .values(attempt=attempt, error={"class": "TransientError", "message": "refused"})
        )
        session.commit()
        look()
        assert [p.kind for p in the_open()] == expected


def test_mail_held_for_a_person_is_a_problem(session: Session) -> None:
    asked_for(session, OWNER, state="held", last_tried_at=NOW)

    look()

    assert [(p.kind, p.count) for p in the_open()] == [(ProblemKind.MAIL_UNSURE, 1)]


def test_what_was_open_by_eight_is_told_once_more_that_day(session: Session) -> None:
    make_connection(session)
    session.commit()
    look()
    look(MINUTE)
    session.execute(update(Problem).values(created_at=NOW))
    session.commit()

    for minutes in range(55, 600, 60):
        look(minutes * MINUTE)

    assert told() == [("alert", ADMIN, 1), ("digest", ADMIN, 1)]
    look(timedelta(days=1, hours=2))
    assert told()[2:] == [("digest", ADMIN, 1)]


def test_what_came_after_eight_is_not_in_that_days_digest(session: Session) -> None:
    make_connection(session)
    session.commit()
    for minutes in (120, 121, 200):  # nine o'clock
        look(minutes * MINUTE)
        session.execute(update(Problem).values(created_at=NOW + 120 * MINUTE))
        session.commit()

    assert told() == [("alert", ADMIN, 1)]


def test_only_one_relay_looks_at_a_time(session: Session) -> None:
    with transaction() as other:
        assert problems.refresh(other, NOW)
        assert not problems.refresh(session, NOW)


def retry(problem: Problem) -> list[UUID]:
    with transaction() as session:
        jobs = retrying.retry(session, session.get_one(Problem, problem.id))
    return [job.id for job in jobs]


def test_a_retry_replays_the_dead_jobs_of_the_group_and_no_others(session: Session) -> None:
    ours = [dead_job(session, TaskName.PUSH_CUSTOMER) for _ in range(2)]
    other = dead_job(session, TaskName.PUSH_CUSTOMER, "PermanentError")
    look()

    assert retry(the_open()[1]) == ours

    states = {row.id: row.state for row in session.execute(select(Job.id, Job.state))}
    assert [states[job_id] for job_id in (*ours, other)] == ["queued", "queued", "dead"]


def test_a_retry_sends_the_mails_of_an_address_again(session: Session) -> None:
    ours = asked_for(session, "x@nordlys.example", state="failed", message=REFUSED)
    asked_for(session, "y@nordlys.example", state="failed", message=REFUSED)
    look()
    problem = next(p for p in the_open() if p.subject_name == "x@nordlys.example")

    (job_id,) = retry(problem)

    assert session.get_one(Job, job_id).subject_id == ours.id
    session.refresh(ours)
    assert ours.state == "pending"


def test_a_retry_lets_waiting_mail_go_now(session: Session) -> None:
    _, job = mail.request(
        session, DeliveryKind.DUE, Recipient(OWNER), source=("reminder", new_id())
    )
    session.commit()
    session.execute(
        update(Job)
        .where(Job.id == job.id)
        .values(
            waits_for="mail:server", error={"message": "none"},
            run_at=datetime(2090, 1, 1, tzinfo=UTC),
        )
    )  # fmt: skip
    session.commit()
    look()

    assert retry(the_open()[0]) == [job.id]

    found = session.get_one(Job, job.id, populate_existing=True)
    assert (found.state, found.waits_for) == (JobState.QUEUED, None)
    assert found.run_at < datetime(2090, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("code", ["not_open", "no_retry"])
def test_what_is_over_or_wants_a_decision_is_not_retried(session: Session, code: str) -> None:
    asked_for(session, OWNER, state="held", last_tried_at=NOW)
    look()
    (problem,) = the_open()
    if code == "not_open":
        session.execute(update(Delivery).values(state="failed", message=REFUSED))
        session.commit()
        look(5 * S)

    with pytest.raises(ConflictError) as refused:
        retry(problem)

    assert refused.value.code == code


def make_report(session: Session, reader: User) -> ReportSchedule:
    report = ReportDef(
        name="Overdue", dataset="customers", query={}, format=FileFormat.XLSX,
        owner_user_id=reader.id,
    )  # fmt: skip
    session.add(report)
    session.flush()
    schedule = ReportSchedule(
        name="Overdue", task=TaskName.RUN_REPORT.value, args={}, rule="FREQ=WEEKLY", zone="UTC",
        starts_at_local="2026-11-16T08:00:00", report_id=report.id,
        recipients_mode=RecipientsMode.USERS, recipient_ids=[reader.id],
        on_empty=EmptyPolicy.SEND, owner_user_id=reader.id,
    )  # fmt: skip
    session.add(schedule)
    session.flush()
    return schedule


def make_run(
    session: Session, schedule: ReportSchedule, state: ReportRunState, planned_at: datetime
) -> ReportRun:
    run = ReportRun(
        schedule_id=schedule.id, report_id=schedule.report_id, planned_at=planned_at, state=state,
        recipient_user_id=schedule.recipient_ids[0], owner_user_id=schedule.owner_user_id,
    )  # fmt: skip
    session.add(run)
    session.commit()
    return run


def test_a_report_that_could_not_be_made_is_a_problem_of_its_owner_until_a_later_one_is(
    session: Session,
) -> None:
    owner = make_user(session, OWNER)
    schedule = make_report(session, owner)
    run = make_run(session, schedule, ReportRunState.FAILED, NOW)
    job_id = dead_job(session, TaskName.RENDER_REPORT, subject=("report_run", run.id))

    look()
    look(MINUTE)
    (problem,) = the_open()
    assert (problem.kind, problem.subject_name, problem.count) == ("report_failed", "Overdue", 1)
    assert told() == [("alert", OWNER, 1)]
    assert retry(problem) == [job_id]

    make_run(session, schedule, ReportRunState.DELIVERED, NOW + timedelta(days=7))
    look(2 * MINUTE)
    assert the_open() == []


def test_a_report_that_is_given_up_is_no_problem_until_another_try_fails(
    session: Session,
) -> None:
    run = make_run(
        session, make_report(session, make_user(session, OWNER)), ReportRunState.FAILED, NOW
    )
    subject = ("report_run", run.id)
    job_id = dead_job(session, TaskName.RENDER_REPORT, subject=subject)
    look()
    assert [problem.kind for problem in the_open()] == ["report_failed"]

    cancel_job(session, true(), job_id)
    session.commit()
    look(5 * S)
    assert the_open() == []

    dead_job(session, TaskName.RENDER_REPORT, subject=subject)
    look(10 * S)
    assert [problem.kind for problem in the_open()] == ["report_failed"]


def test_a_report_that_was_made_and_refused_by_mail_is_a_problem_of_that_address_alone(
    session: Session,
) -> None:
    owner = make_user(session, OWNER)
    run = make_run(session, make_report(session, owner), ReportRunState.FAILED, NOW)
    mail.request(session, DeliveryKind.REPORT, Recipient.of(owner), source=("report_run", run.id))
    session.commit()
    session.execute(update(Delivery).values(state="failed", message=REFUSED))
    session.execute(update(Job).values(state="dead"))
    session.commit()

    look()

    assert [problem.kind for problem in the_open()] == [ProblemKind.MAIL_FAILED]

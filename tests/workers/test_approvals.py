"""Approvals in the hands of the workers: mails and expiry."""

from collections.abc import Iterator
from email.header import decode_header, make_header

import pytest
from sqlalchemy import Engine, func, select, text, update

from hub import reactions
from hub.access.models import User
from hub.access.roles import Role
from hub.approvals import services as approvals
from hub.approvals.models import Approval, ApprovalState
from hub.clock import utcnow
from hub.db import transaction
from hub.history.models import Event
from hub.ledger.enqueueing import enqueue
from hub.ledger.tasks import TaskName
from hub.ports import OutgoingMail
from hub.settings import get_settings
from tests.fake_mailer import FakeMailer
from tests.people import make_customer, make_user
from tests.petitions import petition
from tests.workers.mailroom import deliveries, jobs, mailing_by, parsed, part, work
from workers import tasks  # noqa: F401 - registers the bodies
from workers.chain import drain


@pytest.fixture
def mailer(database: Engine) -> Iterator[FakeMailer]:
    reactions.install()
    with mailing_by(FakeMailer()) as fake:
        yield fake


def subject(sent: OutgoingMail) -> str:
    return str(make_header(decode_header(parsed(sent)["Subject"])))


def asked(customer_name: str = "Havn ApS") -> tuple[Approval, User, User]:
    with transaction() as session:
        anna = make_user(
            session, "anna@nordlys.example", name="Anna", role=Role.ADMINISTRATOR, locale="en"
        )
        bo = make_user(session, "bo@nordlys.example", name="Bo", locale="en")
        customer = make_customer(session, customer_name, owner_user_id=anna.id)
        made = petition(session, customer, bo, reason="Stor ordre", reference="1001")
    return made, anna, bo


def decide(approval: Approval, by: User, state: ApprovalState) -> None:
    with transaction() as session:
        approvals.decide(
            session, session.get_one(Approval, approval.id), state, by=by.id, reason="For dyrt",
            now=utcnow(),
        )  # fmt: skip


def test_who_may_decide_is_told_and_then_whoever_asked(mailer: FakeMailer) -> None:
    made, anna, _ = asked()
    work()
    decide(made, anna, ApprovalState.REFUSED)
    work()

    request, answer = mailer.received
    assert (request.recipient, answer.recipient) == ("anna@nordlys.example", "bo@nordlys.example")
    assert subject(request) == "Bo asks for your approval: Give a discount"
    told = part(request, "text/plain")
    assert "About: Havn ApS" in told
    assert "Reference: 1001" in told
    assert "> Stor ordre" in told
    assert f"/go/approvals/{made.id}" in told
    assert subject(answer) == "Your request was refused: Give a discount"
    assert "> For dyrt" in part(answer, "text/plain")
    assert "Decided by: Anna" in part(answer, "text/plain")


def test_whoever_may_not_see_the_subject_is_not_told_of_it(
    mailer: FakeMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_VISIBILITY", "private")
    get_settings.cache_clear()
    made, anna, _ = asked("Hemmelig ApS")
    decide(made, anna, ApprovalState.APPROVED)

    work()
    get_settings.cache_clear()

    (answer,) = mailer.received
    assert answer.recipient == "bo@nordlys.example"
    assert "Hemmelig" not in part(answer, "text/plain")
    assert "1001" not in part(answer, "text/plain")


def test_nobody_is_asked_over_what_is_decided_already(mailer: FakeMailer) -> None:
    made, anna, _ = asked()
    decide(made, anna, ApprovalState.APPROVED)

    work()

    assert [sent.recipient for sent in mailer.received] == ["bo@nordlys.example"]
    assert [delivery.state.value for delivery in deliveries()] == ["withdrawn", "sent"]


def test_requests_expire_on_schedule_and_twice_is_as_good_as_once(mailer: FakeMailer) -> None:
    made, _, _ = asked()
    with transaction() as session:
        session.execute(
            update(Approval).values(expires_at=func.now() - text("interval '1 second'"))
        )
        for _ in range(2):
            enqueue(session, TaskName.EXPIRE_REQUESTS)

    assert drain(TaskName.EXPIRE_REQUESTS) == 2
    work()

    assert [job.result for job in jobs(TaskName.EXPIRE_REQUESTS)] == [
        {"expired": 1}, {"expired": 0},
    ]  # fmt: skip
    with transaction() as session:
        assert session.get_one(Approval, made.id).state is ApprovalState.EXPIRED
    assert [subject(sent) for sent in mailer.received] == [
        "Nobody decided over your request in time: Give a discount"
    ]


def test_requests_go_up_on_schedule_and_twice_is_as_good_as_once(mailer: FakeMailer) -> None:
    made, anna, _ = asked()
    work()
    with transaction() as session:
        session.execute(
            update(Approval).values(escalates_at=func.now() - text("interval '1 second'"))
        )
        for _ in range(2):
            enqueue(session, TaskName.ESCALATE_REQUESTS)

    assert drain(TaskName.ESCALATE_REQUESTS) == 2
    work()

    assert [job.result for job in jobs(TaskName.ESCALATE_REQUESTS)] == [
        {"escalated": 1}, {"escalated": 0},
    ]  # fmt: skip
    with transaction() as session:
        found = session.get_one(Approval, made.id)
        assert (found.state, found.escalated_to) == (ApprovalState.REQUESTED, [anna.id])
        event = session.scalars(select(Event).where(Event.type == "approval.escalated")).one()
        assert (event.subject_id, event.data and event.data["escalated_to"]) == (
            made.id, [str(anna.id)],
        )  # fmt: skip
        assert (event.cause_kind, event.cause_id) == ("rule", "approvals")
    last = mailer.received[-1]
    assert (last.recipient, subject(last)) == (
        "anna@nordlys.example",
        "Nobody has decided yet: Bo asks for your approval: Give a discount",
    )
    told = part(last, "text/plain")
    assert "Bo asks for an approval, and nobody has decided yet: now you may." in told
    assert f"/go/approvals/{made.id}" in told

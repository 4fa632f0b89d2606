"""The mail that a workflow has sent when a record comes to a state."""

from collections.abc import Iterator
from email.header import decode_header, make_header
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from hub.access.callers import principal_of
from hub.access.models import User
from hub.access.roles import Role
from hub.clock import utcnow
from hub.db import transaction
from hub.leads import services as leads
from hub.leads.models import Lead
from hub.mail.models import Delivery, DeliveryState
from hub.settings import get_settings
from hub.workflow import moving, services
from hub.workflow.definition import Definition, State, Transition
from hub.workflow.errands import Doing, Errand, Whose
from hub.workflow.models import StateKind
from hub.workflow.moving import Move
from tests.fake_mailer import FakeMailer
from tests.people import acting, make_customer, make_user
from tests.workers.mailroom import deliveries, mailing_by, parsed, part, work
from workers import tasks  # noqa: F401 - registers the bodies


@pytest.fixture
def mailer(database: Engine) -> Iterator[FakeMailer]:
    with mailing_by(FakeMailer()) as fake:
        yield fake


def move_one(whose: Whose = Whose.ASSIGNEE) -> UUID:
    """Move a lead of Bo's, whose customer is Ove's, to a state of which somebody is mailed."""
    wanted = Errand(Doing.MAIL, title="{name} er varm", text="Ring før fredag.", whose=whose)
    definition = Definition(
        (
            State("new", "New", StateKind.NEW),
            State("warm", "Varm", StateKind.WORKING, on_enter=(wanted,)),
        ),
        (Transition("new", "warm"),),
    )
    with transaction() as session:
        made = services.draft(
            session, entity="lead", code="mails", name="Mails", definition=definition
        )
        services.publish(session, made, moves={})
        mover = make_user(session, "anna@nordlys.example", name="Anna", role=Role.ADMINISTRATOR)
        bo, ove = (make_user(session, f"{name}@nordlys.example") for name in ("bo", "ove"))
        customer = make_customer(session, "Havn ApS", owner_user_id=ove.id)
    with transaction(acting(mover)) as session:
        lead = leads.create(
            session, {"customer_id": customer.id, "owner_user_id": bo.id}, now=utcnow(),
            workflow="mails",
        )  # fmt: skip
        principal = principal_of(session, session.get_one(User, mover.id))
        moving.move(session, principal, lead, Move("warm", reason="vil købe"), now=utcnow())
        return lead.id


def test_whoever_goes_on_with_a_record_is_told_once(mailer: FakeMailer) -> None:
    lead_id = move_one()

    assert work() == 1
    assert work() == 0

    [sent] = mailer.received
    assert sent.recipient == "bo@nordlys.example"
    assert str(make_header(decode_header(parsed(sent)["Subject"]))) == "Havn ApS er varm"
    told = part(sent, "text/plain")
    for words in ("Ring før fredag.", "Havn ApS", "Status: Varm", "Flyttet af: Anna",
                  "Årsag: vil købe", f"/go/leads/{lead_id}"):  # fmt: skip
        assert words in told
    assert [each.state for each in deliveries()] == [DeliveryState.SENT]


def test_whoever_may_not_see_the_record_is_told_nothing_of_it(
    mailer: FakeMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_VISIBILITY", "private")
    get_settings.cache_clear()
    move_one(Whose.OWNER)

    work()

    [sent] = mailer.received
    assert sent.recipient == "ove@nordlys.example"
    message = part(sent, "text/plain")
    assert "Havn" not in message
    assert "købe" not in message
    assert "Havn" not in str(make_header(decode_header(parsed(sent)["Subject"])))
    monkeypatch.undo()
    get_settings.cache_clear()


def test_of_a_record_that_is_gone_nobody_is_told(mailer: FakeMailer) -> None:
    lead_id = move_one()
    with transaction() as session:
        session.get_one(Lead, lead_id).deleted_at = utcnow()

    work()

    assert mailer.received == []
    with transaction() as session:
        [mail] = session.scalars(select(Delivery))
        assert mail.state is DeliveryState.WITHDRAWN

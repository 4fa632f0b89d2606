"""What a workflow has done when a record comes to a state."""

from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from hub.access.assignable import AssignmentPolicy, Groups
from hub.access.callers import principal_of
from hub.access.models import Team, TeamMember, User
from hub.access.principals import Principal
from hub.access.roles import Role
from hub.activities.models import Activity, ActivityKind, ActivityState
from hub.calendar_time import working_days_after
from hub.clock import business_date, utcnow
from hub.configuration import replace
from hub.db import locked, transaction
from hub.errors import ConflictError, ValidationError
from hub.history.models import Event
from hub.leads import services as leads
from hub.leads.models import Lead
from hub.mail.models import Delivery, DeliveryKind
from hub.opportunities import services as opportunities
from hub.reminders.models import Reminder
from hub.settings import get_settings
from hub.workflow import moving, services
from hub.workflow.definition import Definition, State, Transition, everywhere, load
from hub.workflow.errands import MOST, Doing, Errand, Unit, Whose
from hub.workflow.models import StateKind, Workflow
from hub.workflow.moving import Move
from tests.hub.absences.test_presence import be_away
from tests.people import acting, make_customer, make_user

RING = Errand(Doing.ACTIVITY, title="Ring {name}", text="{number}: {reason}", kind="call", due_in=2)
NEW = State("new", "New", StateKind.NEW)


def today() -> date:
    return business_date(utcnow(), get_settings().zone)


def flow(
    session: Session,
    *on_state: Errand,
    on_way: tuple[Errand, ...] = (),
    entity: str = "lead",
    code: str = "errands",
) -> Workflow:
    """Publish a workflow of two states, to the second of which one comes by one way."""
    warm = State("warm", "Warm", StateKind.WORKING, on_enter=on_state)
    definition = Definition(
        (NEW, warm),
        (Transition("new", "warm", on_enter=on_way), Transition("warm", "new")),
    )
    made = services.draft(session, entity=entity, code=code, name="Errands", definition=definition)
    return services.publish(session, made, moves={})


@pytest.fixture
def mover(session: Session) -> User:
    user = make_user(session, role=Role.ADMINISTRATOR)
    session.commit()
    session.info["origin"] = acting(user)
    return user


def move(session: Session, user: User, record: Any, to: str = "warm", **said: Any) -> Any:
    principal = principal_of(session, user)
    moving.move(session, principal, record, Move(to, **said), now=utcnow())
    session.commit()
    return record


def lead_of(session: Session, **fields: Any) -> Lead:
    made = leads.create(
        session, {"company": "Havn ApS", **fields}, now=utcnow(), workflow="errands"
    )
    session.commit()
    return made


def logged(session: Session, record: Any) -> Event:
    found = session.scalars(
        select(Event).where(Event.subject_id == record.id, Event.type.endswith(".transitioned"))
    )
    return found.one()


def test_an_activity_is_planned_for_whoever_goes_on_with_it(session: Session, mover: User) -> None:
    other = make_user(session, "bo@nordlys.example")
    flow(session, RING)
    lead = lead_of(session)
    lead.owner_user_id = other.id

    move(session, mover, lead, reason="wants\na visit")

    activity = session.scalars(select(Activity)).one()
    assert (activity.kind, activity.state) == (ActivityKind.CALL, ActivityState.PLANNED)
    assert (activity.title, activity.body) == ("Ring Havn ApS", f"{lead.number}: wants\na visit")
    assert activity.due_local == (today() + timedelta(days=2)).isoformat()
    assert activity.assignee_ids == [other.id]
    assert activity.subject_ids == [lead.id]


def test_what_is_made_says_in_its_history_which_workflow_made_it(
    session: Session, mover: User
) -> None:
    workflow = flow(session, RING)
    lead = move(session, mover, lead_of(session))

    activity = session.scalars(select(Activity)).one()
    created = session.scalars(select(Event).where(Event.subject_id == activity.id)).one()
    assert (created.type, created.user_id) == ("activity.created", mover.id)
    assert (created.cause_kind, created.cause_id) == ("rule", f"workflow:{workflow.id}")
    event = logged(session, lead)
    assert event.cause_kind == "request"
    assert event.data is not None
    assert event.data["done"] == [
        {
            "do": "activity", "title": "Ring Havn ApS", "user_id": str(mover.id),
            "due_on": (today() + timedelta(days=2)).isoformat(),
            "made": {"entity": "activity", "id": str(activity.id)},
        }
    ]  # fmt: skip


def test_the_state_is_served_before_the_way(session: Session, mover: User) -> None:
    by_way = Errand(Doing.ACTIVITY, title="by the way")
    flow(session, Errand(Doing.ACTIVITY, title="by the state"), on_way=(by_way,))

    lead = move(session, mover, lead_of(session))

    data = logged(session, lead).data
    assert data is not None
    assert [each["title"] for each in data["done"]] == ["by the state", "by the way"]


def test_somebody_is_reminded_on_a_day(session: Session, mover: User) -> None:
    due = Errand(Doing.REMINDER, title="{state}: {name}", due_in=0)
    flow(session, due)

    lead = move(session, mover, lead_of(session))

    reminder = session.scalars(select(Reminder)).one()
    assert (reminder.title, reminder.recipient_user_id) == ("Warm: Havn ApS", mover.id)
    assert (reminder.fire_at_local, reminder.all_day) == (today().isoformat(), True)
    assert (reminder.subject_type, reminder.subject_id) == ("lead", lead.id)


def test_each_move_has_a_mail_of_its_own(session: Session, mover: User) -> None:
    flow(session, Errand(Doing.MAIL, title="{name} is warm", text="Hurry"))
    lead = lead_of(session)

    for to in ("warm", "new", "warm"):
        move(session, mover, lead, to)

    mails = session.scalars(
        select(Delivery).where(Delivery.kind == DeliveryKind.MOVE).order_by(Delivery.sequence)
    ).all()
    assert [(each.sequence, each.recipient) for each in mails] == [
        (0, mover.email),
        (1, mover.email),
    ]
    assert mails[0].facts["title"] == "Havn ApS is warm"


def test_an_opportunity_is_followed_up_on_a_day(session: Session, mover: User) -> None:
    wanted = Errand(Doing.FOLLOW_UP, due_in=3, unit=Unit.WORKING_DAYS)
    flow(session, wanted, entity="opportunity")
    made = opportunities.create(session, {"name": "Tilbud"}, now=utcnow(), pipeline="errands")
    session.commit()

    move(session, mover, made)

    assert made.follow_up_on == working_days_after(today(), 3)
    event = logged(session, made)
    assert (event.changes or {})["follow_up_on"] == [None, made.follow_up_on.isoformat()]


def test_it_is_for_whom_the_workflow_says(session: Session, mover: User) -> None:
    leader, owner, assignee = (
        make_user(session, f"{name}@nordlys.example") for name in ("lis", "ove", "anna")
    )
    team = Team(name="North", manager_user_id=leader.id)
    session.add(team)
    session.flush()
    session.add(TeamMember(team_id=team.id, user_id=assignee.id))
    customer = make_customer(session, owner_user_id=owner.id)
    flow(session, *(Errand(Doing.ACTIVITY, title=each.value, whose=each) for each in Whose))
    lead = lead_of(session, customer_id=customer.id, owner_user_id=assignee.id)

    move(session, mover, lead)

    found = {each.title: each.assignee_ids for each in session.scalars(select(Activity))}
    assert found == {
        "assignee": [assignee.id], "owner": [owner.id], "manager": [leader.id],
        "mover": [mover.id],
    }  # fmt: skip


def test_where_nobody_is_there_it_is_whoever_moves_it(session: Session, mover: User) -> None:
    gone = make_user(session, "bo@nordlys.example")
    flow(session, *(Errand(Doing.ACTIVITY, title=each.value, whose=each) for each in Whose))
    lead = lead_of(session, owner_user_id=gone.id)
    gone.active = False

    move(session, mover, lead)

    assert {tuple(each.assignee_ids) for each in session.scalars(select(Activity))} == {(mover.id,)}


def test_what_will_be_done_is_shown_before(session: Session, mover: User) -> None:
    flow(session, RING, on_way=(Errand(Doing.MAIL, title="{name}"),))
    lead = lead_of(session)
    principal = principal_of(session, mover)
    [target] = moving.targets(session, principal, lead)

    found = moving.preview(session, principal, lead, target, now=utcnow())

    assert [(each.title, each.due_on, each.user_id) for each in found] == [
        ("Ring Havn ApS", today() + timedelta(days=2), mover.id), ("Havn ApS", None, mover.id),
    ]  # fmt: skip
    assert session.scalars(select(Activity)).all() == []


def test_a_title_fits_whatever_fills_it(session: Session, mover: User) -> None:
    flow(session, Errand(Doing.ACTIVITY, title="{name} {name} {reason}"))
    lead = lead_of(session, company="H" * 200)

    move(session, mover, lead, reason="one\ntwo")

    assert len(session.scalars(select(Activity)).one().title) == 255


@pytest.mark.parametrize(
    ("errand", "pointer", "code"),
    [
        (Errand(Doing.FOLLOW_UP, due_in=1), "/do", "unknown"),
        (Errand(Doing.ACTIVITY), "/title", "required"),
        (Errand(Doing.REMINDER, title="x"), "/due_in", "required"),
        (Errand(Doing.MAIL, title="x", due_in=1), "/due_in", "not_used"),
        (Errand(Doing.MAIL, title="x", kind="call"), "/kind", "not_used"),
        (Errand(Doing.ACTIVITY, title="x", kind="dance"), "/kind", "unknown"),
        (Errand(Doing.ACTIVITY, title="Ring {phone}"), "/title", "placeholder"),
        (Errand(Doing.ACTIVITY, title="x", text="{"), "/text", "brace"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_place(
    session: Session, errand: Errand, pointer: str, code: str
) -> None:
    for said, place in (
        ({"on_state": (errand,)}, "/states/1/on_enter/0"),
        ({"on_way": (errand,)}, "/transitions/0/on_enter/0"),
    ):
        with pytest.raises(ValidationError) as refused:
            flow(session, *said.get("on_state", ()), on_way=said.get("on_way", ()))
        assert [(e.pointer, e.code) for e in refused.value.errors] == [(place + pointer, code)]


def test_there_are_so_many_at_most(session: Session) -> None:
    with pytest.raises(ValidationError, match="/states/1/on_enter"):
        flow(session, *[Errand(Doing.MAIL, title="x")] * (MOST + 1))


@given(st.dates(date(2024, 1, 1), date(2030, 1, 1)), st.integers(0, 60))
def test_working_days_are_counted_from_monday_to_friday(day: date, count: int) -> None:
    found = working_days_after(day, count)
    between = [day + timedelta(days=n) for n in range(1, (found - day).days + 1)]
    worked = [each for each in between if each.weekday() < 5]
    assert found.weekday() < 5
    if day.weekday() < 5 or count:
        assert len(worked) == count
    else:
        assert worked == [found]


class _DiedError(Exception):
    """A process was killed before its commit."""


def _die(fails: bool) -> None:
    if fails:
        raise _DiedError


class Machine(RuleBasedStateMachine):
    """A lead that is moved, tried to be moved, and taken into later revisions.

    However it goes, each move that was committed has had everything done once.
    """

    KEYS = ("new", "warm", "hot", "cold")

    @initialize()
    def begin(self) -> None:
        self.revision, self.expected, self.state = 0, Counter[str](), "new"
        with transaction() as session:
            email = f"{utcnow().timestamp()}@hub.example"
            self.user_id = make_user(session, email, role=Role.ADMINISTRATOR).id
            self.code = f"machine{self.user_id.hex}"
            self.publish(session)
        with transaction(acting(self.user())) as session:
            lead = leads.create(session, {"company": "Havn"}, now=utcnow(), workflow=self.code)
            self.lead_id: UUID = lead.id

    def user(self) -> User:
        with transaction() as session:
            return session.get_one(User, self.user_id)

    def publish(self, session: Session) -> Workflow:
        """Publish a revision whose errands tell in their titles where they come from."""
        self.revision += 1
        kinds = {"new": StateKind.NEW, "cold": StateKind.PARKED}
        definition = Definition(
            tuple(
                State(key, key, kinds.get(key, StateKind.WORKING), on_enter=self.errands(key))
                for key in self.KEYS
            ),
            tuple(
                Transition(way.origin, way.target, on_enter=self.errands(way.origin, way.target))
                for way in everywhere(self.KEYS)
            ),
        )
        made = services.draft(
            session, entity="lead", code=self.code, name="Machine", definition=definition
        )
        return services.publish(session, made, moves={})

    def errands(self, *place: str) -> tuple[Errand, ...]:
        title = f"{self.revision}:{'>'.join(place)}"
        return (
            Errand(Doing.ACTIVITY, title=title, due_in=1), Errand(Doing.MAIL, title=title),
        )[: 1 + (place[-1] != "cold")]  # fmt: skip

    @rule(to=st.sampled_from(KEYS), fails=st.booleans())
    def move(self, to: str, fails: bool) -> None:
        refused: Exception | None = None
        done: list[Errand] = []
        try:
            with transaction(acting(self.user())) as session:
                principal: Principal = principal_of(session, session.get_one(User, self.user_id))
                lead = locked(session, Lead, self.lead_id)
                done += moving.move(session, principal, lead, Move(to), now=utcnow()).errands
                _die(fails)
        except (_DiedError, ConflictError) as error:
            refused = error
        assert isinstance(refused, ConflictError) == (to == self.state)
        if refused is not None:
            return
        self.state = to
        self.expected.update(f"{each.do} {each.title}" for each in done)

    @rule()
    def take_into_the_next_revision(self) -> None:
        with transaction() as session:
            workflow = self.publish(session)
            assert services.follow(session, workflow, limit=10) == 1
            assert load(session, workflow.id).state(self.state).on_enter

    @invariant()
    def all_is_done_once_for_each_move(self) -> None:
        with transaction() as session:
            titles = session.scalars(
                select(Activity.title).where(Activity.author_user_id == self.user_id)
            )
            mails = session.scalars(select(Delivery).where(Delivery.source_id == self.lead_id))
            found = Counter(f"activity {title}" for title in titles)
            found.update(f"mail {mail.facts['title']}" for mail in mails)
            events = session.scalars(
                select(Event.data).where(
                    Event.subject_id == self.lead_id, Event.type == "lead.transitioned"
                )
            )
            told = Counter(
                f"{each['do']} {each['title']}" for data in events for each in data["done"]
            )
            assert found == told == self.expected
            assert session.get_one(Lead, self.lead_id).state == self.state


def test_everything_is_done_once_for_each_move_and_for_nothing_else(database: Engine) -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=10,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whoever_is_away_on_the_day_of_it_is_passed_over(session: Session, mover: User) -> None:
    leader, above, assignee = (
        make_user(session, f"{name}@nordlys.example") for name in ("lis", "mona", "anna")
    )
    top = Team(name="All", manager_user_id=above.id)
    session.add(top)
    session.flush()
    team = Team(name="North", manager_user_id=leader.id, parent_id=top.id)
    session.add(team)
    session.flush()
    session.add(TeamMember(team_id=team.id, user_id=assignee.id))
    for user in (leader, assignee, mover):
        be_away(session, user, today(), today() + timedelta(days=2))
    due = {"now": 0, "back": 3, "open": None}
    flow(
        session,
        *(
            Errand(Doing.ACTIVITY, title=f"{whose} {name}", whose=whose, due_in=days)
            for whose in (Whose.ASSIGNEE, Whose.MANAGER)
            for name, days in due.items()
        ),
    )
    lead = lead_of(session, owner_user_id=assignee.id)

    move(session, mover, lead)

    found = {each.title: each.assignee_ids for each in session.scalars(select(Activity))}
    assert found == {
        "assignee now": [mover.id], "assignee back": [assignee.id], "assignee open": [mover.id],
        "manager now": [above.id], "manager back": [leader.id], "manager open": [above.id],
    }  # fmt: skip


def test_an_activity_is_for_nobody_whom_activities_are_not_assigned_to(
    session: Session, mover: User
) -> None:
    assignee = make_user(session, "anna@nordlys.example")
    flow(session, Errand(Doing.ACTIVITY, title="Ring"), Errand(Doing.MAIL, title="Hør"))
    lead = lead_of(session, owner_user_id=assignee.id)
    replace(session, AssignmentPolicy(activities=Groups(roles=["manager"])), expected_version=1)

    move(session, mover, lead)

    assert [each.assignee_ids for each in session.scalars(select(Activity))] == [[]]
    assert session.scalars(select(Delivery.recipient)).all() == [assignee.email]

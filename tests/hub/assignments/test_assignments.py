"""Mass assignment from beginning to end, in this process: planned, applied, taken back."""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, func, select, update

import workers.tasks  # noqa: F401 - registers the bodies
from hub.access import teams
from hub.access.callers import principal_of, speaking
from hub.access.models import ApiToken, User
from hub.access.roles import Role
from hub.assignments import applying, planning
from hub.assignments import services as assignments
from hub.clock import utcnow
from hub.customers import bulk, ownership
from hub.customers.models import Customer
from hub.db import transaction
from hub.errors import ConflictError, ValidationError
from hub.history.models import Event
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from hub.origin import ActorKind, CauseKind, Origin
from hub.planning import request_application, request_undo
from hub.plans import services as plans
from hub.plans.models import Plan, PlanItem, PlanState
from hub.settings import get_settings
from tests.lengths import size
from tests.people import acting, make_customer, make_user
from workers.chain import drain

TASKS = (TaskName.PLAN_ASSIGNMENT, TaskName.APPLY_ASSIGNMENT, TaskName.UNDO_ASSIGNMENT)


class Office:
    """Mette leads Bo; Carl is of another team; Anna may do everything."""

    def __init__(self) -> None:
        with transaction() as session:
            self.mette = make_user(session, "mette@nordlys.example", role=Role.MANAGER)
            self.bo = make_user(session, "bo@nordlys.example", name="Bo")
            self.carl = make_user(session, "carl@nordlys.example", name="Carl")
            self.anna = make_user(session, "anna@nordlys.example", role=Role.ADMINISTRATOR)
            teams.create_team(
                session,
                {"name": "north", "manager_user_id": self.mette.id, "member_ids": [self.bo.id]},
            )

    def customers(self, owner: User | None, count: int, **fields: Any) -> list[UUID]:
        with transaction() as session:
            return [
                make_customer(
                    session, f"{owner.name if owner else 'free'} {n}",
                    owner_user_id=owner.id if owner else None, **fields,
                ).id
                for n in range(count)
            ]  # fmt: skip

    def plan(
        self,
        user: User,
        chosen: Collection[UUID] | Mapping[str, Any],
        *,
        reason: str = "he left",
        token: ApiToken | None = None,
        **changes: UUID | None,
    ) -> UUID:
        origin = Origin(ActorKind.TOKEN, token.id, user.id) if token else acting(user)
        with transaction(origin) as session:
            principal = speaking(session, user, token) if token else principal_of(session, user)
            plan, _ = assignments.request(
                session, principal, entity="customers", chosen=chosen, changes=changes,
                reason=reason, now=utcnow(),
            )  # fmt: skip
        work()
        return plan.id

    def apply(self, user: User, plan_id: UUID) -> Plan:
        with transaction(acting(user)) as session:
            request_application(session, plans.get(session, plan_id, lock=True), now=utcnow())
        work()
        return plan_of(plan_id)

    def undo(self, user: User, plan_id: UUID) -> Plan:
        with transaction(acting(user)) as session:
            request_undo(session, plans.get(session, plan_id, lock=True), now=utcnow())
        work()
        return plan_of(plan_id)


@pytest.fixture
def office(database: Engine) -> Office:
    return Office()


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUB_VISIBILITY", "private")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


def work() -> None:
    for name in TASKS:
        drain(name)
    with transaction() as session:
        dead = session.scalars(select(Job).where(Job.state == JobState.DEAD)).all()
        assert [(job.task, job.error) for job in dead] == []


def plan_of(plan_id: UUID) -> Plan:
    with transaction() as session:
        return session.get_one(Plan, plan_id)


def items(plan_id: UUID) -> list[PlanItem]:
    with transaction() as session:
        return list(
            session.scalars(
                select(PlanItem).where(PlanItem.plan_id == plan_id).order_by(PlanItem.position)
            )
        )


def told(plan_id: UUID) -> list[tuple[str, str | None, list[str]]]:
    return [(i.action, i.outcome, [e["code"] for e in i.errors or ()]) for i in items(plan_id)]


def owners(ids: Collection[UUID]) -> list[UUID | None]:
    with transaction() as session:
        return [session.get_one(Customer, each).owner_user_id for each in ids]


def test_what_a_manager_leads_is_previewed_applied_and_given_back(office: Office) -> None:
    mine = office.customers(office.bo, 3)

    plan_id = office.plan(office.mette, mine, owner_user_id=office.carl.id)
    previewed = items(plan_id)
    draft = plan_of(plan_id)

    assert (draft.state, draft.counters) == (
        PlanState.DRAFT, {"items": 3, "assign": 3},
    )  # fmt: skip
    assert [
        (item.record_id, item.record_version, item.before, item.after) for item in previewed
    ] == [
        (each, 1, {"owner_user_id": str(office.bo.id)}, {"owner_user_id": str(office.carl.id)})
        for each in mine
    ]
    assert owners(mine) == [office.bo.id] * 3

    applied = office.apply(office.mette, plan_id)
    assert (applied.state, applied.counters["done"]) == (PlanState.APPLIED, 3)
    assert owners(mine) == [office.carl.id] * 3

    undone = office.undo(office.mette, plan_id)
    assert (undone.state, undone.counters["undone"]) == (PlanState.UNDONE, 3)
    assert owners(mine) == [office.bo.id] * 3


def test_each_customer_has_an_event_with_reason_and_plan(office: Office) -> None:
    mine = office.customers(office.bo, 2)
    plan_id = office.plan(office.mette, mine, owner_user_id=office.carl.id, reason="he left")

    office.apply(office.mette, plan_id)
    office.undo(office.mette, plan_id)

    with transaction() as session:
        events = session.scalars(
            select(Event).where(Event.type == "customer.assigned").order_by(Event.id)
        ).all()
        versions = [session.get_one(Customer, each).version for each in mine]
    why = {"reason": "he left", "plan_id": str(plan_id)}
    assert [(event.changes, event.data) for event in events[:2]] == [
        ({"owner_user_id": [str(office.bo.id), str(office.carl.id)]}, why)
    ] * 2
    assert [(event.changes, event.data) for event in events[2:]] == [
        ({"owner_user_id": [str(office.carl.id), str(office.bo.id)]}, {**why, "undone": True})
    ] * 2
    assert {(e.user_id, e.cause_kind, e.cause_id) for e in events} == {
        (office.mette.id, CauseKind.ASSIGNMENT, str(plan_id))
    }
    assert versions == [3, 3]


def test_others_are_counted_and_not_named(office: Office, private: None) -> None:
    mine, others = office.customers(office.bo, 2), office.customers(office.carl, 3)
    strange = uuid4()

    plan_id = office.plan(office.mette, [*mine, *others, strange], owner_user_id=office.mette.id)

    assert [item.record_id for item in items(plan_id)] == mine
    assert plan_of(plan_id).counters == {"items": 2, "assign": 2}
    assert plan_of(plan_id).scope["left_out"] == 4
    assert not any(str(each) in str(plan_of(plan_id).scope) for each in (*others, strange))


def test_a_query_of_the_list_chooses_what_the_caller_sees(office: Office) -> None:
    mine, free = office.customers(office.bo, 2), office.customers(None, 2)
    others = office.customers(office.carl, 2)  # public: seen, and not hers to give
    query = {"filter": {"owner": str(office.bo.id)}}

    of_bo = office.plan(office.mette, query, owner_user_id=office.mette.id)
    of_all = office.plan(office.mette, {}, owner_user_id=office.mette.id)

    assert [item.record_id for item in items(of_bo)] == mine
    assert {item.record_id for item in items(of_all)} == {*mine, *free}
    assert plan_of(of_all).scope["left_out"] == len(others)
    assert plan_of(of_bo).scope["query"] == {"filter": {"owner": {"eq": str(office.bo.id)}}}


def test_a_long_query_is_looked_through_by_a_worker(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, others = office.customers(office.bo, 7), office.customers(office.carl, 4)
    monkeypatch.setattr(assignments, "PLANNED_AT_ONCE", 3)
    monkeypatch.setattr(planning.plan_found, "__kwdefaults__", {"after": None, "limit": 2})
    with transaction(acting(office.mette)) as session:
        plan, job = assignments.request(
            session, principal_of(session, office.mette), entity="customers", chosen={},
            changes={"owner_user_id": office.mette.id}, reason="he left", now=utcnow(),
        )  # fmt: skip
    with transaction() as session, pytest.raises(ConflictError, match="not complete"):
        request_application(session, plans.get(session, plan.id, lock=True), now=utcnow())

    work()
    applied = office.apply(office.mette, plan.id)

    assert job is not None
    assert applied.counters == {"items": 7, "assign": 7, "done": 7}
    assert plan_of(plan.id).state is PlanState.APPLIED
    assert owners(mine) == [office.mette.id] * 7
    assert owners(others) == [office.carl.id] * 4


def test_a_moved_customer_is_skipped_and_listed(office: Office) -> None:
    mine = office.customers(office.bo, 4)
    plan_id = office.plan(office.anna, mine, owner_user_id=office.carl.id)
    with transaction() as session:
        ownership.assign(
            session, session.get_one(Customer, mine[0]), {"owner_user_id": office.mette.id},
            reason="quicker",
        )  # fmt: skip
        session.get_one(Customer, mine[1]).deleted_at = utcnow()

    applied = office.apply(office.anna, plan_id)

    assert told(plan_id) == [
        ("assign", "skipped", ["stale_version"]), ("assign", "failed", ["not_found"]),
        ("assign", "done", []), ("assign", "done", []),
    ]  # fmt: skip
    assert (applied.counters["skipped"], applied.counters["failed"]) == (1, 1)
    assert owners(mine) == [office.mette.id, office.bo.id, office.carl.id, office.carl.id]


def test_an_undo_keeps_what_was_changed_since_and_what_nobody_is_there_for(
    office: Office,
) -> None:
    mine, free = office.customers(office.bo, 2), office.customers(None, 1)
    plan_id = office.plan(office.anna, [*mine, *free], owner_user_id=office.carl.id)
    office.apply(office.anna, plan_id)
    with transaction() as session:
        session.get_one(Customer, mine[0]).city = "Ry"

    office.undo(office.anna, plan_id)
    assert told(plan_id) == [
        ("assign", "kept", ["stale_version"]), ("assign", "undone", []), ("assign", "undone", []),
    ]  # fmt: skip
    assert owners([*mine, *free]) == [office.carl.id, office.bo.id, None]

    again = office.plan(office.anna, [mine[1]], owner_user_id=office.carl.id)
    office.apply(office.anna, again)
    with transaction() as session:
        session.get_one(User, office.bo.id).active = False
    office.undo(office.anna, again)
    assert told(again) == [("assign", "kept", ["inactive_user"])]
    assert owners([mine[1]]) == [office.carl.id]


def test_an_undo_after_too_long_is_refused(office: Office) -> None:
    plan_id = office.plan(office.anna, office.customers(None, 1), owner_user_id=office.bo.id)
    office.apply(office.anna, plan_id)
    with transaction() as session:
        session.execute(
            update(Plan).values(applied_at=utcnow() - assignments.UNDONE_WITHIN - timedelta(1))
        )

    with pytest.raises(ConflictError, match="more than 30 days ago"):
        office.undo(office.anna, plan_id)


def test_nobody_who_may_not_be_assigned_is_planned_for_or_applied(office: Office) -> None:
    mine = office.customers(office.bo, 1)
    with pytest.raises(ValidationError, match="/set/owner_user_id: There is no such user"):
        office.plan(office.anna, mine, owner_user_id=uuid4())
    plan_id = office.plan(office.anna, mine, owner_user_id=office.carl.id)
    with transaction() as session:
        session.get_one(User, office.carl.id).active = False

    with pytest.raises(ValidationError, match="/set/owner_user_id: Carl is not active"):
        office.apply(office.anna, plan_id)

    assert plan_of(plan_id).state is PlanState.DRAFT
    assert owners(mine) == [office.bo.id]


def test_rights_are_those_of_the_moment_of_application(office: Office) -> None:
    mine = office.customers(office.bo, 1)
    plan_id = office.plan(office.mette, mine, owner_user_id=office.carl.id)
    with transaction() as session:
        session.get_one(User, office.mette.id).roles = [Role.REPRESENTATIVE]

    office.apply(office.mette, plan_id)

    assert told(plan_id) == [("assign", "failed", ["forbidden"])]
    assert owners(mine) == [office.bo.id]


def test_a_token_narrowed_to_some_rows_plans_for_those(office: Office) -> None:
    danish, german = office.customers(office.bo, 1), office.customers(office.bo, 2, country="DE")
    with transaction() as session:
        token = ApiToken(
            prefix="p", hash=b"h", user_id=office.anna.id, name="danish", scopes=["*"],
            row_filters={"customers": {"country": {"eq": "DK"}}},
        )  # fmt: skip
        session.add(token)

    asked = office.plan(office.anna, {}, token=token, owner_user_id=office.carl.id)
    named = office.plan(office.anna, [*danish, *german], token=token, owner_user_id=office.carl.id)
    with transaction() as session:  # one that it could not have planned for
        session.execute(update(PlanItem).where(PlanItem.plan_id == asked).values(
            record_id=german[0], record_version=1
        ))  # fmt: skip
    office.apply(office.anna, asked)
    office.apply(office.anna, named)

    assert plan_of(named).counters == {"items": 1, "assign": 1, "done": 1}
    assert plan_of(named).scope["left_out"] == 2
    assert told(asked) == [("assign", "failed", ["forbidden"])]
    assert owners([*danish, *german]) == [office.carl.id, office.bo.id, office.bo.id]


def test_what_is_so_already_or_protected_is_told_before(office: Office) -> None:
    free, mine, hidden = (
        office.customers(None, 1), office.customers(office.bo, 1), office.customers(office.bo, 1),
    )  # fmt: skip
    with transaction() as session:
        customer = session.get_one(Customer, hidden[0])
        customer.protected_at, customer.protected_until = utcnow(), utcnow() + timedelta(days=1)

    plan_id = office.plan(office.anna, [*free, *mine, *hidden], owner_user_id=None)
    office.apply(office.anna, plan_id)

    assert told(plan_id) == [
        ("skip", "skipped", ["unchanged"]), ("assign", "done", []),
        ("refuse", "skipped", ["protected"]),
    ]  # fmt: skip
    assert owners([*free, *mine, *hidden]) == [None, None, office.bo.id]


def test_thousands_of_customers_are_one_plan(office: Office) -> None:
    many = size(3_000, 10_000)  # more than one batch plans, and several that one applies
    with transaction() as session:
        made = bulk.create_many(
            session, [{"name": f"Kunde {n}", "owner_user_id": office.bo.id} for n in range(many)],
            prepared=[None] * many, channel="import", origin=CauseKind.IMPORT, source="test",
            now=utcnow(),
        )  # fmt: skip

    plan_id = office.plan(office.anna, made, owner_user_id=office.carl.id)
    applied = office.apply(office.anna, plan_id)
    undone = office.undo(office.anna, plan_id)

    assert applied.counters == {"items": many, "assign": many, "done": many}
    assert undone.counters["undone"] == many
    with transaction() as session:
        told_of = session.scalar(
            select(func.count()).select_from(Event).where(Event.type == "customer.assigned")
        )
        of_bo = session.scalar(
            select(func.count()).select_from(Customer).where(
                Customer.owner_user_id == office.bo.id, Customer.version == 3
            )
        )  # fmt: skip
    assert (told_of, of_bo) == (2 * many, many)


def test_a_batch_that_is_done_twice_does_nothing_the_second_time(office: Office) -> None:
    mine = office.customers(office.bo, 3)
    plan_id = office.plan(office.anna, mine, owner_user_id=office.carl.id)

    def step() -> int | None:
        with transaction(acting(office.anna)) as session:
            return applying.apply_batch(session, plans.get(session, plan_id), now=utcnow())

    assert (step(), step()) == (2, None)
    with transaction() as session:
        assert [session.get_one(Customer, each).version for each in mine] == [2, 2, 2]

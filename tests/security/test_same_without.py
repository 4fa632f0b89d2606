"""Whoever may not see a record is answered everywhere as if it were not there (domain.md §4).

Two worlds are compared that differ in one hidden customer and what hangs on it, whatever it says
and whoever asks: every list with its total, facets, order and pages, those of one record too;
searches, filters and events; candidates for duplicates; the rows of an export and of a report;
where it is protected, also how far the objective is of a team that both are in (ADR 74).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, or_, select, text
from sqlalchemy.orm import Session

import workers.tasks  # noqa: F401 - registers the bodies
from api.authentication import forget_tokens
from api.rates import forget_rates
from hub.access import teams
from hub.access.callers import principal_of
from hub.access.models import AccessGrant, Team, TeamMember, User
from hub.access.predicates import visible
from hub.access.roles import BASE_ROLES, Role, Verb, Visibility
from hub.activities import services as activities
from hub.activities.models import Activity, ActivityState, ActivitySubject
from hub.autofill.models import RegistryLookup
from hub.clock import utcnow
from hub.connections.models import Conflict, Connection, ExternalLink, LinkState
from hub.custom_fields import CustomField
from hub.customers import addresses, contacts
from hub.customers.models import Customer
from hub.db import Base, transaction
from hub.duplicates import scanning
from hub.history.sealing import seal
from hub.imports import templates
from hub.leads import services as leads
from hub.leads.models import Lead
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from hub.mail.models import Delivery
from hub.notes import services as notes
from hub.objectives import progress
from hub.objectives.models import Frequency, Objective
from hub.opportunities import services as opportunities
from hub.opportunities.models import Opportunity
from hub.origin import ActorKind, Origin
from hub.pools import holding
from hub.pools.models import ClaimMode, Pool
from hub.reminders import services as reminders
from hub.reminders.timing import Moment
from hub.reports.datasets import DATASETS
from hub.reports.models import Export, ReportDef, ReportRun, ReportSchedule
from hub.settings import get_settings
from tests.api.client import ApiClient
from tests.api.conftest import make_caller
from tests.databases import Cleaner
from tests.debts import Paper, owe
from tests.lengths import examples
from tests.people import make_customer
from tests.petitions import petition
from tests.pools import make_pool, put_in
from tests.security.routes import OF_A_SESSION, QUERIES, Route, documented_routes
from workers.chain import drain

pytestmark = pytest.mark.slow
ASKING = (
    Role.REPRESENTATIVE, Role.MANAGER, Role.ASSISTANT, Role.VIEWER, Role.INTEGRATION,
)  # fmt: skip
SEEN: tuple[dict[str, Any], ...] = (
    {"name": "Nordlys Handel ApS", "cvr": "99000007", "city": "Ry", "phone": "+4533121201"},
    {"name": "Egernsund Teglværk", "email": "kontor@egernsund.example", "city": "Egernsund"},
    {"name": "Havn ApS", "cvr": "12345674", "ean": "5790000000005", "city": "Ry"},
)
"""What everybody in these worlds may see; the last one is the asker's own."""

_SAID: dict[str, list[str | None]] = {
    "name": ["Nordlys Handel ApS", "Nordlys Handel Aarhus ApS", "Egernsund Teglvaerk", "Aaby ApS"],
    "cvr": [None, "99000007", "12345674", "99000031"],
    "ean": [None, "5790000000005"],
    "city": [None, "Ry", "Egernsund", "Aarhus"],
    "phone": ["+4533121201", "+4533121299"],
    "email": [None, "kontor@egernsund.example", "post@nordlys.example"],
    "ref_no": [None, "10001"],
    "industry": [None, "Fiskeri"],
    "region": [None, "Nord"],
}
hidden_values = st.fixed_dictionaries({name: st.sampled_from(some) for name, some in _SAID.items()})


EMPTY = ("parent", None)
"""A custom field that is shown as empty is as good as one that is left out."""


class World:
    """People and customers, and one question of all questions."""

    def __init__(self, app: Flask, role: Role, *, protected: bool) -> None:
        self.client = ApiClient(app.test_client())
        self.routes = documented_routes(app)
        self.role = role
        self.asker = make_caller(role, "asker@example.com")
        self.other = make_caller(Role.REPRESENTATIVE, "other@example.com")
        with transaction() as session:
            asker, other = (session.get_one(User, c.user_id) for c in (self.asker, self.other))
            for owner, values in zip((None, other, asker), SEEN, strict=True):
                customer = make_customer(
                    session, **values, owner_user_id=None if owner is None else owner.id
                )
                notes.create(session, customer, body="Nordlys ringede", now=utcnow())
            team = Team(name="Nord")
            books = Connection(name="books", connector="fake", kind="accounting",
                               owner_user_id=other.id)  # fmt: skip
            lookup = RegistryLookup(
                query="Havn", state="answered", created_by=asker.id,
                candidates=[{"registration_number": number, "name": "Havn", "country": "DK",
                             "status": "active", "address_lines": []}
                            for number in ("12345674", "99000031")],
            )  # fmt: skip
            parent = CustomField(entity_name="customer", key="parent", type="reference",
                                 reference="customer", label="Parent")  # fmt: skip
            session.add_all((team, books, lookup, parent))
            session.flush()
            session.add(TeamMember(team_id=team.id, user_id=other.id))
            self.team_id, self.books_id, self.lookup_id = team.id, books.id, lookup.id
            own = session.scalars(select(Customer).where(Customer.owner_user_id == asker.id)).one()
            templates.store(session, dict.fromkeys(templates.outdated(session), b"workbook"))
            self.pool_id = make_pool(session, [asker, other], name="Nord").id
            self.own = {"customer_id": own.id}
            if protected:
                self.own["objective_id"] = aim_together(session, [asker.id, other.id])
        with transaction(acting_as(self.asker.user_id)) as session:
            self.own |= work_on(session, own.id, self.asker.user_id)
        self.refer_to(None)
        self.settle()

    def settle(self) -> None:
        """Have what follows from changes done: pairs found, events sealed."""
        with transaction() as session:
            job = scanning.ask_for_scan(session, by=self.other.user_id)
        drain(TaskName.FIND_DUPLICATES)
        with transaction() as session:
            session.execute(delete(Job).where(Job.id == job.id))
            while seal(session):
                pass
            enqueue(session, TaskName.FOLLOW_OBJECTIVES)
        drain(TaskName.FOLLOW_OBJECTIVES)
        drain(TaskName.MEASURE_OBJECTIVE)

    def hide(self, values: dict[str, Any], *, protected: bool) -> UUID:
        """Add a customer that the asker may not see, and everything that can hang on one."""
        other, soon = self.other.user_id, utcnow() + timedelta(days=9)
        with transaction(acting_as(other)) as session:
            customer = make_customer(session, owner_user_id=other, **values)
            pool = session.get_one(Pool, self.pool_id)
            put_in(session, pool, customer)
            holding.give(session, pool, customer, other, mode=ClaimMode.ASSIGN, reason="Nordlys",
                         now=utcnow())  # fmt: skip
            if protected:
                customer.protected_at, customer.protected_until = utcnow(), soon
            work_on(session, customer.id, other)
            customer.custom = {"parent": str(self.own["customer_id"])}
            contacts.create(session, customer, {"last_name": "Nordlys", "email": "a@ry.example"})
            notes.create(session, customer, body="Nordlys ringede", now=utcnow())
            reminders.create(
                session, customer, title="Nordlys", moment=Moment(soon.date(), None),
                zone="Europe/Copenhagen", recipient_user_id=other, now=utcnow(),
            )  # fmt: skip
            link = ExternalLink(connection_id=self.books_id, customer_id=customer.id,
                                remote_id="7", state=LinkState.LINKED)  # fmt: skip
            session.add(link)
            session.flush()
            session.add_all((
                Conflict(link_id=link.id, connection_id=self.books_id, customer_id=customer.id,
                         field="city", local="Ry", remote="Odense"),
                AccessGrant(subject_type="customer", subject_id=customer.id,
                            team_id=self.team_id, level="read"),
            ))  # fmt: skip
            petition(session, customer, other, reason="Nordlys")
            owe(session, customer, Paper(number="1"), books=self.books_id)
            enqueue(session, TaskName.LOOK_UP_COMPANY, key="hidden", customer_id=customer.id,
                    subject=("customer", customer.id))  # fmt: skip
        with transaction() as session:
            principal = principal_of(session, session.get_one(User, self.asker.user_id))
            seen = visible(principal, Verb.READ, Customer)
            assert (
                session.scalar(select(Customer.id).where(Customer.id == customer.id, seen)) is None
            )
        self.refer_to(customer.id)
        self.settle()
        return customer.id

    def refer_to(self, customer_id: UUID | None) -> None:
        """Have the asker's own customer name another, or none, in a custom field."""
        with transaction() as session:
            session.execute(text("set local session_replication_role = replica"))
            session.execute(
                text(
                    "update customer set custom = jsonb_build_object('parent', cast(:at as text))"
                    " where id = :own"
                ),
                {
                    "at": None if customer_id is None else str(customer_id),
                    "own": self.own["customer_id"],
                },
            )

    def answers(self, sorts: int) -> dict[str, Any]:
        """Return everything that is answered to the asker, by what he asked; nothing is refused."""
        found = dict(self._of_lists(sorts))
        looked_up = f"/registry-lookups/{self.lookup_id}"
        looked = [looked_up] if self._may(Verb.CREATE, "customers") else []
        asked = [*looked, *(f"/customers?{each}" for each in FILTERS), *self._pages()]
        referring = f"/customers?custom.parent={self.own['customer_id']}"
        for path in (*asked, referring, "/customers/summary?by=custom.parent"):
            found[path] = self.get(path)
        assert {path: each for path, each in found.items() if each[0] != 200} == {}
        return found

    def files(self, dataset: str) -> dict[str, Any]:
        """Return what is in an export and in a report that the asker has made."""
        found: dict[str, Any] = {}
        if self._may(Verb.EXPORT, "exports") and self._may(Verb.EXPORT, dataset):
            found["export"] = self._export(dataset)
        if self._may(Verb.SCHEDULE_REPORT, "schedules") and self._may(Verb.CREATE, "reports"):
            found["report"] = self._report()
        return found

    def take_away(self, customer_id: UUID) -> None:
        """Leave nothing of a customer, as if it had never been."""
        with transaction() as session:
            session.execute(text("set local session_replication_role = replica"))
            of_it = {customer_id}
            for model in (Lead, Opportunity):
                of_it |= set(
                    session.scalars(select(model.id).where(model.customer_id == customer_id))
                )
            of_it |= set(session.scalars(
                select(ActivitySubject.activity_id).where(ActivitySubject.subject_id.in_(of_it))
            ))  # fmt: skip
            for table in Base.metadata.tables.values():
                named = [table.c[name].in_(of_it) for name in ("customer_id", "subject_id", "a_id",
                         "b_id", "record_id", "activity_id") if name in table.c]  # fmt: skip
                if named:
                    session.execute(table.delete().where(or_(*named)))
            for gone in (Customer, Lead, Opportunity, Activity):
                session.execute(delete(gone).where(gone.id.in_(of_it)))
            for made in (Delivery, ReportRun, ReportSchedule, ReportDef, Export):
                session.execute(delete(made))  # what was made of the world with it

    def get(self, path: str) -> Any:
        answer = self.client.get(f"/api/v1{path}", headers=self.asker.headers)
        passing = _PASSING | _PASSING_AT.get(path.rpartition("/")[2], frozenset())
        return answer.status_code, _lasting(answer.json, passing)

    def _may(self, verb: Verb, collection: str) -> bool:
        return BASE_ROLES[self.role].grants(verb, collection)

    def _of_lists(self, sorts: int) -> Iterator[tuple[str, Any]]:
        for route in self.routes:
            may = self._may(route.permission.verb, route.permission.collection)
            if route.operation.method != "GET" or str(route) in OF_A_SESSION or not may:
                continue
            path = self._about_his_own(route)
            if path is None:
                continue
            listing = route.operation.listing
            asked = [""]
            if listing is not None:
                counted = ",".join(each.name for each in listing.fields if each.facet)
                sortable = [each.name for each in listing.fields if each.sortable]
                sort = f"sort=-{sortable[sorts % len(sortable)]}" if sortable else ""
                asked = [f"?{sort}" + (f"&facets={counted}" if counted else "")]
                if listing.search is not None:
                    asked.append("?q=Nordlys")
            for query in asked:
                yield path + query, self.get(path + query)

    def _about_his_own(self, route: Route) -> str | None:
        """Return the path of a route, for his own record where it is about one."""
        path = route.path.removeprefix("/api/v1")
        names = route.parameters
        if "name" in names:
            return path.replace("<name>", "customers")
        if not set(names.values()) <= self.own.keys():
            return None
        for name, known_as in names.items():
            path = path.replace(f"<uuid:{name}>", str(self.own[known_as]))
        return path + QUERIES.get(route.path.removeprefix("/api/v1"), "")

    def _pages(self) -> Iterator[str]:
        path = "/customers?limit=1&sort=name"
        while path:
            yield path
            cursor = self.client.get(f"/api/v1{path}", headers=self.asker.headers).json
            following = cursor.get("next_cursor")
            path = f"/customers?limit=1&sort=name&cursor={following}" if following else ""

    def _export(self, dataset: str) -> Any:
        body = {"dataset": dataset, "query": {}, "format": "csv"}
        made = self.client.post("/api/v1/exports", json=body, headers=self.asker.headers)
        assert made.status_code == 202, made.text
        drain(TaskName.RENDER_EXPORT)
        path = f"/api/v1/exports/{made.json['id']}"
        done = self.client.get(path, headers=self.asker.headers).json
        assert done["state"] == "done", done
        file = self.client.get(f"{path}/file", headers=self.asker.headers)
        return done["row_count"], done["total"], file.text

    def _report(self) -> Any:
        def post(path: str, body: Any) -> Any:
            answer = self.client.post(f"/api/v1{path}", json=body, headers=self.asker.headers)
            assert answer.status_code < 300, answer.text
            return answer.json

        report = post("/reports", {"name": "All", "dataset": "customers", "query": {}})
        schedule = post(
            f"/reports/{report['id']}/schedules",
            {"rule": "FREQ=YEARLY", "starts_at_local": "2090-01-05T08:00",
             "recipients": {"mode": "users", "user_ids": [str(self.asker.user_id)]}},
        )  # fmt: skip
        post(f"/schedules/{schedule['id']}/run-now", {})
        drain(TaskName.RUN_REPORT)
        drain(TaskName.RENDER_REPORT)
        path = f"/api/v1/report-runs?schedule={schedule['id']}"
        [run] = self.client.get(path, headers=self.asker.headers).json["items"]
        return run["row_count"], run["total"]


FILTERS = (
    "name.contains=nordlys", "cvr=99000007", "cvr=99000031", "city=Ry", "ref_no=10001",
    "region=Nord", "city=Ry&city=Aarhus&sort=-created_at",
    "facets=custom.parent",
)  # fmt: skip
_PASSING = frozenset(
    {"as_of", "request_id", "next_after", "last_position", "last_used_at", "computed_at"}
)
"""What moves with time, and with whatever anybody does: how long the chain of all events is."""
_PASSING_AT = {
    "as-of": frozenset({"at"}),  # the present
    "number-sequences": frozenset({"next_number", "preview", "allocated_at"}),
}
"""The same, of one path; numbers count all records, as anybody sees by his next one."""


def acting_as(user_id: UUID) -> Origin:
    return Origin(ActorKind.USER, user_id, user_id)


def work_on(session: Session, customer_id: UUID, user_id: UUID) -> dict[str, UUID]:
    """Make what is done with a customer, by whom it is; return it by the names paths give it."""
    customer = session.get_one(Customer, customer_id)
    address = addresses.create(session, customer, {"kind": "shipping", "city": "Ry"})
    lead = leads.create(
        session, {"customer_id": customer_id, "owner_user_id": user_id}, now=utcnow()
    )
    opportunity = opportunities.create(
        session,
        {"name": "Nordlys igen", "customer_id": customer_id, "owner_user_id": user_id},
        now=utcnow(),
    )
    activity = activities.create(
        session, [customer, lead], {"kind": "call", "title": "Nordlys"},
        zone="Europe/Copenhagen", now=utcnow(),
    )  # fmt: skip
    activities.create(
        session, [customer], {"kind": "call", "title": "Nordlys", "assignee_ids": [user_id]},
        zone="Europe/Copenhagen", now=utcnow(), state=ActivityState.DONE,
    )  # fmt: skip
    activities.comment(session, activity, "Nordlys svarer ikke", now=utcnow())
    return {"address_id": address.id, "lead_id": lead.id, "opportunity_id": opportunity.id,
            "activity_id": activity.id}  # fmt: skip


def aim_together(session: Session, members: list[UUID]) -> UUID:
    """Set an objective for a team of some people, which all of them know; return its id."""
    team = teams.create_team(session, {"name": "Syd", "member_ids": members})
    today = utcnow().date()
    objective = Objective(
        name="Sammen", team_id=team.id, frequency=Frequency.ONCE, starts_on=today,
        ends_on=today + timedelta(days=300), zone="UTC", currency="DKK",
        targets={"opp_created": 2, "calls": 1, "opp_amount_won": "1"},
        measures=["opp_created", "calls", "opp_amount_won"],
    )  # fmt: skip
    session.add(objective)
    session.flush()
    progress.request(session, objective.id)
    return objective.id


def _lasting(value: Any, passing: frozenset[str]) -> Any:
    """Return an answer without what differs from one moment to the next, nor what is empty."""
    if isinstance(value, dict):
        return {
            name: _lasting(each, passing)
            for name, each in value.items()
            if name not in passing and (name, each) != EMPTY
        }
    if not isinstance(value, list):
        return value
    return [_lasting(each, passing) for each in value if not _is_emptied(each)]


def _is_emptied(value: Any) -> bool:
    """Say whether this is where the past of a record tells of a field that is shown as empty.

    That his own record has had something there, its past tells; what, it does not.
    """
    is_of_it = isinstance(value, dict) and value.get("field") == "custom.parent"
    return is_of_it and value["value"] is None and value["before"] is None


@pytest.fixture
def clean(app: Flask, cleaner: Cleaner) -> Iterator[Cleaner]:
    yield cleaner
    get_settings.cache_clear()


@dataclass(frozen=True)
class Case:
    """What hides the record, who asks, and for what of the many things that there are."""

    role: Role
    protected: bool
    sorts: int
    dataset: str


cases = st.builds(
    Case, st.sampled_from(ASKING), st.booleans(), st.integers(0, 7),
    st.sampled_from(sorted(DATASETS.keys() - {"jobs"})),  # an export of those is one of them
)  # fmt: skip


@settings(
    max_examples=examples(1),  # besides those below
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # an example takes seconds, and none is simpler
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(SEEN[0], Case(Role.REPRESENTATIVE, protected=True, sorts=0, dataset="customers"))
@example(SEEN[2], Case(Role.INTEGRATION, protected=False, sorts=1, dataset="notes"))
@given(values=hidden_values, case=cases)
def test_everything_is_answered_as_if_the_hidden_record_were_not_there(
    app: Flask, clean: Cleaner, monkeypatch: pytest.MonkeyPatch, values: dict[str, Any], case: Case
) -> None:
    visibility = Visibility.PUBLIC if case.protected else Visibility.PRIVATE
    monkeypatch.setenv("HUB_VISIBILITY", visibility)
    get_settings.cache_clear()
    clean.clean()
    forget_tokens()
    forget_rates()
    world = World(app, case.role, protected=case.protected)

    without = world.answers(case.sorts)
    hidden_id = world.hide(values, protected=case.protected)
    with_it = world.answers(case.sorts)

    assert {asked for asked in without if without[asked] != with_it[asked]} == set()
    assert without.keys() == with_it.keys()
    assert len(without) > 40

    files_with_it = world.files(case.dataset)
    world.take_away(hidden_id)
    assert world.files(case.dataset) == files_with_it

"""Records that requests are about, made the quick way."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from connectors import declarations as installed
from hub.access.callers import principal_of
from hub.access.models import Team, User
from hub.access.roles import Role
from hub.access.teams import set_members
from hub.clock import utcnow
from hub.connections import credentials, declarations, health
from hub.connections import services as connections
from hub.connections.models import Conflict, Connection, ExternalLink, LinkState
from hub.credit import codes
from hub.customers.models import Customer
from hub.db import transaction
from hub.duplicates.models import DupCandidate
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from hub.mail.models import Delivery, DeliveryState
from hub.plans.models import Plan, PlanState
from hub.pools import applying
from hub.pools.models import Pool
from hub.problems import services as problems
from hub.problems.models import Problem
from hub.sync import loading
from tests.api.conftest import Caller
from tests.hub.hooks.shops import SECRET
from tests.people import make_user
from tests.petitions import petition
from tests.pools import make_pool, make_waiting

API = "/api/v1"
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "economic": {
        "base_url": "https://restapi.e-conomic.com",
        "app_secret_token": "app",
        "agreement_grant_token": "grant",
        "default_customer_group": 1,
        "default_payment_terms": 1,
    },
    "cvrapi": {"contact": "Hub - Tests - hub@hub.example"},
    "woocommerce": {"webhook_secret": SECRET},
}
ROLES = {"roles": ["customer"]}
TOMORROWS = {"title": "Ring", "on": "2090-12-01", "at": "09:00"}


class Scene:
    """Makes what a request needs; each call makes a new one."""

    def __init__(self, client: FlaskClient, caller: Caller) -> None:
        self.client = client
        self.caller = caller
        with transaction() as session:
            declarations.publish(session, installed())
        self.accounting = self.connection(state="active")  # the only one: each gets all changes
        self.connection(state="active", connector="cvrapi")

    def post(self, path: str, body: object) -> Any:
        """Post as the administrator; returns the answer."""
        answer = self.client.post(f"{API}{path}", json=body, headers=self.caller.headers)
        assert answer.status_code < 300, answer.text
        return answer.json

    def get(self, path: str) -> Any:
        """Return what a path shows the administrator."""
        answer = self.client.get(f"{API}{path}", headers=self.caller.headers)
        assert answer.status_code == 200, answer.text
        return answer.json

    def empty_queues(self) -> None:
        """Take all waiting jobs out of their queues."""
        with transaction() as session:
            session.execute(
                update(Job)
                .where(Job.state == JobState.QUEUED)
                .values(state=JobState.CANCELLED, finished_at=utcnow())
            )

    def name(self, kind: str = "Prøve") -> str:
        return f"{kind} {uuid4().hex[:12]}"

    def connection(self, *, state: str = "tested", connector: str = "economic") -> UUID:
        with transaction() as session:
            made = connections.create(
                session, name=self.name(), connector=connector, settings=SETTINGS[connector]
            )
            if state != "new":
                health.record_test(session, made, account=None, choices=None, now=utcnow())
            if state == "active":
                health.activate(session, made, now=utcnow())
            return made.id

    def shop(self) -> tuple[UUID, str]:
        connection_id = self.connection(state="active", connector="woocommerce")
        with transaction() as session:
            found = session.get_one(Connection, connection_id)
            return connection_id, credentials.new_hook_secret(found)

    def customer(self, **fields: Any) -> Any:
        return self.post("/customers", {"name": self.name(), **ROLES, **fields})

    def unowned_customer(self) -> Any:
        body = {"owner_user_id": None, "reason": "Givet fri"}
        return self.post(f"/customers/{self.customer()['id']}/ownership", body)

    def held_customer(self) -> Any:
        customer = self.customer()
        return self.post(f"/customers/{customer['id']}/hold", {"reason": "Betaler ikke"})

    def archived_customer(self) -> Any:
        return self.post(f"/customers/{self.customer()['id']}/archiving", {})

    def new_account(self) -> Any:
        customer = self.customer()
        with transaction() as session:
            found = session.get_one(Customer, UUID(customer["id"]))
            codes.give(session, found, "new_account", reason=None, by=None)
        return customer

    def credit_code(self) -> Any:
        body = {"code": f"c{uuid4().hex}", "label": "Hold øje", "effect": "warn"}
        return self.post("/credit-codes", body)

    def lead(self, *, closed: bool = False, free: bool = False) -> Any:
        made = self.post("/leads", {"company": self.name(), "workflow": "cetec"})
        if free:
            body = {"owner_user_id": None, "reason": "Givet fri"}
            made = self.post(f"/leads/{made['id']}/ownership", body)
        return self.post(f"/leads/{made['id']}/closing", {}) if closed else made

    def lead_with_errands(self) -> Any:
        """Make a lead whose next state has something of every sort done."""
        ring = {"do": "activity", "title": "Ring til {name}", "due_in": 1}
        remind = {"do": "reminder", "title": "Følg op", "due_in": 2, "unit": "working_days"}
        short = self.short_workflow()
        talking = {"key": "talking", "label": "I dialog", "kind": "working",
                   "on_enter": [ring, remind]}  # fmt: skip
        way = {"from": "begun", "to": "talking", "on_enter": [{"do": "mail", "title": "{number}"}]}
        states, ways = [*short["states"], talking], [*short["transitions"], way]
        made = self.post("/workflows", {**short, "states": states, "transitions": ways})
        self.post(f"/workflows/{made['id']}/publication", {})
        return self.post("/leads", {"company": self.name(), "workflow": made["code"]})

    def opportunity(self, *, free: bool = False, lost: bool = False, closed: bool = False) -> Any:
        made = self.post("/opportunities", {"name": self.name(), "pipeline": "axelor"})
        path = f"/opportunities/{made['id']}"
        if free:
            made = self.post(f"{path}/ownership", {"owner_user_id": None, "reason": "Givet fri"})
        if lost or closed:
            made = self.post(f"{path}/lost", {"lost_reason": "price"})
        return self.post(f"{path}/closing", {}) if closed else made

    def entry(self) -> Any:
        body = {"code": f"s{uuid4().hex}", "label": "Messe"}
        return self.post("/catalogues/sources/entries", body)

    def short_workflow(self) -> dict[str, Any]:
        return {
            "entity": "lead", "code": f"w{uuid4().hex}", "name": "Kort",
            "states": [
                {"key": "begun", "label": "Begyndt", "kind": "new"},
                {"key": "won", "label": "Vundet", "kind": "won"},
            ],
            "transitions": [{"from": "begun", "to": "won"}],
        }  # fmt: skip

    def workflow(self, *, live: bool = False) -> Any:
        made = self.post("/workflows", self.short_workflow())
        return self.post(f"/workflows/{made['id']}/publication", {}) if live else made

    def custom_field(self) -> Any:
        body = {"entity": "lead", "key": f"k{uuid4().hex}", "type": "text", "label": "Kæledyr"}
        made = self.post("/custom-fields", body)
        self.empty_queues()  # what follows a change of it would join what follows its making
        return made

    def sequence(self) -> Any:
        return next(
            each for each in self.get("/number-sequences")["items"] if each["kind"] == "lead"
        )

    def contact(self) -> Any:
        customer = self.customer()
        return self.post(f"/customers/{customer['id']}/contacts", {"first_name": "Ida"})

    def address(self) -> Any:
        customer = self.customer()
        body = {"kind": "billing", "city": "Ribe"}
        return self.post(f"/customers/{customer['id']}/addresses", body)

    def note(self, **fields: Any) -> Any:
        customer = self.customer()
        return self.post(f"/customers/{customer['id']}/notes", {"body": "Ringede", **fields})

    def note_template(self) -> Any:
        return self.post("/note-templates", {"name": self.name(), "body": "Ringede til {contact}"})

    def absence(self) -> Any:
        return self.post("/absences", {"starts_on": "2026-07-01", "ends_on": "2026-07-14"})

    def objective(self) -> Any:
        body = {"name": "Opkald", "targets": {"calls": 5}, "starts_on": "2026-01-01"}
        made = self.post("/objectives", {**body, "frequency": "weekly"})
        with transaction() as session:  # it has been reckoned: what is asked for now is asked anew
            session.execute(delete(Job).where(Job.subject_id == UUID(made["id"])))
        return made

    def objective_template(self) -> Any:
        body = {"name": self.name(), "targets": {"calls": 5}, "frequency": "weekly"}
        return self.post("/objective-templates", body)

    def activity(self) -> Any:
        customer = self.customer()
        body = {"kind": "call", "title": "Ring", "reminder": TOMORROWS}
        return self.post(f"/customers/{customer['id']}/activities", body)

    def reminder(self) -> Any:
        return self.note(reminder=TOMORROWS)["reminder"]

    def grant(self) -> Any:
        body = {"user_id": self.user()["id"]}
        return self.post(f"/customers/{self.customer()['id']}/grants", body)

    def role(self) -> Any:
        return self.post(
            "/roles", {"code": f"role_{uuid4().hex}", "label": "Seller", "rights": ["*:read"]}
        )

    def team(self) -> Any:
        return self.post("/teams", {"name": uuid4().hex, "member_ids": [self.user()["id"]]})

    def user(self) -> Any:
        body = {"email": f"{uuid4().hex}@example.com", "name": "Bo", "roles": ["representative"]}
        return self.post("/users", body)

    def token(self) -> Any:
        return self.post("/tokens", {"name": "script", "scopes": ["*"]})

    def report(self) -> Any:
        query = {"filter": {"owner": {"eq": "me"}}, "fields": ["name"]}
        return self.post("/reports", {"name": self.name(), "dataset": "customers", "query": query})

    def weekly(self) -> dict[str, Any]:
        return {
            "rule": "FREQ=WEEKLY;BYDAY=MO",
            "zone": "Europe/Copenhagen",
            "starts_at_local": "2026-01-05T08:00",
            "recipients": {"mode": "users", "user_ids": [str(self.caller.user_id)]},
        }

    def schedule(self) -> Any:
        return self.post(f"/reports/{self.report()['id']}/schedules", self.weekly())

    def link(self) -> ExternalLink:
        customer = self.customer()
        with transaction() as session:
            link = ExternalLink(
                connection_id=self.accounting,
                customer_id=UUID(customer["id"]),
                remote_id=str(uuid4().int % 10**8),
                state=LinkState.LINKED,
            )
            session.add(link)
        return link

    def conflict(self) -> UUID:
        link = self.link()
        with transaction() as session:
            made = Conflict(
                link_id=link.id, connection_id=link.connection_id, customer_id=link.customer_id,
                field="city", base="Ribe", local="Varde", remote="Esbjerg",
            )  # fmt: skip
            session.add(made)
        return made.id

    def plan(self, state: PlanState) -> UUID:
        with transaction() as session:
            made = Plan(
                kind=loading.KIND, state=state,
                scope={"connection_id": str(self.accounting), "cursor": None},
                applied_at=utcnow() if state is PlanState.APPLIED else None,
            )  # fmt: skip
            session.add(made)
        return made.id

    def duplicate(self) -> UUID:
        a, b = sorted(UUID(self.customer()["id"]) for _ in range(2))
        with transaction() as session:
            made = DupCandidate(a_id=a, b_id=b, score=0.9, evidence=[], rule_version=1)
            session.add(made)
        return made.id

    def approval(self, *, own: bool = False) -> UUID:
        customer, user = self.customer(), self.user()
        asker = self.caller.user_id if own else UUID(user["id"])
        with transaction() as session:
            return petition(session, session.get_one(Customer, UUID(customer["id"])), asker).id

    def pool(self, *, managed: bool = False) -> UUID:
        """Make a pool of the caller's own team; `managed` gives it to him to decide over."""
        with transaction() as session:
            me = session.get_one(User, self.caller.user_id)
            managers = [me] if managed else []
            return make_pool(
                session, [me], managers=managers, name=uuid4().hex, daily_quota=9, cooldown_days=1
            ).id

    def waiting(self, pool_id: UUID) -> UUID:
        with transaction() as session:
            pool = session.get_one(Pool, pool_id)
            return make_waiting(session, pool, name=self.name())[0].id

    def held(self, pool_id: UUID) -> UUID:
        customer_id = self.waiting(pool_id)
        self.post(f"/pools/{pool_id}/claims", {"customer_ids": [str(customer_id)]})
        return customer_id

    def applied(self, pool_id: UUID) -> UUID:
        """Have a colleague apply for a customer."""
        customer_id = self.waiting(pool_id)
        with transaction() as session:
            pool = session.get_one(Pool, pool_id)
            user = make_user(session, f"{uuid4().hex}@example.com", role=Role.ADMINISTRATOR)
            set_members(session, session.get_one(Team, pool.claim_team_ids[0]), [user.id])
            principal = principal_of(session, user)
            applying.apply(session, principal, pool, [customer_id], reason=None, now=utcnow())
        return customer_id

    def job(self, state: JobState) -> UUID:
        with transaction() as session:
            handle = enqueue(session, TaskName.TIDY_LEDGER)
        with transaction() as session:
            over = utcnow() if state is JobState.DEAD else None
            session.execute(
                update(Job).where(Job.id == handle.id).values(state=state, finished_at=over)
            )
        return handle.id

    def delivery(self, state: DeliveryState) -> UUID:
        reminder = self.reminder()
        with transaction() as session:
            made = session.scalars(
                select(Delivery).where(Delivery.source_id == UUID(reminder["id"]))
            ).one()
            made.state = state
        return made.id

    def problem(self) -> UUID:
        with transaction() as session:
            session.execute(update(Job).where(Job.state == JobState.DEAD).values(state="cancelled"))
        self.job(JobState.DEAD)
        with transaction() as session:
            problems.refresh(session, utcnow())
            return session.scalars(
                select(Problem.id).where(Problem.kind == "dead_jobs", Problem.state == "open")
            ).one()

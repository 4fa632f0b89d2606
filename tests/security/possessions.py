"""One record of every kind that belongs to a person, by the names that paths give their ids."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import files
from hub.absences.models import Absence
from hub.access.callers import principal_of
from hub.access.models import AccessGrant, CustomRole, Team, User
from hub.activities import services as activities
from hub.assignments import services as assignments
from hub.autofill.models import RegistryLookup
from hub.catalogues.models import CatalogueEntry
from hub.configuration.models import ComingSetting
from hub.connections import declarations
from hub.connections.models import (
    Conflict,
    Connection,
    ConnectionState,
    ExternalLink,
    LinkState,
    Run,
)
from hub.credit import codes, holds
from hub.credit.models import CreditCode
from hub.custom_fields import CustomField
from hub.customers import addresses, archiving, contacts
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.db import new_id, transaction
from hub.documents.models import DocMirror
from hub.duplicates.models import DupCandidate
from hub.files import services as file_rows
from hub.hooks.models import HookDelivery
from hub.imports import services as imports
from hub.imports import templates
from hub.imports.models import ImportJob, ImportState
from hub.leads import services as leads
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from hub.listing import Reader
from hub.mail.models import Delivery, DeliveryKind, DeliveryState
from hub.notes import services as notes
from hub.notes.models import NoteTemplate
from hub.numbering import NumberSequence
from hub.objectives import progress
from hub.objectives import services as objectives
from hub.objectives.models import Frequency, ObjectiveProgress, ObjectiveTemplate
from hub.opportunities import services as opportunities
from hub.origin import ActorKind, Origin
from hub.plans.models import Plan, PlanItem, PlanState
from hub.pools import applying, drawing, holding
from hub.pools.models import ClaimState, Pool, PoolClaim
from hub.ports import Declaration, MappableField
from hub.problems.models import Problem, ProblemKind
from hub.reminders import services as reminders
from hub.reminders.timing import Moment
from hub.reports import definitions, schedules
from hub.reports.datasets import DATASETS
from hub.reports.models import (
    EmptyPolicy,
    Export,
    ExportState,
    FileFormat,
    RecipientsMode,
    ReportRun,
    ReportRunState,
)
from hub.reports.schedules import Recipients
from hub.signing_in.models import UserSession
from hub.workflow import definition as workflow_definition
from hub.workflow import services as workflow
from hub.workflow.moving import Move
from tests.api.conftest import Caller
from tests.debts import Paper, owe
from tests.petitions import petition
from tests.pools import make_pool

NOW = datetime.now(UTC)
ZONE = "Europe/Copenhagen"
FAKE = Declaration("fake", "accounting", "Fake", fields=(MappableField("name", "Name"),))
COMMON = (
    "role_id", "team_id", "grantees_id", "code_id", "entry_id", "workflow_id", "template_id",
    "sequence_id", "field_id", "objective_template_id", "coming_id", "draft_workflow_id",
    "spare_workflow_id", "open_connection_id",
)  # fmt: skip
"""What everybody sees: roles and teams."""


@dataclass(frozen=True)
class Possessions:
    """What belongs to one person.

    `paths` holds the values of path parameters by their names; `ids` those of records that another
    representative may not even know of where the visibility is private; `word` stands in the texts
    of all of them and nowhere else.
    """

    paths: dict[str, str]
    ids: frozenset[str]
    word: str


class _Maker:
    def __init__(self, session: Session, caller: Caller, word: str) -> None:
        self.session = session
        self.caller = caller
        self.word = word
        self.user = session.get_one(User, caller.user_id)
        self.reader = Reader(now=NOW, zone=ZONE, user_id=self.user.id, locale="en")
        self.paths: dict[str, UUID] = {}
        self.others: set[UUID] = set()

    def add(self, name: str, record: object) -> UUID:
        self.session.add(record)
        self.session.flush()
        identifier: UUID = record.id  # type: ignore[attr-defined] # of any of the models
        self.paths[name] = identifier
        return identifier

    def customer(self, name: str, **fields: str) -> Customer:
        return customers.create(
            self.session,
            {"name": f"{self.word} {name}", "owner_user_id": self.user.id, **fields},
            now=NOW,
            check_duplicates=False,
        )

    def file(self, name: str) -> UUID:
        return file_rows.keep(
            self.session,
            files.put(f"{self.word} {name}".encode()),
            name=f"{name}.csv",
            media_type="text/csv",
            expires_at=NOW + timedelta(days=1),
        ).id

    def make(self) -> None:
        self.organised()
        customer = self.customer("Havn", external_ref=f"{self.word}-1", cvr="12345674")
        double = self.customer("Havn 2")
        self.paths |= {"customer_id": customer.id, "held_customer_id": double.id}
        away = self.customer("Havn 3")
        self.paths["archived_customer_id"] = away.id
        archiving.archive(self.session, away, reason=self.word)
        holds.put_on_hold(self.session, double, reason=self.word, by=self.user.id, now=NOW)
        spare = self.customer("Havn 4")
        self.paths["spare_customer_id"] = spare.id
        codes.give(self.session, spare, "new_account", reason=self.word, by=self.user.id)
        self.parts_of(customer, double)
        self.connected(customer)
        self.planned(customer)
        self.reported()
        self.told(customer)
        self.led(customer)
        self.signed_in()
        self.measured()
        self.add("absence_id", Absence(
            user_id=self.user.id, starts_on=NOW.date() + timedelta(days=90),
            ends_on=NOW.date() + timedelta(days=95), reason=self.word,
        ))  # fmt: skip
        for name in ("lead", "opportunity", "customer"):
            self.add("grant_id", AccessGrant(
                subject_type=name, subject_id=self.paths[f"{name}_id"],
                team_id=self.paths["team_id"], level="read", reason=self.word,
            ))  # fmt: skip
            self.others.add(self.paths["grant_id"])
        self.pooled()
        approval = petition(self.session, customer, self.user, reason=self.word)
        self.paths["approval_id"] = approval.id
        owe(self.session, customer, Paper(number=self.word), books=self.paths["connection_id"])
        documents = select(DocMirror.id).where(DocMirror.customer_id == customer.id)
        self.others.update(self.session.scalars(documents))
        self.paths["code_id"] = self.session.scalars(
            select(CreditCode.id).where(CreditCode.code == customer.credit_code)
        ).one()

    def pooled(self) -> None:
        """Make a pool of his own team, and customers: drawn, applied for, waiting in it."""
        pool, empty = (
            make_pool(self.session, [self.user], managers=[self.user], name=f"{self.word} {name}")
            for name in ("pool", "empty pool")
        )
        self.paths |= {"pool_id": pool.id, "empty_pool_id": empty.id}
        self.paths["drawn_customer_id"] = self.waiting_in(pool)
        drawn = drawing.draw(
            self.session, pool, {self.user.id: 1}, own=True, reason=self.word, now=NOW
        )
        self.paths["draw_id"] = drawn.id
        sought = self.paths["sought_customer_id"] = self.waiting_in(pool)
        principal = principal_of(self.session, self.user)
        applying.apply(self.session, principal, pool, [sought], reason=self.word, now=NOW)
        self.paths["waiting_customer_id"] = self.waiting_in(pool)
        claims = self.session.scalars(select(PoolClaim).where(PoolClaim.pool_id == pool.id)).all()
        self.others.update(claim.id for claim in claims)
        self.others.update(claim.approval_id for claim in claims if claim.approval_id)

    def waiting_in(self, pool: Pool) -> UUID:
        customer = self.customer("Havn 3")
        self.beside(customer)
        holding.put_in(
            self.session, pool, customer, how=ClaimState.RELEASED, reason=self.word, now=NOW
        )
        return customer.id

    def beside(self, customer: Customer) -> None:
        """Make a lead and an opportunity of a customer."""
        owned = {"customer_id": customer.id, "owner_user_id": self.user.id}
        lead = leads.create(self.session, owned, now=NOW)
        named = {**owned, "name": f"{self.word} business"}
        self.others |= {lead.id, opportunities.create(self.session, named, now=NOW).id}

    def organised(self) -> None:
        role = CustomRole(
            code=f"role_{self.word.casefold()}", label="clerk", rights=["*:read"], reach="shared",
            reads=["public"], writes=[],
        )  # fmt: skip
        self.paths["role_id"] = self.common(role)
        self.paths["team_id"] = self.common(Team(name=f"team {self.user.id}"))
        self.paths["grantees_id"] = self.common(Team(name=f"grantees {self.user.id}"))
        template = NoteTemplate(name=f"template {self.user.id}", type="note", body="Called {name}")
        self.paths["template_id"] = self.common(template)
        self.paths["objective_template_id"] = self.common(
            ObjectiveTemplate(
                name=f"template {self.user.id}", frequency=Frequency.DAILY, targets={"calls": 5}
            )
        )

    def measured(self) -> None:
        """Make an objective that he set for himself, with its progress."""
        fields = {
            "name": f"{self.word} aims",
            "targets": {"calls": 5},
            "frequency": "weekly",
            "starts_on": NOW.date() - timedelta(days=1),
        }
        objective = objectives.create(
            self.session, principal_of(self.session, self.user), fields, zone=ZONE
        )
        self.paths["objective_id"] = objective.id
        progress.measure(self.session, objective.id, now=NOW)
        self.others.update(self.session.scalars(select(ObjectiveProgress.id)))

    def common(self, record: Any) -> UUID:
        """Make what everybody sees."""
        self.session.add(record)
        self.session.flush()
        identifier: UUID = record.id
        return identifier

    def parts_of(self, customer: Customer, double: Customer) -> None:
        contact = contacts.create(
            self.session, customer, {"last_name": self.word, "external_ref": f"{self.word}-c"}
        )
        self.paths["contact_id"] = contact.id
        address = addresses.create(
            self.session, customer,
            {
                "kind": "shipping", "name": self.word, "city": self.word,
                "external_ref": f"{self.word}-a",
            },
        )  # fmt: skip
        self.paths["address_id"] = address.id
        note = notes.create(
            self.session, customer, body=f"{self.word} called", external_ref=f"{self.word}-n",
            now=NOW,
        )  # fmt: skip
        self.paths["note_id"] = note.id
        reminder = reminders.create(
            self.session,
            customer,
            title=f"{self.word} again",
            moment=Moment((NOW + timedelta(days=3)).date(), time(9)),
            zone=ZONE,
            recipient_user_id=self.user.id,
            external_ref=f"{self.word}-r",
            now=NOW,
        )
        self.paths["reminder_id"] = reminder.id
        activity = activities.create(
            self.session,
            [customer],
            {"kind": "call", "title": f"{self.word} again", "external_ref": f"{self.word}-v"},
            zone=ZONE,
            now=NOW,
        )
        self.paths["activity_id"] = activity.id
        activities.comment(self.session, activity, f"{self.word} said", now=NOW)
        a, b = sorted((customer.id, double.id))
        pair = DupCandidate(a_id=a, b_id=b, score=Decimal("0.97"), evidence=[], rule_version=1)
        self.add("duplicate_id", pair)

    def connected(self, customer: Customer) -> None:
        declarations.publish(self.session, [FAKE])
        connection = self.connection("connection_id", "accounting", ConnectionState.TESTED)
        self.connection("unlinked_connection_id", "webshop", ConnectionState.ACTIVE)
        self.connection("registry_connection_id", "registry", ConnectionState.ACTIVE)
        open_to_all = Connection(name=f"open {self.user.id}", connector="fake", kind="webshop")
        self.paths["open_connection_id"] = self.common(open_to_all)
        link = self.add(
            "link_id",
            ExternalLink(
                connection_id=connection, customer_id=customer.id, remote_id=f"{self.word}-7",
                state=LinkState.LINKED,
            ),
        )  # fmt: skip
        conflict = Conflict(
            link_id=link, connection_id=connection, customer_id=customer.id, field="city",
            local=self.word, remote="Ry",
        )  # fmt: skip
        self.add("conflict_id", conflict)
        hook = HookDelivery(
            connection_id=connection, deduplication_id=self.word, headers={}, body=b"{}",
            body_sha256=b"", customer_id=customer.id,
        )  # fmt: skip
        self.hook_delivery_id = self.add("hook_delivery_id", hook)

    def connection(self, name: str, kind: str, state: ConnectionState) -> UUID:
        made = Connection(
            name=f"{self.word} {kind}", connector="fake", kind=kind, state=state,
            owner_user_id=self.user.id,
        )  # fmt: skip
        return self.add(name, made)

    def planned(self, customer: Customer) -> None:
        assigning = {
            "kind": assignments.KIND, "expires_at": NOW + timedelta(days=1),
            "scope": {"entity": "customers", "set": {"owner_user_id": str(self.user.id)}},
        }  # fmt: skip
        applied = {"state": PlanState.APPLIED, "applied_at": NOW}
        plan = self.plan_for(customer, **assigning)
        self.paths |= {"plan_id": plan.id}
        self.paths["applied_plan_id"] = self.plan_for(customer, **assigning, **applied).id
        self.add("run_id", Run(kind="first_load", plan_id=plan.id))
        self.add("import_id", self.imported(self.plan_for(customer, kind=imports.KIND)))
        done = self.imported(self.plan_for(customer, kind=imports.KIND, **applied))
        done.state = ImportState.DONE
        self.add("applied_import_id", done)
        lookup = RegistryLookup(query=self.word, created_by=self.user.id, candidates=[])
        self.add("lookup_id", lookup)

    def plan_for(self, customer: Customer, **fields: Any) -> Plan:
        """Make a plan that changes a customer."""
        plan = Plan(**fields)
        self.session.add(plan)
        self.session.flush()
        self.others.add(plan.id)
        item = PlanItem(
            plan_id=plan.id, position=1, action="update", entity="customer",
            record_id=customer.id, after={"name": self.word},
        )  # fmt: skip
        self.session.add(item)
        return plan

    def imported(self, plan: Plan) -> ImportJob:
        return ImportJob(
            entity_name="customers", file_id=self.file("in"), file_name=f"{self.word}.csv",
            state=ImportState.PLANNED, plan_id=plan.id, owner_user_id=self.user.id,
            result_file_id=self.file("result"),
        )  # fmt: skip

    def reported(self) -> None:
        report = definitions.create(
            self.session, DATASETS["customers"], name=f"{self.word} report", query={},
            format=FileFormat.CSV, reader=self.reader,
        )  # fmt: skip
        self.paths["report_id"] = report.id
        self.paths["unscheduled_report_id"] = definitions.create(
            self.session, DATASETS["customers"], name=f"{self.word} list", query={},
            format=FileFormat.CSV, reader=self.reader,
        ).id  # fmt: skip
        schedule = schedules.create(
            self.session, report, rule="FREQ=WEEKLY;BYDAY=MO", zone=ZONE,
            starts_at_local=datetime(2026, 1, 5, 8, 0),  # noqa: DTZ001 - a wall-clock time
            recipients=Recipients(RecipientsMode.USERS, (self.user.id,)),
            on_empty=EmptyPolicy.SEND, owner_user_id=self.user.id, now=NOW,
        )  # fmt: skip
        self.paths["schedule_id"] = schedule.id
        run = ReportRun(
            schedule_id=schedule.id, report_id=report.id, recipient_user_id=self.user.id,
            owner_user_id=self.user.id, planned_at=NOW, state=ReportRunState.DELIVERED,
            as_of=NOW, row_count=1, total=1, sha256="0" * 64, file_id=self.file("report"),
        )  # fmt: skip
        self.add("report_run_id", run)
        export = Export(
            dataset="customers", query={}, format=FileFormat.CSV, locale="en", zone=ZONE,
            owner_user_id=self.user.id, state=ExportState.DONE, lane=0, row_count=1, total=1,
            sha256="0" * 64, file_id=self.file("export"), expires_at=NOW + timedelta(days=1),
        )  # fmt: skip
        self.add("export_id", export)

    def led(self, customer: Customer) -> None:
        """Make a lead and an opportunity, and find what all of them are made of."""
        lead = leads.create(
            self.session,
            {
                "customer_id": customer.id,
                "owner_user_id": self.user.id,
                "external_ref": f"{self.word}-l",
            },
            now=NOW,
        )
        self.paths["lead_id"] = lead.id
        opportunity = opportunities.create(
            self.session,
            {
                "name": f"{self.word} business",
                "customer_id": customer.id,
                "owner_user_id": self.user.id,
                "external_ref": f"{self.word}-o",
            },
            now=NOW,
        )
        self.paths["opportunity_id"] = opportunity.id
        lost = opportunities.create(
            self.session,
            {
                "name": f"{self.word} gone",
                "customer_id": customer.id,
                "owner_user_id": self.user.id,
            },
            now=NOW,
        )
        opportunities.move(
            self.session, principal_of(self.session, self.user), lost, Move("lost"),
            {"lost_reason": "price"}, now=NOW,
        )  # fmt: skip
        self.paths["lost_opportunity_id"] = lost.id
        owned = {"customer_id": customer.id, "owner_user_id": self.user.id}
        self.paths["spare_lead_id"] = leads.create(self.session, owned, now=NOW).id
        for subject in (lead, opportunity):
            activity = activities.create(
                self.session, [subject], {"kind": "call", "title": f"{self.word} again"}, zone=ZONE,
                now=NOW,
            )  # fmt: skip
            note = notes.create(self.session, subject, body=f"{self.word} called", now=NOW)
            self.others |= {activity.id, note.id}
        self.paths["workflow_id"] = lead.workflow_id
        draft, spare = (
            workflow.draft(
                self.session, entity="lead", code=f"w{new_id().hex}", name="Short",
                definition=workflow_definition.load(self.session, lead.workflow_id),
            )
            for _ in range(2)
        )  # fmt: skip
        workflow.publish(self.session, spare, moves={})
        self.paths |= {"draft_workflow_id": draft.id, "spare_workflow_id": spare.id}
        self.paths["field_id"] = self.common(
            CustomField(entity_name="customer", key=f"key_{lead.id.hex}", type="text", label="Pet")
        )
        self.paths["coming_id"] = self.common(
            ComingSetting(
                key="credit",
                changes={"automatic": "past_due"},
                effective_at=datetime(2999, 1, 1, tzinfo=UTC),
            )
        )
        self.paths["sequence_id"] = self.session.scalars(
            select(NumberSequence.id).where(NumberSequence.kind == "lead")
        ).one()
        self.paths["entry_id"] = self.session.scalars(
            select(CatalogueEntry.id).where(
                CatalogueEntry.catalogue == "sources", CatalogueEntry.code == "website"
            )
        ).one()

    def signed_in(self) -> None:
        session = UserSession(
            user_id=self.user.id, secret_hash=self.word.encode(), address="192.0.2.7",
            agent=self.word, expires_at=NOW + timedelta(hours=1), last_seen_at=NOW,
        )  # fmt: skip
        self.add("session_id", session)

    def told(self, customer: Customer) -> None:
        delivery = Delivery(
            source_type="reminder", source_id=self.paths["reminder_id"], kind=DeliveryKind.DUE,
            sequence=0, recipient=self.user.email, user_id=self.user.id,
            message_id=f"<{self.word}@hub>", facts={}, state=DeliveryState.FAILED,
        )  # fmt: skip
        self.add("delivery_id", delivery)
        problem = Problem(
            cause_key=self.word, kind=ProblemKind.MAIL_FAILED, subject_name=self.word, since=NOW,
            last_seen_at=NOW, count=1, detail={"recipient": self.user.email},
            message={"code": "x", "text": self.word, "params": {}},
            remedy={"code": "x", "text": self.word, "params": {}}, link="/", alerts=False,
            alert_after=NOW, owner_user_id=self.user.id,
        )  # fmt: skip
        self.add("problem_id", problem)
        for key in (self.word, f"{self.word} queued"):
            enqueue(
                self.session, TaskName.LOOK_UP_COMPANY, key=key,
                subject=("customer", customer.id), customer_id=customer.id,
            )  # fmt: skip


def make_possessions(caller: Caller, word: str) -> Possessions:
    """Make one record of every kind for a person; `word` must be unique."""
    origin = Origin(ActorKind.USER, caller.user_id, caller.user_id)
    with transaction(origin) as session:
        maker = _Maker(session, caller, word)
        maker.make()
        templates.store(session, dict.fromkeys(templates.outdated(session), b"workbook"))
    with transaction(origin) as session:
        job, queued = (
            session.scalars(select(Job).where(Job.key == key)).one()
            for key in (word, f"{word} queued")
        )
        job.state = JobState.DEAD
        maker.paths |= {"job_id": job.id, "queued_job_id": queued.id, "token_id": caller.token_id}
        hidden = {str(each) for each in (*maker.paths.values(), *maker.others)}
        hidden -= {str(maker.paths[name]) for name in COMMON}
        paths = {name: str(each) for name, each in maker.paths.items()}
        paths |= {
            "user_id": str(caller.user_id),
            "external_ref": f"{word}-1",
            "contact_ref": f"{word}-c",
            "address_ref": f"{word}-a",
            "lead_ref": f"{word}-l",
            "activity_ref": f"{word}-v",
            "opportunity_ref": f"{word}-o",
            "note_ref": f"{word}-n",
            "reminder_ref": f"{word}-r",
            "name": "customers",
            "board": "calls",
            "catalogue": "sources",
            "key": "credit",
        }
    return Possessions(paths, frozenset(hidden), word)

"""/customers/{id}/events and its likes: the history of one record, for every kind of record"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import array

from api.operations import Answer, Call, Permission, Verb, operation
from api.paging import next_link
from api.presenting_history import history_entries
from api.schemas.absences import AbsenceView
from api.schemas.activities import ActivityView
from api.schemas.addresses import AddressView
from api.schemas.approvals import ApprovalView
from api.schemas.catalogues import EntryView
from api.schemas.connections import ConflictView, ConnectionView
from api.schemas.credit import CreditCodeView
from api.schemas.custom_fields import CustomFieldView
from api.schemas.customers import ContactView, CustomerView
from api.schemas.duplicates import DuplicateView
from api.schemas.events import HistoryEntry, HistoryQuery
from api.schemas.imports import ImportView
from api.schemas.leads import LeadView
from api.schemas.notes import NoteView, TemplateView
from api.schemas.numbering import NumberSequenceView
from api.schemas.objectives import ObjectiveTemplateView, ObjectiveView
from api.schemas.opportunities import OpportunityView
from api.schemas.pools import PoolView
from api.schemas.reminders import ReminderView
from api.schemas.reports import ReportView, ScheduleView
from api.schemas.roles import RoleView, TeamView
from api.schemas.shapes import Page, View
from api.schemas.sharing import GrantView
from api.schemas.tokens import TokenView
from api.schemas.users import UserView
from api.schemas.workflows import WorkflowView
from hub.absences.models import Absence
from hub.access.fields import hidden_fields
from hub.access.lookup import get_record
from hub.access.models import AccessGrant, ApiToken, CustomRole, Team, User
from hub.activities.models import Activity
from hub.approvals.models import Approval
from hub.catalogues.models import CatalogueEntry
from hub.connections.models import Conflict, Connection
from hub.credit.models import CreditCode
from hub.custom_fields import CustomField
from hub.customers.models import Address, Contact, Customer
from hub.duplicates.models import DupCandidate
from hub.errors import ValidationError
from hub.history.models import Event
from hub.history.past import has_field
from hub.history.records import Record
from hub.i18n import N_
from hub.imports.models import ImportJob
from hub.leads.models import Lead
from hub.notes.models import Note, NoteTemplate
from hub.numbering import NumberSequence
from hub.objectives.models import Objective, ObjectiveTemplate
from hub.opportunities.models import Opportunity
from hub.pools.models import Pool
from hub.reminders.models import Reminder
from hub.reports.models import ReportDef, ReportSchedule
from hub.seeing import READING_ALL, history_seen
from hub.workflow.models import Workflow

blueprint = Blueprint("histories", __name__)


@dataclass(frozen=True, slots=True)
class History:
    """The records of a path, and the view that reading one answers with.

    `right` is what their history needs: None that to read them.
    """

    path: str
    model: type[Record]
    view: type[View]
    right: Permission | None = None

    @property
    def permission(self) -> Permission:
        """The right to read it."""
        return self.right or Permission(Verb.READ, self.model.collection())


HISTORIES = (
    History("/customers/<uuid:customer_id>", Customer, CustomerView),
    History("/contacts/<uuid:contact_id>", Contact, ContactView),
    History("/addresses/<uuid:address_id>", Address, AddressView),
    History("/leads/<uuid:lead_id>", Lead, LeadView),
    History("/opportunities/<uuid:opportunity_id>", Opportunity, OpportunityView),
    History("/objectives/<uuid:objective_id>", Objective, ObjectiveView),
    History(
        "/objective-templates/<uuid:objective_template_id>",
        ObjectiveTemplate,
        ObjectiveTemplateView,
    ),
    History("/workflows/<uuid:workflow_id>", Workflow, WorkflowView),
    History("/catalogue-entries/<uuid:entry_id>", CatalogueEntry, EntryView),
    History("/activities/<uuid:activity_id>", Activity, ActivityView),
    History("/notes/<uuid:note_id>", Note, NoteView),
    History("/note-templates/<uuid:template_id>", NoteTemplate, TemplateView),
    History("/reminders/<uuid:reminder_id>", Reminder, ReminderView),
    History("/duplicates/<uuid:duplicate_id>", DupCandidate, DuplicateView),
    History("/approvals/<uuid:approval_id>", Approval, ApprovalView),
    History("/grants/<uuid:grant_id>", AccessGrant, GrantView),
    History("/pools/<uuid:pool_id>", Pool, PoolView),
    History("/connections/<uuid:connection_id>", Connection, ConnectionView),
    History("/conflicts/<uuid:conflict_id>", Conflict, ConflictView),
    History("/imports/<uuid:import_id>", ImportJob, ImportView),
    History("/reports/<uuid:report_id>", ReportDef, ReportView),
    History("/schedules/<uuid:schedule_id>", ReportSchedule, ScheduleView),
    History("/credit-codes/<uuid:code_id>", CreditCode, CreditCodeView),
    History("/custom-fields/<uuid:field_id>", CustomField, CustomFieldView),
    History("/number-sequences/<uuid:sequence_id>", NumberSequence, NumberSequenceView),
    History("/absences/<uuid:absence_id>", Absence, AbsenceView),
    History("/users/<uuid:user_id>", User, UserView, READING_ALL),
    History("/roles/<uuid:role_id>", CustomRole, RoleView, READING_ALL),
    History("/teams/<uuid:team_id>", Team, TeamView, READING_ALL),
    History("/tokens/<uuid:token_id>", ApiToken, TokenView, READING_ALL),
)


def refuse_unknown_fields(call: Call[Any, Any], model: type[Record], names: Sequence[str]) -> None:
    """Pass names of fields that a history tells of, and that the caller is shown.

    Raises:
        ValidationError: ``unknown``: one is not there, or not there for him.
    """
    hidden = hidden_fields(call.principal, model)
    for name in names:
        if name in hidden or not has_field(model, name):
            raise ValidationError.of(
                "/field", "unknown", N_("There is no field {name} here."), name=name
            )


def _read(
    call: Call[None, HistoryQuery], model: type[Record], identifier: UUID
) -> Answer[Page[HistoryEntry]]:
    record = get_record(
        call.session, call.principal, Verb.READ, model, identifier, even_deleted=True
    )
    wanted = call.query
    query = (
        select(Event)
        .where(history_seen(call.principal, model, record.id))
        .order_by(Event.id.desc())
        .limit(wanted.limit + 1)
    )
    if wanted.cursor is not None:
        query = query.where(Event.id < wanted.cursor)
    if wanted.field is not None:
        refuse_unknown_fields(call, model, wanted.field)
        query = query.where(Event.changes.has_any(array(wanted.field)))
    found = list(call.session.scalars(query))
    shown = found[: wanted.limit]
    following = shown[-1].id if len(found) > len(shown) else None
    return Answer(
        Page(
            items=history_entries(call, record, shown),
            next_cursor=str(following) if following else None,
        ),
        headers={"Link": next_link(call, cursor=following)} if following else {},
    )


def _serve(history: History) -> None:
    """Declare the route of one kind of record."""
    kind = history.model.entity()

    def read_history(call: Call[None, HistoryQuery], **path: Any) -> Answer[Page[HistoryEntry]]:
        [identifier] = path.values()
        return _read(call, history.model, identifier)

    read_history.__name__ = f"read_{kind}_history"
    read_history.__doc__ = f"""Read what happened to one {kind.replace("_", " ")}, the newest first.

    Who did what, when and why, with what each field was and became, as far as you may see it; of a
    deleted record too. A change shows as soon as it is committed.
    """
    operation(
        blueprint, "GET", f"{history.path}/events",
        permission=history.permission, query=HistoryQuery, answer=Page[HistoryEntry],
    )(read_history)  # fmt: skip


for _history in HISTORIES:
    _serve(_history)

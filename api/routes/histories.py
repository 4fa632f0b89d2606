"""/customers/{id}/events and its likes: the history of one record, for every kind of record"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.operations import Answer, Call, Permission, Verb, operation
from api.paging import next_link
from api.presenting_history import history_entries
from api.schemas.events import HistoryEntry
from api.schemas.shapes import Page, PageQuery
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
from hub.history.models import Event
from hub.history.records import Record
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
    """The records of a path, and the right that their history needs: None that to read them."""

    path: str
    model: type[Record]
    right: Permission | None = None

    @property
    def permission(self) -> Permission:
        """The right to read it."""
        return self.right or Permission(Verb.READ, self.model.collection())


HISTORIES = (
    History("/customers/<uuid:customer_id>", Customer),
    History("/contacts/<uuid:contact_id>", Contact),
    History("/addresses/<uuid:address_id>", Address),
    History("/leads/<uuid:lead_id>", Lead),
    History("/opportunities/<uuid:opportunity_id>", Opportunity),
    History("/objectives/<uuid:objective_id>", Objective),
    History("/objective-templates/<uuid:objective_template_id>", ObjectiveTemplate),
    History("/workflows/<uuid:workflow_id>", Workflow),
    History("/catalogue-entries/<uuid:entry_id>", CatalogueEntry),
    History("/activities/<uuid:activity_id>", Activity),
    History("/notes/<uuid:note_id>", Note),
    History("/note-templates/<uuid:template_id>", NoteTemplate),
    History("/reminders/<uuid:reminder_id>", Reminder),
    History("/duplicates/<uuid:duplicate_id>", DupCandidate),
    History("/approvals/<uuid:approval_id>", Approval),
    History("/grants/<uuid:grant_id>", AccessGrant),
    History("/pools/<uuid:pool_id>", Pool),
    History("/connections/<uuid:connection_id>", Connection),
    History("/conflicts/<uuid:conflict_id>", Conflict),
    History("/imports/<uuid:import_id>", ImportJob),
    History("/reports/<uuid:report_id>", ReportDef),
    History("/schedules/<uuid:schedule_id>", ReportSchedule),
    History("/credit-codes/<uuid:code_id>", CreditCode),
    History("/custom-fields/<uuid:field_id>", CustomField),
    History("/number-sequences/<uuid:sequence_id>", NumberSequence),
    History("/users/<uuid:user_id>", User, READING_ALL),
    History("/roles/<uuid:role_id>", CustomRole, READING_ALL),
    History("/teams/<uuid:team_id>", Team, READING_ALL),
    History("/tokens/<uuid:token_id>", ApiToken, READING_ALL),
)


def _read(
    call: Call[None, PageQuery], model: type[Record], identifier: UUID
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
    found = list(call.session.scalars(query))
    shown = found[: wanted.limit]
    following = shown[-1].id if len(found) > len(shown) else None
    return Answer(
        Page(
            items=history_entries(call, shown),
            next_cursor=str(following) if following else None,
        ),
        headers={"Link": next_link(call, cursor=following)} if following else {},
    )


def _serve(history: History) -> None:
    """Declare the route of one kind of record."""
    kind = history.model.entity()

    def read_history(call: Call[None, PageQuery], **path: Any) -> Answer[Page[HistoryEntry]]:
        [identifier] = path.values()
        return _read(call, history.model, identifier)

    read_history.__name__ = f"read_{kind}_history"
    read_history.__doc__ = f"""Read what happened to one {kind.replace("_", " ")}, the newest first.

    Who did what, when and why, with what each field was and became, as far as you may see it; of a
    deleted record too. A change shows as soon as it is committed.
    """
    operation(
        blueprint, "GET", f"{history.path}/events",
        permission=history.permission, query=PageQuery, answer=Page[HistoryEntry],
    )(read_history)  # fmt: skip


for _history in HISTORIES:
    _serve(_history)

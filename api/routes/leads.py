"""/leads"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.concealing import writing
from api.lists import ListPage, list_page
from api.moved_records import Moved, serve
from api.operations import Answer, Call, Permission, Verb, operation
from api.presenting_leads import lead_view
from api.removing import taking_away
from api.routes.customers import get_customer_record
from api.schemas.leads import Closing, LeadCreate, LeadDeletion, LeadPatch, LeadView
from hub import clearing
from hub.access import owning
from hub.access.lookup import get_record
from hub.customers.refusing import DuplicateLeave
from hub.history.recording import react
from hub.leads import services as leads
from hub.leads.listing import LEADS
from hub.leads.models import Lead
from hub.workflow import moving
from hub.workflow.moving import Move

blueprint = Blueprint("leads", __name__)
READ = Permission(Verb.READ, "leads")
CREATE = Permission(Verb.CREATE, "leads")
TRANSITION = Permission(Verb.TRANSITION, "leads")
_TAKEN = {HTTPStatus.CONFLICT: "Another one has the external reference (`taken`)."}


def get_lead_record(
    call: Call[Any, Any], verb: Verb, lead_id: UUID, *, expected_version: int | None = None
) -> Lead:
    """Return a lead for an act of the caller."""
    return get_record(
        call.session, call.principal, verb, Lead, lead_id, expected_version=expected_version
    )


def view_again(call: Call[Any, Any], lead_id: UUID) -> LeadView:
    """Return a lead that the caller may see, as it stands now."""
    return lead_view(call, get_lead_record(call, Verb.READ, lead_id))


@operation(blueprint, "GET", "/leads", permission=READ, listing=LEADS, answer=ListPage[LeadView])
def list_leads(call: Call) -> Answer[ListPage[LeadView]]:
    """List leads: filtered, sorted, searched, counted; `noted_at.gte=…` finds any note since."""
    return list_page(call, LEADS, lambda lead: lead_view(call, lead))


@operation(
    blueprint, "GET", "/customers/<uuid:customer_id>/leads",
    permission=READ, listing=LEADS, answer=ListPage[LeadView],
)  # fmt: skip
def list_customer_leads(call: Call, customer_id: UUID) -> Answer[ListPage[LeadView]]:
    """List the leads of a customer: those spun off from it, and the one that it was."""
    customer = get_customer_record(call, Verb.READ, customer_id)
    of_it = (Lead.customer_id == customer.id) | (Lead.converted_customer_id == customer.id)
    return list_page(call, LEADS, lambda lead: lead_view(call, lead), within=of_it)


@operation(
    blueprint, "POST", "/leads",
    permission=CREATE, body=LeadCreate, answer=LeadView, status=HTTPStatus.CREATED,
    reload=view_again,
    refusals={
        HTTPStatus.CONFLICT: "Another one has the external reference (`taken`), or the policy of"
        " entries forbids what is there already (`duplicate`, `duplicate_value`)."
    },
)  # fmt: skip
def create_lead(call: Call[LeadCreate]) -> LeadView:
    """Create a lead, of a customer or of somebody who is none yet.

    It is assigned to you unless you name another one, for which you need the right to assign. What
    is like it already is told of in `warnings`, or refused, as the policy of entries says.
    """
    fields = call.body.fields()
    leave = DuplicateLeave(call.body.reason or "") if call.body.allow_duplicate else None
    owning.refuse_to_name_others(call.principal, Lead, fields)
    if fields.get("customer_id") is not None:
        fields["customer_id"] = get_customer_record(call, Verb.COMMENT, fields["customer_id"]).id
    with writing(call, Lead, fields):
        lead = leads.create(
            call.session, fields, now=call.now, workflow=call.body.workflow,
            allow_duplicate=leave, caller=call.principal,
        )  # fmt: skip
    react(call.session)
    return lead_view(call, lead)


@operation(
    blueprint, "GET", "/leads/<uuid:lead_id>", permission=READ, answer=LeadView,
)  # fmt: skip
def get_lead(call: Call, lead_id: UUID) -> LeadView:
    """Return a lead: its worksheet."""
    return view_again(call, lead_id)


@operation(
    blueprint, "PATCH", "/leads/<uuid:lead_id>",
    permission=Permission(Verb.EDIT, "leads"), body=LeadPatch, answer=LeadView,
    reload=view_again, refusals=_TAKEN,
)  # fmt: skip
def change_lead(call: Call[LeadPatch], lead_id: UUID) -> LeadView:
    """Change a lead; its state and whose it is change by acts of their own."""
    lead = get_lead_record(call, Verb.EDIT, lead_id, expected_version=call.expected_version)
    changes = call.body.changes()
    if changes.get("customer_id") not in {None, lead.customer_id}:
        get_customer_record(call, Verb.READ, changes["customer_id"])
    with writing(call, Lead, changes):
        leads.update(call.session, lead, changes, caller=call.principal)
    react(call.session)
    return lead_view(call, lead)


@operation(
    blueprint, "DELETE", "/leads/<uuid:lead_id>",
    permission=Permission(Verb.DELETE, "leads"), query=LeadDeletion, status=HTTPStatus.NO_CONTENT,
    refusals={
        HTTPStatus.CONFLICT: "A customer came of it (`converted`), or something refers to it"
        " (`in_use`): `details` names it. Notes and activities go along by `with_notes`."
    },
)  # fmt: skip
def delete_lead(call: Call[None, LeadDeletion], lead_id: UUID) -> Answer[None]:
    """Take a lead away; its history stays readable and its number is never given again.

    `with_notes` needs the rights to delete notes and activities; whose they are plays no part.
    """
    lead = get_lead_record(call, Verb.DELETE, lead_id, expected_version=call.expected_version)
    if call.query.with_notes:
        for collection in ("notes", "activities"):
            call.principal.require(Permission(Verb.DELETE, collection))
    with taking_away(call, lead):
        clearing.delete_lead(
            call.session, lead, now=call.now, with_notes=call.query.with_notes
        )  # fmt: skip
    return Answer(None)


@operation(
    blueprint, "POST", "/leads/<uuid:lead_id>/closing",
    permission=TRANSITION, body=Closing, answer=LeadView, reload=view_again,
)  # fmt: skip
def close_lead(call: Call[Closing], lead_id: UUID) -> LeadView:
    """Close a lead, for good or until a day, on which a worker opens it again."""
    lead = get_lead_record(call, Verb.TRANSITION, lead_id)
    leads.close(call.session, lead, **call.body.model_dump(), now=call.now)
    react(call.session)
    return lead_view(call, lead)


def _move(call: Call[Any, Any], lead: Lead, body: object, wanted: Move) -> None:
    del body
    moving.move(call.session, call.principal, lead, wanted, now=call.now)


def _reopen(call: Call[Any, Any], lead: Lead, reason: str | None) -> None:
    leads.reopen(call.session, lead, reason=reason)


LEAD = Moved(
    model=Lead,
    answer=LeadView,
    view=lead_view,
    move=_move,
    reopen=_reopen,
    reopening_refused="A customer came of it (`converted`).",
)
serve(blueprint, LEAD)

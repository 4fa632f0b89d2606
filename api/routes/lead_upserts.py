"""/leads/batch and /leads/by-external-ref/{ref}"""

from typing import Any
from uuid import UUID

from flask import Blueprint

from api.operations import Call, Permission, Verb
from api.presenting_leads import lead_view
from api.routes.customers import get_customer_record
from api.routes.leads import LEAD, get_lead_record
from api.schemas.leads import LeadUpsert, LeadView
from api.upserting import Fields, Upsertable, Wanted, serve
from hub.access import owning
from hub.entry_policies import enforcing as entries
from hub.leads import alike
from hub.leads import services as leads
from hub.leads.models import Lead

blueprint = Blueprint("lead_upserts", __name__)


def _hold(call: Call[Any, Any], wanted: Wanted) -> None:
    entries.hold(call.session, Lead, (fields for _, fields in wanted))
    alike.hold(call.session, (fields for _, fields in wanted))


def _lock(call: Call[Any, Any], lead_id: UUID, expected_version: int | None) -> Lead:
    return get_lead_record(call, Verb.EDIT, lead_id, expected_version=expected_version)


def _create(call: Call[Any, Any], fields: Fields, keys_are_held: bool) -> Lead:  # noqa: FBT001 - as `Upsertable.create` is called
    owning.refuse_to_name_others(call.principal, Lead, fields)
    _check_customer(call, Verb.COMMENT, fields)
    workflow = fields.pop("workflow", None)
    return leads.create(
        call.session, fields, now=call.now, workflow=workflow, keys_are_held=keys_are_held,
        caller=call.principal,
    )  # fmt: skip


def _change(call: Call[Any, Any], lead: Lead, fields: Fields) -> None:
    LEAD.refuse_settled(call, lead, fields, "workflow")
    if fields.get("customer_id") != lead.customer_id:
        _check_customer(call, Verb.READ, fields)
    leads.update(call.session, lead, fields, caller=call.principal)


def _check_customer(call: Call[Any, Any], verb: Verb, fields: Fields) -> None:
    if fields.get("customer_id") is not None:
        get_customer_record(call, verb, fields["customer_id"])


serve(
    blueprint,
    Upsertable(
        path="leads",
        model=Lead,
        body=LeadUpsert,
        answer=LeadView,
        creating=Permission(Verb.CREATE, "leads"),
        changing=Permission(Verb.EDIT, "leads"),
        compared=leads.WRITABLE,
        view=lead_view,
        hold=_hold,
        lock=_lock,
        create=_create,
        change=_change,
    ),
    described="Whose it is, and its workflow, are said of a new one only.",
)

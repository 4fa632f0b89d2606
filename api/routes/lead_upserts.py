"""/leads/batch and /leads/by-external-ref/{ref}"""

from typing import Any
from uuid import UUID

from flask import Blueprint

from api.operations import Call, Permission, Verb
from api.presenting_leads import lead_view
from api.routes.customers import get_customer_record
from api.routes.leads import get_lead_record
from api.schemas.leads import LeadUpsert, LeadView
from api.upserting import Fields, Upsertable, Wanted, serve
from hub.access import owning
from hub.errors import ValidationError
from hub.i18n import N_
from hub.leads import services as leads
from hub.leads.models import Lead
from hub.workflow.models import Workflow

blueprint = Blueprint("lead_upserts", __name__)


def _hold(call: Call[Any, Any], wanted: Wanted) -> None:
    """A lead is written by itself: there is nothing beside it to hold."""


def _lock(call: Call[Any, Any], lead_id: UUID, expected_version: int | None) -> Lead:
    return get_lead_record(call, Verb.EDIT, lead_id, expected_version=expected_version)


def _create(call: Call[Any, Any], fields: Fields, keys_are_held: bool) -> Lead:  # noqa: FBT001 - as `Upsertable.create` is called
    del keys_are_held
    owning.refuse_to_name_others(call.principal, Lead, fields)
    _check_customer(call, Verb.COMMENT, fields)
    workflow = fields.pop("workflow", None)
    return leads.create(call.session, fields, now=call.now, workflow=workflow)


def _change(call: Call[Any, Any], lead: Lead, fields: Fields) -> None:
    settled = {"workflow": _workflow_of(call, lead), "currency": lead.currency}
    settled |= {name: getattr(lead, name) for name in owning.FIELDS}
    for name in sorted(settled.keys() & fields.keys()):
        if fields.pop(name) != settled[name]:
            raise ValidationError.of(
                f"/{name}", "by_an_act", N_("It is settled: it changes by acts of its own.")
            )
    if fields.get("customer_id") != lead.customer_id:
        _check_customer(call, Verb.READ, fields)
    leads.update(call.session, lead, fields)


def _workflow_of(call: Call[Any, Any], lead: Lead) -> str:
    return call.session.get_one(Workflow, lead.workflow_id).code


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

"""/opportunities/batch and /opportunities/by-external-ref/{ref}"""

from typing import Any
from uuid import UUID

from flask import Blueprint

from api.operations import Call, Verb
from api.presenting_opportunities import opportunity_view
from api.routes.opportunities import OPPORTUNITY, check_named
from api.schemas.opportunities import OpportunityUpsert, OpportunityView
from api.upserting import Fields, Upsertable, Wanted, serve
from hub.access import owning
from hub.opportunities import services as opportunities
from hub.opportunities.models import Opportunity

blueprint = Blueprint("opportunity_upserts", __name__)


def _hold(call: Call[Any, Any], wanted: Wanted) -> None:
    """An opportunity is written by itself: there is nothing beside it to hold."""


def _lock(call: Call[Any, Any], opportunity_id: UUID, expected_version: int | None) -> Opportunity:
    return OPPORTUNITY.find(call, Verb.EDIT, opportunity_id, version=expected_version)


def _create(call: Call[Any, Any], fields: Fields, keys_are_held: bool) -> Opportunity:  # noqa: FBT001 - as `Upsertable.create` is called
    del keys_are_held
    owning.refuse_to_name_others(call.principal, Opportunity, fields)
    check_named(call, Verb.COMMENT, fields)
    pipeline = fields.pop("pipeline", None)
    return opportunities.create(call.session, fields, now=call.now, pipeline=pipeline)


def _change(call: Call[Any, Any], opportunity: Opportunity, fields: Fields) -> None:
    OPPORTUNITY.refuse_settled(call, opportunity, fields, "pipeline")
    if fields.get("customer_id") != opportunity.customer_id:
        check_named(call, Verb.READ, fields)
    opportunities.update(call.session, opportunity, fields)


serve(
    blueprint,
    Upsertable(
        path="opportunities",
        model=Opportunity,
        body=OpportunityUpsert,
        answer=OpportunityView,
        creating=OPPORTUNITY.right(Verb.CREATE),
        changing=OPPORTUNITY.right(Verb.EDIT),
        needed=("name",),
        compared=opportunities.WRITABLE,
        view=opportunity_view,
        hold=_hold,
        lock=_lock,
        create=_create,
        change=_change,
    ),
    described="Whose it is, and its pipeline, are said of a new one only.",
)

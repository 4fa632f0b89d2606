"""/registry-lookups"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.messages import message_view
from api.operations import Answer, Call, Permission, Verb, operation
from api.schemas.registry import CandidateView, LookupCreate, LookupView
from hub.access.predicates import allowed, visible
from hub.autofill import services as autofill
from hub.autofill.models import RegistryLookup
from hub.connections.models import Connection
from hub.customers.models import Customer
from hub.errors import NotFoundError

blueprint = Blueprint("registry_lookups", __name__)


def _view(call: Call[Any, Any], lookup: RegistryLookup) -> LookupView:
    return LookupView(
        id=lookup.id,
        query=lookup.query,
        state=lookup.state,
        source=lookup.source,
        connection_id=lookup.connection_id,
        candidates=[
            CandidateView.model_validate(
                {name: candidate.get(name) for name in CandidateView.model_fields}
            )
            for candidate in autofill.candidates_shown(
                call.session, lookup, visible(call.principal, Verb.READ, Customer)
            )
        ],
        message=message_view(call, lookup.message),
        next_try_at=lookup.next_try_at,
        created_at=lookup.created_at,
        answered_at=lookup.answered_at,
    )


def _view_again(call: Call[Any, Any], lookup_id: UUID) -> LookupView:
    lookup = autofill.get_lookup(call.session, lookup_id)
    if not allowed(call.principal, Verb.READ, lookup):
        raise NotFoundError("registry_lookup", lookup_id)
    return _view(call, lookup)


@operation(
    blueprint, "POST", "/registry-lookups",
    permission=Permission(Verb.CREATE, "customers"), body=LookupCreate, answer=LookupView,
    status=HTTPStatus.ACCEPTED, reload=_view_again,
    refusals={HTTPStatus.CONFLICT: "No company registry is connected (`no_registry`)."},
)  # fmt: skip
def search_registry(call: Call[LookupCreate]) -> Answer[LookupView]:
    """Search the company registry for candidates; nothing is created.

    Send `Prefer: wait=5` to be answered with the candidates.
    """
    lookup, job = autofill.request_search(
        call.session, call.body.query, connection_id=call.body.connection_id,
        seen=visible(call.principal, Verb.READ, Connection),
    )  # fmt: skip
    call.session.refresh(lookup)
    return Answer(_view(call, lookup), jobs=[job])


@operation(
    blueprint, "GET", "/registry-lookups/<uuid:lookup_id>",
    permission=Permission(Verb.CREATE, "customers"), answer=LookupView,
)  # fmt: skip
def get_lookup(call: Call, lookup_id: UUID) -> LookupView:
    """Return a search with its candidates."""
    return _view_again(call, lookup_id)

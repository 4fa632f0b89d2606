"""/conflicts and /customers/{id}/links"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.concealing import naming_only_seen, require_room_unless_all_seen
from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.routes.customers import get_customer_record
from api.schemas.connections import ConflictView, LinkCreate, LinkView, ResolutionBody
from api.schemas.shapes import View
from hub.access.fields import refuse_to_set
from hub.access.lookup import get_record
from hub.connections.models import Conflict, Connection, ExternalLink
from hub.customers.models import Customer
from hub.errors import NotFoundError, ValidationError
from hub.i18n import N_
from hub.sync import resolving
from hub.sync.listing import CONFLICTS
from hub.sync.showing import remote_fields

blueprint = Blueprint("conflicts", __name__)
_RESOLVED = {HTTPStatus.CONFLICT: "It was resolved or linked already."}


class LinksView(View):
    """What a customer is in other systems."""

    items: list[LinkView]


def _view_again(call: Call[Any, Any], conflict_id: UUID) -> ConflictView:
    found = get_record(call.session, call.principal, Verb.READ, Conflict, conflict_id)
    return ConflictView.model_validate(found)


def _link_view(call: Call[Any, Any], link: ExternalLink) -> LinkView:
    fields = remote_fields(call.session, call.principal, link.connection_id)
    return LinkView.model_validate(link).model_copy(update={"base": fields.only(link.base)})


def _link_again(call: Call[Any, Any], link_id: UUID) -> LinkView:
    found = get_record(call.session, call.principal, Verb.READ, ExternalLink, link_id)
    return _link_view(call, found)


@operation(
    blueprint, "GET", "/conflicts",
    permission=Permission(Verb.READ, "conflicts"), listing=CONFLICTS,
    answer=ListPage[ConflictView],
)  # fmt: skip
def list_conflicts(call: Call) -> Answer[ListPage[ConflictView]]:
    """List the fields that both sides changed, each in its own way."""
    return list_page(call, CONFLICTS, ConflictView.model_validate)


@operation(
    blueprint, "GET", "/conflicts/<uuid:conflict_id>",
    permission=Permission(Verb.READ, "conflicts"), answer=ConflictView,
)  # fmt: skip
def get_conflict(call: Call, conflict_id: UUID) -> ConflictView:
    """Return a conflict: what both sides last agreed on, and what each has now."""
    return _view_again(call, conflict_id)


@operation(
    blueprint, "POST", "/conflicts/<uuid:conflict_id>/resolution",
    permission=Permission(Verb.EDIT, "conflicts"), body=ResolutionBody, answer=ConflictView,
    reload=_view_again, refusals=_RESOLVED,
)  # fmt: skip
def resolve_conflict(call: Call[ResolutionBody], conflict_id: UUID) -> ConflictView:
    """Choose whose value holds on both sides."""
    conflict = get_record(call.session, call.principal, Verb.EDIT, Conflict, conflict_id)
    get_customer_record(call, Verb.EDIT, conflict.customer_id)
    refuse_to_set(call.principal, Customer.__classes__, [conflict.field], pointer="/choice")
    resolving.resolve(call.session, conflict, call.body.choice, now=call.now)
    call.session.flush()
    return ConflictView.model_validate(conflict)


@operation(
    blueprint, "GET", "/customers/<uuid:customer_id>/links",
    permission=Permission(Verb.READ, "customers"), answer=LinksView,
)  # fmt: skip
def list_links(call: Call, customer_id: UUID) -> LinksView:
    """List what a customer is in other systems."""
    customer = get_customer_record(call, Verb.READ, customer_id)
    found = call.session.scalars(
        select(ExternalLink)
        .where(ExternalLink.customer_id == customer.id)
        .order_by(ExternalLink.id)
    )
    return LinksView(items=[_link_view(call, link) for link in found])


@operation(
    blueprint, "POST", "/customers/<uuid:customer_id>/links",
    permission=Permission(Verb.EDIT, "customers"), body=LinkCreate, answer=LinkView,
    status=HTTPStatus.CREATED, reload=_link_again, refusals=_RESOLVED,
)  # fmt: skip
def link_customer(call: Call[LinkCreate], customer_id: UUID) -> LinkView:
    """Join a customer with one that stands in the other system; differences become conflicts.

    Or have a new one made there, where one with the same registration number held it up.
    """
    customer = get_customer_record(call, Verb.EDIT, customer_id)
    get_record(call.session, call.principal, Verb.READ, Connection, call.body.connection_id)
    require_room_unless_all_seen(call)
    body = call.body
    if (body.remote_id is None) is not body.as_new:
        raise ValidationError.of(
            "/remote_id", "one_of_two", N_("Give either `remote_id` or `as_new`.")
        )
    if body.remote_id is None:
        link = resolving.make_there(
            call.session, customer, body.connection_id, reason=body.reason or ""
        )
        return _link_view(call, link)
    with naming_only_seen(call, Customer):
        link = resolving.link_by_hand(call.session, customer, body.connection_id, body.remote_id)
    return _link_view(call, link)


@operation(
    blueprint, "DELETE", "/customers/<uuid:customer_id>/links/<uuid:link_id>",
    permission=Permission(Verb.EDIT, "customers"), status=HTTPStatus.NO_CONTENT,
)  # fmt: skip
def cut_link(call: Call, customer_id: UUID, link_id: UUID) -> Answer[None]:
    """Part a customer from its other half; both stay as they are."""
    get_customer_record(call, Verb.EDIT, customer_id)
    link = get_record(
        call.session, call.principal, Verb.EDIT, ExternalLink, link_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    if link.customer_id != customer_id:
        raise NotFoundError("external_link", link_id)
    resolving.cut(call.session, link)
    return Answer(None)

"""/connections and /connectors"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.concealing import require_sight_of_all
from api.messages import message_view
from api.operations import Answer, Call, Permission, Verb, operation
from api.paging import page
from api.routes import plans
from api.schemas.connections import (
    CallView,
    ConnectionCreate,
    ConnectionPatch,
    ConnectionView,
    ConnectorView,
    HookSecretView,
    MappingBody,
    MappingView,
    PlanView,
)
from api.schemas.shapes import Page, PageQuery, View
from hub.access.lookup import get_record
from hub.access.predicates import visible
from hub.connections import credentials, declarations, health, holding
from hub.connections import services as connections
from hub.connections.models import CallLog, Connection
from hub.customers.models import Customer
from hub.sync import loading, mapping

blueprint = Blueprint("connections", __name__)
READ = Permission(Verb.READ, "connections")
CONNECT = Permission(Verb.CONNECT, "connections")
_WRONG_STATE = {HTTPStatus.CONFLICT: "Its state forbids it, or a name or role is taken."}
_VERBS = (Verb.READ, Verb.CONNECT)


class ConnectorsView(View):
    """The connectors that are installed here."""

    items: list[ConnectorView]


def _get(call: Call[Any, Any], connection_id: UUID, *, changing: bool = False) -> Connection:
    return get_record(
        call.session, call.principal, Verb.CONNECT if changing else Verb.READ, Connection,
        connection_id,
        expected_version=call.expected_version if call.request.method == "PATCH" else None,
    )  # fmt: skip


def _view(call: Call[Any, Any], connection: Connection) -> ConnectionView:
    columns = set(ConnectionView.model_fields) - {
        "message", "secrets", "waiting_changes", "allowed_actions",
    }  # fmt: skip
    return ConnectionView(
        **{name: getattr(connection, name) for name in columns},
        message=message_view(call, connection.message),
        secrets=sorted(credentials.usable_secrets(connection)),
        waiting_changes=holding.waiting_changes(call.session, connection.id)
        if call.principal.sees_all(Customer.collection())
        else None,
        allowed_actions=call.actions("connections", connection, _VERBS),
    )


def _view_again(call: Call[Any, Any], connection_id: UUID) -> ConnectionView:
    return _view(call, _get(call, connection_id))


@operation(blueprint, "GET", "/connectors", permission=READ, answer=ConnectorsView)
def list_connectors(call: Call) -> ConnectorsView:
    """List the connectors that are installed, with the settings each one asks for."""
    return ConnectorsView(
        items=[
            ConnectorView(
                name=declared["name"],
                kind=declared["kind"],
                title=declared["title"],
                declaration=declared,
            )
            for declared in declarations.list_all(call.session)
        ]
    )


@operation(
    blueprint, "GET", "/connections",
    permission=READ, query=PageQuery, answer=Page[ConnectionView],
)  # fmt: skip
def list_connections(call: Call[None, PageQuery]) -> Answer[Page[ConnectionView]]:
    """List the connections, in the order in which they were made."""
    query = select(Connection).where(
        Connection.deleted_at.is_(None), visible(call.principal, Verb.READ, Connection)
    )
    return page(call, query, Connection, lambda row: _view(call, row), call.query)


@operation(
    blueprint, "POST", "/connections",
    permission=CONNECT, body=ConnectionCreate, answer=ConnectionView,
    status=HTTPStatus.CREATED, reload=_view_again, refusals=_WRONG_STATE,
)  # fmt: skip
def create_connection(call: Call[ConnectionCreate]) -> ConnectionView:
    """Set up a connection; test it next, then put it to work."""
    body = call.body
    connection = connections.create(
        call.session,
        name=body.name,
        connector=body.connector,
        settings=body.settings,
        filter=body.filter.given() if body.filter else None,
        numbering_owner=body.numbering_owner,
        outgoing_held=body.outgoing_held,
    )
    return _view(call, connection)


@operation(
    blueprint, "GET", "/connections/<uuid:connection_id>", permission=READ, answer=ConnectionView,
)  # fmt: skip
def get_connection(call: Call, connection_id: UUID) -> ConnectionView:
    """Return a connection: how it stands, and how many changes wait for it."""
    return _view_again(call, connection_id)


@operation(
    blueprint, "PATCH", "/connections/<uuid:connection_id>",
    permission=CONNECT, body=ConnectionPatch, answer=ConnectionView, reload=_view_again,
    refusals=_WRONG_STATE,
)  # fmt: skip
def change_connection(call: Call[ConnectionPatch], connection_id: UUID) -> ConnectionView:
    """Change a connection's settings, secrets, filter or flags."""
    connection = _get(call, connection_id, changing=True)
    changes = call.body.changes()
    if "filter" in changes:
        changes["filter"] = call.body.filter.given()
    connections.update(call.session, connection, changes)
    return _view(call, connection)


@operation(
    blueprint, "POST", "/connections/<uuid:connection_id>/test",
    permission=CONNECT, answer=ConnectionView, status=HTTPStatus.ACCEPTED, reload=_view_again,
)  # fmt: skip
def test_connection(call: Call, connection_id: UUID) -> Answer[ConnectionView]:
    """Test the credentials; a connection that was broken goes back to work when it succeeds."""
    connection = _get(call, connection_id, changing=True)
    job = health.request_test(call.session, connection)
    return Answer(_view(call, connection), jobs=[job])


@operation(
    blueprint, "POST", "/connections/<uuid:connection_id>/activation",
    permission=CONNECT, answer=ConnectionView, reload=_view_again, refusals=_WRONG_STATE,
)  # fmt: skip
def activate_connection(call: Call, connection_id: UUID) -> ConnectionView:
    """Put a tested connection to work; changes that waited for it go out."""
    connection = _get(call, connection_id, changing=True)
    health.activate(call.session, connection, now=call.now)
    call.session.flush()
    return _view(call, connection)


@operation(
    blueprint, "POST", "/connections/<uuid:connection_id>/pause",
    permission=CONNECT, answer=ConnectionView, reload=_view_again, refusals=_WRONG_STATE,
)  # fmt: skip
def pause_connection(call: Call, connection_id: UUID) -> ConnectionView:
    """Stop a connection's work; changes are collected until it is activated again."""
    connection = _get(call, connection_id, changing=True)
    health.pause(connection, now=call.now)
    call.session.flush()
    return _view(call, connection)


@operation(
    blueprint, "POST", "/connections/<uuid:connection_id>/hook-secret",
    permission=CONNECT, answer=HookSecretView, status=HTTPStatus.CREATED, keeps_answer=False,
)  # fmt: skip
def make_hook_secret(call: Call, connection_id: UUID) -> HookSecretView:
    """Make the secret address at which this connection's webhooks are taken; the old one ends."""
    connection = _get(call, connection_id, changing=True)
    secret = credentials.new_hook_secret(connection)
    return HookSecretView(path=f"/hooks/{connection.id}/{secret}", secret=secret)


@operation(
    blueprint, "POST", "/connections/<uuid:connection_id>/first-load",
    permission=CONNECT, answer=PlanView, status=HTTPStatus.ACCEPTED, reload=plans.view_again,
    refusals=_WRONG_STATE,
)  # fmt: skip
def plan_first_load(call: Call, connection_id: UUID) -> Answer[PlanView]:
    """Preview a first load: all customers there, matched against those here.

    Look at the plan's items, then apply it; until then nothing is written on either side.
    """
    connection = _get(call, connection_id, changing=True)
    plan, job = loading.request_first_load(call.session, connection)
    return Answer(plans.plan_view(call, plan), jobs=[job])


@operation(
    blueprint, "POST", "/connections/<uuid:connection_id>/pull",
    permission=CONNECT, answer=ConnectionView, status=HTTPStatus.ACCEPTED, reload=_view_again,
    refusals=_WRONG_STATE,
)  # fmt: skip
def pull_now(call: Call, connection_id: UUID) -> Answer[ConnectionView]:
    """Take in what changed there now, and who is gone, without waiting for the next round."""
    connection = _get(call, connection_id, changing=True)
    jobs = health.request_pull(call.session, connection)
    return Answer(_view(call, connection), jobs=jobs)


@operation(
    blueprint, "GET", "/connections/<uuid:connection_id>/mapping",
    permission=READ, answer=MappingView,
)  # fmt: skip
def get_mapping(call: Call, connection_id: UUID) -> MappingView:
    """Return which field here is which field there."""
    number, pairs = mapping.current(call.session, _get(call, connection_id))
    return MappingView(number=number, pairs=pairs)


@operation(
    blueprint, "PUT", "/connections/<uuid:connection_id>/mapping",
    permission=CONNECT, body=MappingBody, answer=MappingView,
)  # fmt: skip
def replace_mapping(call: Call[MappingBody], connection_id: UUID) -> MappingView:
    """Give a connection a new version of its mapping."""
    connection = _get(call, connection_id, changing=True)
    declared = declarations.get(call.session, connection.connector)
    row = mapping.replace(
        call.session,
        connection,
        [pair.model_dump(exclude_none=True) for pair in call.body.pairs],
        {field["name"]: field for field in declared["fields"]},
    )
    return MappingView(number=row.number, pairs=row.pairs)


@operation(
    blueprint, "GET", "/connections/<uuid:connection_id>/calls",
    permission=CONNECT, query=PageQuery, answer=Page[CallView],
)  # fmt: skip
def list_calls(call: Call[None, PageQuery], connection_id: UUID) -> Answer[Page[CallView]]:
    """List the calls made to the other system, the newest first, redacted.

    They hold every customer's data: they are for those who may read them all.
    """
    require_sight_of_all(call)
    connection = _get(call, connection_id)
    query = select(CallLog).where(CallLog.connection_id == connection.id)
    return page(call, query, CallLog, CallView.model_validate, call.query, newest_first=True)

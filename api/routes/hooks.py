"""/hooks/{connection}/{secret} and /hook-deliveries"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.concealing import require_sight_of_all
from api.messages import message_view
from api.operations import PUBLIC, Answer, Call, Permission, Upload, Verb, operation
from api.paging import page
from api.refusals import RefusalError
from api.schemas.hooks import (
    HookAnswer,
    HookDeliveryQuery,
    HookDeliveryView,
    HookDeliveryWithBody,
)
from api.schemas.shapes import Page
from hub.hooks import receiving
from hub.hooks.models import HookDelivery
from hub.signatures import SignatureRefusedError

blueprint = Blueprint("hook_deliveries", __name__)
incoming = Blueprint("hooks", __name__)
SECRET_PART = "secret"  # noqa: S105 - names the part of the path that nobody is told of
READ = Permission(Verb.CONNECT, "hook-deliveries")  # raw bodies hold whatever a shop sent
_CHALLENGE = 'Signature realm="hub"'
"""What a refused delivery lacks (RFC 9110, 11.6.1): it is believed for the signature of its shop's
scheme, and for no token. The scheme's name is ours, for there is no registered one."""
_SHOWN = frozenset(HookDeliveryView.model_fields) - {"message"}


def _view(call: Call[Any, Any], delivery: HookDelivery) -> HookDeliveryView:
    return HookDeliveryView(
        **{name: getattr(delivery, name) for name in _SHOWN},
        message=message_view(call, delivery.message),
    )


def _view_again(call: Call[Any, Any], delivery_id: UUID) -> HookDeliveryView:
    require_sight_of_all(call)
    return _view(call, receiving.get(call.session, delivery_id))


@operation(
    incoming, "POST", f"/hooks/<uuid:connection_id>/<{SECRET_PART}>",
    permission=PUBLIC, body=Upload(description="What the shop sends."), answer=HookAnswer,
    documented=False,
)  # fmt: skip
def receive_hook(call: Call[bytes], connection_id: UUID, secret: str) -> HookAnswer:
    """Take a shop's webhook; 200 says that it is stored, once however often it is sent."""
    headers = {name.lower(): value for name, value in call.request.headers.items()}
    try:
        received = receiving.receive(
            call.session, connection_id, secret, headers, call.body, now=call.now
        )
    except SignatureRefusedError as error:
        raise RefusalError(
            HTTPStatus.UNAUTHORIZED,
            error.code,
            error.message,
            headers={"WWW-Authenticate": _CHALLENGE},
            **error.params,
        ) from error
    return HookAnswer(hook_delivery_id=received.delivery_id, is_new=received.is_new)


@operation(
    blueprint, "GET", "/hook-deliveries",
    permission=READ, query=HookDeliveryQuery, answer=Page[HookDeliveryView],
)  # fmt: skip
def list_hook_deliveries(call: Call[None, HookDeliveryQuery]) -> Answer[Page[HookDeliveryView]]:
    """List what shops have sent and mailboxes brought, the newest first, with what became of it."""
    require_sight_of_all(call)
    query = select(HookDelivery)
    if call.query.connection_id is not None:
        query = query.where(HookDelivery.connection_id == call.query.connection_id)
    if call.query.state is not None:
        query = query.where(HookDelivery.state == call.query.state)
    return page(
        call, query, HookDelivery, lambda row: _view(call, row), call.query, newest_first=True
    )


@operation(
    blueprint, "GET", "/hook-deliveries/<uuid:delivery_id>",
    permission=READ, answer=HookDeliveryWithBody,
)  # fmt: skip
def get_hook_delivery(call: Call, delivery_id: UUID) -> HookDeliveryWithBody:
    """Return a delivery as it came."""
    require_sight_of_all(call)
    delivery = receiving.get(call.session, delivery_id)
    return HookDeliveryWithBody(
        **_view(call, delivery).model_dump(),
        headers=delivery.headers,
        body=delivery.body.decode("utf-8", "backslashreplace"),
    )


@operation(
    blueprint, "POST", "/hook-deliveries/<uuid:delivery_id>/replay",
    permission=Permission(Verb.REPLAY, "hook-deliveries"), answer=HookDeliveryView,
    status=HTTPStatus.ACCEPTED, reload=_view_again,
    refusals={HTTPStatus.CONFLICT: "It was imported already."},
)  # fmt: skip
def replay_hook_delivery(call: Call, delivery_id: UUID) -> Answer[HookDeliveryView]:
    """Try again to import a delivery that failed, came late, said nothing or was ignored."""
    require_sight_of_all(call)
    delivery = receiving.get(call.session, delivery_id, lock=True)
    job = receiving.replay(call.session, delivery)
    return Answer(_view(call, delivery), jobs=[job])

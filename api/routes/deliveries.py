"""/deliveries and /mail"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.lists import ListPage, list_page
from api.messages import message_view
from api.operations import Answer, Call, Permission, Verb, operation
from api.schemas.deliveries import DeliveryView
from api.schemas.jobs import JobView
from hub.access.lookup import get_record
from hub.access.models import User
from hub.mail import services as mail
from hub.mail.listing import DELIVERIES
from hub.mail.models import Delivery

blueprint = Blueprint("deliveries", __name__)
_VERBS = (Verb.READ, Verb.REPLAY)


def _view(call: Call[Any, Any], delivery: Delivery) -> DeliveryView:
    shown = DeliveryView.model_fields.keys() - {"message", "allowed_actions"}
    return DeliveryView(
        **{name: getattr(delivery, name) for name in shown},
        message=message_view(call, delivery.message),
        allowed_actions=call.actions("deliveries", delivery, _VERBS),
    )


def _view_again(call: Call[Any, Any], delivery_id: UUID) -> DeliveryView:
    return _view(call, get_record(call.session, call.principal, Verb.READ, Delivery, delivery_id))


@operation(
    blueprint, "GET", "/deliveries",
    permission=Permission(Verb.READ, "deliveries"), listing=DELIVERIES,
    answer=ListPage[DeliveryView],
)  # fmt: skip
def list_deliveries(call: Call) -> Answer[ListPage[DeliveryView]]:
    """List the mails that were sent to you, or were to be; an administrator sees all."""
    return list_page(call, DELIVERIES, lambda delivery: _view(call, delivery))


@operation(
    blueprint, "GET", "/deliveries/<uuid:delivery_id>",
    permission=Permission(Verb.READ, "deliveries"), answer=DeliveryView,
)  # fmt: skip
def get_delivery(call: Call, delivery_id: UUID) -> DeliveryView:
    """Return a delivery: how often it was tried, and what became of it."""
    return _view_again(call, delivery_id)


@operation(
    blueprint, "POST", "/deliveries/<uuid:delivery_id>/resend",
    permission=Permission(Verb.REPLAY, "deliveries"), answer=DeliveryView,
    status=HTTPStatus.ACCEPTED, reload=_view_again,
    refusals={HTTPStatus.CONFLICT: "It is neither failed nor held (`delivery_state`)."},
)  # fmt: skip
def resend_delivery(call: Call, delivery_id: UUID) -> Answer[DeliveryView]:
    """Send a failed or held mail after all: the same bytes, under the same message id."""
    delivery = get_record(call.session, call.principal, Verb.REPLAY, Delivery, delivery_id)
    job = mail.resend(call.session, delivery)
    return Answer(_view(call, delivery), jobs=[job])


@operation(
    blueprint, "POST", "/mail/test",
    permission=Permission(Verb.CREATE, "deliveries"), answer=JobView,
    status=HTTPStatus.ACCEPTED,
)  # fmt: skip
def send_test_mail(call: Call) -> Answer[JobView]:
    """Send yourself a mail that only proves that mail arrives."""
    user = call.session.get_one(User, call.principal.user_id)
    return Answer(None, jobs=[mail.request_test(call.session, user)])

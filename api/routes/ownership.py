"""/customers/{id}/ownership and /customers/{id}/taking"""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint

from api.concealing import shown_if_seen
from api.operations import Answer, Call, Permission, Verb, operation
from api.presenting_customers import customer_view
from api.routes.customers import get_customer_record, view_again
from api.schemas.customers import CustomerView
from api.schemas.ownership import OwnershipChange, Taking
from hub.pools import passing_on

blueprint = Blueprint("ownership", __name__)


@operation(
    blueprint, "POST", "/customers/<uuid:customer_id>/ownership",
    permission=Permission(Verb.ASSIGN, "customers"), body=OwnershipChange, answer=CustomerView,
    reload=view_again,
    refusals={
        HTTPStatus.NO_CONTENT: "It is given away: you may not see it any more.",
        HTTPStatus.CONFLICT: "It is protected and would be nobody's (`protected`), or his who has"
        " as many of these as is set (`too_many_protected`); it waits in a pool (`pool_state`), or"
        " came from one whose rules bar the new owner (`held_quota`, `daily_quota`, `cooldown`,"
        " `busy`).",
    },
)  # fmt: skip
def assign_customer(call: Call[OwnershipChange], customer_id: UUID) -> Answer[CustomerView]:
    """Give a customer to another owner or team, or change its representatives.

    For its owner, whoever leads him, and administrators. Whoever gives it away sees it afterwards
    as anybody else does, unless it is shared with him.
    """
    customer = get_customer_record(call, Verb.ASSIGN, customer_id)
    passing_on.assign(
        call.session, customer, call.body.changes(), reason=call.body.reason, now=call.now
    )
    return shown_if_seen(call, customer, customer_view)


@operation(
    blueprint, "POST", "/customers/<uuid:customer_id>/taking",
    permission=Permission(Verb.CLAIM, "customers"), body=Taking, answer=CustomerView,
    reload=view_again,
    refusals={HTTPStatus.CONFLICT: "The rules of its pool bar you, as of giving it to you."},
)  # fmt: skip
def take_customer(call: Call[Taking], customer_id: UUID) -> Answer[CustomerView]:
    """Take a customer that is nobody's, or one of somebody whom you lead.

    Of two who take it at once one gets it, the other one is told that it is not his.
    """
    customer = get_customer_record(call, Verb.CLAIM, customer_id)
    passing_on.take(
        call.session, customer, by=call.principal.user_id, reason=call.body.reason, now=call.now
    )
    return shown_if_seen(call, customer, customer_view)

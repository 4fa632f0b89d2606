"""/customers"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.concealing import naming_only_seen
from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.presenting_customers import customer_view
from api.removing import taking_away
from api.schemas.customers import CustomerCreate, CustomerPatch, CustomerView, LifecycleChange
from api.schemas.shapes import Because
from hub.access import owning
from hub.autofill import services as autofill
from hub.customers import archiving
from hub.customers import services as customers
from hub.customers.listing import CUSTOMERS
from hub.customers.lookup import get_customer as get_customer_of
from hub.customers.models import Customer
from hub.customers.refusing import DuplicateLeave
from hub.history.recording import react

blueprint = Blueprint("customers", __name__)
_CONFLICTS = {
    HTTPStatus.CONFLICT: "One like it exists (`duplicate`), a value is taken (`taken`), or the"
    " currency is locked (`currency_locked`). Of one that you may not see `details.blind_match`"
    " says whom to ask.",
    HTTPStatus.TOO_MANY_REQUESTS: "You were told too often of customers that you may not see"
    " (`too_many_blind_matches`).",
}
_MOVED = {
    HTTPStatus.CONFLICT: "It is so already (`lifecycle`), waits in a pool (`pool_state`), or was"
    " merged (`merged`).",
}


def get_customer_record(
    call: Call[Any, Any], verb: Verb, customer_id: UUID, *, expected_version: int | None = None
) -> Customer:
    """Return a customer for an act of the caller; a merged one names its survivor if seen."""
    return get_customer_of(
        call.session, call.principal, verb, customer_id, expected_version=expected_version
    )


def view_again(call: Call[Any, Any], customer_id: UUID) -> CustomerView:
    """Return a customer that the caller may see, as it stands now."""
    return customer_view(call, get_customer_record(call, Verb.READ, customer_id), provenance=True)


@operation(
    blueprint, "GET", "/customers",
    permission=Permission(Verb.READ, "customers"), listing=CUSTOMERS,
    answer=ListPage[CustomerView],
)  # fmt: skip
def list_customers(call: Call) -> Answer[ListPage[CustomerView]]:
    """List customers: filtered, sorted, searched, counted."""
    return list_page(call, CUSTOMERS, lambda customer: customer_view(call, customer))


@operation(
    blueprint, "POST", "/customers",
    permission=Permission(Verb.CREATE, "customers"), body=CustomerCreate, answer=CustomerView,
    status=HTTPStatus.CREATED, reload=view_again, refusals=_CONFLICTS,
)  # fmt: skip
def create_customer(call: Call[CustomerCreate]) -> CustomerView:
    """Create a customer from a name, or from a CVR number.

    It is yours unless you name another owner, for which you need the right to assign. The registry
    fills it and the accounting system learns of it soon after; send `Prefer: wait=5` to be answered
    when that is done.
    """
    body = call.body
    leave = DuplicateLeave(body.reason or "") if body.allow_duplicate else None
    owning.refuse_to_name_others(call.principal, Customer, body.fields())
    with naming_only_seen(call, Customer):
        customer = customers.create(
            call.session,
            body.fields(),
            now=call.now,
            allow_duplicate=leave,
            owned_by_creator=True,
            caller=call.principal,
        )
    react(call.session)
    return customer_view(call, customer)


@operation(
    blueprint, "GET", "/customers/<uuid:customer_id>",
    permission=Permission(Verb.READ, "customers"), answer=CustomerView,
)  # fmt: skip
def get_customer(call: Call, customer_id: UUID) -> CustomerView:
    """Return a customer, with where its values come from."""
    return view_again(call, customer_id)


@operation(
    blueprint, "PATCH", "/customers/<uuid:customer_id>",
    permission=Permission(Verb.EDIT, "customers"), body=CustomerPatch, answer=CustomerView,
    reload=view_again, refusals=_CONFLICTS,
)  # fmt: skip
def change_customer(call: Call[CustomerPatch], customer_id: UUID) -> CustomerView:
    """Change a customer; the accounting system learns of it soon after."""
    customer = get_customer_record(
        call, Verb.EDIT, customer_id, expected_version=call.expected_version
    )
    with naming_only_seen(call, Customer):
        customers.update(
            call.session, customer, call.body.changes(), now=call.now, caller=call.principal
        )
    react(call.session)
    return customer_view(call, customer)


@operation(
    blueprint, "DELETE", "/customers/<uuid:customer_id>",
    permission=Permission(Verb.DELETE, "customers"), query=Because, status=HTTPStatus.NO_CONTENT,
    refusals={
        HTTPStatus.CONFLICT: "Something refers to it (`in_use`): `details` has its `count` and,"
        " as far as you may see them, the `blockers`."
    },
)  # fmt: skip
def delete_customer(call: Call[None, Because], customer_id: UUID) -> Answer[None]:
    """Take a customer away; its history stays readable and its id is never used again.

    Its contacts and addresses go with it. Notes, reminders that are not done and links that are
    not cut hold it.
    """
    customer = get_customer_record(
        call, Verb.DELETE, customer_id, expected_version=call.expected_version
    )
    with taking_away(call, customer):
        customers.delete(call.session, customer, now=call.now)
    return Answer(None)


@operation(
    blueprint, "POST", "/customers/<uuid:customer_id>/archiving",
    permission=Permission(Verb.TRANSITION, "customers"), body=LifecycleChange, answer=CustomerView,
    status=HTTPStatus.OK, reload=view_again, refusals=_MOVED,
)  # fmt: skip
def archive_customer(call: Call[LifecycleChange], customer_id: UUID) -> CustomerView:
    """Put a customer out of the way: it is found and read, and buys nothing till it is taken up."""
    return _moved(call, customer_id, archiving.archive)


@operation(
    blueprint, "POST", "/customers/<uuid:customer_id>/taking-up",
    permission=Permission(Verb.TRANSITION, "customers"), body=LifecycleChange, answer=CustomerView,
    status=HTTPStatus.OK, reload=view_again, refusals=_MOVED,
)  # fmt: skip
def take_customer_up(call: Call[LifecycleChange], customer_id: UUID) -> CustomerView:
    """Have an archived customer back among those that one deals with."""
    return _moved(call, customer_id, archiving.take_up)


def _moved(
    call: Call[LifecycleChange], customer_id: UUID, move: Callable[..., None]
) -> CustomerView:
    customer = get_customer_record(call, Verb.TRANSITION, customer_id)
    move(call.session, customer, reason=call.body.reason)
    react(call.session)
    return customer_view(call, customer)


@operation(
    blueprint, "POST", "/customers/<uuid:customer_id>/registry-lookup",
    permission=Permission(Verb.EDIT, "customers"), answer=CustomerView,
    status=HTTPStatus.OK, reload=view_again,
)  # fmt: skip
def look_up_customer(call: Call, customer_id: UUID) -> CustomerView:
    """Ask the company registry again; what somebody typed stays as it is."""
    customer = get_customer_record(call, Verb.EDIT, customer_id)
    autofill.request(call.session, customer)
    react(call.session)
    return customer_view(call, customer)

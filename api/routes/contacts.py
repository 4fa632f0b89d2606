"""/contacts and /customers/{id}/contacts"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.concealing import writing
from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.presenting_customers import custom_view
from api.presenting_entries import warning_views
from api.removing import taking_away
from api.routes.customers import get_customer_record
from api.schemas.customers import ContactFields, ContactPatch, ContactView
from api.schemas.shapes import Because
from hub.access.lookup import get_record
from hub.customers import contacts, keyed
from hub.customers.listing import CONTACTS
from hub.customers.models import Contact

blueprint = Blueprint("contacts", __name__)
_COLUMNS = frozenset(ContactView.model_fields) - {
    "custom", "handles", "warnings", "allowed_actions",
}  # fmt: skip
_TAKEN = {
    HTTPStatus.CONFLICT: "The external reference is in use (`taken`), or a value that must be new"
    " (`duplicate_value`)."
}


def contact_view(call: Call[Any, Any], contact: Contact) -> ContactView:
    """Return a contact as the caller sees it."""
    return ContactView(
        **{name: getattr(contact, name) for name in _COLUMNS},
        handles=keyed.texts(contact.handles),
        custom=custom_view(call, contact),
        warnings=warning_views(call, contact),
        allowed_actions=call.actions("customers", contact),
    )


def _view_again(call: Call[Any, Any], contact_id: UUID) -> ContactView:
    return contact_view(
        call, get_record(call.session, call.principal, Verb.READ, Contact, contact_id)
    )


@operation(
    blueprint, "GET", "/contacts",
    permission=Permission(Verb.READ, "customers"), listing=CONTACTS, answer=ListPage[ContactView],
)  # fmt: skip
def list_contacts(call: Call) -> Answer[ListPage[ContactView]]:
    """List contacts; `customer=` names whose.

    `sort=name` goes by the last name, then the first. `q` finds names, jobs, mail addresses,
    numbers and names in networks.
    """
    return list_page(call, CONTACTS, lambda contact: contact_view(call, contact))


@operation(
    blueprint, "POST", "/customers/<uuid:customer_id>/contacts",
    permission=Permission(Verb.EDIT, "customers"), body=ContactFields, answer=ContactView,
    status=HTTPStatus.CREATED, reload=_view_again, refusals=_TAKEN,
)  # fmt: skip
def create_contact(call: Call[ContactFields], customer_id: UUID) -> Answer[ContactView]:
    """Add a person to a customer; the first one is its main contact."""
    customer = get_customer_record(call, Verb.EDIT, customer_id)
    fields = call.body.given()
    with writing(call, Contact, fields):
        contact = contacts.create(call.session, customer, fields, caller=call.principal)
    return Answer(contact_view(call, contact), location=f"/contacts/{contact.id}")


@operation(
    blueprint, "GET", "/contacts/<uuid:contact_id>",
    permission=Permission(Verb.READ, "customers"), answer=ContactView,
)  # fmt: skip
def get_contact(call: Call, contact_id: UUID) -> ContactView:
    """Return a contact."""
    return _view_again(call, contact_id)


@operation(
    blueprint, "PATCH", "/contacts/<uuid:contact_id>",
    permission=Permission(Verb.EDIT, "customers"), body=ContactPatch, answer=ContactView,
    reload=_view_again, refusals=_TAKEN,
)  # fmt: skip
def change_contact(call: Call[ContactPatch], contact_id: UUID) -> ContactView:
    """Change a contact."""
    contact = get_record(
        call.session, call.principal, Verb.EDIT, Contact, contact_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    customer = get_customer_record(call, Verb.EDIT, contact.customer_id)
    changes = call.body.changes()
    with writing(call, Contact, changes):
        contacts.update(call.session, customer, contact, changes, caller=call.principal)
    return contact_view(call, contact)


@operation(
    blueprint, "DELETE", "/contacts/<uuid:contact_id>",
    permission=Permission(Verb.EDIT, "customers"), query=Because, status=HTTPStatus.NO_CONTENT,
    refusals={
        HTTPStatus.CONFLICT: "Leads, opportunities, activities or documents name it (`in_use`)."
    },
)  # fmt: skip
def delete_contact(call: Call[None, Because], contact_id: UUID) -> Answer[None]:
    """Take a contact away; its history stays readable.

    In the place of a main contact comes the oldest of the others.
    """
    contact = get_record(
        call.session, call.principal, Verb.EDIT, Contact, contact_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    customer = get_customer_record(call, Verb.EDIT, contact.customer_id)
    with taking_away(call, contact):
        contacts.delete(call.session, customer, contact, now=call.now)
    return Answer(None)

"""What notes and reminders are on, and what is shared: customers, and what may belong to one.

Contacts have a timeline as these do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

from api.calls import Call
from api.routes.customers import get_customer_record
from api.routes.leads import LEAD
from api.routes.opportunities import OPPORTUNITY
from hub.access.lookup import get_record
from hub.access.roles import Verb
from hub.customers.models import Contact, Customer
from hub.notes.models import Note


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of record; `find` returns one for an act of the caller."""

    noun: str
    path: str
    find: Callable[..., Any]
    collection: str

    def notes_of(self, found: Any) -> ColumnElement[bool]:
        """Return the condition for the notes that the page of a record shows."""
        column = Note.customer_id if self.noun == CUSTOMER.noun else Note.subject_id
        of_it: ColumnElement[bool] = column == found.id
        return of_it


def _find_contact(call: Call[Any, Any], verb: Verb, contact_id: UUID) -> Contact:
    return get_record(call.session, call.principal, verb, Contact, contact_id)


CUSTOMER = Subject(
    "customer", "/customers/<uuid:customer_id>", get_customer_record, Customer.collection()
)
SUBJECTS = (
    CUSTOMER,
    *(Subject(each.noun, each.path, each.find, each.path.split("/")[1])
      for each in (LEAD, OPPORTUNITY)),
)  # fmt: skip
CONTACT = Subject("contact", "/contacts/<uuid:contact_id>", _find_contact, Contact.collection())
"""It has a timeline and tabs; what is noted of it is noted of its customer."""

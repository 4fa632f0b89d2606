"""What notes and reminders are on, and what is shared: customers, and what may belong to one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement

from api.routes.customers import get_customer_record
from api.routes.leads import LEAD
from api.routes.opportunities import OPPORTUNITY
from hub.notes.models import Note


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of record; `find` returns one for an act of the caller."""

    noun: str
    path: str
    find: Callable[..., Any]

    def notes_of(self, found: Any) -> ColumnElement[bool]:
        """Return the condition for the notes that the page of a record shows."""
        column = Note.customer_id if self.noun == CUSTOMER.noun else Note.subject_id
        of_it: ColumnElement[bool] = column == found.id
        return of_it


CUSTOMER = Subject("customer", "/customers/<uuid:customer_id>", get_customer_record)
SUBJECTS = (CUSTOMER, *(Subject(each.noun, each.path, each.find) for each in (LEAD, OPPORTUNITY)))

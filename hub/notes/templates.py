"""Templates of notes: texts with named places, which are filled from what a note is about."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from babel.dates import format_date
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub import places
from hub.access.concealing import seen_among
from hub.access.models import User
from hub.access.principals import Principal
from hub.catalogues.services import refuse_unlisted
from hub.clock import business_date
from hub.customers.models import Contact, Customer
from hub.errors import ConflictError, ValidationError
from hub.i18n import N_, locale_of
from hub.notes.models import NoteTemplate
from hub.notes.services import CATALOGUES
from hub.subjects import customer_id_of, name_of

PLACES = ("name", "customer", "number", "contact", "phone", "author", "date")
"""What a template may name in braces: ``{customer}``; braces that are meant are doubled.

`name` is what the note is about, `customer` its customer, `number` the number of the former.
"""

_APART = 10  # between two places in the order, so that one can be put between them


def create(session: Session, fields: Mapping[str, Any]) -> NoteTemplate:
    """Make a template; without a `sort` of its own it comes last.

    Raises:
        ValidationError: the type is not in its catalogue, or the text names an unknown place.
        ConflictError: ``taken``: another one has the name.
    """
    values = dict(fields)
    _check(session, values, None)
    if values.get("sort") is None:
        highest = session.scalar(select(func.coalesce(func.max(NoteTemplate.sort), 0)))
        values["sort"] = (highest or 0) + _APART
    template = NoteTemplate(**values)
    session.add(template)
    session.flush()
    return template


def change(session: Session, template: NoteTemplate, changes: Mapping[str, Any]) -> NoteTemplate:
    """Change a template, retire it (`active` false) or take it up again; notes stay as they are.

    Raises:
        ValidationError, ConflictError: as `create`.
    """
    _check(session, changes, template)
    for field, value in changes.items():
        if getattr(template, field) != value:
            setattr(template, field, value)
    session.flush()
    return template


def get_usable(session: Session, template_id: UUID) -> NoteTemplate:
    """Return a template that notes can be made from.

    Raises:
        ValidationError: ``unknown`` or ``retired``.
    """
    template = session.get(NoteTemplate, template_id)
    if template is None:
        raise ValidationError.of("/template_id", "unknown", N_("There is no such template."))
    if not template.active:
        raise ValidationError.of(
            "/template_id", "retired", N_("{name} is retired: nothing gets it any more."),
            name=template.name,
        )  # fmt: skip
    return template


def usable(session: Session) -> Sequence[NoteTemplate]:
    """Return the templates that notes can be made from, in their order."""
    query = select(NoteTemplate).where(NoteTemplate.active)
    return session.scalars(query.order_by(NoteTemplate.sort, NoteTemplate.id)).all()


def filled(
    session: Session,
    template: NoteTemplate,
    subject: Any,
    *,
    author: Principal,
    zone: str,
    locale: str | None,
    now: datetime,
) -> str:
    """Return a template's text for a subject; what there is no value for shows as a dash.

    Nor has its author the words of a customer which he does not see.
    """
    customer_id = customer_id_of(subject)
    ids = [] if customer_id is None else [customer_id]
    seen = seen_among(session, author, Customer, ids)
    customer = session.get(Customer, customer_id) if seen else None
    name = subject.name if seen or customer_id is None else _own_name(session, author, subject)
    contact = _main_contact(session, customer)
    user = session.get(User, author.user_id)
    values = {
        "name": name,
        "customer": customer.name if customer else name if customer_id is None else None,
        "number": getattr(subject, "number", None) or getattr(subject, "ref_no", None),
        "contact": _name(contact) if contact else getattr(subject, "person", None),
        "phone": getattr(subject, "phone", None) or (customer.phone if customer else None),
        "author": user.name if user else None,
        "date": format_date(business_date(now, zone), "medium", locale=locale_of(locale)),
    }
    return places.fill(template.body, values)


def _own_name(session: Session, author: Principal, subject: Any) -> str | None:
    model = type(subject)
    name: str | None = session.scalar(select(name_of(author, model)).where(model.id == subject.id))
    return name


def _check(session: Session, values: Mapping[str, Any], template: NoteTemplate | None) -> None:
    refuse_unlisted(session, CATALOGUES, values, kept={"type": template.type} if template else None)
    if "body" in values:
        errors = list(places.faults(values["body"], PLACES, "/body"))
        if errors:
            raise ValidationError(*errors)
    name = values.get("name")
    if name is None or (template is not None and name == template.name):
        return
    other = session.scalar(
        select(NoteTemplate.id).where(func.casefold(NoteTemplate.name) == func.casefold(name))
    )
    if other is not None and (template is None or other != template.id):
        raise ConflictError(
            "taken", N_("There is a template {name} already."), details={"pointer": "/name"},
            name=name,
        )  # fmt: skip


def _main_contact(session: Session, customer: Customer | None) -> Contact | None:
    if customer is None:
        return None
    return session.scalar(
        select(Contact).where(
            Contact.customer_id == customer.id, Contact.is_main, Contact.deleted_at.is_(None)
        )
    )


def _name(contact: Contact) -> str | None:
    return " ".join(part for part in (contact.first_name, contact.last_name) if part) or None

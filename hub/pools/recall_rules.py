"""After how many days without a note a customer goes back: the pool's number, and its exceptions.

An exception is ``{"value_class", "classification", "program", "days"}``: for customers of a class
of value, of a classification, or with an open lead in a program. What it does not name fits every
customer; ``days`` null means never. Of several that fit the first one counts (domain.md §4).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    case,
    cast,
    column,
    exists,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, JSONPATH
from sqlalchemy.orm import Session

from hub.catalogues.declaring import Use, declare_use
from hub.catalogues.services import refuse_unlisted
from hub.customers.models import Customer
from hub.errors import FieldError, ValidationError, under
from hub.i18n import N_
from hub.leads.models import Lead
from hub.pools.models import Pool

DAYS = "days"
CATALOGUES = {
    "value_class": "value_classes",
    "classification": "classifications",
    "program": "programs",
}
"""The catalogue of each thing that an exception may name."""

POINTER = "/recall_exceptions"


def check(
    session: Session,
    exceptions: Sequence[Mapping[str, Any]],
    kept: Sequence[Mapping[str, Any]],
    *,
    notice_days: int,
) -> list[dict[str, Any]]:
    """Return exceptions as a pool keeps them.

    Args:
        session: the caller's.
        exceptions: what is wanted.
        kept: those that the pool has; what they name may be retired by now.
        notice_days: how long before an owner is warned.

    Raises:
        ValidationError: ``required``: one names nothing; ``too_small``: its time is not longer than
            the notice; ``unknown`` or ``retired``: the catalogue has no such word.
    """
    errors = list(_faults(exceptions, notice_days))
    if errors:
        raise ValidationError(*errors)
    had = {name: [each[name] for each in kept if each.get(name)] for name in CATALOGUES}
    for place, each in enumerate(exceptions):
        with under(f"{POINTER}/{place}"):
            refuse_unlisted(session, CATALOGUES, each, had)
    return [
        {name: value for name, value in each.items() if value is not None or name == DAYS}
        for each in exceptions
    ]


def recall_days() -> ColumnElement[int]:
    """Return the days after which a customer goes back, over customers joined with their pools.

    NULL where it never does.
    """
    each = (
        func.jsonb_array_elements(Pool.recall_exceptions)
        .table_valued(column("value", JSONB), with_ordinality="place", name="exception")
        .render_derived()
    )
    said = each.c.value
    first = (
        select(said)
        .where(
            _fits(said, "value_class", lambda code: Customer.value_class == code),
            _fits(said, "classification", lambda code: code == func.any(Customer.classifications)),
            _fits(said, "program", _has_lead_in),
        )
        .order_by(each.c.place)
        .limit(1)
        .correlate(Pool, Customer)
        .scalar_subquery()
    )
    return case(
        (first.is_(None), Pool.recall_after_days),
        else_=cast(type_coerce(first, JSONB)[DAYS].astext, Integer),
    )


def install() -> None:
    """Say that pools keep words of these catalogues."""
    for name, use in _USES.items():
        declare_use(CATALOGUES[name], use)


def _fits(said: Any, name: str, holds: Any) -> ColumnElement[bool]:
    code = said[name].astext
    return or_(code.is_(None), holds(code))


def _has_lead_in(program: ColumnElement[str]) -> ColumnElement[bool]:
    return (
        exists()
        .where(
            Lead.customer_id == Customer.id,
            Lead.program == program,
            Lead.is_open,
            Lead.deleted_at.is_(None),
        )
        .correlate_except(Lead)
    )


def _faults(exceptions: Sequence[Mapping[str, Any]], notice_days: int) -> Iterator[FieldError]:
    for place, each in enumerate(exceptions):
        if all(each.get(name) is None for name in CATALOGUES):
            yield FieldError(
                f"{POINTER}/{place}", "required", N_("Name for which customers it is.")
            )
        days = each.get(DAYS)
        if days is not None and days <= notice_days:
            yield FieldError(
                f"{POINTER}/{place}/{DAYS}", "too_small",
                N_("The notice must be shorter than the time without a note."),
            )  # fmt: skip


def _words(name: str) -> ColumnElement[Any]:
    """Return the words of a catalogue that a pool's exceptions name."""
    found = func.jsonb_path_query_array(Pool.recall_exceptions, cast(f"$[*].{name}", JSONPATH))
    words = select(func.jsonb_array_elements_text(found)).correlate(Pool)
    return type_coerce(func.array(words.scalar_subquery()), ARRAY(Text))


_USES = {name: Use(Pool, _words(name)) for name in CATALOGUES}

"""Templates of objectives: measures with their targets and how often, kept by administrators."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.errors import ConflictError, ValidationError
from hub.i18n import N_
from hub.objectives import rules
from hub.objectives.models import AMOUNTS, Frequency, ObjectiveTemplate

_APART = 10  # between two places in the order, so that one can be put between them


def create(session: Session, fields: Mapping[str, Any]) -> ObjectiveTemplate:
    """Make a template; without a `sort` of its own it comes last.

    Raises:
        ValidationError: names the broken rule.
        ConflictError: ``taken``: another one has the name.
    """
    values = dict(fields)
    values["targets"] = rules.clean_targets(values["targets"])
    values["currency"] = rules.clean_currency(values.get("currency"), values["targets"])
    values["frequency"] = Frequency(values["frequency"])
    _refuse_taken(session, values["name"])
    if values.get("sort") is None:
        highest = session.scalar(select(func.coalesce(func.max(ObjectiveTemplate.sort), 0)))
        values["sort"] = (highest or 0) + _APART
    template = ObjectiveTemplate(**values)
    session.add(template)
    session.flush()
    return template


def change(
    session: Session, template: ObjectiveTemplate, changes: Mapping[str, Any]
) -> ObjectiveTemplate:
    """Change a template, retire it (`active` false) or take it up again; objectives stay.

    Raises:
        ValidationError, ConflictError: as `create`.
    """
    values = dict(changes)
    if values.keys() & {"targets", "currency"}:
        targets = rules.clean_targets(values.get("targets", template.targets))
        kept = template.currency if AMOUNTS & targets.keys() else None
        values["targets"] = targets
        values["currency"] = rules.clean_currency(values.get("currency", kept), targets)
    if "frequency" in values:
        values["frequency"] = Frequency(values["frequency"])
    if "name" in values:
        _refuse_taken(session, values["name"], template)
    for name, value in values.items():
        if getattr(template, name) != value:
            setattr(template, name, value)
    session.flush()
    return template


def get_usable(session: Session, template_id: UUID) -> ObjectiveTemplate:
    """Return a template that objectives can be made from.

    Raises:
        ValidationError: ``unknown`` or ``retired``.
    """
    template = session.get(ObjectiveTemplate, template_id)
    if template is None:
        raise ValidationError.of("/template_id", "unknown", N_("There is no such template."))
    if not template.active:
        raise ValidationError.of(
            "/template_id", "retired", N_("{name} is retired: nothing gets it any more."),
            name=template.name,
        )  # fmt: skip
    return template


def _refuse_taken(session: Session, name: str, own: ObjectiveTemplate | None = None) -> None:
    other = session.scalar(
        select(ObjectiveTemplate.id).where(
            func.casefold(ObjectiveTemplate.name) == func.casefold(name)
        )
    )
    if other is not None and (own is None or other != own.id):
        raise ConflictError(
            "taken", N_("There is a template {name} already."), details={"pointer": "/name"},
            name=name,
        )  # fmt: skip

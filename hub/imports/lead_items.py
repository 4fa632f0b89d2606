"""One item of the plan of a file of leads: what applying it does, and what taking it back does."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.access.concealing import without_unseen
from hub.access.principals import Principal
from hub.custom_fields.models import PREFIX
from hub.db import find_locked, new_id
from hub.errors import ConflictError, NotFoundError, StaleVersionError
from hub.history.recording import plain
from hub.imports.items import CHANNEL, digests_of
from hub.imports.models import ImportIdentity
from hub.imports.nesting import nested
from hub.leads import services as leads
from hub.leads.models import Lead
from hub.plans.models import PlanItem
from hub.plans.services import Applied

_READ: Mapping[str, Callable[[str], Any]] = {
    "est_conversion_on": date.fromisoformat,
    "net_potential_value": Decimal,
    "owner_user_id": UUID,
}


class LeadImport:
    """Applies and undoes single items; a `hub.plans.services.Handler`.

    Args:
        caller: who imports, as far as he reaches; None is the installation itself.
    """

    def __init__(self, caller: Principal | None) -> None:
        self._caller = caller

    def apply(self, session: Session, item: PlanItem, *, now: datetime) -> Applied:
        """See `hub.plans.services.Handler.apply`."""
        try:
            return self._apply(session, item, now)
        except ConflictError as error:
            if self._caller is None:
                raise
            raise without_unseen(session, self._caller, Lead, error) from error

    def undo(self, session: Session, item: PlanItem, *, now: datetime) -> None:
        """See `hub.plans.services.Handler.undo`."""
        lead = _unmoved(session, item, item.applied_version)
        if item.action == "create":
            leads.delete(session, lead, now=now)
            session.execute(delete(ImportIdentity).where(ImportIdentity.lead_id == lead.id))
        else:
            leads.update(session, lead, typed(item.before or {}))

    def _apply(self, session: Session, item: PlanItem, now: datetime) -> Applied:
        values = typed(item.after or {})
        if item.action == "create":
            lead = leads.create(
                session, values,
                now=now, channel=CHANNEL, owned_by_creator=False, caller=self._caller,
            )  # fmt: skip
            _remember(session, lead, digests_of(item.source))
            return Applied(lead.id, lead.version)
        lead = _unmoved(session, item, item.record_version)
        before = {name: plain(_present(lead, name)) for name in item.after or {}}
        leads.update(session, lead, values, caller=self._caller)
        return Applied(lead.id, lead.version, before)


def typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as a lead's columns hold them, from what JSON carried."""
    return {
        name: _READ[name](value) if name in _READ and value is not None else value
        for name, value in nested(values).items()
    }


def _unmoved(session: Session, item: PlanItem, version: int | None) -> Lead:
    """Return an item's lead, locked, if it is at a version.

    Raises:
        NotFoundError: it was deleted.
        StaleVersionError: it was changed since.
    """
    lead = find_locked(session, Lead, item.record_id)
    if lead is None or lead.deleted_at is not None:
        raise NotFoundError(leads.ENTITY, item.record_id)
    if lead.version != version:
        raise StaleVersionError(leads.ENTITY, lead.id, lead.version)
    return lead


def _present(lead: Lead, name: str) -> Any:
    if name.startswith(PREFIX):
        return lead.custom.get(name.removeprefix(PREFIX))
    return getattr(lead, name)


def _remember(session: Session, lead: Lead, digests: list[bytes]) -> None:
    """Keep by what the row of a lead is known again, also where it was another's that is gone."""
    for digest in digests:
        made = insert(ImportIdentity).values(id=new_id(), digest=digest, lead_id=lead.id)
        session.execute(
            made.on_conflict_do_update(
                index_elements=["digest"], set_={"lead_id": made.excluded.lead_id}
            )
        )

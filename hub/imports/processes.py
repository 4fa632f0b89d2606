"""How each sort of file is decided over, applied and taken back."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from hub.access.principals import Principal
from hub.imports import applying, meanwhile, undoing
from hub.imports.blind import Blind, uploader
from hub.imports.deciding import CustomerDecider
from hub.imports.entities import CUSTOMERS, LEADS
from hub.imports.lead_deciding import LeadDecider
from hub.imports.lead_items import LeadImport
from hub.imports.options import Options
from hub.imports.staging import StagedRow, Staging
from hub.plans import services as plans
from hub.plans.models import Plan

LEADS_AT_ONCE = 100
"""Others who make a lead wait as long as so many take: their numbers follow one another."""


class Decider(Protocol):
    """Decides over the rows of one file, batch by batch, in their order."""

    def decide(self, session: Session, rows: Sequence[StagedRow]) -> list[dict[str, Any]]:
        """Return the plan items of the next rows, as `hub.plans.services.add_items` takes them."""
        ...

    def complete(self, session: Session, plan: Plan) -> None:
        """Complete earlier items by what later rows said; called after the last batch."""
        ...


class ApplyBatch(Protocol):
    """Applies the next items in one transaction; returns how many, 0 when all are done."""

    def __call__(
        self, session: Session, plan: Plan, *, now: datetime, came: Collection[UUID]
    ) -> int:
        """`came` are the newcomers."""
        ...


class UndoBatch(Protocol):
    """Takes the next items back in one transaction; returns how many, 0 when all are done."""

    def __call__(self, session: Session, plan: Plan, *, now: datetime) -> int:
        """Take them back, the last one first."""
        ...


@dataclass(frozen=True, slots=True)
class Process:
    """What is done with files of one sort.

    `newcomers` are the records made since a preview, which are not to be made again.
    """

    decide: Callable[[Staging, Options, Principal | None], Decider]
    newcomers: Callable[[Session, Plan], frozenset[UUID]]
    apply_batch: ApplyBatch
    undo_batch: UndoBatch


def _decide_customers(staging: Staging, options: Options, caller: Principal | None) -> Decider:
    return CustomerDecider(staging, options, Blind(caller))


def _apply_leads(
    session: Session, plan: Plan, *, now: datetime, came: Collection[UUID] = ()
) -> int:
    del came
    handler = LeadImport(uploader(session, plan.created_by, plan.token_id))
    return plans.apply_batch(session, plan, handler, now=now, limit=LEADS_AT_ONCE)


def _undo_leads(session: Session, plan: Plan, *, now: datetime) -> int:
    return plans.undo_batch(session, plan, LeadImport(None), now=now)


PROCESSES: Mapping[str, Process] = {
    CUSTOMERS: Process(
        decide=_decide_customers,
        newcomers=meanwhile.newcomers,
        apply_batch=applying.apply_batch,
        undo_batch=undoing.undo_batch,
    ),
    LEADS: Process(
        decide=LeadDecider,
        newcomers=lambda *_: frozenset(),
        apply_batch=_apply_leads,
        undo_batch=_undo_leads,
    ),
}
"""By what is imported, as `hub.imports.entities.ENTITIES`."""

"""What opportunities use of the mechanisms beneath them."""

from typing import Any

from sqlalchemy.orm import Session

from hub.catalogues.declaring import Use, declare_use
from hub.customers.following import Follower, declare_follower
from hub.i18n import N_
from hub.opportunities.models import Opportunity
from hub.opportunities.services import CATALOGUES, fill_derived
from hub.workflow.guards import Guard, declare_guard
from hub.workflow.services import declare_moved

NO_ORDER = "no_order"


def install() -> None:
    """Say that opportunities move through pipelines, on which conditions, and what they keep."""
    declare_moved(Opportunity.entity(), Opportunity)
    declare_guard(
        Opportunity.entity(), NO_ORDER, Guard(_has_no_order, N_("An order came of it already."))
    )
    declare_follower(Follower(Opportunity, Opportunity.customer_name, fill_derived))
    for field, name in CATALOGUES.items():
        column = getattr(Opportunity, field)
        declare_use(name, Use(Opportunity, column, is_open=Opportunity.is_open))


def _has_no_order(session: Session, opportunity: Any) -> bool:
    del session
    return not opportunity.order_refs

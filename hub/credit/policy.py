"""What administrators set about holds."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from hub.configuration import Policy, declare
from hub.i18n import N_


class AutomaticHold(StrEnum):
    """When a customer comes on hold by itself."""

    NONE = "none"
    CREDIT_LIMIT = "credit_limit"
    PAST_DUE = "past_due"


class HoldAllows(StrEnum):
    """What a customer on hold may still do; a pending order is taken and not carried out."""

    NOTHING = "nothing"
    PENDING_ORDERS = "pending_orders"
    CASH_SALES = "cash_sales"
    PENDING_ORDERS_AND_CASH_SALES = "pending_orders_and_cash_sales"


class CreditPolicy(Policy):
    """When customers come on hold by themselves, and what a hold allows."""

    KEY: ClassVar[str] = "credit"

    automatic: AutomaticHold = Field(
        AutomaticHold.NONE,
        description="`credit_limit`: what is owed exceeds the limit. `past_due`: an invoice is"
        " not paid in time.",
    )
    grace_days: int = Field(
        0, ge=0, le=365, description="So many days after its due day an invoice is past due."
    )
    hold_allows: HoldAllows = Field(
        HoldAllows.NOTHING, description="What customers on hold may still do."
    )


declare(
    CreditPolicy,
    N_("Credit"),
    N_("When customers come on hold by themselves, and what a hold allows."),
)

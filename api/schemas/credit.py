"""Credit codes, holds and permissions as the API takes and shows them."""

from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from api.schemas.customers import HoldView, MessageView, Money
from api.schemas.fields import Code, Integer, Line, Lines, OneLine
from api.schemas.shapes import Body, Patch, Query, RecordView, View, absent
from hub.credit.models import Effect
from hub.credit.policy import AutomaticHold, HoldAllows
from hub.credit.rules import Answer, Transaction
from hub.customers.models import Customer
from hub.documents.models import DocMirror

Reference = Annotated[str, OneLine(100)]
Reason = Annotated[str, Lines(1000)]


class CreditCodeCreate(Body):
    """A new credit code."""

    code: Code
    label: Line
    effect: Effect
    active: bool = True
    sort: Integer = 0


class CreditCodePatch(Patch):
    """What changes of a credit code; the code itself stays."""

    label: Line = absent()
    effect: Effect = absent()
    active: bool = absent()
    sort: Integer = absent()


class CreditCodeView(RecordView):
    """A credit code."""

    code: str
    label: str
    effect: Effect
    active: bool = Field(description="False: retired, whoever has it keeps it.")
    sort: int
    customers: int = Field(description="How many have it, of those that you may see.")


class CreditCodes(View):
    """The catalogue of credit codes."""

    items: list[CreditCodeView]


class CodeGiven(Body):
    """Which credit code a customer gets."""

    code: Code
    reason: Reason | None = None


class HoldChange(Body):
    """Why a customer is put on hold, or released."""

    reason: Reason


class PermissionQuery(Query):
    """What the customer wants to do."""

    action: Transaction
    reference: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="Which one, such as the order's number; only so does an approval count."
    )
    amount: Money | None = Field(
        None, description="In the customer's currency: an approval of less does not count."
    )
    over_portal: bool = Field(
        default=False, description="Whether the customer does it himself, in a portal."
    )


class RuleView(View):
    """A rule that spoke."""

    code: str = Field(
        description="The credit code, or `held_manual`, `held_auto`, `portal_login`, `portal_cart`."
    )
    effect: Effect
    message: MessageView


class PermissionView(View):
    """Whether a customer may do something, and why."""

    customer_id: UUID
    action: Transaction
    reference: str | None
    answer: Answer
    order_state: str | None = Field(
        description="`pending`: the order is taken, and waits until the hold is over."
    )
    warnings: list[MessageView]
    rules: list[RuleView] = Field(description="All that spoke, the strictest first: it wins.")
    notes: list[MessageView] = Field(description="How the answer was reckoned.")


class TransactionApproval(Body):
    """The request to allow one very transaction."""

    action: Transaction
    reference: Reference
    amount: Money | None = None
    reason: Reason


class CreditView(View):
    """How a customer stands."""

    classes: ClassVar = MappingProxyType(
        {
            "credit_limit": Customer.__classes__["credit_limit"],
            **dict.fromkeys(
                ("balance", "overdue_invoices", "oldest_due_on"), DocMirror.__classes__["remaining"]
            ),
        }
    )

    customer_id: UUID
    credit_code: str
    credit_code_label: str
    effect: Effect
    hold: HoldView
    automatic: AutomaticHold
    hold_allows: HoldAllows
    currency: str
    credit_limit: Decimal | None
    balance: Decimal = Field(description="What is owed, in the customer's currency.")
    overdue_invoices: int
    oldest_due_on: date | None
    notes: list[MessageView]

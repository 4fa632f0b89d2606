"""What administrators set about opportunities."""

from typing import ClassVar

from pydantic import Field

from hub.configuration import Policy, declare
from hub.i18n import N_


class OpportunityPolicy(Policy):
    """Whether a loss needs its reason, and whether a new one gets what is noted of its customer."""

    KEY: ClassVar[str] = "opportunities"

    lost_reason_required: bool = Field(
        default=True, description="Whoever loses one says why, by a code of `lost_reasons`."
    )
    copies_customer_note: bool = Field(
        default=False,
        description="A new one has the customer's note as its description of the customer (A41).",
    )


declare(
    OpportunityPolicy,
    N_("Opportunities"),
    N_(
        "Whether a loss needs its reason, and whether a new one gets what is noted of its customer."
    ),
)

"""What administrators set for all approvals."""

from typing import ClassVar

from pydantic import Field

from hub.configuration import Policy, declare
from hub.i18n import N_


class ApprovalPolicy(Policy):
    """How long a request stands, and how many people are told of one."""

    KEY: ClassVar[str] = "approvals"

    expires_after_days: int = Field(
        14, ge=1, le=365, description="A request that nobody decides over expires after so long."
    )
    told_at_most: int = Field(
        5, ge=0, le=50, description="So many of those who may decide are told by mail, the nearest."
    )


declare(
    ApprovalPolicy,
    N_("Approvals"),
    N_("How long a request stands, and how many people are told of one."),
)

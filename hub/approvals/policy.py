"""What administrators set for all approvals."""

from datetime import timedelta
from typing import ClassVar

from pydantic import Field
from sqlalchemy.orm import Session

from hub.configuration import Policy, declare
from hub.errors import ValidationError
from hub.i18n import N_

HOURS_OF_A_DAY = 24
TOO_LATE = N_("By then it would have expired.")


class ApprovalPolicy(Policy):
    """How long a request stands, when it goes up, and how many people are told of one."""

    KEY: ClassVar[str] = "approvals"

    expires_after_days: int = Field(
        14, ge=1, le=365, description="A request that nobody decides over expires after so long."
    )
    escalates_after_hours: int | None = Field(
        None, ge=1, le=365 * 24,
        description="One that nobody has decided over after so long goes up to those who lead the"
        " deciders; null for never. It has to be less than the time to its end.",
    )  # fmt: skip
    told_at_most: int = Field(
        5, ge=0, le=50, description="So many of those who may decide are told by mail, the nearest."
    )

    @property
    def escalates_after(self) -> timedelta | None:
        """After how long a request goes up."""
        hours = self.escalates_after_hours
        return None if hours is None else timedelta(hours=hours)

    def check(self, session: Session) -> None:
        """See `Policy.check`: what goes up must not have expired by then.

        Raises:
            ValidationError: it would have.
        """
        del session
        hours = self.escalates_after_hours
        if hours is not None and hours >= self.expires_after_days * HOURS_OF_A_DAY:
            raise ValidationError.of("/escalates_after_hours", "too_large", TOO_LATE)


declare(
    ApprovalPolicy,
    N_("Approvals"),
    N_("How long a request stands, when it goes up, and how many people are told of one."),
)

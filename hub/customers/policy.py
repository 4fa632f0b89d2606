"""What administrators set about protection."""

from typing import ClassVar

from pydantic import Field

from hub.configuration import Policy, declare
from hub.i18n import N_


class ProtectionPolicy(Policy):
    """How long a customer may be protected at a time, and how many of one owner's may be."""

    KEY: ClassVar[str] = "protection"

    default_days: int = Field(
        90,
        ge=1,
        le=3650,
        description="So long, or the longest time, where nobody says how long.",
    )
    longest_days: int = Field(365, ge=1, le=3650, description="So long at most, from each renewal.")
    most_per_owner: int = Field(
        50, ge=0, le=10_000, description="So many customers of one owner at a time; 0 for none."
    )


declare(
    ProtectionPolicy,
    N_("Protection"),
    N_("How long a customer may be protected at a time, and how many of one owner's may be."),
)

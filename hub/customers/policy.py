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


class PortalPolicy(Policy):
    """Whether new customers may sign in to a portal, and whether customers may order there."""

    KEY: ClassVar[str] = "portal"

    login_for_new_customers: bool = Field(
        default=False, description="A new customer has `portal_login`, unless it is said (S28)."
    )
    cart: bool = Field(
        default=False, description="Who may sign in to a portal may order there, too (S29)."
    )


declare(
    PortalPolicy,
    N_("Portal"),
    N_("Whether new customers may sign in to a portal, and whether customers may order there."),
)
declare(
    ProtectionPolicy,
    N_("Protection"),
    N_("How long a customer may be protected at a time, and how many of one owner's may be."),
)

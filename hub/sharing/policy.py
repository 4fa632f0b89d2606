"""What administrators set about sharing and blind matches."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from hub.configuration import Policy, declare
from hub.i18n import N_


class Answerer(StrEnum):
    """Who is named to somebody who may not see a record as the one to ask."""

    MANAGER = "manager"
    OWNER = "owner"


class SharingPolicy(Policy):
    """How long access lasts that was asked for, and how one is told of what he cannot see."""

    KEY: ClassVar[str] = "sharing"

    access_days: int = Field(
        30, ge=1, le=3650, description="Access that was asked for and approved lasts so long."
    )
    reference_hours: int = Field(
        72, ge=1, le=720, description="The reference of a blind match can be used so long."
    )
    blind_matches_per_hour: int = Field(
        30,
        ge=1,
        le=10_000,
        description="So often in an hour one is told that a record like his exists; then he makes"
        " no more for a while.",
    )
    answerer: Answerer = Field(
        Answerer.MANAGER,
        description="Whom he is told to ask: who leads the owner, or the owner himself; one or the"
        " other where there is none, and an administrator at last.",
    )  # fmt: skip


declare(
    SharingPolicy,
    N_("Sharing"),
    N_("How long access lasts that was asked for, and how one is told of what he cannot see."),
)

"""Whether Hub reaches out at all: a restored copy does not, until somebody releases it.

While it is held, calls to outside systems and mails wait, each in its order, and nothing is lost.
What comes in by itself is taken as ever. A test of a connection and a test mail go through: whoever
asks for one wants to see just that.
"""

from datetime import timedelta
from typing import ClassVar

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.configuration import Policy, Stored, current, declare, replace, stored
from hub.errors import PostponedError, ValidationError
from hub.i18n import N_
from hub.ledger import claims
from hub.ledger.models import Job, JobState

HELD = N_("Calls to outside systems and mails are held until somebody releases them.")
RELEASE = N_(
    "Make sure that no other installation does the same work, and pause what is not to be called."
    " Then let the rest go: hub release, or PUT /settings/outside."
)
PATH = "/api/v1/settings/outside"
WAITS_FOR_RELEASE = "outside"
"""What a job carries in `waits_for` while everything is held."""
_LOOKS_AGAIN_AFTER = timedelta(hours=1)  # by itself; a release is sooner


class OutsidePolicy(Policy):
    """Whether Hub calls outside systems and sends mails, or holds all of that."""

    KEY: ClassVar[str] = "outside"

    held: bool = Field(
        default=False,
        description="Calls and mails wait, in their order, until it is false again: so a backup is "
        "restored (`hub restore`), lest two installations do the same work.",
    )

    def check(self, session: Session) -> None:
        """Pass where it is said: nothing is let go because a field was left out.

        Raises:
            ValidationError: ``required``.
        """
        del session
        if "held" not in self.model_fields_set:
            raise ValidationError.of("/held", "required", N_("This field is required."))


declare(
    OutsidePolicy,
    N_("Calls and mails"),
    N_("Whether Hub calls outside systems and sends mails, or holds all of that."),
)


def is_held(session: Session) -> bool:
    """Say whether calls and mails wait."""
    return current(session, OutsidePolicy).held


def require_released(session: Session) -> None:
    """Pass where calls may be made and mails sent.

    Raises:
        PostponedError: they are held; the work waits for the release.
    """
    if is_held(session):
        raise PostponedError(HELD, _LOOKS_AGAIN_AFTER, WAITS_FOR_RELEASE)


def set_held(session: Session, *, held: bool, reason: str | None) -> Stored[OutsidePolicy]:
    """Hold calls and mails, or let them go; the same as before writes nothing."""
    before = stored(session, OutsidePolicy, lock=True)
    return replace(
        session, OutsidePolicy(held=held), expected_version=before.version, reason=reason
    )


def waiting(session: Session) -> int:
    """Return how much work waits for the release so far."""
    held = select(func.count()).where(
        Job.state == JobState.QUEUED, Job.waits_for == WAITS_FOR_RELEASE
    )
    return session.scalar(held) or 0


def let_go(session: Session) -> int:
    """Let work go that still waits though nothing is held any more; returns how much.

    The relay looks for such: a release is only said, and is felt within a second.
    """
    return 0 if is_held(session) else claims.release_waiting(session, WAITS_FOR_RELEASE)

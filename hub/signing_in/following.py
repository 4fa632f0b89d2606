"""What follows for signing in when a user changes, whoever changes him."""

from sqlalchemy.orm import Session

from hub.access.models import User
from hub.clock import utcnow
from hub.history.recording import PendingEvent
from hub.signing_in import mails, sessions
from hub.signing_in.models import EndReason, TicketPurpose


def react(session: Session, made: PendingEvent) -> None:
    """End the sessions of one made inactive; ask a changed address whether it is his."""
    if made.type == "user.created":
        return
    now = utcnow()
    if made.changes.get("active", (None, None))[1] is False or "deleted_at" in made.changes:
        sessions.end_all(session, made.subject_id, EndReason.USER_INACTIVE, now=now)
    elif "email" in made.changes:
        user = session.get_one(User, made.subject_id)
        if user.active and not mails.was_just_asked(session, user, now=now):
            mails.send_ticket(session, user, TicketPurpose.ADDRESS_VERIFICATION, now=now)

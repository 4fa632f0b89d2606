"""The mail that a workflow has sent when a record comes to a state."""

from typing import Any

from sqlalchemy.orm import Session

from hub import links
from hub.access.callers import principal_of
from hub.access.models import User
from hub.access.predicates import allowed
from hub.access.roles import Verb
from hub.i18n import N_
from hub.mail.models import Delivery, DeliveryKind
from hub.ports import OutgoingMail
from hub.subjects import subjects
from workers.mailing.renderers import Composer, renders
from workers.rendering.mails import Envelope, compose
from workers.rendering.move_mails import Moved, move_content
from workers.rendering.readers import Reader

HIDDEN = N_("A record that you may not see was moved")


@renders(DeliveryKind.MOVE)
def move_mail(session: Session, delivery: Delivery) -> Composer:
    """Return what makes the mail; whoever may not see the record is told nothing of it."""
    record: Any = session.get_one(subjects()[delivery.source_type], delivery.source_id)
    facts = delivery.facts
    mover = session.get(User, facts["by"])
    link = links.absolute(links.record_path(record.collection(), record.id))
    reader_user = session.get(User, delivery.user_id) if delivery.user_id else None
    is_seen = reader_user is not None and allowed(
        principal_of(session, reader_user), Verb.READ, record
    )
    about = f"{record.number} {record.name}"

    def make(reader: Reader, envelope: Envelope) -> OutgoingMail:
        moved = (
            Moved(
                facts["title"], facts["text"], about, reader.words(facts["state"]),
                mover.name if mover else "", facts["reason"], link,
            )
            if is_seen
            else Moved(reader.words(HIDDEN), None, "", "", "", None, link)
        )  # fmt: skip
        return compose(envelope, move_content(moved, reader))

    return make

"""The warning that customers are about to go back to their pool."""

from sqlalchemy.orm import Session

from hub import links
from hub.clock import business_date
from hub.mail.models import Delivery, DeliveryKind
from hub.pools import recalling
from hub.pools.models import Pool
from hub.ports import OutgoingMail
from workers.mailing.renderers import Composer, renders
from workers.rendering.mails import Envelope, compose
from workers.rendering.pool_mails import GoingBack, warning_content
from workers.rendering.readers import Reader


@renders(DeliveryKind.RECALL_WARNING)
def warning_mail(session: Session, delivery: Delivery) -> Composer:
    """Return what makes the warning: those of its customers that would still go back.

    They are its reader's own, so that he may read them all.
    """
    rows = recalling.still_warned(session, recalling.claims_of(delivery))
    pools = {claim.pool_id: session.get_one(Pool, claim.pool_id).name for claim, _ in rows}

    def make(reader: Reader, envelope: Envelope) -> OutgoingMail:
        going = [
            GoingBack(
                customer=customer.name,
                pool=pools[claim.pool_id],
                on=claim.recall_on,
                last_note_on=(
                    business_date(customer.last_note_at, reader.zone)
                    if customer.last_note_at
                    else None
                ),
                link=links.absolute(links.record_path("customers", customer.id)),
            )
            for claim, customer in rows
            if claim.recall_on is not None
        ]
        return compose(envelope, warning_content(going, reader))

    return make

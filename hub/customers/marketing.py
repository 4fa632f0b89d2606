"""Whether marketing mail may go to a customer: what the law and what people themselves say.

Advertising protection (reklamebeskyttelse) is the registry's word on a company; a contact may
refuse mail. Whatever sends marketing asks `require_allowed` when it is asked for, and connects its
mails as `MarketingMails`, so that one which is not allowed any more when its turn comes is
withdrawn.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.customers.models import Customer
from hub.customers.refusals import REFUSES as REFUSES_TEXT
from hub.customers.refusals import REFUSES_CODE, refuses_mail
from hub.errors import ConflictError
from hub.i18n import N_
from hub.mail.models import Delivery
from hub.mail.sources import Source

CUSTOMER = "customer_id"
"""The fact of a delivery that names whose customer's mail it is."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why marketing mail may not go there: a stable code, and an English source for people."""

    code: str
    text: str


GONE = Refusal("customer_gone", N_("The customer is not there any more."))
PROTECTED = Refusal("marketing_protected", N_("The company is protected against advertising."))
REFUSES = Refusal(REFUSES_CODE, REFUSES_TEXT)


def refusal(session: Session, customer_id: UUID, address: str) -> Refusal | None:
    """Return why no marketing mail may go to an address of a customer, None where it may.

    The customer is locked, so that the answer holds until the transaction ends.
    """
    customer = session.scalars(
        select(Customer)
        .where(Customer.id == customer_id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if customer is None or customer.deleted_at is not None:
        return GONE
    if customer.marketing_protected:
        return PROTECTED
    return REFUSES if refuses_mail(session, address) else None


def require_allowed(session: Session, customer_id: UUID, address: str) -> None:
    """Pass where marketing mail may go to an address of a customer.

    Raises:
        ConflictError: ``marketing_protected``, ``refuses_email`` or ``customer_gone``.
    """
    found = refusal(session, customer_id, address)
    if found is not None:
        raise ConflictError(found.code, found.text)


@dataclass(frozen=True, slots=True)
class MarketingMails:
    """The mails of a source that are marketing; see `hub.mail.sources.Source`.

    Their facts say under `CUSTOMER` whose customer's they are.
    """

    source: Source

    def wants(self, session: Session, delivery: Delivery) -> bool:
        """See `Source.wants`: one that may not go out is not wanted, and says why."""
        found = refusal(session, UUID(delivery.facts[CUSTOMER]), delivery.recipient)
        if found is not None:
            delivery.message = {"code": found.code, "text": found.text, "params": {}}
            return False
        return self.source.wants(session, delivery)

    def settled(self, session: Session, delivery: Delivery) -> None:
        """See `Source.settled`."""
        self.source.settled(session, delivery)

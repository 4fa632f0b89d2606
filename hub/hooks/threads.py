"""Threads of mail: to which record each message belongs that came, or that one which came answers.

Messages of a thread may come in any order: one that comes behind its answer goes where that went.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.access.people import are_active
from hub.connections.models import Connection
from hub.customers.models import Customer
from hub.db import find_locked
from hub.hooks import resources
from hub.hooks.models import HookResource
from hub.intake import knowing
from hub.leads.models import Lead
from hub.messages import Envelope, Mail
from hub.messages.headers import is_one_of, listed

MAILBOX = "mailbox"
"""The kind of connection that mail comes in by."""

OWN_ADDRESSES = "own_addresses"
"""The setting of a mailbox that lists whose mail makes no leads."""

KIND, ANSWERED = "mail", "mail_answered"
"""The kinds of `HookResource` under a Message-ID: one that came, and one that only was answered.

Others may have answered the latter, too, who have nothing to do with one another: it leads nobody
anywhere but itself.
"""

_REMEMBERED = 3  # of what a message follows: the nearest


def find(session: Session, mail: Mail) -> Lead | Customer | None:
    """Return what the nearest message that we know of a mail's thread is of, locked."""
    names = (mail.message_id, *mail.follows)
    rows = session.scalars(
        select(HookResource).where(
            HookResource.connection_id.in_(mailboxes()),
            HookResource.kind.in_((KIND, ANSWERED)),
            HookResource.resource_id.in_(names),
        )
    )
    for row in sorted(rows, key=lambda each: (names.index(each.resource_id), each.kind)):
        if row.kind == ANSWERED and row.resource_id != mail.message_id:
            continue
        found = living_lead(session, row.lead_id) or knowing.living(session, row.customer_id)
        if found is not None:
            return found
    return None


def expect(session: Session, connection: Connection, mail: Envelope) -> None:
    """Note that a message has come, which is to be imported: it may be so behind its answers.

    What we write to several is no thread of one of them: each answers for himself.
    """
    if not is_ours(session, connection, mail) or is_to_one(mail):
        resources.get_locked(session, connection, KIND, mail.message_id)


def remember(
    session: Session, connection: Connection, mail: Mail, subject: Lead | Customer
) -> None:
    """Remember to what a message belongs, and what it answers."""
    _, own = resources.get_locked(session, connection, KIND, mail.message_id)
    _belongs(own, subject)
    for name in mail.follows[:_REMEMBERED]:
        came = resources.find_locked(session, connection, KIND, name)
        if came is not None:
            if _is_free(came):
                _belongs(came, subject)
            continue
        is_first, answered = resources.get_locked(session, connection, ANSWERED, name)
        if is_first:
            _belongs(answered, subject)


def forget(session: Session, connection: Connection, mail: Mail) -> None:
    """Forget a message that came and is of nothing."""
    session.execute(
        delete(HookResource).where(
            HookResource.connection_id == connection.id,
            HookResource.kind == KIND,
            HookResource.resource_id == mail.message_id,
            HookResource.lead_id.is_(None),
            HookResource.customer_id.is_(None),
        )
    )


def is_ours(session: Session, connection: Connection, mail: Mail | Envelope) -> bool:
    """Say whether one of us wrote it: a user, or who has the mailbox or an address we named."""
    settings = connection.settings
    named = [*listed(settings.get(OWN_ADDRESSES)), *listed(settings.get("user"))]
    if any(is_one_of(address, named) for address in mail.senders):
        return True
    users = select(User.id).where(User.email.in_(mail.senders), are_active())
    return session.scalar(users.limit(1)) is not None


def is_to_one(mail: Mail | Envelope) -> bool:
    """Say whether a message is sent to one address alone."""
    return len(mail.recipients) == 1


def _is_free(resource: HookResource) -> bool:
    return resource.lead_id is None and resource.customer_id is None


def _belongs(resource: HookResource, subject: Lead | Customer) -> None:
    resource.lead_id = subject.id if isinstance(subject, Lead) else None
    resource.customer_id = subject.id if isinstance(subject, Customer) else None


def living_lead(session: Session, lead_id: UUID | None) -> Lead | None:
    """Return a lead, locked, or None where it is gone."""
    lead = find_locked(session, Lead, lead_id)
    return lead if lead is not None and lead.deleted_at is None else None


def mailboxes() -> Select[Any]:
    """Return the query for the mailboxes there are or were."""
    return select(Connection.id).where(Connection.kind == MAILBOX)

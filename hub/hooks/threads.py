"""Threads of mail: to which record each message belongs that came, or that one which came answers.

Messages of a thread may come in any order: one that comes behind its answer goes where that went.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from hub.connections.models import Connection
from hub.customers.models import Customer
from hub.db import find_locked
from hub.hooks import resources
from hub.hooks.models import HookResource
from hub.intake import knowing
from hub.leads.models import Lead
from hub.messages import Mail

MAILBOX = "mailbox"
"""The kind of connection that mail comes in by."""

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
            HookResource.resource_id.in_(names),
            or_(
                HookResource.kind == KIND,
                and_(
                    HookResource.kind == ANSWERED,
                    HookResource.resource_id == mail.message_id,
                ),
            ),
        )
    )
    for row in sorted(rows, key=lambda each: (names.index(each.resource_id), each.kind)):
        found = living_lead(session, row.lead_id) or knowing.living(session, row.customer_id)
        if found is not None:
            return found
    return None


def remember(
    session: Session, connection: Connection, mail: Mail, subject: Lead | Customer
) -> None:
    """Remember to what a message belongs, and what it answers."""
    named = [(KIND, mail.message_id), *((ANSWERED, each) for each in mail.follows[:_REMEMBERED])]
    for kind, name in named:
        is_first, resource = resources.get_locked(session, connection, kind, name)
        if kind == ANSWERED and not is_first:
            continue
        resource.lead_id = subject.id if isinstance(subject, Lead) else None
        resource.customer_id = subject.id if isinstance(subject, Customer) else None


def living_lead(session: Session, lead_id: UUID | None) -> Lead | None:
    """Return a lead, locked, or None where it is gone."""
    lead = find_locked(session, Lead, lead_id)
    return lead if lead is not None and lead.deleted_at is None else None


def mailboxes() -> Select[Any]:
    """Return the query for the mailboxes there are or were."""
    return select(Connection.id).where(Connection.kind == MAILBOX)

"""Reminders that are all due in the same moment, and a mail server that takes 5 ms over each.

``make bench NAME=reminding SIZE=10000`` takes how many there are; that is the default. Invitations
go out when reminders are made, not when they are due: here none are sent.
"""

import math
import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import text

from bench.figures import Figure, percentile
from bench.settings import adopt
from connectors.sandbox.mailbox import Entry
from hub.access.models import User
from hub.clock import utcnow
from hub.db import transaction
from hub.reminders import services
from hub.reminders.timing import Moment
from tests.journeys.world import World
from tests.people import make_customer

SIZE = int(os.environ.get("SIZE", "10000"))
ANSWERS_AFTER_S = 0.005
MADE_A_SECOND = 250  # no more, so that all are made before they are due
AT_MOST_S = 600.0
_BATCH = 500
_NO_INVITATIONS = (
    "update job set state = 'cancelled', finished_at = now()"
    " where task = 'mail.send_delivery' and state = 'queued'"
)


def run() -> Iterator[Figure]:
    """Yield how late the mails are.

    Raises:
        RuntimeError: a mail is missing, was sent twice, or came before its time.
    """
    with World() as world:
        world.stack.stop("worker")
        due = _minute_after(SIZE / MADE_A_SECOND)
        _make(world, due)
        world.mailbox.faults.slow_s = ANSWERS_AFTER_S
        world.stack.start("worker")
        mails = _mails_after(world, due)
    late = [(datetime.fromisoformat(mail.received_at) - due).total_seconds() for mail in mails]
    if len({mail.message_id for mail in mails}) != SIZE or len(mails) != SIZE or min(late) < 0:
        raise RuntimeError(f"{len(mails)} mails of {SIZE} reminders, the first {min(late):.1f} s")
    yield Figure(
        f"{SIZE:,} reminders due at once: lateness, p99", [percentile(late, 0.99)], "s",
        goal="120 (R-46)",
    )  # fmt: skip
    yield Figure("the same, median", [percentile(late, 0.5)], "s")
    yield Figure("mails sent meanwhile", [SIZE / max(late)], "a second")


def _minute_after(seconds: float) -> datetime:
    """Return the first whole minute that is at least so far ahead."""
    ahead = (utcnow() + timedelta(seconds=seconds)).timestamp()
    return datetime.fromtimestamp(math.ceil(ahead / 60) * 60, utcnow().tzinfo)


def _make(world: World, due: datetime) -> None:
    engine = adopt(world.stack)
    moment = Moment(due.date(), due.time())
    with transaction() as session:
        customer = make_customer(session)
        user = session.query(User).first()
        assert user is not None
    for made in range(0, SIZE, _BATCH):
        with transaction() as session:
            session.add(customer)
            for _ in range(min(_BATCH, SIZE - made)):
                services.create(
                    session, customer, title="Ring", moment=moment, zone="UTC",
                    recipient_user_id=user.id, now=utcnow(),
                )  # fmt: skip
    with engine.begin() as connection:
        connection.execute(text(_NO_INVITATIONS))
    engine.dispose()
    if utcnow() >= due:
        raise RuntimeError("they were due before all were made: a slower MADE_A_SECOND helps")


def _mails_after(world: World, due: datetime) -> list[Entry]:
    """Return the mails of all reminders, or those that came in time."""
    deadline = time.monotonic() + (due - utcnow()).total_seconds() + AT_MOST_S
    while True:
        found = [it for it in world.mailbox.entries() if (it.message_id or "").startswith("<due.")]
        if len(found) >= SIZE or time.monotonic() > deadline:
            return found
        time.sleep(1)

"""Reading mailboxes: what came is stored as deliveries are, and imported as they are."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.connections import services as connections
from hub.hooks import receiving
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from hub.ports import Mailbox, MessagePage
from hub.sync import pulling
from workers import connecting
from workers.chain import RunningJob, task

PAGE = 20  # of a mebibyte each at most


@task(TaskName.READ_MAILBOX, longest=timedelta(hours=1))
def read_mailbox(job: RunningJob, connection_id: UUID) -> None:
    """Store what came into a mailbox since it was read last; each message is then a job.

    Messages and how far they were read are one commit. What is to be marked there is marked after
    it, and is known to be unmarked until it was.
    """
    job.caused_by(CauseKind.MAIL, connection_id)
    with job.transaction() as session:
        connection = connections.get(session, connection_id)
        connecting.require_usable(connection)
    cursor = connection.cursor

    def take_in(session: Session, page: MessagePage, _: int) -> int:
        nonlocal cursor
        current = connections.get(session, connection_id, lock=True)
        for message in page.messages:
            receiving.receive_message(session, current, message)
        cursor = dict(page.cursor)
        pulling.store_cursor(current, page.cursor)
        return len(page.messages)

    with (
        connecting.opened(connection_id, job.id) as mailbox,
        closing(mailbox),
    ):
        job.each(_pages(mailbox, cursor), take_in, "messages")
        marked = mailbox.mark(cursor) if cursor is not None else None
    with job.finish() as session:
        if marked is not None and marked != cursor:
            pulling.store_cursor(connections.get(session, connection_id, lock=True), marked)


def _pages(mailbox: Mailbox, cursor: Mapping[str, Any] | None) -> Iterator[MessagePage]:
    more = True
    while more:
        if cursor is not None:  # what the page before, or a try that was cut off, left unmarked
            cursor = mailbox.mark(cursor)
        page = mailbox.messages(cursor, PAGE)
        yield page
        cursor, more = page.cursor, page.more

"""Taking in what shops tell us and what people upload."""

from typing import Any
from uuid import UUID

from connectors import table
from hub.clock import utcnow
from hub.connections import services as connections
from hub.errors import PermanentError
from hub.hooks import importing, receiving
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from hub.ports import ShopEvent, ShopWebhook
from workers import connecting
from workers.chain import RunningJob, checkpoint, task


@task(TaskName.IMPORT_HOOK)
def import_hook(job: RunningJob, hook_delivery_id: UUID) -> None:
    """Import one stored delivery of a shop; a second run of it changes nothing."""
    with job.transaction() as session:
        delivery = receiving.get(session, hook_delivery_id)
        connection = connections.get(session, delivery.connection_id)
        connecting.require_usable(connection)
    job.caused_by(CauseKind.SHOP, connection.id)
    try:
        event = _parse(connection.connector, connection.settings, delivery.headers, delivery.body)
    except PermanentError as error:
        with job.transaction() as session:
            importing.note_failed(
                receiving.get(session, hook_delivery_id, lock=True),
                "malformed", error.message, {k: str(v) for k, v in error.params.items()},
            )  # fmt: skip
        raise
    checkpoint("before_hook_import")
    with job.finish() as session:
        importing.import_delivery(
            session,
            connections.get(session, delivery.connection_id),
            receiving.get(session, hook_delivery_id, lock=True),
            event,
            now=utcnow(),
        )


def _parse(
    connector: str, settings: dict[str, Any], headers: dict[str, Any], body: bytes
) -> ShopEvent:
    reader: ShopWebhook = table.load(connector).connect(settings, {}, None)
    return reader.parse(headers, body)

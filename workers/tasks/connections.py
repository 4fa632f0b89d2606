"""Testing connections."""

import dataclasses
from typing import Any
from uuid import UUID

from hub.clock import utcnow
from hub.connections import health
from hub.connections import services as connections
from hub.errors import ConnectorError
from hub.history.recording import plain
from hub.ledger.tasks import TaskName
from workers import connecting
from workers.chain import RunningJob, task

PROBE_NUMBER = "10150817"  # the Danish Business Authority's own CVR number: every registry has it


@task(TaskName.TEST_CONNECTION)
def test_connection(job: RunningJob, connection_id: UUID) -> None:
    """Prove a connection's credentials, and note whose account it is and what may be chosen."""
    with job.transaction() as session:
        kind = connections.get(session, connection_id).kind
    try:
        with connecting.opened(connection_id, job.id, testing=True) as port:
            account, choices = _prove(kind, port)
    except ConnectorError as error:
        with job.transaction() as session:
            connection = connections.get(session, connection_id, lock=True)
            connection.message = {
                "code": "test_failed", "text": error.message, "params": plain(dict(error.params)),
            }  # fmt: skip
        raise
    with job.finish({"account": account}) as session:
        health.record_test(
            session,
            connections.get(session, connection_id, lock=True),
            account=account,
            choices=choices,
            now=utcnow(),
        )


def _prove(kind: str, port: Any) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    match kind:
        case "accounting":
            account = port.test()
            schema = port.schema()
            choices = {
                field: [dataclasses.asdict(choice) for choice in offered]
                for field, offered in schema.choices.items()
            }
            return dataclasses.asdict(account), choices
        case "registry":
            found = port.find(PROBE_NUMBER)
            return {"name": found.name if found else None}, None
        case "mail":
            return {"greeting": port.test()}, None
        case "mailbox":
            return dataclasses.asdict(port.test()), None
        case _:
            return None, None  # a shop calls us: there is nothing to prove until it does

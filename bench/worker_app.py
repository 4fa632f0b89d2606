"""The workers' app with two tasks to measure: one of the ledger, one of bare Celery, one body.

The body is one insert. The bare task makes it in a transaction of its own, as any Celery task
would; the ledger's in the transaction that settles its job.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.db import transaction
from hub.ledger.tasks import TaskName
from workers import chain
from workers.app import app

__all__ = ["app"]

# Its body is replaced here, in the benchmark's own worker alone: it is of the urgent queue, may be
# asked for in the bulk one, and nothing but this benchmark asks for it.
MEASURED = TaskName.TEST_CONNECTION
_EFFECT = text("insert into bench_effect (kind) values (:kind)")


def effect(session: Session, kind: str) -> None:
    """Do what is measured."""
    session.execute(_EFFECT, {"kind": kind})


def ledger_body(job: chain.RunningJob) -> None:
    """Do it under the ledger."""
    with job.finish() as session:
        effect(session, "ledger")


@app.task(name="bench.bare_insert", acks_late=True, ignore_result=True)
def bare_insert() -> None:
    """Do it under bare Celery."""
    with transaction() as session:
        effect(session, "bare")


app.loader.import_default_modules()
chain.task(MEASURED)(ledger_body)

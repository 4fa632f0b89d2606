"""Taking in what shops tell us and what people upload."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from connectors import table as connectors
from hub import files
from hub.clock import utcnow
from hub.connections import services as connections
from hub.errors import NotFoundError, ValidationError
from hub.files import services as kept_files
from hub.hooks import importing, mails, receiving
from hub.hooks.threads import MAILBOX
from hub.i18n import N_
from hub.imports import planning, running, services, templates
from hub.imports.models import ImportState
from hub.ledger.tasks import TaskName
from hub.messages import Mail
from hub.origin import CauseKind
from hub.parsing import Cell, CellError
from hub.ports import ShopEvent, ShopWebhook
from workers import connecting
from workers.chain import RunningJob, checkpoint, task
from workers.importing import results
from workers.importing import templates as rendering
from workers.importing.opening import opened
from workers.reading.tables import Table
from workers.rendering.readers import Reader

LONGEST = timedelta(hours=4)
ROWS_SHOWN = 5000  # progress is a commit: not for every row


@task(TaskName.IMPORT_HOOK)
def import_hook(job: RunningJob, hook_delivery_id: UUID) -> None:
    """Import one stored delivery, or message of a mailbox; a second run of it changes nothing."""
    with job.transaction() as session:
        delivery = receiving.get(session, hook_delivery_id)
        connection = connections.get(session, delivery.connection_id)
        connecting.require_usable(connection)
    is_mail = connection.kind == MAILBOX
    job.caused_by(CauseKind.MAIL if is_mail else CauseKind.SHOP, connection.id)
    said: ShopEvent | Mail
    if is_mail:
        said = mails.read(connection, delivery)
    else:
        said = _parse(connection.connector, connection.settings, delivery.headers, delivery.body)
    checkpoint("before_hook_import")
    with job.finish() as session:
        importing.import_delivery(
            session,
            connections.get(session, delivery.connection_id),
            receiving.get(session, hook_delivery_id, lock=True),
            said,
            now=utcnow(),
        )


@task(TaskName.ANALYSE_FILE, longest=LONGEST)
def analyse_file(job: RunningJob, import_id: UUID) -> None:
    """Read an upload and say what would be done with each row.

    A file that cannot be read, or that has no column of names, is no failure of the job: the
    import says what is wrong.
    """
    job.caused_by(CauseKind.IMPORT, import_id)
    with job.transaction() as session:
        upload = running.upload_of(session, import_id)
    try:
        with opened(upload) as table:
            with job.transaction() as session:
                source = {**asdict(table.source), "header_row": table.header_row}
                reader = planning.begin(
                    session, import_id, table.header, source, table.row_count,
                    language=upload.language,
                )  # fmt: skip
            if reader is None:
                return
            staging = planning.stage(_shown(job, table), reader)
    except ValidationError as error:
        _refuse(job, import_id, error)
        return
    with staging:
        plan_id = planning.make_plan(
            job.transaction,
            import_id,
            staging,
            lambda done: _planned(job, done, len(staging)),
            now=utcnow(),
        )
    with job.finish({"plan_id": str(plan_id)}) as session:
        planning.complete(session, import_id, plan_id, now=utcnow())


@task(TaskName.APPLY_IMPORT, longest=LONGEST)
def apply_import(job: RunningJob, import_id: UUID) -> None:
    """Do what an import's plan says; killed, it goes on with the rows that are not done."""
    with job.transaction() as session:
        plan_id = _plan_of(session, import_id)
        came = running.newcomers(session, plan_id)
        done, total = running.left_to_do(session, plan_id)
    job.caused_by(CauseKind.IMPORT, plan_id)
    step = partial(running.apply_batch, came=came)
    _in_batches(job, plan_id, step, done=done, total=total)
    counted: dict[str, int] = {}
    with job.finish(counted) as session:
        counted |= running.end_application(session, import_id, now=utcnow())


@task(TaskName.UNDO_IMPORT, longest=LONGEST)
def undo_import(job: RunningJob, import_id: UUID) -> None:
    """Take an import back, the last row first; what was changed since is kept, and listed."""
    with job.transaction() as session:
        plan_id = running.begin_undo(session, import_id)
        done, total = running.left_to_undo(session, plan_id)
    job.caused_by(CauseKind.IMPORT, plan_id)
    _in_batches(job, plan_id, running.undo_batch, done=done, total=total)
    counted: dict[str, int] = {}
    with job.finish(counted) as session:
        counted |= running.end_undo(session, import_id, now=utcnow())


@task(TaskName.RENDER_IMPORT_RESULT, longest=LONGEST)
def render_import_result(job: RunningJob, import_id: UUID) -> None:
    """Render the workbook that lists what becomes, or became, of each row."""
    with job.transaction() as session:
        upload = running.upload_of(session, import_id, again=True)
    if upload.plan_id is None:
        return
    reader = Reader(upload.language, upload.zone)
    name = results.named_after(upload.file_name, reader.words(N_("result")))
    with tempfile.TemporaryDirectory(prefix="hub-import-") as folder:
        target = Path(folder) / "result.xlsx"
        with opened(upload) as table, job.transaction() as session:
            items = running.items_in_order(session, upload.plan_id)
            count = results.render(target, table, items, reader, title=name)
        with target.open("rb") as stream:
            content = files.put(stream)
    now = utcnow()
    with job.finish({"rows": count}) as session:
        kept = kept_files.keep(
            session, content,
            name=name, media_type=templates.XLSX, expires_at=now + services.KEPT_FOR,
        )  # fmt: skip
        running.keep_result(session, import_id, kept)


@task(TaskName.RENDER_IMPORT_TEMPLATES)
def render_import_templates(job: RunningJob) -> None:
    """Render the templates of this version that are not there yet."""
    with job.transaction() as session:
        wanted = templates.outdated(session)
    rendered = rendering.render_all(wanted)
    with job.finish({"rendered": len(rendered)}) as session:
        templates.store(session, rendered)


def _planned(job: RunningJob, done: int, total: int) -> None:
    job.progress(done, total, "rows")
    checkpoint("in_analysis")


def _in_batches(
    job: RunningJob, plan_id: UUID, step: Callable[..., int], *, done: int, total: int
) -> None:
    job.batches(
        lambda session: step(session, plan_id, now=utcnow()) or None, "rows", total=total, done=done
    )


def _shown(
    job: RunningJob, table: Table
) -> Iterator[tuple[int, Sequence[Cell | CellError], str | None]]:
    for count, row in enumerate(table, 1):
        yield row.number, row.values, row.problem.value if row.problem else None
        if count % ROWS_SHOWN == 0:
            job.progress(count, table.row_count, "rows read")


def _refuse(job: RunningJob, import_id: UUID, error: ValidationError) -> None:
    first = error.errors[0]
    readable = not first.code.startswith("file.")
    message = {
        "code": first.code, "text": first.message,
        "params": {name: str(value) for name, value in first.params.items()},
    }  # fmt: skip
    with job.finish({"refused": first.code}) as session:
        services.refuse(
            services.get(session, import_id, lock=True),
            ImportState.ANALYSED if readable else ImportState.FAILED,
            message,
        )


def _plan_of(session: Session, import_id: UUID) -> UUID:
    plan_id = services.get(session, import_id).plan_id
    if plan_id is None:
        raise NotFoundError("plan", import_id)
    return plan_id


def _parse(
    connector: str, settings: dict[str, Any], headers: dict[str, Any], body: bytes
) -> ShopEvent:
    reader: ShopWebhook = connectors.load(connector).connect(settings, {}, None)
    return reader.parse(headers, body)

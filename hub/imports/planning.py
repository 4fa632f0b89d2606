"""Making the preview of a file: one item of its plan for each row."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any
from uuid import UUID

from babel.numbers import get_decimal_symbol
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.i18n import N_, locale_of
from hub.imports import services
from hub.imports.added import columns_added
from hub.imports.blind import uploader
from hub.imports.entities import ENTITIES
from hub.imports.mapping import is_nameless, propose
from hub.imports.models import ImportJob, ImportState
from hub.imports.options import Apply, Options
from hub.imports.processes import PROCESSES
from hub.imports.reading import ReadRow, RowReader
from hub.imports.staging import Staging
from hub.imports.uploaders import uploader_of
from hub.imports.words import words_of
from hub.parsing import Cell, CellError
from hub.plans import services as plans
from hub.plans.models import Plan, PlanItem, PlanState
from hub.settings import get_settings

BATCH = 500
NO_NAMES = N_(
    "No header in row {row} stands for names: say with mapping which one does, or with header_row"
    " in which row the headers stand."
)
NO_NAMES_ON_SHEET = N_(
    "No header in row {row} of the sheet {sheet} stands for names: say with mapping which one does,"
    " with header_row in which row the headers stand, or with sheet on which of {sheets}."
)

Transaction = Callable[[], AbstractContextManager[Session]]


def begin(
    session: Session,
    import_id: UUID,
    header: Sequence[str],
    source: Mapping[str, Any],
    row_count: int,
    *,
    language: str,
) -> RowReader | None:
    """Note what a file is, and return what reads its rows; None where no column holds names.

    Raises:
        ValidationError: the mapping that was asked for does not fit the file.
    """
    job = services.get(session, import_id, lock=True)
    options = Options.of_stored(job.options)
    job.source = dict(source)
    job.row_count = row_count
    job.message = None
    added = columns_added(session, job.entity_name)
    job.columns = propose(job.entity_name, header, options.mapping, added)
    if is_nameless(job.entity_name, job.columns):
        services.refuse(job, ImportState.ANALYSED, _no_names(source))
        return None
    return RowReader(
        job.entity_name,
        job.columns,
        options,
        locale=options.locale or _locale(source.get("delimiter"), language),
        uploader=uploader_of(
            session,
            uploader(session, job.owner_user_id, job.token_id),
            ENTITIES[job.entity_name],
        ),
        words=words_of(session, (*ENTITIES[job.entity_name].columns, *added)),
        added=added,
    )


def stage(
    rows: Iterable[tuple[int, Sequence[Cell | CellError], str | None]], reader: RowReader
) -> Staging:
    """Read the rows and find out which may be the same; each comes with its number and problem.

    The caller closes what is returned.
    """
    staging = Staging()
    try:
        for number, cells, problem in rows:
            row = reader.read(number, cells) if problem is None else _misfit(number, problem)
            staging.add(row, None if row.errors else reader.entity.prepare(row.values))
        staging.seal()
    except BaseException:
        staging.__exit__(None, None, None)
        raise
    return staging


def make_plan(
    transaction: Transaction,
    import_id: UUID,
    staging: Staging,
    progress: Callable[[int], None],
    *,
    now: datetime,
) -> UUID:
    """Decide about all rows, some hundreds in each transaction, and return the plan's id.

    It is a plan of its own, which counts once it is `complete`: begun again after an interruption,
    or by two workers at once, it writes over nothing.
    """
    with transaction() as session:
        job = services.get(session, import_id)
        options = Options.of_stored(job.options)
        scope = {"import_id": str(job.id), "analysed_at": now.isoformat()}
        plan_id = plans.create(session, services.KIND, scope=scope, token_id=job.token_id).id
        caller = uploader(session, job.owner_user_id, job.token_id)
        decider = PROCESSES[job.entity_name].decide(staging, options, caller)
    for rows in staging.batches(BATCH):
        with transaction() as session:
            plans.add_items(session, plans.get(session, plan_id), decider.decide(session, rows))
        progress(rows[-1].index + 1)
    with transaction() as session:
        decider.complete(session, plans.get(session, plan_id))
    return plan_id


def complete(session: Session, import_id: UUID, plan_id: UUID, *, now: datetime) -> None:
    """Note that the preview is there; goes on to apply it where that was asked for."""
    job = services.get(session, import_id, lock=True)
    plan = plans.get(session, plan_id, lock=True)
    plan.counters = job.counters = plans.counters(session, plan_id)
    plan.expires_at = now + plans.DRAFTS_LAST
    _forget_drafts(session, job, plan_id)
    job.plan_id = plan_id
    job.state = ImportState.PLANNED
    session.flush()
    wanted = Options.of_stored(job.options).apply
    clean = not plan.counters.get("refuse")
    if wanted is Apply.GOOD_ROWS or (wanted is Apply.IF_CLEAN and clean):
        services.request_application(session, plan, now=now)
    else:
        services.ask_for_result(session, job)


def _no_names(source: Mapping[str, Any]) -> dict[str, Any]:
    sheets = source.get("sheets") or ()
    params = {"row": str(source["header_row"])}
    if len(sheets) > 1:
        params |= {"sheet": repr(source["sheet"]), "sheets": ", ".join(map(repr, sheets))}
    text = NO_NAMES_ON_SHEET if len(sheets) > 1 else NO_NAMES
    return {"code": "no_names", "text": text, "params": params}


def _forget_drafts(session: Session, job: ImportJob, plan_id: UUID) -> None:
    """Throw away what earlier previews of a file left."""
    drafts = session.scalars(
        select(Plan).where(
            Plan.kind == services.KIND,
            Plan.state == PlanState.DRAFT,
            Plan.scope["import_id"].astext == str(job.id),
            Plan.id != plan_id,
        )
    ).all()
    for draft in drafts:
        session.execute(delete(PlanItem).where(PlanItem.plan_id == draft.id))
        draft.state = PlanState.STALE


def _misfit(number: int, problem: str) -> ReadRow:
    messages = {
        "too_few_cells": N_("The row has fewer cells than the header: it may have been torn."),
        "too_many_cells": N_("The row has more cells than the header: is a separator in a text?"),
    }
    error: dict[str, Any] = {
        "pointer": "", "code": problem, "message": messages[problem], "params": {}, "column": None
    }  # fmt: skip
    return ReadRow(number, {}, [error])


def _locale(delimiter: str | None, language: str) -> str:
    """Return how numbers are written: a file parted by semicolons has decimal commas."""
    if delimiter == ";" and get_decimal_symbol(locale_of(language)) != ",":
        return "da" if get_settings().country == "DK" else "de"
    return language

"""Making, changing and publishing revisions of workflows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.access.composing import known_roles
from hub.db import Seen
from hub.errors import ConflictError, FieldError, ValidationError
from hub.i18n import N_
from hub.ledger.enqueueing import enqueue
from hub.ledger.tasks import TaskName
from hub.workflow.definition import Definition, load, store
from hub.workflow.guards import guards_of
from hub.workflow.models import Status, Workflow

_MOVED: dict[str, type[Any]] = {}


def declare_moved(entity: str, model: type[Any]) -> None:
    """Say which model the records of a kind are rows of; it is an `InWorkflow`."""
    _MOVED[entity] = model


def moved_entities() -> list[str]:
    """Return the kinds of records that move through workflows."""
    return sorted(_MOVED)


def draft(
    session: Session, *, entity: str, code: str, name: str, definition: Definition
) -> Workflow:
    """Begin a workflow, or the next revision of one; records go into it once it is published.

    Raises:
        ConflictError: ``draft_exists``: there is a draft of this workflow already.
        ValidationError: the definition cannot work, or no record of the kind moves.
    """
    if entity not in _MOVED:
        raise ValidationError.of(
            "/entity", "unknown", N_("No {name} moves through a workflow."), name=entity
        )
    _check(session, entity, code, definition)
    if _of_status(session, entity, code, Status.DRAFT) is not None:
        raise ConflictError(
            "draft_exists", N_("There is a draft of the workflow {name} already: change that."),
            name=code,
        )  # fmt: skip
    made = Workflow(
        entity_name=entity, code=code, name=name, revision=_next_revision(session, entity, code)
    )
    session.add(made)
    store(session, made, definition)
    return made


def redraft(session: Session, workflow: Workflow, *, name: str, definition: Definition) -> Workflow:
    """Replace a draft, whole.

    Raises:
        ConflictError: ``not_a_draft``: what is live is followed by another revision.
        ValidationError: the definition cannot work.
    """
    _require_draft(workflow)
    _check(session, workflow.entity_name, workflow.code, definition)
    workflow.name = name
    workflow.updated_at = func.now()
    workflow.version += 1
    store(session, workflow, definition)
    return workflow


def discard(session: Session, workflow: Workflow, *, now: datetime) -> None:
    """Take a draft away.

    Raises:
        ConflictError: ``not_a_draft``.
    """
    _require_draft(workflow)
    workflow.deleted_at = now
    session.flush()


def make_default(session: Session, workflow: Workflow) -> Workflow:
    """Have new records of the kind go into a workflow.

    Raises:
        ConflictError: ``not_live``.
    """
    if workflow.status is not Status.LIVE:
        raise ConflictError("not_live", N_("Only a live workflow can be the default: publish it."))
    for other in session.scalars(
        select(Workflow)
        .where(Workflow.entity_name == workflow.entity_name, Workflow.is_default)
        .with_for_update()
        .execution_options(populate_existing=True)
    ):
        other.is_default = False
    session.flush()
    workflow.is_default = True
    session.flush()
    return workflow


def retire(session: Session, workflow: Workflow) -> Workflow:
    """Let no new record into a live workflow; those that are in it move on as they did.

    Raises:
        ConflictError: ``default``: another one has to be the default first; ``not_live``.
    """
    if workflow.status is not Status.LIVE:
        raise ConflictError("not_live", N_("Only a live workflow can be retired."))
    if workflow.is_default:
        raise ConflictError("default", N_("New records go into it: make another one the default."))
    workflow.status = Status.RETIRED
    session.flush()
    return workflow


def usage(session: Session, entity: str, code: str, *, seen: Seen | None = None) -> dict[str, int]:
    """Return how many records of any revision of a workflow are in each state.

    Args:
        session: the caller's.
        entity: the kind of records.
        code: the workflow's.
        seen: who is told: of a model, the condition for the rows that are counted; without it
            all are, as for what must hold for every record.
    """
    model = _MOVED.get(entity)
    if model is None:
        return {}
    rows = session.execute(
        select(model.state, func.count())
        .join(Workflow, Workflow.id == model.workflow_id)
        .where(Workflow.entity_name == entity, Workflow.code == code)
        .where(*(() if seen is None else (seen(model), model.deleted_at.is_(None))))
        .group_by(model.state)
    )
    return {row[0]: row[1] for row in rows}


def publish(session: Session, workflow: Workflow, *, moves: Mapping[str, str]) -> Workflow:
    """Make a draft the live revision.

    A job takes the records of former revisions into it (`follow`), each in the state of its own
    key, or in that which `moves` names for it.

    Raises:
        ConflictError: ``not_a_draft``; ``state_in_use``: records are in states that it lacks and
            `moves` does not map, counted in `details`.
        ValidationError: `moves` names a state that the draft lacks.
    """
    _require_draft(workflow)
    definition = load(session, workflow.id)
    keys = {state.key for state in definition.states}
    errors = [
        FieldError(f"/moves/{old}", "unknown", N_("There is no state {name}."), {"name": new})
        for old, new in moves.items()
        if new not in keys
    ]
    if errors:
        raise ValidationError(*errors)
    former = _of_status(session, workflow.entity_name, workflow.code, Status.LIVE)
    in_use = usage(session, workflow.entity_name, workflow.code)
    lost = {state: count for state, count in in_use.items() if state not in keys | moves.keys()}
    if lost:
        raise ConflictError(
            "state_in_use",
            N_("{count} records are in states that this revision lacks: say where they go."),
            details={"states": lost},
            count=sum(lost.values()),
        )
    was_default = former is not None and former.is_default
    if former is not None:
        former.status, former.is_default = Status.RETIRED, False
        session.flush()  # before its successor takes its place
    workflow.status, workflow.is_default = Status.LIVE, was_default
    workflow.moves = dict(moves)
    session.flush()
    if in_use:
        enqueue(
            session, TaskName.FOLLOW_WORKFLOW, key=str(workflow.id),
            subject=(Workflow.entity(), workflow.id), workflow_id=workflow.id,
        )  # fmt: skip
    return workflow


def follow(session: Session, workflow: Workflow, *, limit: int) -> int:
    """Take records of former revisions into the live one; returns how many, 0 when all are.

    Each write is an event of its record, as every change is.
    """
    definition = load(session, workflow.id)
    model = _MOVED[workflow.entity_name]
    former = select(Workflow.id).where(
        Workflow.entity_name == workflow.entity_name,
        Workflow.code == workflow.code,
        Workflow.id != workflow.id,
    )
    rows = session.scalars(
        select(model)
        .where(model.workflow_id.in_(former))
        .order_by(model.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        state = definition.state(workflow.moves.get(row.state, row.state))
        row.workflow_id, row.state, row.state_kind = workflow.id, state.key, state.kind
        if state.certain is not None:
            row.take_probability(state.certain)
    session.flush()
    return len(rows)


def _check(session: Session, entity: str, code: str, definition: Definition) -> None:
    definition.check(guards_of(entity), entity)
    roles = {role for way in definition.transitions for role in way.roles}
    if roles:
        known_roles(session, roles)
    live = _of_status(session, entity, code, Status.LIVE)
    fixed = [state for state in load(session, live.id).states if state.fixed] if live else []
    offered = {state.key: state for state in definition.states}
    errors = [
        FieldError(
            "/states", "fixed", N_("The state {name} is fixed: it stays as it is."),
            {"name": state.key},
        )
        for state in fixed
        if not _is_kept(state, offered.get(state.key))
    ]  # fmt: skip
    if errors:
        raise ValidationError(*errors)


def _is_kept(state: Any, offered: Any) -> bool:
    return offered is not None and (
        (offered.label, offered.kind, offered.certain, offered.fixed)
        == (state.label, state.kind, state.certain, True)
    )


def _require_draft(workflow: Workflow) -> None:
    if workflow.status is not Status.DRAFT:
        raise ConflictError(
            "not_a_draft",
            N_("The workflow is {state}; make a draft of its next revision to change it."),
            state=workflow.status.value,
        )


def _of_status(session: Session, entity: str, code: str, status: Status) -> Workflow | None:
    return session.scalar(
        select(Workflow).where(
            Workflow.entity_name == entity, Workflow.code == code, Workflow.status == status,
            Workflow.deleted_at.is_(None),
        )
    )  # fmt: skip


def _next_revision(session: Session, entity: str, code: str) -> int:
    highest = session.scalar(
        select(func.max(Workflow.revision)).where(
            Workflow.entity_name == entity, Workflow.code == code
        )
    )
    return (highest or 0) + 1

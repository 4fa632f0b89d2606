"""Moves records through their workflows; every move is in the history, in the same commit.

The log of transitions is a view of the ``<entity>.transitioned`` events, from which the state can
be rebuilt (domain.md §3.8).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access.principals import Principal
from hub.errors import ConflictError, ValidationError
from hub.history.models import Event
from hub.history.recording import explain_change
from hub.i18n import N_
from hub.workflow import errands
from hub.workflow.definition import Definition, State, Transition, load
from hub.workflow.errands import Errand, Occasion, Prepared
from hub.workflow.guards import guards_of
from hub.workflow.models import InWorkflow, StateKind, Status, Workflow

OVER = frozenset({StateKind.WON, StateKind.LOST, StateKind.PARKED})
"""Kinds of states that propose to close a record."""


@dataclass(frozen=True, slots=True)
class Target:
    """A state that a record may be moved to, by whoever asked, and what that takes."""

    state: State
    way: Transition
    errands: tuple[Errand, ...] = ()

    @property
    def proposes_closing(self) -> bool:
        """Whether whoever moves it is to be asked to close it as well (domain.md, lead)."""
        return self.state.kind in OVER


@dataclass(frozen=True, slots=True)
class Move:
    """Where to, whose it is there, and why; `close` ends it as well."""

    target: str
    owner_user_id: UUID | None = None
    reason: str | None = None
    close: bool = False


def find_live(
    session: Session, entity: str, code: str | None = None, *, pointer: str = "/workflow"
) -> Workflow:
    """Return the live workflow of a code, or the one that new records of the kind go into.

    Raises:
        ValidationError: there is none, or none that is live.
    """
    query = select(Workflow).where(
        Workflow.entity_name == entity,
        Workflow.status == Status.LIVE,
        Workflow.code == code if code else Workflow.is_default,
    )
    found = session.scalar(query)
    if found is None:
        raise ValidationError.of(
            pointer, "unknown", N_("There is no live workflow {name}."), name=code or entity
        )
    return found


def begin(session: Session, record: InWorkflow, workflow: Workflow, *, now: datetime) -> None:
    """Put a new record into the first state of a workflow."""
    record.workflow_id = workflow.id
    _enter(record, load(session, workflow.id).initial, now)


def workflow_of(session: Session, record: InWorkflow) -> Workflow:
    """Return the workflow that a record is in; it is read once in each session."""
    known: dict[UUID, Workflow] = session.info.setdefault("workflows", {})
    if record.workflow_id not in known:
        known[record.workflow_id] = session.get_one(Workflow, record.workflow_id)
    return known[record.workflow_id]


def definition_of(session: Session, record: InWorkflow) -> Definition:
    """Return the revision that a record is in."""
    return load(session, record.workflow_id)


def targets(session: Session, principal: Principal, record: Any) -> Sequence[Target]:
    """Return where a caller may move a record from where it stands, in the order of the states."""
    if not record.is_open:
        return ()
    definition = definition_of(session, record)
    return [
        Target(definition.state(way.target), way, definition.errands(way))
        for way in definition.leaving(record.state)
        if _may_go(principal, way) and _unmet(session, record, way) is None
    ]


def ahead(session: Session, principal: Principal, record: Any) -> str:
    """Return the key of the next state that a record is worked on in, of those a caller may choose.

    Raises:
        ConflictError: ``no_next_state``: what follows is to win or to lose it.
    """
    places = {state.key: n for n, state in enumerate(definition_of(session, record).states)}
    for each in targets(session, principal, record):
        if each.state.kind not in OVER and places[each.state.key] > places[record.state]:
            return each.state.key
    raise ConflictError(
        "no_next_state", N_("No step follows {state}: it is closed, or to be won or lost."),
        details={"state": record.state}, state=record.state,
    )  # fmt: skip


def ending(session: Session, principal: Principal, record: Any, kind: StateKind) -> str:
    """Return the key of the state by which a record is over in one way: one that is offered first.

    Raises:
        ConflictError: ``transition_refused``: its workflow has no such state.
    """
    offered = targets(session, principal, record)
    of_kind = [each.state.key for each in offered if each.state.kind is kind]
    of_kind += [s.key for s in definition_of(session, record).states if s.kind is kind]
    if not of_kind:
        raise ConflictError(
            "transition_refused", N_("Its workflow has no state of the kind {kind}."),
            details={"allowed": [each.state.key for each in offered], "state": record.state},
            kind=kind.value,
        )  # fmt: skip
    return of_kind[0]


def move(
    session: Session, principal: Principal, record: Any, wanted: Move, *, now: datetime
) -> Target:
    """Move a record that the caller may move, to a state that its workflow offers him.

    What is to be done when it comes there is done in the same transaction, once, and is in its
    event.

    That he may change it is his to check, by `get_record` with `Verb.TRANSITION`; that somebody
    may be named the owner is checked by whoever assigns (`hub.owning`).

    Raises:
        ConflictError: ``transition_refused``, with the `allowed` targets; ``closed``: reopen it.
        ValidationError: the way there asks for a reason or an assignee.
    """
    if not record.is_open:
        raise ConflictError("closed", N_("It is closed: reopen it first."), details={"allowed": []})
    offered = targets(session, principal, record)
    found = next((each for each in offered if each.state.key == wanted.target), None)
    if found is None:
        raise _refusal(session, principal, record, wanted.target, offered)
    _check_needs(found.way, wanted)
    before, earlier = record.state, _probability_before(session, record, found.state)
    _enter(record, found.state, now)
    if earlier is not None:
        record.take_probability(earlier)
    if wanted.close:
        record.is_open, record.closed_at = False, now
    session.flush()
    occasion = Occasion(principal, found.state.label, wanted.reason, now)
    done = errands.carry_out(session, record, found.errands, occasion)
    _tell(session, record, "transitioned", {
        "from": before, "to": record.state, "workflow_id": record.workflow_id,
        "owner_user_id": record.owner_user_id, "reason": wanted.reason,
        **({"done": done} if done else {}),
    })  # fmt: skip
    return found


def preview(
    session: Session, principal: Principal, record: Any, target: Target, *, now: datetime
) -> list[Prepared]:
    """Return what would be done if a record were moved to a target, as it is assigned now."""
    occasion = Occasion(principal, target.state.label, None, now)
    return errands.prepared(session, record, target.errands, occasion)


def close(session: Session, record: Any, *, reason: str | None, now: datetime) -> None:
    """Close a record, which is an act of its own; closed already, it is left as it is."""
    if record.is_open:
        record.is_open, record.closed_at = False, now
        _tell(session, record, "closed", {"reason": reason})


def reopen(session: Session, record: Any, *, reason: str | None) -> None:
    """Open a closed record again, in the state that it was closed in."""
    if not record.is_open:
        record.is_open, record.closed_at = True, None
        _tell(session, record, "reopened", {"reason": reason})


def refuse_probability(session: Session, record: InWorkflow, probability: int) -> None:
    """Pass where a record may have a probability in the state that it is in.

    Raises:
        ValidationError: ``certain``: its state says which.
    """
    state = definition_of(session, record).state(record.state)
    if state.certain is not None and probability != state.certain:
        raise ValidationError.of(
            "/probability", "certain",
            N_("In the state {name} the probability is {certain}."),
            name=state.key, certain=state.certain,
        )  # fmt: skip


def _enter(record: InWorkflow, state: State, now: datetime) -> None:
    record.state, record.state_kind, record.state_since = state.key, state.kind, now
    if state.first_probability is not None:
        record.take_probability(state.first_probability)


def _probability_before(session: Session, record: Any, target: State) -> int | None:
    """Return the probability that a state has taken, and that a record gets back as it leaves it.

    None where the next state says which, the present one took none, or the event is erased.
    """
    present = definition_of(session, record).state(record.state)
    if present.certain is None or target.first_probability is not None:
        return None
    told: int | None = session.scalar(
        select(Event.changes["probability"][0])
        .where(
            Event.subject_type == record.entity(), Event.subject_id == record.id,
            Event.changes["state"][1].astext == record.state,
        )
        .order_by(Event.id.desc())
        .limit(1)
    )  # fmt: skip
    return told


def _may_go(principal: Principal, way: Transition) -> bool:
    return not way.roles or bool(set(way.roles) & {role.code for role in principal.roles})


def _unmet(session: Session, record: Any, way: Transition) -> str | None:
    if way.guard is None:
        return None
    guard = guards_of(record.entity())[way.guard]
    return None if guard.holds(session, record) else guard.unmet


def _check_needs(way: Transition, wanted: Move) -> None:
    if way.needs_reason and not wanted.reason:
        raise ValidationError.of("/reason", "required", N_("Say why it is moved there."))
    if way.needs_assignee and wanted.owner_user_id is None:
        raise ValidationError.of("/owner_user_id", "required", N_("Say who goes on with it there."))


def _refusal(
    session: Session, principal: Principal, record: Any, wanted: str, offered: Sequence[Target]
) -> ConflictError:
    known = definition_of(session, record)
    labels = {state.key: {"text": state.label} for state in known.states}
    way = next((each for each in known.leaving(record.state) if each.target == wanted), None)
    allowed = [each.state.key for each in offered]
    details = {"allowed": allowed, "state": record.state}
    if way is not None and _may_go(principal, way):
        return ConflictError(
            "transition_refused", _unmet(session, record, way) or "", details=details
        )
    return ConflictError(
        "transition_refused",
        N_("It cannot be moved from {state} to {wanted}, but to: {allowed}."),
        details=details,
        state=labels[record.state],
        wanted=labels.get(wanted, wanted),
        allowed=[labels[key] for key in allowed] or "–",
    )


def _tell(session: Session, record: Any, what: str, data: dict[str, Any]) -> None:
    explain_change(
        session, f"{record.entity()}.{what}",
        subject_type=record.entity(), subject_id=record.id, data=data,
    )  # fmt: skip

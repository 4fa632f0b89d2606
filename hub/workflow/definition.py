"""What a workflow consists of, as one value: read whole, checked whole, stored whole."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from hub.db import new_id
from hub.errors import FieldError, ValidationError
from hub.i18n import N_
from hub.workflow import errands
from hub.workflow.errands import Errand
from hub.workflow.models import StateKind, Workflow, WorkflowState, WorkflowTransition

CERTAIN = {StateKind.WON: 100, StateKind.LOST: 0}
"""The probability, in percent, of what is over (domain.md §3.1)."""


@dataclass(frozen=True, slots=True)
class State:
    """A state; see `WorkflowState` for what its parts mean."""

    key: str
    label: str
    kind: StateKind
    colour: str | None = None
    forced_probability: int | None = None
    default_probability: int | None = None
    on_enter: tuple[Errand, ...] = ()
    fixed: bool = False

    @property
    def certain(self) -> int | None:
        """The probability that a record in it has, whatever else is written; None: any."""
        return CERTAIN.get(self.kind, self.forced_probability)

    @property
    def first_probability(self) -> int | None:
        """The probability that a record gets as it comes to it; None: the one it had."""
        return self.default_probability if self.certain is None else self.certain


@dataclass(frozen=True, slots=True)
class Transition:
    """A way from one state to another; see `WorkflowTransition` for what its parts mean."""

    origin: str
    target: str
    roles: tuple[str, ...] = ()
    guard: str | None = None
    needs_assignee: bool = False
    needs_reason: bool = False
    on_enter: tuple[Errand, ...] = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """The states of a workflow in their order, the first one being where records begin."""

    states: Sequence[State]
    transitions: Sequence[Transition] = field(default=())

    @property
    def initial(self) -> State:
        """Where a new record begins."""
        return self.states[0]

    def state(self, key: str) -> State:
        """Return a state by its key.

        Raises:
            KeyError: there is none.
        """
        for each in self.states:
            if each.key == key:
                return each
        raise KeyError(key)

    def errands(self, way: Transition) -> tuple[Errand, ...]:
        """Return what is done when a record goes a way: by its state first, then by the way."""
        return (*self.state(way.target).on_enter, *way.on_enter)

    def leaving(self, key: str) -> list[Transition]:
        """Return the ways out of a state, in the order of where they lead."""
        order = {state.key: place for place, state in enumerate(self.states)}
        ways = [each for each in self.transitions if each.origin == key]
        return sorted(ways, key=lambda way: order[way.target])

    def check(self, guards: Collection[str], entity: str) -> None:
        """Pass where the definition can work for a kind of records.

        Raises:
            ValidationError: names each part with its rule; pointers lead into the definition.
        """
        errors = [
            *self._faults_of_states(),
            *self._faults_of_transitions(guards),
            *self._faults_of_errands(entity),
        ]
        if not errors:
            errors = list(self._unreachable())
        if errors:
            raise ValidationError(*errors)

    def _faults_of_states(self) -> Iterator[FieldError]:
        if not self.states or self.states[0].kind is not StateKind.NEW:
            yield FieldError(
                "/states/0/kind", "initial", N_("The first state is where records begin: its kind"
                                                " is “new”."),
            )  # fmt: skip
        for place, key in _repeated(state.key for state in self.states):
            yield FieldError(
                f"/states/{place}/key", "repeated", N_("There are two states {name}."),
                {"name": key},
            )  # fmt: skip
        for place, state in enumerate(self.states):
            certain = CERTAIN.get(state.kind)
            if certain is not None and state.forced_probability not in (None, certain):
                yield FieldError(
                    f"/states/{place}/forced_probability", "certain",
                    N_("In a state of the kind {kind} the probability is {certain}."),
                    {"kind": state.kind.value, "certain": certain},
                )  # fmt: skip

    def _faults_of_transitions(self, guards: Collection[str]) -> Iterator[FieldError]:
        keys = {state.key for state in self.states}
        for place, way in enumerate(self.transitions):
            pointer = f"/transitions/{place}"
            for name, key in (("from", way.origin), ("to", way.target)):
                if key not in keys:
                    yield FieldError(
                        f"{pointer}/{name}", "unknown", N_("There is no state {name}."),
                        {"name": key},
                    )  # fmt: skip
            if way.origin == way.target:
                yield FieldError(f"{pointer}/to", "itself", N_("A state does not lead to itself."))
            if way.guard is not None and way.guard not in guards:
                yield FieldError(
                    f"{pointer}/guard", "unknown",
                    N_("There is no condition {name}; there are {allowed}."),
                    {"name": way.guard, "allowed": ", ".join(sorted(guards)) or "–"},
                )  # fmt: skip
        ends = ((way.origin, way.target) for way in self.transitions)
        for place, (origin, target) in _repeated(ends):
            yield FieldError(
                f"/transitions/{place}", "repeated",
                N_("There are two ways from {origin} to {target}."),
                {"origin": origin, "target": target},
            )  # fmt: skip

    def _faults_of_errands(self, entity: str) -> Iterator[FieldError]:
        for place, state in enumerate(self.states):
            yield from errands.faults(entity, state.on_enter, f"/states/{place}/on_enter")
        for place, way in enumerate(self.transitions):
            yield from errands.faults(entity, way.on_enter, f"/transitions/{place}/on_enter")

    def _unreachable(self) -> Iterator[FieldError]:
        reached, front = {self.initial.key}, [self.initial.key]
        while front:
            ahead = {way.target for way in self.leaving(front.pop())} - reached
            reached |= ahead
            front += ahead
        for place, state in enumerate(self.states):
            if state.key not in reached:
                yield FieldError(
                    f"/states/{place}", "unreachable",
                    N_("No way leads from {initial} to {name}."),
                    {"initial": self.initial.key, "name": state.key},
                )  # fmt: skip


def everywhere(keys: Iterable[str]) -> tuple[Transition, ...]:
    """Return the ways from each of some states to each other one."""
    among = tuple(keys)
    return tuple(Transition(a, b) for a in among for b in among if a != b)


def load(session: Session, workflow_id: UUID) -> Definition:
    """Return what a revision consists of; it is read once in each session."""
    known: dict[Any, Definition] = session.info.setdefault("workflow_definitions", {})
    if workflow_id not in known:
        known[workflow_id] = _read(session, workflow_id)
    return known[workflow_id]


def store(session: Session, workflow: Workflow, definition: Definition) -> None:
    """Write what a revision consists of, in place of what it was; `check` it first."""
    session.flush()
    for model in (WorkflowTransition, WorkflowState):
        session.execute(delete(model).where(model.workflow_id == workflow.id))
    session.execute(
        insert(WorkflowState),
        [
            {
                "id": new_id(), "workflow_id": workflow.id, "sort": place, "key": state.key,
                "label": state.label, "kind": state.kind, "colour": state.colour,
                "forced_probability": state.certain, "fixed": state.fixed,
                "default_probability": state.default_probability,
                "on_enter": [errand.stored() for errand in state.on_enter],
            }
            for place, state in enumerate(definition.states)
        ],
    )  # fmt: skip
    if definition.transitions:
        session.execute(
            insert(WorkflowTransition),
            [
                {
                    "id": new_id(), "workflow_id": workflow.id, "origin": way.origin,
                    "target": way.target, "roles": list(way.roles), "guard": way.guard,
                    "needs_assignee": way.needs_assignee, "needs_reason": way.needs_reason,
                    "on_enter": [errand.stored() for errand in way.on_enter],
                }
                for way in definition.transitions
            ],
        )  # fmt: skip
    session.info.pop("workflow_definitions", None)


def _read(session: Session, workflow_id: UUID) -> Definition:
    states = session.scalars(
        select(WorkflowState)
        .where(WorkflowState.workflow_id == workflow_id)
        .order_by(WorkflowState.sort)
    )
    ways = session.scalars(
        select(WorkflowTransition)
        .where(WorkflowTransition.workflow_id == workflow_id)
        .order_by(WorkflowTransition.origin, WorkflowTransition.target)
    )
    return Definition(
        tuple(
            State(
                key=row.key, label=row.label, kind=row.kind, colour=row.colour,
                forced_probability=row.forced_probability,
                default_probability=row.default_probability, fixed=row.fixed,
                on_enter=tuple(map(Errand.of_stored, row.on_enter)),
            )
            for row in states
        ),
        tuple(
            Transition(
                origin=row.origin, target=row.target, roles=tuple(row.roles), guard=row.guard,
                needs_assignee=row.needs_assignee, needs_reason=row.needs_reason,
                on_enter=tuple(map(Errand.of_stored, row.on_enter)),
            )
            for row in ways
        ),
    )  # fmt: skip


def _repeated(values: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    seen: Counter[Any] = Counter()
    for place, value in enumerate(values):
        if seen[value]:
            yield place, value
        seen[value] += 1

"""Workflows as the API takes and shows them."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.fields import Code, Line, Lines, Text, Whole, like
from api.schemas.shapes import Body, RecordView, View
from hub.workflow.definition import Definition, State, Transition
from hub.workflow.errands import MOST, PLACES, Doing, Errand, Unit, Whose
from hub.workflow.models import StateKind, Status

Percent = Annotated[int, Whole(0, 100)]
Colour = Annotated[
    str, Field(pattern=like("blue", r"^[a-z]{1,20}$|^#[0-9a-f]{6}$"), examples=["blue"])
]
Reason = Annotated[str, Lines(1000)]


_PLACES = ", ".join(f"`{{{place}}}`" for place in PLACES)


class ErrandBody(Body):
    """What is done when a record comes to a state; its own move does it, once."""

    do: Doing = Field(
        description="Plan an `activity`, have somebody reminded (`reminder`), tell him by `mail`,"
        " or set the day of the next `follow_up` (opportunities)."
    )
    title: Line | None = Field(
        None, description=f"Of an activity, reminder or mail; {_PLACES} are filled."
    )
    text: Text | None = Field(None, description="Of an activity or mail; filled likewise.")
    kind: Code | None = Field(
        None, description="Of an activity: `todo` where it is left out.", examples=["call"]
    )
    due_in: Annotated[int, Whole(0, 366)] | None = Field(
        None, description="When: so many days after the move; 0 is its day."
    )
    unit: Unit = Field(Unit.DAYS, description="`working_days` are Monday to Friday.")
    whose: Whose = Field(
        Whose.ASSIGNEE,
        alias="for",
        description="To whom the record is assigned after the move; its customer's `owner`; the"
        " `manager`, who leads the assignee; the `mover`. Where there is none, the mover.",
    )


OnEnter = Annotated[
    list[ErrandBody],
    Field(default_factory=list, max_length=MOST, description="Done when a record comes there."),
]


class StateBody(Body):
    """A state."""

    key: Code
    label: Line
    kind: StateKind
    colour: Colour | None = None
    forced_probability: Percent | None = Field(
        None, description="A record in it has this probability, in percent, and no other."
    )
    default_probability: Percent | None = Field(
        None, description="A record that comes to it gets this probability, in percent."
    )
    on_enter: OnEnter
    fixed: bool = Field(default=False, description="Every later revision has it as it is here.")


class TransitionBody(Body):
    """A way from one state to another."""

    origin: Code = Field(alias="from")
    target: Code = Field(alias="to")
    roles: list[Line] = Field(
        default_factory=list, max_length=20, description="Who may go it; everybody without any."
    )
    guard: Code | None = Field(None, description="A condition of `GET /workflows/guards`.")
    needs_assignee: bool = False
    needs_reason: bool = False
    on_enter: OnEnter


class DefinitionBody(Body):
    """What a workflow consists of; records begin in its first state."""

    name: Line
    states: list[StateBody] = Field(min_length=2, max_length=50)
    transitions: list[TransitionBody] = Field(default_factory=list, max_length=1000)

    def definition(self) -> Definition:
        """Return it as the hub knows it."""
        return Definition(
            tuple(
                State(**{**each.model_dump(), "on_enter": _errands(each.on_enter)})
                for each in self.states
            ),
            tuple(
                Transition(
                    **{
                        **each.model_dump(),
                        "roles": tuple(each.roles),
                        "on_enter": _errands(each.on_enter),
                    }
                )
                for each in self.transitions
            ),
        )


def _errands(said: list[ErrandBody]) -> tuple[Errand, ...]:
    return tuple(Errand(**each.model_dump()) for each in said)


class WorkflowCreate(DefinitionBody):
    """A draft of a new workflow, or of the next revision of one."""

    entity: Code = Field(examples=["lead", "opportunity"])
    code: Code = Field(description="The same for all revisions of a workflow.")


class Publication(Body):
    """Where records go whose state the new revision lacks."""

    moves: dict[str, Code] = Field(
        default_factory=dict, max_length=50, description="The new state, by the former one."
    )


class ErrandView(View):
    """What is done when a record comes to a state."""

    do: Doing
    title: str | None
    text: str | None
    kind: str | None
    due_in: int | None
    unit: Unit
    whose: Whose = Field(alias="for")


class StateView(View):
    """A state."""

    key: str
    label: str
    kind: StateKind
    colour: str | None
    forced_probability: int | None
    default_probability: int | None
    on_enter: list[ErrandView]
    fixed: bool
    records: int | None = Field(None, description="How many are in it, in any revision.")


class TransitionView(View):
    """A way from one state to another."""

    origin: str = Field(alias="from")
    target: str = Field(alias="to")
    roles: list[str]
    guard: str | None
    needs_assignee: bool
    needs_reason: bool
    on_enter: list[ErrandView]


class WorkflowView(RecordView):
    """A revision of a workflow."""

    entity: str
    code: str
    name: str
    revision: int
    status: Status
    is_default: bool = Field(description="New records go into it, unless another is asked for.")
    states: list[StateView]
    transitions: list[TransitionView]


class GuardView(View):
    """A condition that a way may ask for."""

    entity: str
    name: str
    unmet: str = Field(description="What people are told where it does not hold.")


class GuardsView(View):
    """The conditions there are."""

    items: list[GuardView]


class NodeView(View):
    """A state in the picture: where it stands, in units of its own."""

    key: str
    label: str
    kind: StateKind
    colour: str | None
    x: int
    y: int
    on_enter: list[str] = Field(description="What is done when a record comes to it, in words.")


class EdgeView(View):
    """A way in the picture."""

    origin: str = Field(alias="from")
    target: str = Field(alias="to")
    on_enter: list[str] = Field(description="What is done when a record goes it, in words.")


class DiagramView(View):
    """A workflow as a picture: nodes with their places, and the ways between them."""

    nodes: list[NodeView]
    edges: list[EdgeView]


class Step(Body):
    """Who goes on with a record where it is moved to, and why it is moved there."""

    owner_user_id: UUID | None = Field(None, description="Who goes on with it; it stays his.")
    reason: Reason | None = None
    close: bool = Field(default=False, description="Close it as well.")


class TransitionCreate(Step):
    """Where a record is to be moved, who goes on with it there, and why."""

    to: Code


class Reopening(Body):
    """Why a record is opened again."""

    reason: Reason | None = None


class StandingView(View):
    """Where a record stands in its workflow."""

    key: str
    label: str
    kind: StateKind
    since: AwareDatetime
    workflow_id: UUID


class MadeView(View):
    """A record that was made."""

    entity: str
    id: UUID


class ErrandAhead(View):
    """What will be done if the record is moved there now."""

    do: Doing
    title: str | None
    text: str | None
    kind: str | None
    due_on: date | None
    user_id: UUID | None = Field(description="For whom; null for nobody.")


class TargetView(View):
    """A state that a record can be moved to."""

    to: str
    label: str
    kind: StateKind
    needs_assignee: bool
    needs_reason: bool
    proposes_closing: bool = Field(description="Ask whether it is to be closed as well.")
    on_enter: list[ErrandAhead] = Field(
        description="What is done then, for whom it would be as the record is assigned now."
    )


class ErrandDone(View):
    """What a move had done, and what came of it."""

    do: Doing
    title: str | None
    due_on: date | None
    user_id: UUID | None
    made: MadeView | None = Field(description="The activity, reminder or delivery.")


class LoggedTransition(View):
    """A move of a record through its workflow."""

    origin: str = Field(alias="from")
    target: str = Field(alias="to")
    by: UUID | None
    owner_before: UUID | None = Field(description="null where the move handed it to nobody else.")
    owner_after: UUID | None = Field(description="Whose it was from then on; null: nobody's.")
    reason: str | None
    at: AwareDatetime
    cause: str
    done: list[ErrandDone] = Field(description="What the move had done.")


class TransitionsView(View):
    """Where a record can be moved, and how it came to where it is, the newest first."""

    state: str
    targets: list[TargetView]
    log: list[LoggedTransition]


def named_ends(way: Any) -> dict[str, Any]:
    """Return the ends of a way under the names that JSON has for them."""
    return {"from": way.origin, "to": way.target}

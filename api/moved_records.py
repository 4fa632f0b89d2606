"""Records that have owners and move through workflows: the same acts for every kind of them."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from uuid import UUID

from flask import Blueprint

from api.concealing import shown_if_seen
from api.operations import Answer, Call, Permission, Verb, named, operation
from api.presenting_workflows import transitions_view
from api.schemas.ownership import OwnershipChange, Taking
from api.schemas.shapes import RecordView
from api.schemas.workflows import Reopening, Step, TransitionCreate, TransitionsView
from hub.access import owning
from hub.access.lookup import get_record
from hub.errors import ValidationError
from hub.history.recording import react
from hub.history.records import Record
from hub.i18n import N_
from hub.workflow.models import Workflow
from hub.workflow.moving import Move

RecordT = TypeVar("RecordT", bound=Record)
_REFUSED = {
    HTTPStatus.CONFLICT: "It cannot be moved there (`transition_refused`): `details.allowed` says"
    " where it can. Or it is closed (`closed`)."
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Generic[RecordT]):
    """A kind of record that has an owner and moves through a workflow.

    Attributes:
        model: its records.
        answer: what is shown of one.
        view: makes what is shown.
        body: what is said of a move.
        move: moves one as a body says, already handed over to whoever goes on with it.
        reopen: opens one again for a reason.
        reopening_refused: when it cannot be, for the document.
    """

    model: type[RecordT]
    answer: type[RecordView]
    view: Callable[[Call[Any, Any], RecordT], RecordView]
    body: type[TransitionCreate] = TransitionCreate
    move: Callable[[Call[Any, Any], RecordT, Any, Move], None]
    reopen: Callable[[Call[Any, Any], RecordT, str | None], object]
    reopening_refused: str = ""

    @property
    def noun(self) -> str:
        """What people call one."""
        return self.model.entity()

    @property
    def path(self) -> str:
        """The path of one."""
        return f"/{self.model.collection()}/<uuid:{self.noun}_id>"

    def right(self, verb: Verb) -> Permission:
        """Return the right to an act."""
        return Permission(verb, self.model.collection())

    def find(
        self, call: Call[Any, Any], verb: Verb, identifier: UUID, *, version: int | None = None
    ) -> RecordT:
        """Return a record for an act of the caller."""
        return get_record(
            call.session, call.principal, verb, self.model, identifier, expected_version=version
        )

    def view_again(self, call: Call[Any, Any], identifier: UUID) -> Any:
        """Return a record that the caller may see, as it stands now."""
        return self.view(call, self.find(call, Verb.READ, identifier))

    def moved(self, call: Call[Any, Any], record: Any, to: str, step: Step) -> Any:
        """Hand a record to whoever goes on with it, move it, and return what is shown of it."""
        if step.owner_user_id is not None:
            owning.hand_over(call.session, record, step.owner_user_id)
        wanted = Move(to, record.owner_user_id, step.reason, step.close)
        self.move(call, record, step, wanted)
        react(call.session)
        return self.view(call, record)

    def refuse_settled(
        self, call: Call[Any, Any], record: Any, fields: dict[str, Any], workflow: str
    ) -> None:
        """Take out of what a script says of a record again what is said of a new one only.

        Args:
            call: the request.
            record: the record.
            fields: what is said, the field `workflow` naming its workflow.
            workflow: what that field is called.

        Raises:
            ValidationError: ``by_an_act``: it says something else than the record has.
        """
        settled = {name: getattr(record, name) for name in (*owning.FIELDS, "currency")}
        settled[workflow] = call.session.get_one(Workflow, record.workflow_id).code
        for name in sorted(settled.keys() & fields.keys()):
            if fields.pop(name) != settled[name]:
                raise ValidationError.of(
                    f"/{name}", "by_an_act", N_("It is settled: it changes by acts of its own.")
                )


def serve(blueprint: Blueprint, kind: Moved[Any]) -> None:
    """Declare the acts of a kind: moved, reopened, given to others, taken."""
    _serve_moves(blueprint, kind)
    _serve_owning(blueprint, kind)


def _serve_moves(blueprint: Blueprint, kind: Moved[Any]) -> None:
    noun = kind.noun

    def transitions(call: Call[Any, Any], **path: UUID) -> TransitionsView:
        return transitions_view(call, kind.find(call, Verb.READ, *path.values()))

    def move(call: Call[Any, Any], **path: UUID) -> Any:
        record = kind.find(call, Verb.TRANSITION, *path.values())
        return kind.moved(call, record, call.body.to, call.body)

    def reopen(call: Call[Reopening], **path: UUID) -> Any:
        record = kind.find(call, Verb.TRANSITION, *path.values())
        kind.reopen(call, record, call.body.reason)
        react(call.session)
        return kind.view(call, record)

    named(
        transitions, f"list_{noun}_transitions",
        f"Return where you can move the {noun}, and how it came to where it is.",
    )  # fmt: skip
    named(
        move, f"move_{noun}",
        f"Move the {noun} to another state, and hand it to whoever goes on with it there.",
    )  # fmt: skip
    named(
        reopen, f"reopen_{noun}",
        f"Open the closed {noun} again, in the state that it was closed in.",
    )  # fmt: skip
    operation(
        blueprint, "GET", f"{kind.path}/transitions",
        permission=kind.right(Verb.READ), answer=TransitionsView,
    )(transitions)  # fmt: skip
    operation(
        blueprint, "POST", f"{kind.path}/transitions",
        permission=kind.right(Verb.TRANSITION), body=kind.body, answer=kind.answer,
        reload=kind.view_again, refusals=_REFUSED,
    )(move)  # fmt: skip
    refused = kind.reopening_refused
    operation(
        blueprint, "POST", f"{kind.path}/reopening",
        permission=kind.right(Verb.TRANSITION), body=Reopening, answer=kind.answer,
        reload=kind.view_again, refusals={HTTPStatus.CONFLICT: refused} if refused else None,
    )(reopen)  # fmt: skip


def _serve_owning(blueprint: Blueprint, kind: Moved[Any]) -> None:
    noun = kind.noun

    def assign(call: Call[OwnershipChange], **path: UUID) -> Answer[Any]:
        record = kind.find(call, Verb.ASSIGN, *path.values())
        owning.assign(call.session, record, call.body.changes(), reason=call.body.reason)
        return shown_if_seen(call, record, kind.view)

    def take(call: Call[Taking], **path: UUID) -> Answer[Any]:
        record = kind.find(call, Verb.CLAIM, *path.values())
        changes = {"owner_user_id": call.principal.user_id}
        owning.assign(call.session, record, changes, reason=call.body.reason)
        return shown_if_seen(call, record, kind.view)

    named(
        assign, f"assign_{noun}",
        f"Assign the {noun} to somebody else or a team, or change its representatives.",
    )  # fmt: skip
    named(take, f"take_{noun}", f"Take the {noun} that is nobody's, or of somebody whom you lead.")
    operation(
        blueprint, "POST", f"{kind.path}/ownership",
        permission=kind.right(Verb.ASSIGN), body=OwnershipChange, answer=kind.answer,
        reload=kind.view_again,
        refusals={HTTPStatus.NO_CONTENT: "It is given away: you may not see it any more."},
    )(assign)  # fmt: skip
    operation(
        blueprint, "POST", f"{kind.path}/taking",
        permission=kind.right(Verb.CLAIM), body=Taking, answer=kind.answer,
        reload=kind.view_again,
    )(take)  # fmt: skip

"""What can be approved: each concept declares its actions, by name."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.roles import Reach, Verb
from hub.approvals.models import Approval
from hub.errors import NotFoundError
from hub.history.records import Record


class Deciders(Protocol):
    """Who may decide over the approvals of an action.

    Besides, the right `approvals:approve` is needed, and sight of the subject; nobody decides over
    his own.
    """

    def predicate(
        self, principal: Principal, subject: type[Record], reach: Reach
    ) -> ColumnElement[bool]:
        """Return the condition, over `Approval`, under which a caller may decide."""
        ...

    def candidates(
        self, session: Session, approval: Approval, subject: Record | None
    ) -> Iterable[User]:
        """Return whom to tell that one waits, the nearest first, as far as they may decide."""
        ...


Follow = Callable[[Session, Approval, datetime], None]
"""What a decision brings about, in its own transaction; a `DomainError` undoes the decision."""


Sight = Callable[[Principal, type[Record]], ColumnElement[bool]]
"""Says, over the rows of a subject's model, which of them a caller is shown."""


def visible_to_readers(principal: Principal, subject: type[Record]) -> ColumnElement[bool]:
    """Return the condition under which a caller may read a subject."""
    return visible(principal, Verb.READ, subject)


def nothing(session: Session, approval: Approval, now: datetime) -> None:
    """Follow a decision with nothing."""
    del session, approval, now


@dataclass(frozen=True, slots=True)
class Action:
    """Something that needs an approval.

    Attributes:
        name: stable, such as ``credit.transaction``; kept with each approval.
        label: what it is called for people, an English source text in the infinitive.
        subject: the model of the records it is about.
        sees: the condition under which a caller is shown subject, reference and data: as a rule
            that he may read the subject.
        deciders: who may decide.
        approved: what follows where it is approved: the act itself.
        ended: what follows where it is refused, withdrawn or expires.
        escalated: what follows where it goes up, since nobody has decided.
        expires_after: how long a request stands; None takes what is set for all.
    """

    name: str
    label: str
    subject: type[Record]
    deciders: Deciders
    sees: Sight = visible_to_readers
    approved: Follow = nothing
    ended: Follow = nothing
    escalated: Follow = nothing
    expires_after: timedelta | None = None


_ACTIONS: dict[str, Action] = {}


def declare_action(action: Action) -> None:
    """Make an action known; `hub.reactions` has every process do so as it starts."""
    _ACTIONS[action.name] = action


def actions() -> Mapping[str, Action]:
    """Return all actions, by their names."""
    return _ACTIONS


def action_of(name: str) -> Action:
    """Return an action.

    Raises:
        NotFoundError: nobody has declared one of this name.
    """
    try:
        return _ACTIONS[name]
    except KeyError:
        raise NotFoundError("action", name) from None

"""What is shown of workflows, and of records that move through them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from api.calls import Call
from api.schemas.workflows import (
    ErrandAhead,
    ErrandView,
    LoggedTransition,
    StandingView,
    StateView,
    TargetView,
    TransitionsView,
    TransitionView,
    WorkflowView,
    named_ends,
)
from hub.access.predicates import visible
from hub.access.roles import Verb
from hub.history.models import Event
from hub.i18n import N_, translate
from hub.workflow import moving
from hub.workflow.definition import State, load
from hub.workflow.errands import Doing, Errand, Prepared, Unit, Whose
from hub.workflow.models import Workflow
from hub.workflow.services import usage

_STATE = frozenset(StateView.model_fields) - {"label", "records", "on_enter"}
_WAY = frozenset(TransitionView.model_fields) - {"origin", "target", "on_enter"}
_ERRAND = frozenset(ErrandView.model_fields) - {"whose"}
_LOGGED = 200  # moves of one record that are shown; the history has them all


def workflow_view(call: Call[Any, Any], workflow: Workflow) -> WorkflowView:
    """Return a revision of a workflow in the caller's language."""
    definition = load(call.session, workflow.id)
    used = _usage(call, workflow)
    record = frozenset(WorkflowView.model_fields) - {
        "entity", "name", "states", "transitions", "allowed_actions",
    }  # fmt: skip
    return WorkflowView(
        **{name: getattr(workflow, name) for name in record},
        entity=workflow.entity_name,
        name=translate(call.language, workflow.name),
        states=[
            StateView(
                **{name: getattr(state, name) for name in _STATE},
                label=translate(call.language, state.label),
                records=used.get(state.key, 0),
                on_enter=_errands(state.on_enter),
            )
            for state in definition.states
        ],
        transitions=[
            TransitionView(
                **{name: getattr(way, name) for name in _WAY},
                **named_ends(way),
                on_enter=_errands(way.on_enter),
            )
            for way in definition.transitions
        ],
        allowed_actions=call.actions("workflows", workflow, (Verb.READ, Verb.CONFIGURE)),
    )


def errands_in_words(call: Call[Any, Any], errands: Sequence[Errand]) -> list[str]:
    """Return what is done when a record comes to a state, as people read it in a picture."""
    return [
        translate(call.language, _WORDS[each.do], {
            "title": each.title or "", "days": _days(call, each),
            "whom": translate(call.language, _WHOM[each.whose]),
        })
        for each in errands
    ]  # fmt: skip


def _days(call: Call[Any, Any], errand: Errand) -> str:
    if errand.due_in is None:
        return "–"
    unit = N_("{count} working days") if errand.unit is Unit.WORKING_DAYS else N_("{count} days")
    return translate(call.language, unit, {"count": errand.due_in})


def _errands(errands: Sequence[Errand]) -> list[ErrandView]:
    return [
        ErrandView(**{name: getattr(each, name) for name in _ERRAND}, **{"for": each.whose})
        for each in errands
    ]


def _ahead(each: Prepared) -> ErrandAhead:
    return ErrandAhead(
        do=each.errand.do, title=each.title or None, text=each.text, kind=each.errand.kind,
        due_on=each.due_on, user_id=each.user_id,
    )  # fmt: skip


_WORDS = {
    Doing.ACTIVITY: N_("Activity: {title} ({days}, {whom})"),
    Doing.REMINDER: N_("Reminder: {title} ({days}, {whom})"),
    Doing.MAIL: N_("Mail: {title} ({whom})"),
    Doing.FOLLOW_UP: N_("Follow up in {days}"),
}
_WHOM = {
    Whose.ASSIGNEE: N_("assignee"),
    Whose.OWNER: N_("the customer's owner"),
    Whose.MANAGER: N_("manager"),
    Whose.MOVER: N_("whoever moves it"),
}


def state_of(call: Call[Any, Any], record: Any) -> State:
    """Return the state that a record is in."""
    return moving.definition_of(call.session, record).state(record.state)


def standing_view(call: Call[Any, Any], record: Any) -> StandingView:
    """Return where a record stands in its workflow, in the caller's language."""
    state = state_of(call, record)
    return StandingView(
        key=state.key,
        label=translate(call.language, state.label),
        kind=state.kind,
        since=record.state_since,
        workflow_id=record.workflow_id,
    )


def transitions_view(call: Call[Any, Any], record: Any) -> TransitionsView:
    """Return where the caller can move a record, and how it came to where it is."""
    events = call.session.scalars(
        select(Event)
        .where(
            Event.subject_type == record.entity(),
            Event.subject_id == record.id,
            Event.type == f"{record.entity()}.transitioned",
        )
        .order_by(Event.id.desc())
        .limit(_LOGGED)
    )
    return TransitionsView(
        state=record.state,
        targets=[
            TargetView(
                to=each.state.key,
                label=translate(call.language, each.state.label),
                kind=each.state.kind,
                needs_assignee=each.way.needs_assignee,
                needs_reason=each.way.needs_reason,
                proposes_closing=each.proposes_closing,
                on_enter=[
                    _ahead(errand)
                    for errand in moving.preview(
                        call.session, call.principal, record, each, now=call.now
                    )
                ],
            )
            for each in moving.targets(call.session, call.principal, record)
        ],
        log=[_logged(each) for each in events],
    )


def _usage(call: Call[Any, Any], workflow: Workflow) -> dict[str, int]:
    """Return how many records that he sees are in each state, once for all rows of a page."""
    known: dict[tuple[str, str], dict[str, int]] = call.session.info.setdefault(
        "workflow_usage", {}
    )
    key = workflow.entity_name, workflow.code
    if key not in known:
        known[key] = usage(
            call.session, *key, seen=lambda model: visible(call.principal, Verb.READ, model)
        )
    return known[key]


def _logged(event: Event) -> LoggedTransition:
    told: Any = event.data or {}
    before, after = (event.changes or {}).get("owner_user_id", (None, None))
    return LoggedTransition(
        **{"from": told["from"], "to": told["to"]},
        by=event.user_id,
        owner_before=before,
        owner_after=told.get("owner_user_id", after),
        reason=told.get("reason"),
        at=event.at,
        cause=event.cause_kind,
        done=told.get("done", []),
    )

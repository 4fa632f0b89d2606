"""/workflows"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.presenting_workflows import errands_in_words, workflow_view
from api.removing import taking_away
from api.schemas.shapes import Because
from api.schemas.workflows import (
    DefinitionBody,
    DiagramView,
    EdgeView,
    GuardsView,
    GuardView,
    NodeView,
    Publication,
    WorkflowCreate,
    WorkflowView,
    named_ends,
)
from hub.access.lookup import get_record
from hub.i18n import translate
from hub.workflow import diagrams, services
from hub.workflow.definition import load
from hub.workflow.diagrams import Words
from hub.workflow.guards import guards_of
from hub.workflow.listing import WORKFLOWS
from hub.workflow.models import Workflow

blueprint = Blueprint("workflows", __name__)
READ = Permission(Verb.READ, "workflows")
CONFIGURE = Permission(Verb.CONFIGURE, "workflows")
SVG = "image/svg+xml"
_NOT_A_DRAFT = {HTTPStatus.CONFLICT: "It is no draft (`not_a_draft`)."}


def _view_again(call: Call[Any, Any], workflow_id: UUID) -> WorkflowView:
    return workflow_view(call, _read(call, workflow_id))


def _read(call: Call[Any, Any], workflow_id: UUID) -> Workflow:
    return get_record(call.session, call.principal, Verb.READ, Workflow, workflow_id)


def _for_change(call: Call[Any, Any], workflow_id: UUID, version: int | None = None) -> Workflow:
    return get_record(
        call.session, call.principal, Verb.CONFIGURE, Workflow, workflow_id,
        expected_version=version,
    )  # fmt: skip


@operation(
    blueprint, "GET", "/workflows",
    permission=READ, listing=WORKFLOWS, answer=ListPage[WorkflowView],
)  # fmt: skip
def list_workflows(call: Call) -> Answer[ListPage[WorkflowView]]:
    """List the workflows, in all their revisions; `status=live` shows those in use."""
    return list_page(call, WORKFLOWS, lambda workflow: workflow_view(call, workflow))


@operation(blueprint, "GET", "/workflows/guards", permission=READ, answer=GuardsView)
def list_guards(call: Call) -> GuardsView:
    """List the conditions that a way between two states may ask for."""
    return GuardsView(
        items=[
            GuardView(entity=entity, name=name, unmet=translate(call.language, guard.unmet))
            for entity in services.moved_entities()
            for name, guard in guards_of(entity).items()
        ]
    )


@operation(
    blueprint, "POST", "/workflows",
    permission=CONFIGURE, body=WorkflowCreate, answer=WorkflowView, status=HTTPStatus.CREATED,
    reload=_view_again,
    refusals={HTTPStatus.CONFLICT: "There is a draft of it already (`draft_exists`)."},
)  # fmt: skip
def draft_workflow(call: Call[WorkflowCreate]) -> WorkflowView:
    """Draft a workflow, or the next revision of one that has the same entity and code.

    Records go into it once it is published.
    """
    body = call.body
    made = services.draft(
        call.session, entity=body.entity, code=body.code, name=body.name,
        definition=body.definition(),
    )  # fmt: skip
    return workflow_view(call, made)


@operation(
    blueprint, "GET", "/workflows/<uuid:workflow_id>", permission=READ, answer=WorkflowView,
)  # fmt: skip
def get_workflow(call: Call, workflow_id: UUID) -> WorkflowView:
    """Return a revision of a workflow: its states, the ways between them, and what is in each."""
    return _view_again(call, workflow_id)


@operation(
    blueprint, "GET", "/workflows/<uuid:workflow_id>/diagram", permission=READ, answer=DiagramView,
)  # fmt: skip
def get_diagram(call: Call, workflow_id: UUID) -> DiagramView:
    """Return a workflow as a picture: its states with their places, and the arrows."""
    definition = load(call.session, _read(call, workflow_id).id)
    return DiagramView(
        nodes=[
            NodeView(
                key=node.state.key,
                label=translate(call.language, node.state.label),
                kind=node.state.kind,
                colour=node.state.colour,
                x=node.x,
                y=node.y,
                on_enter=errands_in_words(call, node.state.on_enter),
            )
            for node in diagrams.arrange(definition)
        ],
        edges=[
            EdgeView(**named_ends(way), on_enter=errands_in_words(call, way.on_enter))
            for way in definition.transitions
        ],
    )


@operation(
    blueprint, "GET", "/workflows/<uuid:workflow_id>/diagram.svg",
    permission=READ, content_type=SVG,
)  # fmt: skip
def draw_diagram(call: Call, workflow_id: UUID) -> Response:
    """Return the picture of a workflow as SVG."""
    workflow = _read(call, workflow_id)
    definition = load(call.session, workflow.id)
    words = Words(
        {state.key: translate(call.language, state.label) for state in definition.states},
        {state.key: errands_in_words(call, state.on_enter) for state in definition.states},
        {
            (way.origin, way.target): errands_in_words(call, way.on_enter)
            for way in definition.transitions
        },
    )
    picture = diagrams.draw(definition, translate(call.language, workflow.name), words)
    return Response(picture, content_type=SVG)


@operation(
    blueprint, "PUT", "/workflows/<uuid:workflow_id>",
    permission=CONFIGURE, body=DefinitionBody, answer=WorkflowView, versioned=True,
    reload=_view_again, refusals=_NOT_A_DRAFT,
)  # fmt: skip
def replace_draft(call: Call[DefinitionBody], workflow_id: UUID) -> WorkflowView:
    """Replace a draft, whole."""
    workflow = _for_change(call, workflow_id, call.expected_version)
    services.redraft(call.session, workflow, name=call.body.name, definition=call.body.definition())
    return workflow_view(call, workflow)


@operation(
    blueprint, "DELETE", "/workflows/<uuid:workflow_id>",
    permission=CONFIGURE, query=Because, status=HTTPStatus.NO_CONTENT, refusals=_NOT_A_DRAFT,
)  # fmt: skip
def discard_draft(call: Call[None, Because], workflow_id: UUID) -> Answer[None]:
    """Take a draft away."""
    workflow = _for_change(call, workflow_id, call.expected_version)
    with taking_away(call, workflow):
        services.discard(call.session, workflow, now=call.now)
    return Answer(None)


@operation(
    blueprint, "POST", "/workflows/<uuid:workflow_id>/publication",
    permission=CONFIGURE, body=Publication, answer=WorkflowView, reload=_view_again,
    refusals={
        HTTPStatus.CONFLICT: "It is no draft (`not_a_draft`), or records are in states that it"
        " lacks (`state_in_use`): `details.states` counts them."
    },
)  # fmt: skip
def publish_workflow(call: Call[Publication], workflow_id: UUID) -> WorkflowView:
    """Make a draft the live revision; a worker takes the records of the former ones into it.

    Each keeps its state, or goes where `moves` says.
    """
    workflow = _for_change(call, workflow_id)
    services.publish(call.session, workflow, moves=call.body.moves)
    return workflow_view(call, workflow)


@operation(
    blueprint, "POST", "/workflows/<uuid:workflow_id>/default",
    permission=CONFIGURE, answer=WorkflowView, reload=_view_again,
    refusals={HTTPStatus.CONFLICT: "It is not live (`not_live`)."},
)  # fmt: skip
def make_default_workflow(call: Call, workflow_id: UUID) -> WorkflowView:
    """Have new records go into a live workflow."""
    return workflow_view(call, services.make_default(call.session, _for_change(call, workflow_id)))


@operation(
    blueprint, "POST", "/workflows/<uuid:workflow_id>/retirement",
    permission=CONFIGURE, answer=WorkflowView, reload=_view_again,
    refusals={HTTPStatus.CONFLICT: "It is not live (`not_live`), or the default (`default`)."},
)  # fmt: skip
def retire_workflow(call: Call, workflow_id: UUID) -> WorkflowView:
    """Let no new record into a live workflow; those in it move on as they did."""
    return workflow_view(call, services.retire(call.session, _for_change(call, workflow_id)))

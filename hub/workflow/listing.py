"""The list of workflows, and what lists of the records that move through them show."""

from typing import Any

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Listing, Vocabulary
from hub.workflow.models import StateKind, Status, Workflow, WorkflowState
from hub.workflow.templates import TEMPLATES

STATE_KINDS = (
    Choice(StateKind.NEW, N_("New")),
    Choice(StateKind.WORKING, N_("Being worked on")),
    Choice(StateKind.WON, N_("Won")),
    Choice(StateKind.LOST, N_("Lost")),
    Choice(StateKind.PARKED, N_("Set aside")),
)

WORKFLOWS = Listing(
    name="workflows",
    model=Workflow,
    fields=(
        Field("id", Workflow.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("entity", Workflow.entity_name, label=N_("Entity"), facet=True),
        Field("code", Workflow.code, label=N_("Code"), facet=True),
        Field("name", Workflow.name, label=N_("Name")),
        Field("revision", Workflow.revision, label=N_("Revision"), kind=Kind.INTEGER),
        Field("status", Workflow.status, label=N_("Status"), kind=Kind.ENUM, facet=True, choices=(
            Choice(Status.DRAFT, N_("Draft")),
            Choice(Status.LIVE, N_("Live")),
            Choice(Status.RETIRED, N_("Retired")),
        )),
        Field("is_default", Workflow.is_default, label=N_("Default"), kind=Kind.BOOLEAN,
              facet=True),
        Field("created_at", Workflow.created_at, label=N_("Created"), kind=Kind.DATETIME,
              sortable=True),
    ),
    default_sort=("created_at",),
)  # fmt: skip


def states_of(model: type[Any]) -> Vocabulary:
    """Return the words for the states that records are in; offered are those new ones may reach."""
    entries = (
        select(WorkflowState.key, WorkflowState.label, true())
        .join(Workflow, Workflow.id == WorkflowState.workflow_id)
        .where(Workflow.entity_name == model.entity(), Workflow.is_default)
        .order_by(WorkflowState.sort)
    )
    label = (
        select(WorkflowState.label)
        .where(WorkflowState.workflow_id == model.workflow_id, WorkflowState.key == model.state)
        .correlate(model)
        .scalar_subquery()
    )
    ours = (
        state.label
        for template in TEMPLATES.get(model.entity(), ())
        for state in template.definition.states
    )
    return Vocabulary(entries, label, frozenset(ours))


def labels_of_states(session: Session, record: Any) -> dict[str, str]:
    """Return what the states of a record's workflow are called, by key.

    Those of all its revisions; of a key with several labels, what the newest calls it.
    """
    followed = select(Workflow.code).where(Workflow.id == record.workflow_id).scalar_subquery()
    labels = (
        select(WorkflowState.key, WorkflowState.label)
        .join(Workflow, Workflow.id == WorkflowState.workflow_id)
        .where(Workflow.entity_name == record.entity(), Workflow.code == followed)
        .order_by(Workflow.revision)
    )
    return {row.key: row.label for row in session.execute(labels)}


def workflow_code(model: type[Any]) -> ColumnElement[str]:
    """Return the SQL for the code of the workflow that a record is in, whatever revision."""
    code = select(Workflow.code).where(Workflow.id == model.workflow_id)
    return code.correlate(model).scalar_subquery()

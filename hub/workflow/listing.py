"""The list of workflows."""

from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Listing
from hub.workflow.models import Status, Workflow

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

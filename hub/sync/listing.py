"""The lists of conflicts and runs."""

from sqlalchemy import select

from hub.connections.models import Conflict, Connection, Run
from hub.customers.models import Customer
from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Listing

_CUSTOMER = (
    select(Customer.name)
    .where(Customer.id == Conflict.customer_id)
    .correlate(Conflict)
    .scalar_subquery()
)
_CONNECTION = (
    select(Connection.name)
    .where(Connection.id == Run.connection_id)
    .correlate(Run)
    .scalar_subquery()
)

CONFLICTS = Listing(
    name="conflicts",
    model=Conflict,
    fields=(
        Field("id", Conflict.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("customer", Conflict.customer_id, label=N_("Customer"), kind=Kind.UUID,
              caption=_CUSTOMER),
        Field("connection", Conflict.connection_id, label=N_("Connection"), kind=Kind.UUID,
              facet=True),
        Field("field", Conflict.field, label=N_("Field"), facet=True),
        Field("base", Conflict.base, label=N_("Before")),
        Field("local", Conflict.local, label=N_("Here")),
        Field("remote", Conflict.remote, label=N_("There")),
        Field("state", Conflict.state, label=N_("State"), kind=Kind.ENUM, facet=True, choices=(
            Choice("open", N_("Open")),
            Choice("resolved", N_("Resolved")),
            Choice("obsolete", N_("Obsolete")),
        )),
        Field("created_at", Conflict.created_at, label=N_("Created"), kind=Kind.DATETIME,
              sortable=True),
    ),
    default_sort=("-created_at",),
)  # fmt: skip

RUNS = Listing(
    name="runs",
    model=Run,
    fields=(
        Field("id", Run.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("kind", Run.kind, label=N_("Kind"), facet=True),
        Field("connection", Run.connection_id, label=N_("Connection"), kind=Kind.UUID,
              facet=True, caption=_CONNECTION),
        Field("state", Run.state, label=N_("State"), kind=Kind.ENUM, facet=True, choices=tuple(
            Choice(state, state) for state in (
                "queued", "running", "waiting", "succeeded", "partial", "failed", "cancelled",
            )
        )),
        Field("started_at", Run.started_at, label=N_("Started"), kind=Kind.DATETIME,
              sortable=True),
        Field("ended_at", Run.ended_at, label=N_("Ended"), kind=Kind.DATETIME),
    ),
    default_sort=("-started_at",),
)  # fmt: skip

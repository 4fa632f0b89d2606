"""The lists of a pool: the cards of what waits in it, and the claims."""

from sqlalchemy import select

from hub.access.models import User
from hub.customers.listing import POOL_STATES
from hub.customers.models import Customer
from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Listing
from hub.pools.models import ClaimMode, ClaimState, PoolClaim

_CLAIMER = (
    select(User.name).where(User.id == PoolClaim.user_id).correlate(PoolClaim).scalar_subquery()
)

CARDS = Listing(
    name="pool-customers",
    model=Customer,
    fields=(
        Field("id", Customer.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("name", Customer.name, label=N_("Name"), sortable=True, sort_key=Customer.sort_name,
              width=40),
        Field("region", Customer.region, label=N_("Region"), facet=True),
        Field("industry", Customer.industry, label=N_("Industry"), facet=True),
        Field("pool_state", Customer.pool_state, label=N_("Pool state"), kind=Kind.ENUM,
              facet=True, choices=POOL_STATES[:2]),
        Field("pooled_at", Customer.pooled_at, label=N_("In the pool since"), kind=Kind.DATETIME,
              sortable=True, width=18),
    ),
    default_sort=("pooled_at",),
)  # fmt: skip
"""A card has no other fields, to filter by either: a filter on what is masked would tell it."""

CLAIMS = Listing(
    name="pool-claims",
    model=PoolClaim,
    fields=(
        Field("id", PoolClaim.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("customer", PoolClaim.customer_id, label=N_("Customer"), kind=Kind.UUID),
        Field("user", PoolClaim.user_id, label=N_("User"), kind=Kind.USER, facet=True,
              caption=_CLAIMER, width=20),
        Field("mode", PoolClaim.mode, label=N_("Got by"), kind=Kind.ENUM, facet=True, choices=(
            Choice(ClaimMode.APPLY, N_("Application")),
            Choice(ClaimMode.ASSIGN, N_("Assignment")),
            Choice(ClaimMode.RANDOM, N_("Draw")),
            Choice(ClaimMode.SELF, N_("Own choice")),
        )),
        Field("state", PoolClaim.state, label=N_("State"), kind=Kind.ENUM, facet=True, choices=(
            Choice(ClaimState.APPLIED, N_("Applied for")),
            Choice(ClaimState.OWNED, N_("Owned")),
            Choice(ClaimState.REFUSED, N_("Refused")),
            Choice(ClaimState.WITHDRAWN, N_("Withdrawn")),
            Choice(ClaimState.EXPIRED, N_("Expired")),
            Choice(ClaimState.RELEASED, N_("Released")),
            Choice(ClaimState.TAKEN_BACK, N_("Taken back from the owner")),
            Choice(ClaimState.RECALLED, N_("Recalled")),
            Choice(ClaimState.PASSED_ON, N_("Passed on")),
        )),
        Field("draw", PoolClaim.draw_id, label=N_("Draw"), kind=Kind.UUID, shown=False),
        Field("reason", PoolClaim.reason, label=N_("Reason"), width=40),
        Field("owned_at", PoolClaim.owned_at, label=N_("Owned since"), kind=Kind.DATETIME,
              width=18),
        Field("escalated_at", PoolClaim.escalated_at, label=N_("Gone up"), kind=Kind.DATETIME,
              width=18),
        Field("recall_on", PoolClaim.recall_on, label=N_("Goes back on"), kind=Kind.DATE),
        Field("ended_at", PoolClaim.ended_at, label=N_("Ended"), kind=Kind.DATETIME, width=18),
        Field("ended_reason", PoolClaim.ended_reason, label=N_("Reason of the end"), width=40),
        Field("created_at", PoolClaim.created_at, label=N_("Claimed"), kind=Kind.DATETIME,
              sortable=True, width=18),
    ),
    default_sort=("-created_at",),
)  # fmt: skip

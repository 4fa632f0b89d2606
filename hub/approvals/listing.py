"""The list of approvals; by subject it is asked for below the subject, which has to be seen."""

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement

from hub.access.models import User
from hub.approvals.models import Approval, ApprovalState
from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Listing


def _name_of(column: InstrumentedAttribute[object]) -> ColumnElement[str]:
    return select(User.name).where(User.id == column).correlate(Approval).scalar_subquery()


APPROVALS = Listing(
    name="approvals",
    model=Approval,
    fields=(
        Field("id", Approval.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("action", Approval.action, label=N_("Action"), facet=True, width=24),
        Field("state", Approval.state, label=N_("State"), kind=Kind.ENUM, facet=True, choices=(
            Choice(ApprovalState.REQUESTED, N_("Requested")),
            Choice(ApprovalState.APPROVED, N_("Approved")),
            Choice(ApprovalState.REFUSED, N_("Refused")),
            Choice(ApprovalState.WITHDRAWN, N_("Withdrawn")),
            Choice(ApprovalState.EXPIRED, N_("Expired")),
        )),
        Field("requested_by", Approval.requested_by, label=N_("Requested by"), kind=Kind.USER,
              facet=True, caption=_name_of(Approval.requested_by), width=20),
        Field("reason", Approval.reason, label=N_("Reason"), width=40),
        Field("decided_by", Approval.decided_by, label=N_("Decided by"), kind=Kind.USER,
              facet=True, caption=_name_of(Approval.decided_by), width=20),
        Field("decided_at", Approval.decided_at, label=N_("Decided"), kind=Kind.DATETIME,
              sortable=True, width=18),
        Field("decision_reason", Approval.decision_reason, label=N_("Reason of the decision"),
              width=40),
        Field("expires_at", Approval.expires_at, label=N_("Expires"), kind=Kind.DATETIME,
              width=18),
        Field("escalated_at", Approval.escalated_at, label=N_("Gone up"), kind=Kind.DATETIME,
              width=18),
        Field("created_at", Approval.created_at, label=N_("Requested"), kind=Kind.DATETIME,
              sortable=True, width=18),
    ),
    default_sort=("-created_at",),
)  # fmt: skip

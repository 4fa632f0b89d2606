"""Customers that were deleted in the accounting system, whose changes reach nobody any more."""

from sqlalchemy import literal_column
from sqlalchemy.orm import Session

from hub.connections.models import Connection, ExternalLink, LinkState
from hub.customers.models import Customer
from hub.i18n import N_
from hub.problems.cause import Cause, Words
from hub.problems.causes.by_connection import counted_by_connection
from hub.problems.models import ProblemKind


def find(session: Session) -> list[Cause]:
    """See `hub.problems.cause.Finder`: one cause for each connection."""
    rows = session.execute(
        counted_by_connection(ExternalLink, ExternalLink.updated_at)
        .join(Customer, Customer.id == ExternalLink.customer_id)
        .where(
            # Said as the index is, so that a prepared plan may use it.
            ExternalLink.state == literal_column(f"'{LinkState.ORPHANED.value}'"),
            ExternalLink.last_in_at.is_not(None),  # or it never was there, and somebody mistyped it
            ExternalLink.deleted_at.is_(None),
            Connection.deleted_at.is_(None),
            Customer.deleted_at.is_(None),
            Customer.merged_into_id.is_(None),
        )
    )
    return [
        Cause(
            key=f"gone_there:{row.id}",
            kind=ProblemKind.GONE_THERE,
            subject_name=row.name,
            subject=("connection", row.id),
            since=row.since,
            count=row.number,
            message=Words(
                "gone_there", _ONE if row.number == 1 else _SEVERAL, {"count": row.number}
            ),
            remedy=Words(
                "make_anew_or_unlink",
                N_(
                    "Have each of them made anew there or link it to another one, or unlink it"
                    " where it is meant to be gone."
                ),
            ),
            link="/api/v1/customers?accounting.state=failed",
            owner_user_id=row.owner_user_id,
        )
        for row in rows
    ]


_ONE = N_("A customer is gone there: it was deleted, and no change of it is sent any more.")
_SEVERAL = N_(
    "{count} customers are gone there: they were deleted, and no change of them is sent any more."
)

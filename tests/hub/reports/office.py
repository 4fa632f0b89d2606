"""Two people, their customers, and reports about these."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.access.models import User
from hub.access.roles import Role
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.errors import HubError
from hub.ledger.setbacks import Setback, words_of
from hub.listing import Reader
from hub.reports import definitions, schedules
from hub.reports.datasets import DATASETS
from hub.reports.models import (
    EmptyPolicy,
    FileFormat,
    RecipientsMode,
    ReportDef,
    ReportSchedule,
)
from hub.reports.schedules import Recipients

NOW = datetime(2026, 12, 7, 6, 30, tzinfo=UTC)  # a Monday, 07:30 in Copenhagen
ZONE = "Europe/Copenhagen"


def make_user(session: Session, name: str, **fields: Any) -> User:
    fields["roles"] = [fields.pop("role", Role.REPRESENTATIVE)]
    user = User(email=f"{name.casefold()}@example.com", name=name, **fields)
    session.add(user)
    session.flush()
    return user


def make_customer(
    session: Session, name: str, owner: User | None = None, **fields: Any
) -> Customer:
    created_at = fields.pop("created_at", None)
    customer = customers.create(
        session,
        {"name": name, "owner_user_id": owner.id if owner else None, **fields},
        now=NOW,
        check_duplicates=False,
    )
    if created_at is not None:
        customer.created_at = created_at
    session.flush()
    return customer


def reader_of(user: User, now: datetime = NOW) -> Reader:
    return Reader(
        now=now, zone=ZONE, user_id=user.id, locale=user.locale or "en",
        classes=frozenset({"public", "internal"}),
    )  # fmt: skip


def ended(identifier: UUID, error: Exception) -> Setback:
    """Return what the job that makes a file is told to have ended with."""
    args = {"export_id": str(identifier), "report_run_id": str(identifier)}
    code = error.code if isinstance(error, HubError) else "internal"
    return Setback(identifier, "reports.render", args, code, words_of(error), error)


def make_report(
    session: Session,
    owner: User,
    query: dict[str, Any] | None = None,
    *,
    dataset: str = "customers",
    name: str = "My customers",
    format: FileFormat = FileFormat.XLSX,  # noqa: A002 - the field's own name
) -> ReportDef:
    return definitions.create(
        session,
        DATASETS[dataset],
        name=name,
        query=query or {},
        format=format,
        reader=reader_of(owner),
    )


def make_schedule(
    session: Session,
    report: ReportDef,
    recipients: list[UUID] | None = None,
    *,
    on_empty: EmptyPolicy = EmptyPolicy.SEND,
    rule: str = "FREQ=WEEKLY;BYDAY=MO",
) -> ReportSchedule:
    mode = RecipientsMode.EACH_OWNER if recipients is None else RecipientsMode.USERS
    return schedules.create(
        session,
        report,
        rule=rule,
        zone=ZONE,
        starts_at_local=datetime(2026, 1, 5, 8, 0),  # noqa: DTZ001 - a wall-clock time
        recipients=Recipients(mode, tuple(recipients or ())),
        on_empty=on_empty,
        owner_user_id=report.owner_user_id,
        now=NOW,
    )

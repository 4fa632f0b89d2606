"""Schedules of reports: who gets which report, and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.access.people import active_among
from hub.calendar_time import check_zone
from hub.errors import ValidationError
from hub.i18n import N_
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.schedules import first_time
from hub.ledger.tasks import TaskName
from hub.recurrence import parse_rule
from hub.reports.datasets import Dataset
from hub.reports.definitions import dataset_of
from hub.reports.models import EmptyPolicy, RecipientsMode, ReportDef, ReportSchedule

MOST_RECIPIENTS = 500
_RHYTHM = {"rule", "zone", "starts_at_local", "active"}


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who gets a report: the users named, or with `EACH_OWNER` everyone who owns rows of it."""

    mode: RecipientsMode
    user_ids: Sequence[UUID] = ()


def create(
    session: Session,
    report: ReportDef,
    *,
    rule: str,
    zone: str,
    starts_at_local: datetime,
    recipients: Recipients,
    on_empty: EmptyPolicy,
    owner_user_id: UUID,
    now: datetime,
    name: str | None = None,
    active: bool = True,
) -> ReportSchedule:
    """Run a report whenever a rule falls, on the wall clock of a zone.

    `starts_at_local` is the wall-clock time that the rule counts from; `name` is the report's where
    it is None.

    Raises:
        ValidationError: the rule, the zone or a recipient is none, or the rule never falls again.
    """
    _check_recipients(session, dataset_of(report), recipients)
    schedule = ReportSchedule(
        name=name or report.name,
        task=TaskName.RUN_REPORT.value,
        args={},
        rule=str(parse_rule(rule)),
        zone=check_zone(zone),
        starts_at_local=_wall_time(starts_at_local),
        active=active,
        owner_user_id=owner_user_id,
        report_id=report.id,
        recipients_mode=recipients.mode,
        recipient_ids=list(recipients.user_ids),
        on_empty=on_empty,
    )
    schedule.next_at = _next(schedule, now)
    session.add(schedule)
    session.flush()
    return schedule


def update(
    session: Session, schedule: ReportSchedule, changes: Mapping[str, Any], *, now: datetime
) -> ReportSchedule:
    """Change the named fields; where the rhythm changes, the next time is reckoned anew.

    Raises:
        ValidationError: as `create`.
    """
    for field, value in changes.items():
        match field:
            case "recipients":
                report = session.get_one(ReportDef, schedule.report_id)
                _check_recipients(session, dataset_of(report), value)
                schedule.recipients_mode = value.mode
                schedule.recipient_ids = list(value.user_ids)
            case "rule":
                schedule.rule = str(parse_rule(value))
            case "zone":
                schedule.zone = check_zone(value)
            case "starts_at_local":
                schedule.starts_at_local = _wall_time(value)
            case _:
                setattr(schedule, field, value)
    if _RHYTHM & set(changes):
        schedule.next_at = _next(schedule, now)
    session.flush()
    return schedule


def delete(session: Session, schedule: ReportSchedule, *, now: datetime) -> None:
    """End a schedule; its runs and their files stay."""
    schedule.deleted_at = now
    schedule.active = False
    schedule.next_at = None
    session.flush()


def run_now(session: Session, schedule: ReportSchedule, *, now: datetime) -> Enqueued:
    """Run a schedule once beside its rhythm, as if it had been planned for this moment."""
    return enqueue(
        session,
        TaskName.RUN_REPORT,
        key=f"schedule:{schedule.id}:{now.isoformat()}",
        subject=("schedule", schedule.id),
        schedule_id=schedule.id,
        planned_at=now,
    )


def _next(schedule: ReportSchedule, now: datetime) -> datetime | None:
    if not schedule.active:
        return None
    following = first_time(schedule, now)
    if following is None:
        raise ValidationError.of("/rule", "rule.ended", N_("The rule does not fall again."))
    return following


def _wall_time(local: datetime) -> str:
    if local.tzinfo is not None:
        raise ValidationError.of(
            "/starts_at_local", "wall_time",
            N_("Must be a time without an offset: the zone is said apart."),
        )  # fmt: skip
    return local.isoformat()


def _check_recipients(session: Session, dataset: Dataset, recipients: Recipients) -> None:
    pointer = "/recipients/user_ids"
    if recipients.mode is RecipientsMode.EACH_OWNER:
        if dataset.owner is None:
            raise ValidationError.of(
                "/recipients/mode", "no_owners",
                N_("The rows of {dataset} have no owners; name the users."), dataset=dataset.name,
            )  # fmt: skip
        if recipients.user_ids:
            raise ValidationError.of(
                pointer, "not_with_each_owner", N_("Must be left out: each owner is sent his own.")
            )
        return
    wanted = set(recipients.user_ids)
    if not wanted:
        raise ValidationError.of(pointer, "required", N_("Name at least one user."))
    if len(wanted) > MOST_RECIPIENTS or len(wanted) < len(recipients.user_ids):
        raise ValidationError.of(
            pointer, "too_many", N_("Name each user once, and {most} at most."),
            most=MOST_RECIPIENTS,
        )  # fmt: skip
    active = active_among(session, wanted)
    if wanted - active:
        raise ValidationError.of(
            pointer, "unknown_user", N_("There is no active user {ids}."),
            ids=", ".join(sorted(str(each) for each in wanted - active)),
        )  # fmt: skip

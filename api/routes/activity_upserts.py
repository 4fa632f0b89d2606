"""/activities/batch and /activities/by-external-ref/{ref}"""

from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.operations import Call, Permission, Verb
from api.presenting_activities import activity_view
from api.routes.activities import change, get_activity_record, refuse_unseen_contacts
from api.schemas.activities import ActivityUpsert, ActivityView, fields_of
from api.subjects import get_subjects
from api.upserting import Fields, Upsertable, Wanted, serve
from hub import external_refs, follow_ups
from hub.activities import services as activities
from hub.activities.models import Activity, ActivityState, ActivitySubject
from hub.entry_policies import enforcing as entries
from hub.errors import ValidationError
from hub.i18n import N_
from hub.subjects import CUSTOMER, lock_subject, order, subjects

blueprint = Blueprint("activity_upserts", __name__)


def _hold(call: Call[Any, Any], wanted: Wanted) -> None:
    """Lock what a batch is about, in the order in which everybody locks it."""
    references = [reference for reference, _ in wanted]
    rows = call.session.execute(
        select(
            ActivitySubject.subject_type, ActivitySubject.subject_id, ActivitySubject.customer_id
        )
        .join(Activity, Activity.id == ActivitySubject.activity_id)
        .where(Activity.external_ref.in_(references), Activity.deleted_at.is_(None))
    ).all()
    found = {(row.subject_type, row.subject_id) for row in rows}
    found |= {(CUSTOMER, row.customer_id) for row in rows if row.customer_id is not None}
    for _, fields in wanted:
        for each in fields.get("subjects") or ():
            if each.id is not None:
                found.add((each.type, each.id))
            elif record := external_refs.find(
                call.session, subjects()[each.type], each.external_ref
            ):
                found.add((each.type, record.id))
    for entity, identifier in sorted(found, key=order):
        lock_subject(call.session, entity, identifier)
    entries.hold(call.session, Activity, (fields for _, fields in wanted))


def _lock(call: Call[Any, Any], activity_id: UUID, expected_version: int | None) -> Activity:
    return get_activity_record(call, Verb.EDIT, activity_id, expected_version)


def _create(call: Call[Any, Any], fields: Fields, keys_are_held: bool) -> Activity:  # noqa: FBT001 - as `Upsertable.create` is called
    del keys_are_held
    about = get_subjects(call, Verb.COMMENT, fields.get("subjects") or [])
    values = fields_of(fields)
    refuse_unseen_contacts(call, values)
    return activities.create(
        call.session, about, values, zone=call.zone, now=call.now,
        state=fields.get("state") or ActivityState.PLANNED, happened_at=fields.get("happened_at"),
        caller=call.principal,
    )  # fmt: skip


def _change(call: Call[Any, Any], activity: Activity, fields: Fields) -> None:
    state, happened_at = fields.get("state", activity.state), fields.get("happened_at")
    moves = state is not activity.state
    if happened_at is not None and not moves and happened_at != activity.at:
        raise ValidationError.of(
            "/happened_at", "by_an_act", N_("It is settled: it changes by acts of its own.")
        )
    if moves and activity.state is ActivityState.DONE:  # its time may change once it is open again
        follow_ups.move_activity(call.session, activity, state, now=call.now)
        moves = False
    change(call, activity, fields_of(fields), fields.get("subjects", ...))
    if moves:
        follow_ups.move_activity(
            call.session, activity, state, now=call.now, happened_at=happened_at
        )


serve(
    blueprint,
    Upsertable(
        path="activities",
        model=Activity,
        body=ActivityUpsert,
        answer=ActivityView,
        creating=Permission(Verb.CREATE, "activities"),
        changing=Permission(Verb.EDIT, "activities"),
        needed=("kind", "title"),
        compared=(activities.WRITABLE - {"start", "end", "due"})
        | {"starts_local", "ends_local", "due_local", "state", "subject_ids"},
        view=activity_view,
        hold=_hold,
        lock=_lock,
        create=_create,
        change=_change,
    ),
    described="A new one has a `kind` and a `title`; another `state` moves it.",
)

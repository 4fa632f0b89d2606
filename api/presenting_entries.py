"""What is to be known of a record as it was entered, and of whom it was given to."""

from collections.abc import Mapping
from typing import Any

from api.calls import Call
from api.schemas.custom_fields import WarningView
from hub.absences.presence import away
from hub.access import owning
from hub.access.assignable import TEAM
from hub.access.models import User
from hub.entry_policies.enforcing import warnings_of
from hub.history.recording import changes_noted
from hub.i18n import N_, translate

_PEOPLE = owning.FIELDS - {TEAM}
_ABSENT = N_("{name} is away until {until}; it is given all the same.")


def warning_views(call: Call[Any, Any], record: Any) -> list[WarningView]:
    """Return what this request is to be told of a record that it wrote."""
    if call.shown:  # a page is only read
        return []
    warned = warnings_of(call.session, record)
    changes = changes_noted(call.session, record.entity(), record.id)
    if not warned and not changes:
        return []
    return [
        WarningView(
            pointer=each.pointer,
            code=each.code,
            text=translate(call.language, each.text, {"field": each.field}),
            existing_id=each.existing_id,
            existing_entity=each.existing_entity or record.entity(),
            score=each.score,
        )
        for each in warned
    ] + _of_absent(call, changes)


def _of_absent(call: Call[Any, Any], changes: Mapping[str, tuple[Any, Any]]) -> list[WarningView]:
    """Return what is to be known where this request gave a record to somebody who is away."""
    named = {
        field: changes[field][1]
        for field in sorted(_PEOPLE & changes.keys())
        if changes[field][1] not in {None, call.principal.user_id}
    }
    absent = away(call.session, list(named.values()), now=call.now) if named else {}
    return [
        WarningView(
            pointer=f"/{field}",
            code="absent",
            text=translate(
                call.language, _ABSENT,
                {"name": call.session.get_one(User, user_id).name, "until": absent[user_id]},
            ),
            existing_id=user_id,
            existing_entity=User.entity(),
        )
        for field, user_id in named.items()
        if user_id in absent
    ]  # fmt: skip

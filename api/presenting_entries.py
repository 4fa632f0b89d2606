"""What is to be known of a record as it was entered."""

from typing import Any

from api.calls import Call
from api.schemas.custom_fields import WarningView
from hub.entry_policies.enforcing import DUPLICATE, TAKEN, warnings_of
from hub.i18n import translate


def warning_views(call: Call[Any, Any], record: Any) -> list[WarningView]:
    """Return what this request is to be told of a record that it wrote."""
    return [
        WarningView(
            pointer=each.pointer,
            code=DUPLICATE,
            text=translate(call.language, TAKEN, {"field": each.field}),
            existing_id=each.existing_id,
        )
        for each in warnings_of(call.session, record)
    ]

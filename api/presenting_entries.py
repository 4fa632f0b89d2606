"""What is to be known of a record as it was entered."""

from typing import Any

from api.calls import Call
from api.schemas.custom_fields import WarningView
from hub.entry_policies.enforcing import warnings_of
from hub.i18n import translate


def warning_views(call: Call[Any, Any], record: Any) -> list[WarningView]:
    """Return what this request is to be told of a record that it wrote."""
    return [
        WarningView(
            pointer=each.pointer,
            code=each.code,
            text=translate(call.language, each.text, {"field": each.field}),
            existing_id=each.existing_id,
            existing_entity=each.existing_entity or record.entity(),
            score=each.score,
        )
        for each in warnings_of(call.session, record)
    ]

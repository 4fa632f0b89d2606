"""Messages kept with records, shown in the reader's language."""

from collections.abc import Mapping
from typing import Any

from api.calls import Call
from api.schemas.customers import MessageView
from hub.i18n import translate


def message_view(call: Call[Any, Any], message: Mapping[str, Any] | None) -> MessageView | None:
    """Return a kept message {code, text, params, link} as the caller reads it."""
    if not message:
        return None
    return MessageView(
        code=message["code"],
        text=translate(call.language, message["text"], message.get("params") or None),
        link=message.get("link"),
    )

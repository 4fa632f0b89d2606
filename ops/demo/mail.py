"""What has arrived in the mailbox."""

from typing import Any

from ops.demo.stage import Stage


def newest_position(stage: Stage) -> int:
    """Return the number of the last mail so far, 0 before the first."""
    messages = stage.mailbox.call("GET", "/messages").json
    return max((message["position"] for message in messages), default=0)


def mail_since(stage: Stage, position: int, recipient: str) -> list[dict[str, Any]]:
    """Return what a person got after a position, whole and oldest first."""
    found = stage.mailbox.call(
        "GET", "/messages", query={"after": position, "recipient": recipient}
    ).json
    return [stage.mailbox.call("GET", f"/messages/{one['position']}").json for one in found]


def calendar_property(mail: dict[str, Any], name: str) -> str | None:
    """Return a property of a mail's event as it is written there."""
    properties = (mail["calendar"] or {}).get("properties", [])
    return next((value for key, value in properties if key == name), None)

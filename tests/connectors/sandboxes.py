"""Steering a running sandbox over its own paths, as the demonstration does."""

from typing import Any

import requests

from connectors.sandbox import RunningSandbox


def steer(sandbox: RunningSandbox, method: str, path: str, body: Any = None) -> Any:
    """Call ``/_sandbox/<path>`` and return what it answers, None for nothing."""
    url = f"{sandbox.url}/_sandbox/{path}"
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(method, url, json=body, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def fail(sandbox: RunningSandbox, kind: str, **options: Any) -> None:
    """Plan a fault that lasts until cleared."""
    steer(sandbox, "POST", "faults", {"kind": kind, "times": None, **options})


def received(sandbox: RunningSandbox) -> list[dict[str, Any]]:
    """Return the requests that came in, oldest first."""
    found: list[dict[str, Any]] = steer(sandbox, "GET", "requests")
    return found

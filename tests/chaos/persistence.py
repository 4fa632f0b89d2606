"""A client that does not give up: it asks again until it knows what became of its request."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import requests

PAUSE_S = 0.2
PATIENCE_S = 300.0
MISSED = 412
UNKNOWN = frozenset({500, 502, 503, 504})
"""After these, as after no answer at all, nobody knows whether it was done."""


class GaveUpError(AssertionError):
    """No final answer came within the client's patience."""


class PersistentClient:
    """Asks one Hub; safe between threads. `repeats` counts requests that were sent again."""

    def __init__(self, base_url: str, token: str) -> None:
        self._base_url = f"{base_url}/api/v1"
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        self.repeats = 0

    def get(self, path: str, **parameters: Any) -> Any:
        """Return what a path shows."""
        answer = self._ask("GET", path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: object = None, *, data: bytes | None = None) -> Any:
        """Post once, however often it has to be sent; returns the answer, which is a success.

        Args:
            path: below the API's own.
            body: what is sent as JSON.
            data: a CSV file instead.
        """
        content = {"json": body} if data is None else {"data": data}
        headers = {"Idempotency-Key": uuid4().hex}
        if data is not None:
            headers["Content-Type"] = "text/csv"
        answer = self._ask("POST", path, headers=headers, **content)
        assert answer.status_code in {200, 201, 202}, answer.text
        return answer.json()

    def post_in_time(self, path: str, body: object) -> Any | None:
        """Post as `post` does what is to fall due; None where it lies in the past by then."""
        answer = self._ask("POST", path, headers={"Idempotency-Key": uuid4().hex}, json=body)
        if answer.status_code == 422 and '"past"' in answer.text:
            return None
        assert answer.status_code == 201, answer.text
        return answer.json()

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Bring fields to these values, whoever else changes others meanwhile."""
        while True:
            now = self.get(path)
            if all(now[name] == value for name, value in body.items()):
                return now
            changed = self._change(path, now["version"], body)
            if changed is not None:
                return changed

    def change(self, path: str, body: Mapping[str, Any]) -> Any:
        """Do the same with what is never shown, such as a secret: it may be set again."""
        while True:
            changed = self._change(path, self.get(path)["version"], body)
            if changed is not None:
                return changed

    def _change(self, path: str, version: int, body: Mapping[str, Any]) -> Any | None:
        """Change a version of a record; returns the record, None where it is another by now."""
        answer = self._ask("PATCH", path, headers={"If-Match": f'"{version}"'}, json=body)
        if answer.status_code == MISSED:
            return None
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **rest: Any
    ) -> requests.Response:
        deadline = time.monotonic() + PATIENCE_S
        last: object = None
        while time.monotonic() < deadline:
            try:
                answer = requests.request(
                    method,
                    self._base_url + path,
                    headers={**self._headers, **(headers or {})},
                    timeout=PATIENCE_S / 5,
                    **rest,
                )
            except requests.RequestException as error:
                last = error
            else:
                in_flight = answer.status_code == 409 and "in_flight" in answer.text
                if answer.status_code not in UNKNOWN and not in_flight:
                    return answer
                last = answer.text
            self.repeats += 1
            time.sleep(PAUSE_S)
        raise GaveUpError(f"{method} {path}: {last}")

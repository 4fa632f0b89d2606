"""Calls over HTTP, as any script would make them."""

import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from ops.demo.telling import StoryError

_TIMEOUT_S = 60  # longer than any answer is held
_JOB = re.compile(r"/api/v1/jobs/([0-9a-f-]{36})")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; `json` is None where it is no JSON."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    json: Any

    @property
    def jobs(self) -> list[str]:
        """The ids of the jobs that the answer names, in its order."""
        named = f"{self.headers.get('location', '')} {self.headers.get('link', '')}"
        return list(dict.fromkeys(_JOB.findall(named)))


class HttpServer:
    """One server, called with the same headers each time."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = url
        self._headers = dict(headers or {})

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, object] | None = None,
    ) -> Reply:
        """Make a call and return its answer, whatever its status.

        Raises:
            StoryError: nobody answers.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        content = None if body is None else _encoded(body)
        sent = self._headers | dict(headers or {})
        if body is not None and "Content-Type" not in sent:
            sent["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=_TIMEOUT_S)
        try:
            connection.request(method, target, content, sent)
            answer = connection.getresponse()
            return _read(answer)
        except (OSError, http.client.HTTPException) as error:
            raise StoryError(f"{self.url} does not answer: {error}") from error
        finally:
            connection.close()


def _encoded(body: object) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()


def _read(answer: http.client.HTTPResponse) -> Reply:
    content = answer.read()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    is_json = "json" in headers.get("content-type", "")
    return Reply(answer.status, headers, content, json.loads(content) if is_json else None)

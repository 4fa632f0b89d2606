"""What the story plays on: the servers, the people, and ways to look whether it went well."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ops.demo.client import HttpServer, Reply
from ops.demo.places import Places
from ops.demo.telling import StoryError, Teller

API = "/api/v1"
SECRETS = frozenset(
    {"webhook_secret", "app_secret_token", "agreement_grant_token", "secret", "password"}
)
_PATIENCE_S = 60.0
_POLL_S = 0.2
_SHOWN_LETTERS = 160


@dataclass(slots=True)
class Person:
    """Somebody who uses Hub: his calls carry his own token and language."""

    id: str
    name: str
    email: str
    server: HttpServer


@dataclass(slots=True)
class Stage:
    """Everything that the steps share.

    `sights` collects what can be looked at afterwards; `directory` holds what is kept as files.
    """

    teller: Teller
    places: Places
    administrator: HttpServer
    registry: HttpServer
    economic: HttpServer
    shop: HttpServer
    mailbox: HttpServer
    directory: Path
    people: dict[str, Person] = field(default_factory=dict)
    connections: dict[str, str] = field(default_factory=dict)
    sights: dict[str, str] = field(default_factory=dict)

    def show(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        status: int,
        fields: Mapping[str, str] | None = None,
        by: HttpServer | None = None,
        **headers: str,
    ) -> Reply:
        """Call Hub's API, print the call and the named fields of the answer, and return it.

        Args:
            method: of HTTP.
            path: below /api/v1.
            body: as JSON; secrets in it are not printed.
            status: the status that the answer must have.
            fields: what of the answer is printed: a name and a path such as ``registry.state``.
            by: who calls; the administrator when nobody is named.
            headers: with ``_`` for ``-``.

        Raises:
            StoryError: the answer has another status.
        """
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        preference = f"   (Prefer: {given['Prefer']})" if "Prefer" in given else ""
        shown = (
            "" if body is None else f" {_shortened(json.dumps(_masked(body), ensure_ascii=False))}"
        )
        self.teller.call(f"{method} {API}{path}{shown}{preference}")
        reply = self.quietly(method, path, body, status=status, by=by, headers=given)
        parts = [str(reply.status)]
        parts += [
            f"{name}={_plain(pick(reply.json, where))}" for name, where in (fields or {}).items()
        ]
        self.teller.answer("  ".join(parts))
        for job in reply.jobs[:1]:
            self.teller.answer(f"job {job}")
        return reply

    def quietly(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        status: int = 200,
        by: HttpServer | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, object] | None = None,
    ) -> Reply:
        """Call Hub's API without a word about it.

        Raises:
            StoryError: the answer has another status.
        """
        caller = by or self.administrator
        reply = caller.call(method, API + path, body, headers=headers, query=query)
        if reply.status != status:
            said = reply.content.decode("utf-8", "replace")[:800]
            asked = f"?{urlencode(query)}" if query else ""
            raise StoryError(
                f"{method} {API}{path}{asked} answered {reply.status} where {status} was expected: "
                f"{said}"
            )
        return reply

    def get(
        self, path: str, query: Mapping[str, object] | None = None, *, by: HttpServer | None = None
    ) -> Any:
        """Return what a path of the API holds."""
        return self.quietly("GET", path, by=by, query=query).json

    def change(self, path: str, body: object, *, by: HttpServer | None = None) -> Reply:
        """Change a record as it is now, shown."""
        version = self.get(path, by=by)["version"]
        return self.show("PATCH", path, body, status=200, by=by, If_Match=f'"{version}"')

    def eventually(
        self,
        read: Callable[[], Any],
        wanted: Callable[[Any], object],
        expectation: str,
        within_s: float = _PATIENCE_S,
    ) -> Any:
        """Read until what was read is as wanted, and return it.

        Raises:
            StoryError: it is not in time.
        """
        deadline = time.monotonic() + within_s
        while True:
            value = read()
            if wanted(value):
                return value
            if time.monotonic() > deadline:
                raise StoryError(f"{expectation}: not within {within_s:.0f} s. Last seen: {value}")
            time.sleep(_POLL_S)

    def check(self, condition: object, expectation: str, seen: object) -> None:
        """Pass when something is so.

        Raises:
            StoryError: it is not.
        """
        if not condition:
            raise StoryError(f"Expected: {expectation}. Seen: {seen}")

    def control(self, sandbox: HttpServer, method: str, path: str, body: object = None) -> Any:
        """Let something happen in a sandbox, or look into it.

        Raises:
            StoryError: it refuses.
        """
        reply = sandbox.call(method, path, body)
        if reply.status >= 400:  # noqa: PLR2004 - the refusals of HTTP
            raise StoryError(f"{sandbox.url}{path} answered {reply.status}: {reply.content!r}")
        return reply.json


def pick(value: Any, path: str) -> Any:
    """Return what a dotted path leads to, None where it leads nowhere."""
    for name in path.split("."):
        if isinstance(value, list):
            position = int(name)
            value = value[position] if position < len(value) else None
        elif isinstance(value, dict):
            value = value.get(name)
        else:
            return None
    return value


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    return (
        value
        if isinstance(value, str) and " " not in value
        else json.dumps(value, ensure_ascii=False)
    )


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: "…" if k in SECRETS and v else _masked(v) for k, v in value.items()}
    return value


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_LETTERS else text[: _SHOWN_LETTERS - 1] + "…"

"""Calls to e-conomic and the meaning of its replies: which error each refusal is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn

from connectors.accounting.economic.customer import FIELD_NAMES
from connectors.accounting.economic.declaration import SYSTEM
from connectors.http import HttpClient, HttpReply
from hub.errors import (
    AuthenticationError,
    MalformedReplyError,
    MissingError,
    PermanentError,
    RejectedError,
    RemoteConflictError,
    RemoteFieldError,
    TransientError,
    UnknownOutcomeError,
)

_DONE = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})
_MOST_KEYS = 24
"""Keys tried for one write within the hour that the vendor remembers refusals, if it does."""
MEANINGS: Mapping[str, str] = {
    "E04041": "It is not there, is barred, or its period is closed.",
    "E04042": "A value is needed.",
    "E04500": "It names nothing.",
    "E04730": "It is missing although another value needs it.",
    "E04740": "It has too many decimals.",
    "E04760": "It is not a date as it should be.",
    "E06000": "There is none there.",
    "E06010": "It is taken there already.",
    "E06151": "It cannot be changed there any more.",
    "E07140": "There is no such group there.",
    "E07150": "There is no such account there.",
    "E07180": "It is not the one that was named.",
}
"""What the vendor's codes mean (restdocs.e-conomic.com, and as seen); his words may be Danish."""

_STEPS = frozenset({"errors", "items", "entries"})  # names in an error tree that are no properties


@dataclass(frozen=True, slots=True)
class Written:
    """What a write answered; `replayed` where the answer is that of an earlier equal request."""

    body: dict[str, Any]
    created: bool
    replayed: bool


class Caller:
    """Makes calls and returns JSON objects, or raises what the reply means."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def read(self, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return what is at a path.

        Raises:
            MissingError: nothing is.
        """
        reply = self._client.call("GET", path, params=params)
        if reply.status != HTTPStatus.OK:
            _refuse(reply, writing=False)
        return _object(reply)

    def write(
        self, method: str, path: str, body: Mapping[str, Any], key: str, *, repeatable: bool
    ) -> Written:
        """Write under an idempotency key.

        A refusal from the vendor's cache is that of an earlier try, before somebody mended things:
        the write is made again under the next key, which follows from the first. A failure from
        the cache is asked again only where a second execution does no harm (`repeatable`).
        """
        for attempt in range(_MOST_KEYS):
            this_key = f"{key}.{attempt}" if attempt else key
            reply = self._client.call(
                method, path, json=body, headers={"Idempotency-Key": this_key}
            )
            replayed = reply.headers.get("x-resultfromcache", "").lower() == "true"
            if reply.status in _DONE:
                return Written(_object(reply), reply.status == HTTPStatus.CREATED, replayed)
            failed = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            if not replayed or (failed and not repeatable):
                _refuse(reply, writing=True)
        raise TransientError(SYSTEM, "It keeps answering with a refusal of an earlier try.")


def _object(reply: HttpReply) -> dict[str, Any]:
    body = reply.json()
    if not isinstance(body, dict):
        raise MalformedReplyError(SYSTEM, "A reply is no JSON object.")
    return body


def _refuse(reply: HttpReply, *, writing: bool) -> NoReturn:
    status = reply.status
    if status == HTTPStatus.UNAUTHORIZED:
        raise AuthenticationError(SYSTEM, "The tokens are not valid, or were revoked.")
    if status == HTTPStatus.FORBIDDEN:
        raise PermanentError(
            SYSTEM,
            "The agreement does not allow this: a role or module is missing, or it is read-only.",
        )
    if status == HTTPStatus.NOT_FOUND:
        raise MissingError(SYSTEM, "What was named is not there.")
    if status == HTTPStatus.CONFLICT:
        raise RemoteConflictError(SYSTEM, "Another record stands in the way.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED:
        if writing:
            text = "It failed ({status}) and may or may not have done what was asked."
            raise UnknownOutcomeError(SYSTEM, text, status=status)
        raise TransientError(SYSTEM, "It failed ({status}).", status=status)
    if status == HTTPStatus.BAD_REQUEST:
        raise _rejection(reply.json())
    raise PermanentError(SYSTEM, "It answered {status} where it should not.", status=status)


def _rejection(envelope: Any) -> RejectedError:
    """Return the error of a 400; its words are the vendor's, in the agreement's language."""
    if not isinstance(envelope, dict):
        raise MalformedReplyError(SYSTEM, "A refusal has an unknown shape.")
    errors = tuple(_leaves(envelope.get("errors")))
    sentences = [error.message for error in errors] or [*_sentences(envelope)]
    return RejectedError(SYSTEM, "It refuses this: {words}", errors, words=" ".join(sentences))


def _leaves(errors: Any) -> Iterator[RemoteFieldError]:
    """Find every object with an error code, however deep and in whichever of the forms."""
    waiting: list[tuple[str, Any]] = [("", errors)]
    while waiting:
        name, node = waiting.pop(0)
        if isinstance(node, list):
            waiting += [(name, item) for item in node]
        elif isinstance(node, dict) and isinstance(node.get("errorCode"), str):
            said = node.get("errorMessage") or node.get("message") or node["errorCode"]
            named = str(node.get("propertyName") or name)
            field = FIELD_NAMES.get(named.lower(), named)
            code = node["errorCode"]
            yield RemoteFieldError(field, code, str(said), MEANINGS.get(code, ""))
        elif isinstance(node, dict):
            waiting += [
                (name if key.lower() in _STEPS else key, value) for key, value in node.items()
            ]


def _sentences(envelope: Mapping[str, Any]) -> Iterator[str]:
    errors = envelope.get("errors")
    texts = [text for text in errors if isinstance(text, str)] if isinstance(errors, list) else []
    yield str(envelope.get("message") or envelope.get("errorCode") or "no reason given")
    yield from texts

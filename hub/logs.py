"""Log lines as JSON, one event each, the same in all processes (reliability.md R-65).

The message of a record is the event's constant name, its facts come in `extra`. Line breaks are
escaped, so that nobody forges a line; values that look like secrets are blotted out wherever they
stand. Of an error only its class and the places it passed are kept, and its words only where they
are ours: the text of a database error quotes the very values that must not be in a log.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

from hub.errors import HubError

BLOT = "***"
_SECRET_NAME = re.compile(r"secret|password|authorization|cookie|credential|api_?key|(?<!_)token$")
_SECRET_VALUE = re.compile(
    r"hub_[0-9A-Za-z]{8}_[0-9A-Za-z]{8,64}"  # our own tokens
    r"|hub_(?:ticket|session)_[0-9A-Za-z_-]{8,64}"
    r"|whsec_[0-9A-Za-z+/=]{8,128}"
    r"|(?<=Bearer )[^\s\"']{8,512}"
    r"|(?<=Basic )[0-9A-Za-z+/=]{8,512}"
    r"|(?<=://)[^\s/@:]{0,128}:[^\s/@]{1,512}(?=@)",  # user:password@ of a URL
)
_MAX_VALUE = 2_000  # characters of one fact; a log is no place for bodies
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_facts: ContextVar[Mapping[str, Any]] = ContextVar("facts", default={})  # noqa: B039 - never changed in place


@contextmanager
def bound(**facts: Any) -> Iterator[None]:
    """Add facts such as `request_id` or `job_id` to every line that the block logs."""
    token = _facts.set({**_facts.get(), **facts})
    try:
        yield
    finally:
        _facts.reset(token)


def set_up_logging(process: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Make every logger of this process write JSON lines.

    Args:
        process: its name in each line, for example ``api`` or ``worker``.
        level: DEBUG, INFO, WARNING or ERROR.
        stream: where to; standard error where None.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object on one line."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "event": redact(record.getMessage()),
            "logger": record.name,
            "process": self._process,
            "pid": record.process,
        }
        for facts in (_facts.get(), vars(record)):
            for name, value in facts.items():
                if name not in _STANDARD and name not in line:
                    line[name] = _safe(name, value)
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe(record.exc_info[1], record.exc_info[2])
        return json.dumps(line, default=lambda value: _safe("", str(value)), ensure_ascii=True)


def describe(error: BaseException, trace: TracebackType | None) -> dict[str, Any]:
    """Return what a log may say of an error: its class, the places it passed, our own words."""
    told: dict[str, Any] = {
        "class": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(trace, limit=-12)
        ],
    }
    if isinstance(error, HubError):
        told["message"] = _safe("message", str(error))
    origin = getattr(error, "orig", None) or error  # what the driver raised below SQLAlchemy
    state = getattr(origin, "sqlstate", None)
    if isinstance(state, str):
        told["sqlstate"] = state
        told["constraint"] = getattr(getattr(origin, "diag", None), "constraint_name", None)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        told["cause"] = f"{type(cause).__module__}.{type(cause).__qualname__}"
    return told


def redact(text: str) -> str:
    """Return a text with everything that looks like a secret blotted out."""
    return _SECRET_VALUE.sub(BLOT, text)


def _safe(name: str, value: Any) -> Any:
    if name and _SECRET_NAME.search(name.lower()):
        return BLOT
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            text = redact(value[: 2 * _MAX_VALUE])
            return text if len(text) <= _MAX_VALUE else text[:_MAX_VALUE] + "…"
        case Mapping():
            return {str(key): _safe(str(key), item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_safe(name, item) for item in value]
        case _:
            return _safe(name, str(value))

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from hub.access.tokens import generate
from hub.db import transaction
from hub.errors import NotFoundError
from hub.logs import BLOT, bound, set_up_logging


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    set_up_logging("test", "INFO", written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)


def last(stream: io.StringIO) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(stream.getvalue().splitlines()[-1])
    return line


def test_a_line_names_the_event_and_its_facts(stream: io.StringIO) -> None:
    with bound(request_id="r-1"):
        logging.getLogger("hub.x").info("customer.created", extra={"count": 3, "system": "brreg"})

    line = last(stream)
    assert (line["event"], line["logger"], line["process"]) == ("customer.created", "hub.x", "test")
    assert (line["count"], line["system"], line["request_id"]) == (3, "brreg", "r-1")
    logging.getLogger("hub.x").info("other")
    assert "request_id" not in last(stream)


def test_nobody_forges_a_line(stream: io.StringIO) -> None:
    forged = 'x\r\n{"event": "forged"}\n\u2028{"event": "forged"}'

    logging.getLogger("x").info("event", extra={"name_given": forged})
    logging.getLogger("x").info("%s", forged)

    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert [json.loads(line)["event"] for line in lines] == ["event", forged]


@pytest.mark.parametrize(
    "value",
    [
        generate().text,
        f"Authorization: Bearer {generate().text}",
        "Bearer abcdefgh12345678",
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "postgresql://hub:s3cret-pw@db/hub",
        "redis://:s3cret-pw@127.0.0.1:6379",
    ],
    ids=["token", "token in a header", "bearer", "webhook secret", "database", "redis"],
)
def test_what_looks_like_a_secret_is_blotted_out(stream: io.StringIO, value: str) -> None:
    logging.getLogger("x").info("event %s", value, extra={"url": value, "list": [{"a": value}]})

    written = stream.getvalue()
    assert BLOT in written
    for part in (value, "s3cret-pw", "abcdefgh12345678", "C2FVsBQ"):
        assert part not in written


@pytest.mark.parametrize("name", ["password", "api_key", "Authorization", "client_secret", "token"])
def test_what_is_called_a_secret_is_blotted_out(stream: io.StringIO, name: str) -> None:
    logging.getLogger("x").info("event", extra={name: "plain", "headers": {name: "plain"}})

    assert "plain" not in stream.getvalue()


def test_a_long_value_is_cut(stream: io.StringIO) -> None:
    logging.getLogger("x").info("event", extra={"words": "y" * 10_000})

    assert len(last(stream)["words"]) == 2_001


def test_an_error_of_ours_speaks_for_itself(stream: io.StringIO) -> None:
    def fail() -> None:
        raise NotFoundError("customer", "7")

    with pytest.raises(NotFoundError) as raised:
        fail()
    logging.getLogger("x").error("failed", exc_info=raised.value)

    error = last(stream)["error"]
    assert error["class"] == "hub.errors.NotFoundError"
    assert error["message"] == "There is no customer 7."
    assert error["at"][-1].endswith(" fail")


def test_an_error_of_the_database_quotes_no_values(stream: io.StringIO, database: Engine) -> None:
    try:
        with transaction() as session:
            session.execute(text("select cast(:value as integer)"), {"value": "canary-value"})
    except SQLAlchemyError:
        logging.getLogger("x").exception("failed")

    error = last(stream)["error"]
    assert "canary" not in stream.getvalue()
    assert error["class"] == "sqlalchemy.exc.DataError"
    assert error["sqlstate"] == "22P02"

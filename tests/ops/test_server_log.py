"""What Granian says is written as everything else is."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from granian.log import LogLevels, configure_logging

from hub.logs import set_up_logging
from ops.server_log import granian_log
from tests.stack import Stack


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root, granian = logging.getLogger(), logging.getLogger("_granian")
    before = root.handlers[:], root.level, granian.handlers[:], granian.level, granian.propagate
    written = io.StringIO()
    set_up_logging("api", "INFO", written)
    configure_logging(LogLevels.info, granian_log())
    yield written
    root.handlers[:], granian.handlers[:] = before[0], before[2]
    root.setLevel(before[1])
    granian.setLevel(before[3])
    granian.propagate = before[4]
    granian.filters.clear()


def test_its_lines_are_json_like_all_others(
    stream: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("_granian").info("Listening at: http://127.0.0.1:8000")
    logging.getLogger("_granian.workers").warning("Something is wrong")

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["level"], line["event"], line["process"]) for line in lines] == [
        ("INFO", "Listening at: http://127.0.0.1:8000", "api"),
        ("WARNING", "Something is wrong", "api"),
    ]
    assert capfd.readouterr() == ("", "")


def test_nobody_is_warned_of_the_threads_that_are_meant(stream: io.StringIO) -> None:
    logging.getLogger("_granian").warning(
        "Configuration allows spawning up to 16 Python threads, which seems quite high"
    )

    assert stream.getvalue() == ""


@pytest.mark.stack
def test_the_log_of_the_api_has_lines_of_json_only(stack: Stack) -> None:
    stack.client.get("/healthz")

    events = [json.loads(line)["event"] for line in stack.lines("api")]
    assert any(event.startswith("Listening at: ") for event in events)
    assert not any("Python threads" in event for event in events)

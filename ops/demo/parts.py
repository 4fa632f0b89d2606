"""What ``hub up --demo`` starts besides Hub itself."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from hub.settings import PREFIX
from ops.data_directory import DataDirectory
from ops.demo.places import HOST, Places
from ops.errors import OperationError
from ops.installation import Installation
from ops.own_program import own_program
from ops.reach import answers, is_free, is_listening
from ops.supervisor.part import Part, Stage, Voice

STORY = "story"


def demo_parts(installation: Installation, *, colour: bool) -> list[Part]:
    """Return the sandboxes, and the story that is told once everything is ready."""
    places = Places(installation.settings.demo_port)
    sandboxes = installation.place.root / "sandboxes"
    mailbox = [
        *("--smtp-port", str(places.first + 5), "--http-port", str(places.first + 4)),
        *("--directory", str(mail_directory(installation.place)), "--faults"),
    ]
    books = ["--port", str(places.first + 2), "--books", str(sandboxes / "economic.json")]
    return [
        _web_sandbox(
            "cvrapi", ["--port", str(places.first + 1)], f"{places.registry}/_sandbox/state"
        ),
        _web_sandbox("economic", books, f"{places.economic}/_sandbox/state"),
        _web_sandbox("woocommerce", ["--port", str(places.first + 3)], f"{places.shop}/"),
        _web_sandbox("mailbox", mailbox, f"{places.mailbox}/"),
        _sandbox(
            "imap", ["--port", str(places.imap_port)], lambda: is_listening(HOST, places.imap_port)
        ),
        _story(colour=colour),
    ]


def silenced(parts: Sequence[Part]) -> list[Part]:
    """Return the parts with their lines in the log files only, so that the story can be read."""
    return [
        part if part.voice is Voice.PLAIN else replace(part, voice=Voice.SILENT) for part in parts
    ]


def mail_directory(place: DataDirectory) -> Path:
    """Return where the demonstration's mail is kept."""
    return place.root / "mail"


def refuse_taken_ports(installation: Installation) -> None:
    """Make sure that all parts can listen.

    Raises:
        OperationError: one cannot; the text says whose port it is and how to choose others.
    """
    for owner, port in Places(installation.settings.demo_port).ports.items():
        if not is_free(installation.settings.model_copy(update={"host": HOST, "port": port})):
            raise OperationError(
                f"Another program listens on port {port}, which the demonstration's {owner} needs. "
                "Set HUB_DEMO_PORT to the first of seven free ports in a row."
            )


def _web_sandbox(name: str, arguments: Sequence[str], page: str) -> Part:
    return _sandbox(name, arguments, lambda: answers(page))


def _sandbox(name: str, arguments: Sequence[str], is_ready: Callable[[], bool]) -> Part:
    return Part(
        name=name,
        stage=Stage.PROCESSES,
        command=lambda: [sys.executable, "-m", f"connectors.sandbox.{name}", *arguments],
        # An outside system knows none of our settings, and none of our secrets.
        environment={n: v for n, v in os.environ.items() if not n.startswith(PREFIX)},
        is_ready=is_ready,
    )


def _story(*, colour: bool) -> Part:
    return Part(
        name=STORY,
        stage=Stage.DEMO,
        command=lambda: [*own_program(), "demo", "--colour" if colour else "--no-colour"],
        environment=os.environ | {"PYTHONUNBUFFERED": "1"},  # it is told to people line by line
        ready_within_s=600,  # two minutes as a rule: it waits for what falls due
        once=True,
        voice=Voice.PLAIN,
    )

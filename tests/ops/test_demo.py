"""``hub up --demo`` whole: the story is told, and told to be told when it starts again."""

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from ops.data_directory import DataDirectory
from ops.demo.keepsake import Keepsake
from ops.demo.places import Places
from ops.demo.starting_afresh import clear_untold
from tests.documented import GUIDES, script_of
from tests.ops.hub_up import HubUp
from tests.patience import wait_until

_PORTS = 7
_TOLD_WITHIN_S = 900  # seventy seconds where nothing else runs


class Demonstration(HubUp):
    """A whole demonstration in a temporary directory, on seven free ports in a row."""

    def __init__(self) -> None:
        super().__init__()
        self.port = free_ports_in_a_row()
        self.places = Places(self.port)

    @property
    def root(self) -> Path:
        return self.data / "demo"

    def environment(self) -> dict[str, str]:
        return super().environment() | {"HUB_DEMO_PORT": str(self.port)}

    def start_telling(self) -> None:
        self.launch("up", "--demo")

    def hear_out(self) -> str:
        wait_until(lambda: "Stop: Ctrl-C" in self.text() or self.ended(), within_s=_TOLD_WITHIN_S)
        assert not self.ended(), self.text()
        return self.text()


def free_ports_in_a_row() -> int:
    for first in range(20_000, 30_000, 10):
        with ExitStack() as held:
            try:
                for port in range(first, first + _PORTS):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise RuntimeError("no seven free ports")


@pytest.fixture(scope="module")
def demonstration() -> Iterator[Demonstration]:
    running = Demonstration()
    running.start_telling()
    yield running
    running.close()


@pytest.mark.stack
def test_the_story_is_told_to_its_end_and_everything_can_be_looked_at(
    demonstration: Demonstration,
) -> None:
    text = demonstration.hear_out()

    titles = re.findall(r"^ *(\d+)\. ", text, re.MULTILINE)
    assert [int(number) for number in titles] == list(range(1, len(titles) + 1))
    assert f"All {len(titles)} steps went as told." in text
    assert text.count("     ✓ ") == len(titles)
    assert "✗" not in text
    assert "\x1b" not in text
    assert len(re.findall(r"job [0-9a-f]{8}-", text)) > 20
    sights = json.loads((demonstration.root / "story.json").read_text())["sights"]
    for title, where in sights.items():
        assert where in text
        if not where.startswith("http"):
            assert Path(where).stat().st_size > 0, title
    places = demonstration.places
    with requests.Session() as client:
        client.headers["Accept"] = "text/html"
        for page in (places.hub, places.mailbox, places.economic, places.shop):
            assert client.get(f"{page}/", timeout=120).status_code == 200
        assert "Nordlys Testværk ApS" in client.get(f"{places.economic}/", timeout=120).text


@pytest.mark.stack
@pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("bash", "curl", "jq", "openssl")),
    reason="the guides' commands need bash, curl, jq and openssl",
)
@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_every_command_of_the_guides_does_what_it_says(
    demonstration: Demonstration, guide: Path, tmp_path: Path
) -> None:
    demonstration.hear_out()
    (tmp_path / ".curlrc").write_text("fail-with-body\n")
    token = (demonstration.root / "administrator.token").read_text()

    done = subprocess.run(
        ["bash", "-c", script_of(guide)],
        env=os.environ
        | {
            "CURL_HOME": str(tmp_path),
            "TMPDIR": str(tmp_path),
            "HUB": demonstration.places.hub,
            "A": f"Authorization: Bearer {token}",
        },
        capture_output=True,
        text=True,
        timeout=_TOLD_WITHIN_S,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.stack
def test_a_second_start_says_where_everything_is_and_the_shop_still_reaches_hub(
    demonstration: Demonstration,
) -> None:
    demonstration.hear_out()
    assert demonstration.stop() == 0
    demonstration.start_telling()

    text = demonstration.hear_out()

    assert "Welcome back" in text
    assert "Journey 1" not in text
    assert str(demonstration.root / "workbooks" / "Mandagslisten-Mette.xlsx") in text
    places = demonstration.places
    with requests.Session() as client:
        page = client.get(f"{places.economic}/", headers={"Accept": "text/html"}, timeout=120)
        sent = client.post(f"{places.shop}/send", json={"scenario": "guest_order"}, timeout=120)
    assert "Nordlys Testværk ApS" in page.text
    assert [one["status"] for one in sent.json()] == [200]


@pytest.mark.stack
def test_hub_demo_fails_where_no_demonstration_runs() -> None:
    nothing = Demonstration()
    try:
        answer = nothing.run("demo")
    finally:
        nothing.close()

    assert answer.returncode == 1
    assert "Start one: hub up --demo" in answer.stderr


@pytest.mark.stack
def test_a_taken_port_is_named_with_its_setting() -> None:
    blocked = Demonstration()
    try:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", blocked.port + 2))
            taken.listen()
            answer = blocked.run("up", "--demo")
    finally:
        blocked.close()

    assert answer.returncode == 1
    assert f"port {blocked.port + 2}, which the demonstration's e-conomic needs" in answer.stderr
    assert "HUB_DEMO_PORT" in answer.stderr


def test_what_an_interrupted_story_left_is_cleared_and_a_told_one_is_kept(tmp_path: Path) -> None:
    place = DataDirectory(tmp_path / "demo")
    place.create()
    for name in ("postgres", "mail"):
        (place.root / name).mkdir()
        (place.root / name / "kept").touch()
    (place.root / "administrator.token").touch()

    Keepsake({"Mail": "http://127.0.0.1"}).write(place)
    clear_untold(place)
    assert (place.root / "mail" / "kept").exists()
    assert Keepsake.read(place) == Keepsake({"Mail": "http://127.0.0.1"})

    Keepsake.path(place).unlink()
    clear_untold(place)
    assert not (place.root / "mail").exists()
    assert not (place.root / "postgres").exists()
    assert not (place.root / "administrator.token").exists()
    assert (place.root / "files").is_dir()

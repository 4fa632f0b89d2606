"""The supervisor with dummy parts: order, restarts, ends, and no orphans."""

import json
import os
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ops.process_identity import boot, is_running, started_at
from ops.supervisor.leftovers import ProcessFiles
from tests.patience import PATIENCE_S, wait_until

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]
SERVE = "import time; print('serving'); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); "
    "time.sleep(600)"
)
REFUSING = STUBBORN.replace("signal.SIG_IGN", "lambda *_: print('no')")


class Dummy:
    """A supervisor in a process of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.output = directory / "output"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *parts: dict[str, Any]) -> subprocess.Popen[bytes]:
        (self.directory / "parts.json").write_text(json.dumps(parts))
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.ops.dummy_hub", str(self.directory)],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return self.process

    def start_and_wait(self, *parts: dict[str, Any]) -> subprocess.Popen[bytes]:
        process = self.start(*parts)
        wait_until(lambda: "everything is ready" in self.text())
        return process

    def text(self) -> str:
        return self.output.read_text()

    def process_id(self, name: str) -> int:
        path = self.directory / "data" / "processes" / f"{name}.json"
        process_id: int = json.loads(path.read_text())["process_id"]
        return process_id

    def has_process(self, name: str) -> bool:
        return (self.directory / "data" / "processes" / f"{name}.json").exists()

    def is_another(self, name: str, process_id: int) -> bool:
        """Tell whether a part runs again, in another process."""
        with suppress(FileNotFoundError, ValueError):  # it begins just now
            return self.process_id(name) != process_id
        return False

    def end(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE_S)


@pytest.fixture
def dummy(tmp_path: Path) -> Iterator[Dummy]:
    running = Dummy(tmp_path)
    yield running
    running.end()


def serving(name: str, stage: str = "PROCESSES", code: str = SERVE, **more: Any) -> dict[str, Any]:
    return {"name": name, "stage": stage, "code": code, **more}


def noting(path: Path, name: str) -> str:
    """Return code of a part that notes its beginning and its end in a file; then it is ready."""
    return f"""
import signal, sys, time
def note(what):
    with open({str(path)!r}, "a") as stream:
        stream.write(what + " {name}\\n")
def end(*_):
    note("end")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
note("begin")
open({str(path.with_name(f"{name}.ready"))!r}, "w").close()
time.sleep(600)
"""


def test_stages_begin_in_order_and_end_in_the_other(dummy: Dummy, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    migrate = f"import time; time.sleep(0.3); open({str(notes)!r}, 'a').write('migrated\\n')"
    ready = {name: str(tmp_path / f"{name}.ready") for name in ("api", "store")}

    process = dummy.start_and_wait(
        serving("api", code=noting(notes, "api"), ready_file=ready["api"]),
        serving("migrate", "MIGRATION", migrate, once=True),
        serving("store", "STORES", noting(notes, "store"), ready_file=ready["store"]),
    )
    process.terminate()

    assert process.wait(PATIENCE_S) == 0
    expected = ["begin store", "migrated", "begin api", "end api", "end store"]
    assert notes.read_text().splitlines() == expected


def test_each_line_goes_to_the_terminal_and_to_the_file_of_its_part(dummy: Dummy) -> None:
    dummy.start_and_wait(serving("api", code="print('one'); print('two', end='')\n" + SERVE))
    log = dummy.directory / "data" / "logs" / "api.log"
    wait_until(lambda: "serving" in log.read_text())  # which is flushed after the terminal

    assert "api         | one\napi         | twoserving\n" in dummy.text()
    assert log.read_text() == "one\ntwoserving\n"


def test_a_part_that_dies_is_started_again_after_longer_and_longer_pauses(dummy: Dummy) -> None:
    dummy.start_and_wait(
        serving("steady"), serving("weak", code="import time; time.sleep(0.3); raise SystemExit(3)")
    )

    def pauses() -> list[str]:
        return re.findall(r"weak ended with exit code 3; again in ([0-9.]+) s", dummy.text())

    wait_until(lambda: len(pauses()) >= 3)
    assert pauses()[:3] == ["0.5", "1.0", "2.0"]
    assert dummy.text().count("steady ended") == 0


def test_a_killed_part_is_started_again_and_what_it_had_started_is_ended(
    dummy: Dummy, tmp_path: Path
) -> None:
    grandchild_file = tmp_path / "grandchild"
    code = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(grandchild_file)!r}, 'w').write(str(p.pid))\n" + SERVE
    )
    dummy.start_and_wait(serving("worker", code=code, ready_file=str(grandchild_file)))
    wait_until(grandchild_file.read_text)
    child, grandchild = dummy.process_id("worker"), int(grandchild_file.read_text())

    os.kill(child, signal.SIGKILL)

    wait_until(lambda: dummy.is_another("worker", child))
    wait_until(lambda: not is_running(grandchild))
    assert "worker ended with signal SIGKILL; again in 0.5 s" in dummy.text()


def test_a_part_that_ends_before_it_is_ready_stops_everything_with_its_last_words(
    dummy: Dummy,
) -> None:
    process = dummy.start(
        serving("store", "STORES"),
        serving("migrate", "MIGRATION", "raise SystemExit('no such column')", once=True),
        serving("api"),
    )

    assert process.wait(PATIENCE_S) == 1
    text = dummy.text()
    assert "migrate ended with exit code 1 before it was ready. It said:\nno such column" in text
    assert "everything is ready" not in text
    assert "api         |" not in text
    assert not dummy.has_process("store")


def test_a_part_that_never_gets_ready_is_given_up(dummy: Dummy) -> None:
    process = dummy.start(serving("api", ready_file="/nowhere/ready", ready_within_s=5))

    assert process.wait(PATIENCE_S) == 1
    assert "api was not ready within 5 s. It said:\nserving" in dummy.text()


def test_a_part_that_does_not_listen_is_killed_after_its_grace(dummy: Dummy) -> None:
    process = dummy.start_and_wait(serving("worker", code=STUBBORN, grace_s=0.5))
    wait_until(lambda: "deaf" in dummy.text())
    child = dummy.process_id("worker")

    process.terminate()

    assert process.wait(PATIENCE_S) == 0
    assert "worker did not stop; killed" in dummy.text()
    assert not is_running(child)


def test_a_second_signal_ends_everything_at_once(dummy: Dummy) -> None:
    process = dummy.start_and_wait(serving("worker", code=REFUSING, grace_s=600))
    wait_until(lambda: "deaf" in dummy.text())

    process.send_signal(signal.SIGINT)
    wait_until(lambda: "worker      | no" in dummy.text())  # it heeds the first one by now
    process.send_signal(signal.SIGINT)

    assert process.wait(PATIENCE_S) == 0
    assert "worker did not stop; killed" in dummy.text()


def test_the_second_supervisor_is_refused_and_told_who_the_first_is(dummy: Dummy) -> None:
    first = dummy.start_and_wait(serving("api"))

    second = subprocess.run(
        [sys.executable, "-m", "tests.ops.dummy_hub", str(dummy.directory)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert second.returncode == 1
    assert f"Another hub (process {first.pid}) is using" in second.stderr


@pytest.mark.skipif(platform.system() != "Linux", reason="only Linux ends children with a parent")
def test_a_killed_supervisor_leaves_no_orphan(dummy: Dummy) -> None:
    process = dummy.start_and_wait(serving("store", "STORES"), serving("api"))
    children = [dummy.process_id("store"), dummy.process_id("api")]

    process.kill()
    process.wait(PATIENCE_S)

    wait_until(lambda: not any(is_running(child) for child in children))


def test_the_next_start_ends_what_a_killed_supervisor_left(dummy: Dummy) -> None:
    process = dummy.start_and_wait(serving("worker", code=STUBBORN))
    wait_until(lambda: "deaf" in dummy.text())
    left = dummy.process_id("worker")
    process.kill()
    process.wait(PATIENCE_S)
    assert is_running(left)
    files = dummy.directory / "data" / "processes"
    facts = json.loads((files / "worker.json").read_text())
    (files / "worker.json").write_text(json.dumps(facts | {"stop_signal": int(signal.SIGKILL)}))

    dummy.start_and_wait(serving("worker"))

    assert not is_running(left)
    assert "ended worker, which an earlier supervisor had left" in dummy.text()


def test_what_a_killed_part_had_started_is_ended_with_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(p.pid, flush=True)\ninput()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as leader:
        assert leader.stdout
        grandchild = int(leader.stdout.readline())
        files = ProcessFiles(tmp_path)
        files.record("api", leader.pid, signal.SIGTERM)
        leader.kill()
    assert is_running(grandchild)

    assert files.end_all() == ["api"]

    assert not is_running(grandchild)


def test_after_a_reboot_a_process_id_says_nothing(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        files = ProcessFiles(tmp_path)
        files.record("api", stranger.pid, signal.SIGTERM)
        facts = json.loads((tmp_path / "api.json").read_text())
        (tmp_path / "api.json").write_text(json.dumps(facts | {"boot": "another"}))

        assert files.end_all() == []

        assert is_running(stranger.pid)
        stranger.kill()


def test_a_process_that_took_over_an_old_id_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        facts = {"process_id": stranger.pid, "started_at": "1", "stop_signal": 15, "boot": boot()}
        (tmp_path / "worker.json").write_text(json.dumps(facts))
        (tmp_path / "cut.json").write_text('{"process_id": 1')

        ended = ProcessFiles(tmp_path).end_all()

        assert ended == []
        assert started_at(stranger.pid) not in {None, "1"}
        assert is_running(stranger.pid)
        assert list(tmp_path.iterdir()) == []
        stranger.kill()

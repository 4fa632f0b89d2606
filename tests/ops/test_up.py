"""``hub up`` with its real parts."""

import os
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from ops.embedded.account import Account, can_reach
from ops.process_identity import is_running
from tests.ops.hub_up import HubUp
from tests.ops.load import THREADS
from tests.patience import PATIENCE_S, wait_until
from tests.stack import free_port

pytestmark = pytest.mark.stack

PARTS = {"postgres", "redis", "mailbox", "serve"}


@pytest.fixture(scope="module")
def up() -> Iterator[HubUp]:
    running = HubUp()
    running.start()
    yield running
    running.close()


def test_the_first_start_shows_the_way_and_a_token_that_works(up: HubUp) -> None:
    text = up.text()
    with requests.Session() as client:
        answer = client.get(
            f"{up.url}/api/v1/jobs", headers={"Authorization": f"Bearer {up.token()}"}, timeout=120
        )
        refused = client.get(f"{up.url}/api/v1/jobs", timeout=120)

    assert (answer.status_code, refused.status_code) == (200, 401)
    assert f"Hub is running at {up.url}" in text
    assert "kept here until HUB_SMTP_URL is set: see below" in text
    assert not (up.data / "administrator.token").exists()
    logs = "".join(path.read_text() for path in (up.data / "logs").glob("*.log"))
    assert up.token() not in logs


def test_mail_is_shown_to_whoever_has_the_link_and_to_nobody_else(up: HubUp) -> None:
    found = re.search(r"Mail that would have gone out: (\S+)\?key=(\S+)", up.text())
    assert found is not None
    page, key = found.groups()
    logs = "".join(path.read_text() for path in (up.data / "logs").glob("*.log"))

    with requests.Session() as client:
        refused = client.get(page, timeout=120)
        rebound = client.get(page, params={"key": key}, headers={"Host": "x.example"}, timeout=120)
        opened = client.get(page, params={"key": key}, timeout=120)
        again = client.get(page, timeout=120)

    assert [each.status_code for each in (refused, rebound, opened, again)] == [403, 400, 200, 200]
    assert (up.data / "mailbox.key").stat().st_mode & 0o777 == 0o600
    assert key not in logs


def test_every_part_runs(up: HubUp) -> None:
    assert set(up.process_ids()) == PARTS
    assert all(is_running(process_id) for process_id in up.process_ids().values())


def test_a_second_one_on_the_same_data_is_refused_and_told_who_the_first_is(up: HubUp) -> None:
    second = up.run("up", more={"HUB_PORT": str(free_port())})

    assert up.process
    assert second.returncode == 1
    assert f"Another hub (process {up.process.pid}) is using {up.data}" in second.stderr
    wait_until(up.is_ready)


def test_a_second_one_on_the_same_port_is_refused_by_the_setting(up: HubUp, tmp_path: Path) -> None:
    second = up.run("up", more={"HUB_DATA_DIR": str(tmp_path / "other")})

    assert second.returncode == 1
    assert f"listens on port {up.port} of 127.0.0.1. Stop it, or set HUB_PORT" in second.stderr


def test_the_doctor_finds_it_well_but_for_the_mail_server(up: HubUp) -> None:
    answer = up.run("doctor", more={"HUB_PROT": "8080"})

    lines = answer.stdout.splitlines()
    assert answer.returncode == 0
    assert [line for line in lines if not line.startswith("ok ")] == [
        "warn  settings: unknown: HUB_PROT -> see .env.example for the names",
        "warn  mail: no server is set, so no mail goes out -> set HUB_SMTP_URL",
    ]
    assert f"ok    api: ready at {up.url}" in lines
    assert "ok    relay: 1 alive" in lines
    assert "ok    workers of urgent: 2 alive" in lines
    assert "ok    workers of bulk: 1 alive" in lines


def test_another_account_of_the_machine_can_read_nothing_of_the_data(up: HubUp) -> None:
    assert (up.data / "mail" / "ledger.jsonl").exists()
    assert list(readable_by_others(up.data)) == []


def readable_by_others(directory: Path) -> Iterator[Path]:
    for path in directory.iterdir():
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:  # it was there for a moment
            continue
        if path.is_symlink():
            continue  # what it leads to is elsewhere
        if path.is_dir():
            if mode & 0o004:
                yield path
            if mode & 0o001:
                yield from readable_by_others(path)
        elif mode & 0o004:
            yield path


def test_relay_and_workers_are_heard_as_soon_as_it_says_that_it_runs(up: HubUp) -> None:
    parts = requests.get(f"{up.url}/readyz", timeout=120).json()["parts"]

    assert parts["relay"] == "ok"
    assert parts["workers"] == {"urgent": "ok", "default": "ok", "bulk": "ok"}
    assert up.run("health", "relay").returncode == 0
    assert up.run("health", "worker", "--queues", "bulk").returncode == 0


def test_the_doctor_fails_where_a_store_is_away(up: HubUp) -> None:
    answer = up.run("doctor", "--stores", more={"HUB_DATABASE_URL": "postgresql://127.0.0.1:9/x"})

    assert answer.returncode == 1
    assert answer.stdout.startswith("fail  database: not reachable: ")


def test_a_lost_token_is_replaced_on_the_command_line(up: HubUp) -> None:
    made = up.run("token", "create", "--email", "Admin@localhost", "--scope", "jobs:read")
    unknown = up.run("token", "create", "--email", "nobody@localhost")

    with requests.Session() as client:
        client.headers["Authorization"] = f"Bearer {made.stdout.strip()}"
        assert client.get(f"{up.url}/api/v1/jobs", timeout=120).status_code == 200
    assert unknown.returncode == 1
    assert "There is no active user with the address nobody@localhost." in unknown.stderr


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_killed_part_comes_back(up: HubUp, part: str) -> None:
    before = up.process_id(part)

    os.kill(before, signal.SIGKILL)

    wait_until(lambda: not is_running(before))
    wait_until(lambda: up.process_ids().get(part, before) != before and up.is_ready())
    assert not up.ended()


@pytest.mark.skipif(platform.system() != "Linux", reason="asks /proc who is whose child")
def test_a_killed_api_relay_or_worker_is_forked_again_without_the_others(up: HubUp) -> None:
    leader = up.process_id("serve")
    wait_until(lambda: len(children(leader)) == 4)  # the API, the relay and two workers
    before = children(leader)
    victims = set(before[:2])
    for victim in victims:
        os.kill(victim, signal.SIGKILL)

    wait_until(lambda: len(children(leader)) == 4 and not victims & set(children(leader)))
    assert set(before[2:]) <= set(children(leader))
    assert up.process_id("serve") == leader
    wait_until(up.is_ready)


@pytest.mark.skipif(platform.system() != "Linux", reason="asks /proc for proportional sizes")
def test_an_idle_hub_has_not_grown_out_of_all_proportion(up: HubUp) -> None:
    assert up.process
    sizes = [
        int(line.split()[1])
        for process_id in [up.process.pid, *descendants(up.process.pid)]
        for line in told(Path(f"/proc/{process_id}/smaps_rollup")).splitlines()
        if line.startswith("Pss:")
    ]

    assert len(sizes) > len(PARTS)
    assert sum(sizes) / 1000 < 550  # the goal is 450: `make bench NAME=starting` measures it


def told(path: Path) -> str:
    """Return what the kernel tells of a process; nothing of one that ended meanwhile."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def children(process_id: int) -> list[int]:
    path = Path(f"/proc/{process_id}/task/{process_id}/children")
    return [int(word) for word in told(path).split()]


def descendants(process_id: int) -> list[int]:
    found = children(process_id)
    return found + [further for child in found for further in descendants(child)]


def test_a_stop_under_load_loses_no_answer_and_the_next_start_shows_no_token(up: HubUp) -> None:
    before = up.process_ids()
    load = subprocess.Popen(
        [sys.executable, "-m", "tests.ops.load", up.url, up.token()],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: len(set(re.findall('"load-[0-9]+-[0-9]+"', up.text()))) > 50)

    assert up.stop() == 0
    answered, *lost = load.communicate(timeout=PATIENCE_S)[0].split()
    assert int(answered) > 50 - THREADS
    assert '"load-0-0"' in up.text()
    assert not [request_id for request_id in lost if f'"{request_id}"' in up.text()]
    assert (
        "did not stop; killed" not in up.text()
    )  # as after half a minute: what was cut off
    assert not any(is_running(process_id) for process_id in before.values())
    assert up.process_ids() == {}
    text = up.start()

    assert "export TOKEN=" not in text
    wait_until(up.is_ready)


def test_when_everything_is_killed_at_once_the_next_start_recovers(up: HubUp) -> None:
    assert up.process
    os.kill(up.process.pid, signal.SIGSTOP)  # once it is dead, the others are asked to end
    for victim in [*up.process_ids().values(), up.process.pid]:
        os.kill(victim, signal.SIGKILL)
    up.process.wait(PATIENCE_S)
    assert (up.data / "postgres" / "postmaster.pid").exists()

    up.start()

    wait_until(up.is_ready)


@pytest.mark.skipif(platform.system() != "Linux", reason="only Linux ends children with a parent")
def test_a_killed_supervisor_leaves_no_orphan(up: HubUp) -> None:
    left = up.process_ids()
    assert up.process
    up.process.kill()
    up.process.wait(PATIENCE_S)

    wait_until(lambda: not any(is_running(process_id) for process_id in left.values()))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_somebody_without_rights_can_run_it() -> None:
    nobody = Account("nobody", 65534, 65534)
    python = reachable_python(nobody)
    running = HubUp(python, nobody)
    try:
        running.start()

        wait_until(running.is_ready)
        assert running.data.stat().st_uid == nobody.user_id
        assert Path(f"/proc/{running.process_id('postgres')}").stat().st_uid == nobody.user_id
        assert running.stop() == 0
    finally:
        running.close()


def test_a_first_start_works_where_the_path_is_too_long_for_a_socket() -> None:
    running = HubUp()
    running.data = running.directory / ("deep" * 25) / "data"
    running.data.parent.mkdir(mode=0o711)
    try:
        running.start()

        wait_until(running.is_ready)
        assert (running.data / "run").is_symlink()
    finally:
        running.close()


def reachable_python(account: Account) -> str:
    minor = f"python3.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{minor}", f"/usr/local/bin/{minor}"):
        if Path(candidate).exists() and can_reach(Path(candidate).resolve(), account):
            return candidate
    pytest.skip(f"no {minor} that the account nobody could run")

"""`.env.example`, `docker-compose.yml` and the Dockerfile agree with the settings and commands."""

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are not among the packages of the tests

from hub.ledger.tasks import Queue
from hub.settings import PREFIX, Settings
from ops.cli import hub

ROOT = Path(__file__).parents[2]
NAMES = {PREFIX + name.upper() for name in Settings.model_fields}
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: entry for name, entry in COMPOSE["services"].items() if entry["image"] == "hub"}


def parse_command(words: list[str]) -> tuple[click.Command, dict[str, Any]]:
    assert words[0] == "hub"
    command = hub.commands[words[1]]
    with command.make_context(words[1], words[2:]) as context:
        return command, context.params


def test_the_example_lists_every_setting_once_with_its_default() -> None:
    text = (ROOT / ".env.example").read_text()
    listed = dict(re.findall(r"^# (HUB_\w+)=(.*)$", text, re.MULTILINE))
    given = {name.removeprefix(PREFIX).lower(): value for name, value in listed.items() if value}
    example = Settings(**given)

    assert set(listed) == NAMES
    for name in given:
        assert getattr(example, name) == Settings.model_fields[name].default, name


def test_each_container_of_ours_runs_a_command_that_exists() -> None:
    commands = {name: parse_command(entry["command"])[0].name for name, entry in OURS.items()}

    assert commands == {
        "migrate": "migrate",
        "api": "api",
        "relay": "relay",
        "worker-urgent": "worker",
        "worker-default": "worker",
        "worker-bulk": "worker",
    }


def test_the_workers_together_take_every_queue() -> None:
    taken = [
        parse_command(entry["command"])[1]["groups"]
        for name, entry in OURS.items()
        if name.startswith("worker")
    ]

    assert sorted(taken) == sorted((queue.value,) for queue in Queue)


NOT_HANDED_IN = {
    "HUB_DATA_DIR": "the image says where its volume is",
    "HUB_HOST": "likewise: everywhere inside the container",
    "HUB_PORT": "the port outside; the compose file maps it",
    "HUB_MASTER_KEY_FILE": "a file would have to be mounted, too: HUB_MASTER_KEY is there",
    "HUB_REDIS_SERVER": "of an embedded Redis",
    "HUB_MAILBOX_PORT": "of the embedded mailbox",
    "HUB_MAILBOX_URL": "likewise",
    "HUB_DEMO_PORT": "of the demonstration",
}


@pytest.mark.parametrize("service", sorted(OURS))
def test_every_setting_that_a_deployment_may_need_is_handed_in(service: str) -> None:
    given = {name for name in OURS[service]["environment"] if name.startswith(PREFIX)}

    assert given == NAMES - NOT_HANDED_IN.keys()


def test_a_setting_that_is_handed_in_empty_takes_its_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    optional = {
        name: value
        for name, value in OURS["api"]["environment"].items()
        if value == f"${{{name}:-}}"
    }
    for name in optional:
        monkeypatch.setenv(name, "")
    settings = Settings()

    assert len(optional) > 15
    for name in optional:
        field = name.removeprefix(PREFIX).lower()
        assert getattr(settings, field) == Settings.model_fields[field].default, name


def test_whatever_is_waited_for_can_say_that_it_is_ready() -> None:
    services = COMPOSE["services"]
    for name, entry in services.items():
        for other, rule in entry.get("depends_on", {}).items():
            if rule["condition"] == "service_healthy":
                assert "healthcheck" in services[other], f"{name} waits for {other}"
            else:
                assert rule["condition"] == "service_completed_successfully"
                assert services[other]["restart"] == "no"


@pytest.mark.parametrize("service", sorted(name for name in OURS if name != "migrate"))
def test_each_container_is_asked_whether_its_own_process_is_alive(service: str) -> None:
    kind, check = service.partition("-")[0], OURS[service]["healthcheck"]

    if kind == "api":
        assert "/readyz" in check["test"][-1]
        return
    command, program = check["test"], OURS[service]["command"]
    assert command == ["CMD", "hub", "health", *program[1:]]
    health = hub.commands["health"]
    assert isinstance(health, click.Group)
    with health.commands[kind].make_context(kind, command[4:]) as context:
        assert context.params == ({"queues": program[-1]} if kind == "worker" else {})
    assert 0 < int(check["interval"].removesuffix("s")) <= 60


def test_everything_but_the_migration_is_started_again_when_it_ends() -> None:
    policies = {name: entry["restart"] for name, entry in COMPOSE["services"].items()}

    assert policies.pop("migrate") == "no"
    assert set(policies.values()) == {"unless-stopped"}


def test_the_image_holds_every_package_and_runs_without_rights() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = {shlex.split(line)[1] for line in lines if line.startswith("COPY ")}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()

    for package in ("hub", "workers", "connectors", "api", "ops"):
        assert package in copied
        assert f"!{package}" in ignored
    assert "USER hub" in lines
    assert parse_command(["hub", "up"])[1] == {"demo": False}
    assert lines[-1] == 'CMD ["hub", "up"]'
    assert any("--require-hashes -r requirements.lock" in line for line in lines)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_names_versions_and_hashes_and_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pins = re.findall(r"^[a-z0-9._-]+(?:\[[a-z,]+\])?==", text, re.MULTILINE)
    others = [
        line
        for line in text.splitlines()
        if line and not re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==| +(--hash=sha256:|#)", line)
    ]

    assert len(pins) > 40
    assert others == []
    assert "://" not in text

"""Wrong settings at the command line: a line each and no traceback, whatever is called."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.settings import PREFIX

ROOT = Path(__file__).parents[2]


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``hub`` in a directory, whose `.env` has all its settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return subprocess.run(
        [sys.executable, "-m", "ops.cli", *arguments],
        cwd=directory,
        env=inherited | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / ".env").write_text(
        "HUB_DATABASE_URL=mysql://hub:sesam@db/hub\nHUB_LOG_LEVEL=verbose\nHUB_PROT=1\n"
    )
    return tmp_path


DATABASE = (
    "HUB_DATABASE_URL must be the address of a PostgreSQL, for example"
    " postgresql://hub:secret@db.example:5432/hub"
)
LEVEL = "HUB_LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, for example INFO"


@pytest.mark.parametrize(
    "command", ["migrate", "api", "relay", "worker", "serve", "release", "rotate-master-key"]
)
def test_every_command_refuses_wrong_settings_in_a_line_each(directory: Path, command: str) -> None:
    refused = run(directory, command)

    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [f"Error: {DATABASE}", f"Error: {LEVEL}"]
    assert not (directory / "var").exists()


def test_the_start_warns_of_a_misspelt_name_before_it_refuses(directory: Path) -> None:
    refused = run(directory, "up")

    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        "Warning: there is no setting HUB_PROT; is it misspelt?",
        f"Error: {DATABASE}",
        f"Error: {LEVEL}",
    ]


def test_the_doctor_lists_them_all_beside_the_misspelt_names(directory: Path) -> None:
    found = run(directory, "doctor")

    assert (found.returncode, found.stderr) == (1, "")
    assert found.stdout.splitlines() == [
        f"fail  settings: {DATABASE} -> set it anew, then ask again",
        f"fail  settings: {LEVEL} -> set it anew, then ask again",
        "warn  settings: unknown: HUB_PROT -> see .env.example for the names",
    ]


def test_a_list_of_settings_in_another_encoding_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("# Søren\nHUB_PORT=8080\n".encode("iso-8859-1"))

    refused, found = run(tmp_path, "up"), run(tmp_path, "doctor")

    told = ".env must be a text in UTF-8: save it as such"
    assert (refused.returncode, refused.stderr.splitlines()) == (1, [f"Error: {told}"])
    assert (found.returncode, found.stderr) == (1, "")
    assert found.stdout.splitlines()[0] == f"fail  settings: {told} -> set it anew, then ask again"


@pytest.mark.parametrize(
    "command",
    [["release"], ["hold"], ["backup", "all.tar"], ["history", "verify"],
     ["token", "create", "--email", "admin@localhost"]],
    ids=" ".join,
)  # fmt: skip
def test_where_there_is_no_hub_nothing_is_made_and_the_way_to_it_is_told(
    tmp_path: Path, command: list[str]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / ".env").write_text(f"HUB_DATA_DIR={elsewhere}\n")

    refused = run(tmp_path, *command)

    assert refused.returncode == 1
    assert refused.stderr.strip() == (
        f"Error: There is no Hub in {elsewhere} yet. Set HUB_DATA_DIR (or HUB_DATABASE_URL) to"
        " where it is, or make one: hub up"
    )
    assert not (elsewhere / "postgres").exists()
    assert not (tmp_path / "all.tar").exists()

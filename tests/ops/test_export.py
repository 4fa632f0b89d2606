"""``hub export``, tried."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from hub.access.roles import Role
from hub.errors import HubError
from hub.settings import get_settings
from ops.cli import hub
from tests.api.conftest import make_caller
from tests.ops.hub_up import HubUp


@pytest.fixture
def installation() -> Iterator[HubUp]:
    """An installation with its administrator and nothing else, Hub not running."""
    made = HubUp().migrated()
    yield made
    made.close()


@pytest.fixture
def here(database: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same in this process: its settings name the database of the tests."""
    make_caller(Role.ADMINISTRATOR, "admin@localhost")
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_REDIS_URL", "redis://unused")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.mark.stack
def test_a_list_is_written_with_the_words_and_rights_of_a_user(installation: HubUp) -> None:
    target = installation.directory / "reports.xlsx"

    made = installation.run(
        "export", "reports", str(target), "--email", "admin@localhost",
        "--where", "created_at.gte=2026-01-01", "--sort", "-created_at", "--fields", "name,owner",
    )  # fmt: skip

    assert made.returncode == 0, made.stderr
    assert f"{target}: 0 rows, as of {datetime.now(UTC).year}-" in made.stdout
    sheet = openpyxl.load_workbook(target).worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["Name", "Owner"]
    assert sorted(path.name for path in target.parent.glob("*reports*")) == ["reports.xlsx"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["secrets", "a.csv", "--email", "admin@localhost"], "DATASET: is no list"),
        (
            ["reports", "a.pdf", "--email", "admin@localhost"],
            "name an .xlsx, a .csv or an .html file",
        ),
        (["reports", "a.csv", "--email", "nobody@localhost"], "no user with the address"),
        (
            ["reports", "a.csv", "--email", "admin@localhost", "--where", "shoe_size=44"],
            "shoe_size is no field here",
        ),
        (
            ["reports", "a.csv", "--email", "admin@localhost", "--where", "name"],
            "write NAME=VALUE",
        ),
    ],
)
@pytest.mark.usefixtures("here")
def test_what_cannot_be_is_refused_and_no_file_made(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    dataset, name, *rest = arguments
    target = tmp_path / name

    refused = CliRunner().invoke(hub, ["export", dataset, str(target), *rest])

    assert refused.exit_code == 1
    assert isinstance(refused.exception, HubError)
    assert said in str(refused.exception)
    assert list(tmp_path.iterdir()) == []

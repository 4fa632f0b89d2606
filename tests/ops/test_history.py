"""``hub history verify`` and what the doctor says of the history."""

from collections.abc import Iterator
from types import SimpleNamespace
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from hub.db import transaction
from hub.history import sealing
from hub.history.recording import record
from hub.settings import get_settings
from ops.cli import hub
from ops.doctor.database import look_at_database
from ops.doctor.findings import Finding
from ops.errors import OperationError


@pytest.fixture
def sealed(database: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Six sealed events; gives the database's URL."""
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_REDIS_URL", "redis://unused")
    get_settings.cache_clear()
    with transaction() as session:
        for _ in range(6):
            record(session, "thing.happened", subject_type="thing", subject_id=uuid4())
    with transaction() as session:
        sealing.seal(session)
    yield database_url
    monkeypatch.undo()
    get_settings.cache_clear()


def verify(*arguments: str) -> Result:
    return CliRunner().invoke(hub, ["history", "verify", *arguments])


def run(statement: str) -> None:
    with transaction() as session:
        session.execute(text(statement))


CHANGE_THE_FOURTH = """
    update event set type = 'thing.else' from event_seal
    where event_seal.id = event.id and event_seal.position = 4
"""


def test_a_whole_history_is_said_to_hold_with_its_head(sealed: str) -> None:
    with transaction() as session:
        position, digest = sealing.head(session)

    said = verify()
    again = verify("--kept", f"{position}:{digest}")

    assert (said.exit_code, said.output) == (0, f"The history holds. Its head: 6:{digest}\n")
    assert again.exit_code == 0


def test_the_first_broken_link_is_named_and_the_command_fails(sealed: str) -> None:
    run(CHANGE_THE_FOURTH)

    said = verify()

    assert said.exit_code == 1
    assert isinstance(said.exception, OperationError)
    assert str(said.exception) == "The history is broken at position 4: the event was changed."
    assert verify("--first", "5").exit_code == 0


def test_a_tail_that_was_cut_off_shows_against_the_head_that_was_kept(sealed: str) -> None:
    with transaction() as session:
        position, digest = sealing.head(session)
    run("delete from event_seal where position > 4")

    said = verify("--kept", f"{position}:{digest}")

    assert verify().exit_code == 0
    assert str(said.exception) == "The history is broken at position 6: the seal is missing."
    assert str(verify("--kept", "4:abc").exception).endswith("it is not the hash that was kept.")
    assert "POSITION:HASH" in str(verify("--kept", "six").exception)


def test_the_doctor_names_a_broken_history(sealed: str) -> None:
    before = doctor(sealed)
    run(CHANGE_THE_FOURTH)
    after = doctor(sealed)

    assert (before.level, before.message) == (
        "ok", "holds from position 1 to 6; all of it: hub history verify",
    )  # fmt: skip
    assert (after.level, after.message) == ("fail", "broken at position 4: the event was changed")


def doctor(url: str) -> Finding:
    installation = SimpleNamespace(
        postgres=None, database_url=url, environment=lambda: {"HUB_MASTER_KEY": ""}
    )
    found = look_at_database(installation)  # type: ignore[arg-type] # as much of one as it reads
    [history] = [each for each in found if each.subject == "history"]
    return history

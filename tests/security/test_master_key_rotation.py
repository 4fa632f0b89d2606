"""A new master key: everything goes over while Hub runs; the old one is worth nothing (R-61)."""

import ast
import base64
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text, update

from hub import resealing, sealing
from hub.connections import credentials
from hub.connections.models import Connection
from hub.db import new_id, transaction
from hub.errors import HubError
from hub.history.models import Event
from hub.master_keys import MasterKey, SealError, master_keys, read_keys
from hub.settings import get_settings
from ops.data_directory import DataDirectory
from tests.lengths import size
from tests.source_trees import parsed

MANY = size(3_000, 10_000)
ROOT = Path(__file__).parents[2]
NEW, OTHER = (base64.b64encode(bytes([number]) * 32).decode() for number in (7, 8))


@pytest.fixture
def key_file(database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The master key of an installation that was not given one."""
    place = DataDirectory(tmp_path / "data")
    place.create()
    url = database.url.render_as_string(hide_password=False)
    monkeypatch.delenv("HUB_MASTER_KEY")
    monkeypatch.setenv("HUB_DATA_DIR", str(place.root))
    monkeypatch.setenv("HUB_DATABASE_URL", url)
    monkeypatch.setenv("HUB_REDIS_URL", "redis://127.0.0.1:1/0")
    place.master_key.write_text(OTHER)
    use(monkeypatch, HUB_MASTER_KEY_FILE=str(place.master_key))
    yield place.master_key
    monkeypatch.undo()
    get_settings.cache_clear()


def use(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()


def make_connections(number: int) -> list[UUID]:
    ids = [new_id() for _ in range(number)]
    with transaction() as session:
        session.execute(
            text(
                "insert into connection (id, name, connector, kind, settings, secrets, state,"
                " numbering_owner, outgoing_held, filter, version, created_at, updated_at)"
                " values (:id, :name, 'woocommerce', 'shop', '{}', :secrets, 'new', false, false,"
                " '{}', 1, now(), now())"
            ),
            [
                {
                    "id": each,
                    "name": f"Shop {each}",
                    "secrets": sealing.seal(
                        json.dumps({"webhook_secret": f"secret of {each}"}).encode(),
                        credentials.place(each),
                    ),
                }
                for each in ids
            ],
        )
    return ids


def opened(keys: tuple[MasterKey, ...]) -> int:
    """Return how many of all values open with some keys."""
    with transaction() as session:
        rows = session.execute(
            select(Connection.id, Connection.secrets).where(Connection.secrets.is_not(None))
        ).all()
    return sum(credentials.do_open(row.secrets, row.id, keys) for row in rows)


def run_command() -> subprocess.CompletedProcess[str]:
    """Run the command as people do: in another process."""
    command = [sys.executable, "-m", "ops.cli", "rotate-master-key"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def rotate() -> str:
    done = run_command()
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_thousands_of_secrets_go_over_while_others_read_and_write_them(
    database: Engine, key_file: Path
) -> None:
    ids = make_connections(MANY)
    old = read_keys(OTHER)
    stop, failures, rewritten = threading.Event(), [], []

    def use_them() -> None:
        turn = 0
        while not stop.is_set():
            identifier = ids[turn * 997 % MANY]
            with transaction() as session:
                connection = session.get_one(Connection, identifier)
                try:
                    credentials.open_secrets(connection)
                except HubError as error:
                    failures.append(error)
                if turn % 5 == 0:
                    credentials.store_secrets(connection, {"webhook_secret": f"new {identifier}"})
                    rewritten.append(identifier)
            turn += 1

    user = threading.Thread(target=use_them)
    user.start()
    told = rotate()
    stop.set()
    user.join()
    new = read_keys(key_file.read_text())

    assert failures == []
    assert rewritten
    assert (len(new), len(key_file.read_text().split())) == (1, 1)
    assert new[0].id != old[0].id
    assert (opened(new), opened(old)) == (MANY, 0)
    assert "keep a copy" in told
    assert not {OTHER, key_file.read_text().strip()} & set(told.split())
    with transaction() as session:
        untouched = next(each for each in ids if each not in set(rewritten))
        kept = session.get_one(Connection, untouched)
        assert credentials.open_secrets(kept) == {"webhook_secret": f"secret of {untouched}"}
        assert kept.version == 1
        rotated = select(Event.id).where(Event.subject_id == untouched)
        assert session.scalars(rotated).all() == []  # nobody changed the record
        written = session.get_one(Connection, rewritten[-1])
        assert credentials.open_secrets(written) == {"webhook_secret": f"new {rewritten[-1]}"}


def test_a_change_that_was_cut_off_goes_on_with_the_key_it_began_with(
    database: Engine, key_file: Path
) -> None:
    make_connections(3)
    key_file.write_text(f"{NEW}\n{OTHER}\n")

    rotate()

    assert key_file.read_text().split() == [NEW]
    assert opened(read_keys(NEW)) == 3


def test_a_key_that_was_given_is_for_its_owner_to_choose(
    database: Engine, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_connections(2)
    monkeypatch.delenv("HUB_MASTER_KEY_FILE")
    use(monkeypatch, HUB_MASTER_KEY=OTHER)

    refused = run_command()
    use(monkeypatch, HUB_MASTER_KEY=f"{NEW},{OTHER}")
    told = rotate()

    assert refused.returncode == 1
    assert "openssl rand" in refused.stderr
    assert "2 values" in told
    assert "Remove the old key" in told
    assert key_file.read_text() == OTHER
    assert (opened(read_keys(NEW)), opened(read_keys(OTHER))) == (2, 0)


def test_what_no_key_opens_is_counted_and_does_not_stand_in_the_way(
    database: Engine, key_file: Path
) -> None:
    first, second = make_connections(2)
    with transaction() as session:
        stolen = session.get_one(Connection, first).secrets
        session.execute(update(Connection).where(Connection.id == second).values(secrets=stolen))

    told = rotate()

    assert "1 values are sealed" in told
    assert "Warning: 1 of connection.secrets" in told


def test_all_processes_read_the_file_again_when_it_changes(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = master_keys()
    value = sealing.seal(b"secret", "place")

    draft = key_file.with_name("draft")
    draft.write_text(f"{NEW}\n{OTHER}")
    draft.rename(key_file)

    assert [key.id for key in master_keys()] == [read_keys(NEW)[0].id, before[0].id]
    assert sealing.unseal(value, "place") == b"secret"
    assert sealing.seal(b"x", "place").startswith(sealing.present_mark())
    with pytest.raises(SealError):
        sealing.unseal(sealing.seal(b"x", "place"), "place", keys=before)


def test_a_value_of_the_first_form_opens_and_goes_over(database: Engine, key_file: Path) -> None:
    """Before keys had ids, nothing stood between the version and the nonce."""
    (identifier,) = make_connections(1)
    with transaction() as session:
        connection = session.get_one(Connection, identifier)
        assert connection.secrets is not None
        connection.secrets = b"\x01" + connection.secrets[9:]

    assert opened(read_keys(OTHER)) == 1
    rotate()
    assert (opened(read_keys(key_file.read_text())), opened(read_keys(OTHER))) == (1, 0)


def test_a_key_is_not_shown_by_its_representation() -> None:
    (key,) = read_keys(NEW)

    assert key.secret.hex() not in repr(key)
    assert str(key.secret) not in repr(key)


def test_no_sealed_column_is_forgotten() -> None:
    """Each module that seals has its column in the list of what goes over."""
    sealing_modules = {
        path.relative_to(ROOT).as_posix()
        for package in ("hub", "api", "workers")
        for path in (ROOT / package).rglob("*.py")
        if path.name != "sealing.py"
        for node in ast.walk(parsed(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr == "seal"
        and isinstance(node.value, ast.Name)
        and node.value.id == "sealing"
        and "hub import sealing" in path.read_text(encoding="utf-8")
    }
    places = {
        Path(each.place.__code__.co_filename).relative_to(ROOT).as_posix()
        for each in resealing.SEALED
    }

    assert sealing_modules == places

"""The data directory: one user at a time, sockets that fit, nobody else's files."""

import os
import socket
from pathlib import Path

import pytest

from ops.data_directory import DataDirectory
from ops.embedded.account import Account, can_reach, store_account
from ops.errors import OperationError


def place_at(path: Path) -> DataDirectory:
    place = DataDirectory(path)
    place.create()
    return place


def test_private_parts_are_private_and_the_way_to_the_database_is_open(tmp_path: Path) -> None:
    place = place_at(tmp_path / "data")

    modes = {path.name: path.stat().st_mode & 0o777 for path in place.root.iterdir()}
    assert place.root.stat().st_mode & 0o777 == 0o711
    assert modes == {"files": 0o700, "logs": 0o700, "processes": 0o700, "redis": 0o700}


def test_a_place_that_cannot_be_made_is_named_with_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(OperationError, match="HUB_DATA_DIR"):
        place_at(tmp_path / "file" / "data")


def test_the_second_holder_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    place = place_at(tmp_path)

    with (
        place.locked(),
        pytest.raises(OperationError, match=rf"process {os.getpid()}\) is using {tmp_path}"),
        place.locked(),
    ):
        pass
    assert not place.is_locked()


def test_asking_for_the_lock_does_not_take_it(tmp_path: Path) -> None:
    place = place_at(tmp_path)
    assert not place.is_locked()

    with place.locked():
        assert place.is_locked()
        assert place.holder() == os.getpid()
    with place.locked():
        pass


def test_a_path_too_long_for_a_socket_leads_to_a_short_one(tmp_path: Path) -> None:
    place = place_at(tmp_path / ("a" * 60) / ("b" * 60))

    sockets = place.make_sockets(None)

    assert sockets == place.sockets
    assert sockets.stat().st_mode & 0o777 == 0o700
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(sockets / ".s.PGSQL.5432"))
    (sockets / ".s.PGSQL.5432").unlink()
    sockets.rmdir()


def test_a_link_put_into_the_public_place_by_somebody_else_is_refused(tmp_path: Path) -> None:
    place = place_at(tmp_path / ("a" * 60) / ("b" * 60))
    public = place.make_sockets(None)
    public.rmdir()
    public.symlink_to(tmp_path)

    with pytest.raises(OperationError, match="belongs to somebody else"):
        place.make_sockets(None)
    public.unlink()


def test_a_closed_door_on_the_way_is_seen(tmp_path: Path) -> None:
    nobody = Account("nobody", 65534, 65534)
    door = tmp_path / "door"
    (door / "room").mkdir(parents=True)
    open_way = Path("/")

    door.chmod(0o700)
    assert not can_reach(door / "room", nobody)
    assert can_reach(door / "room", None)
    assert can_reach(open_way / "etc" / "passwd", nobody)


def test_a_user_without_a_name_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)

    with pytest.raises(OperationError, match=r"54321, which has no name.*HUB_DATABASE_URL"):
        store_account(tmp_path / "postgres")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to others")
def test_root_keeps_to_the_owner_of_the_files_that_are_there(tmp_path: Path) -> None:
    files = tmp_path / "postgres"
    files.mkdir()
    os.chown(files, 65534, 65534)

    assert store_account(files) == Account("nobody", 65534, 65534)

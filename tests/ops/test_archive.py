"""The form of a backup: whole, private, and no way out of its directory."""

import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from ops.archive import Note, pack, unpack
from ops.errors import OperationError

NOTE = Note("2026-11-22T10:00:00+00:00", "0001", "00ff")


def make_backup(directory: Path) -> Path:
    (directory / "dump").write_bytes(b"dump")
    (directory / "files" / "reports").mkdir(parents=True)
    (directory / "files" / "reports" / "a.xlsx").write_bytes(b"report")
    pack(directory / "backup.tar", NOTE, directory / "dump", directory / "files")
    return directory / "backup.tar"


def test_what_is_packed_is_unpacked(tmp_path: Path) -> None:
    backup = make_backup(tmp_path)
    target = tmp_path / "target"
    target.mkdir()

    note, dump, files = unpack(backup, target)

    assert note == NOTE
    assert dump.read_bytes() == b"dump"
    assert (files / "reports" / "a.xlsx").read_bytes() == b"report"
    assert backup.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["../outside", "/outside/hub", "files/../../outside", "other"])
def test_a_member_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    backup = make_backup(tmp_path)
    with tarfile.open(backup, "a") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = 3
        archive.addfile(entry, BytesIO(b"bad"))
    target = tmp_path / "target"
    target.mkdir()

    with pytest.raises(OperationError, match="no backup of Hub"):
        unpack(backup, target)
    assert not (tmp_path / "outside").exists()


def test_a_link_in_a_backup_is_refused(tmp_path: Path) -> None:
    backup = make_backup(tmp_path)
    with tarfile.open(backup, "a") as archive:
        entry = tarfile.TarInfo("files/link")
        entry.type = tarfile.SYMTYPE
        entry.linkname = "/etc/passwd"
        archive.addfile(entry)
    target = tmp_path / "target"
    target.mkdir()

    with pytest.raises(OperationError, match="neither a file nor a directory"):
        unpack(backup, target)


@pytest.mark.parametrize("content", [b"", b"no tar at all"])
def test_any_other_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    target = tmp_path / "target"
    target.mkdir()

    with pytest.raises(OperationError, match="no backup of Hub"):
        unpack(tmp_path / "other", target)


def test_a_backup_of_a_newer_form_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dump").write_bytes(b"")
    (tmp_path / "files").mkdir()
    newer = Note("2027-01-01T00:00:00+00:00", "0099", "00ff", format=2)
    pack(tmp_path / "backup.tar", newer, tmp_path / "dump", tmp_path / "files")
    target = tmp_path / "target"
    target.mkdir()

    with pytest.raises(OperationError, match="newer Hub"):
        unpack(tmp_path / "backup.tar", target)

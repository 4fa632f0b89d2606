"""The form of a backup: one tar with a dump of the database, the files, and a note about both."""

import json
import os
import shutil
import tarfile
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

from ops.errors import OperationError

_NOTE = "backup.json"
_DUMP = "database.dump"
_FILES = "files"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Note:
    """What a backup says of itself; the key itself is not in it."""

    made_at: str
    revision: str | None
    key_fingerprint: str
    format: int = _FORMAT


def pack(target: Path, note: Note, dump: Path, files: Path) -> None:
    """Write a backup to `target`, readable by its owner only; it appears when it is whole."""
    unfinished = target.with_name(f"{target.name}.partial")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    with unfinished.open("wb") as stream:
        with tarfile.open(fileobj=stream, mode="w") as archive:
            text = json.dumps(asdict(note), indent=2).encode()
            entry = tarfile.TarInfo(_NOTE)
            entry.size, entry.mode = len(text), 0o600
            archive.addfile(entry, BytesIO(text))
            archive.add(dump, _DUMP)
            archive.add(files, _FILES)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.rename(target)


def unpack(source: Path, directory: Path) -> tuple[Note, Path, Path]:
    """Unpack a backup into an empty `directory`; returns its note, the dump, and the files.

    Raises:
        OperationError: it is no backup of Hub, or of a newer form.
    """
    try:
        with tarfile.open(source) as archive:
            for member in archive:
                _unpack_member(archive, member, directory)
        note = Note(**json.loads((directory / _NOTE).read_text(encoding="utf-8")))
    except (OSError, tarfile.TarError, ValueError, TypeError) as error:
        raise OperationError(f"{source} is no backup of Hub, or is damaged: {error}") from error
    if note.format != _FORMAT:
        raise OperationError(f"{source} was made by a newer Hub (form {note.format})")
    (directory / _FILES).mkdir(exist_ok=True)
    return note, directory / _DUMP, directory / _FILES


def _unpack_member(archive: tarfile.TarFile, member: tarfile.TarInfo, directory: Path) -> None:
    """Unpack plain files and directories that stay below `directory`; nothing else is ours."""
    name = PurePosixPath(member.name)
    ours = name.parts and (name.parts[0] == _FILES or member.name in {_NOTE, _DUMP})
    if name.is_absolute() or ".." in name.parts or not ours:
        raise tarfile.TarError(f"it holds {member.name!r}")
    target = directory / name
    if member.isdir():
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        return
    content = archive.extractfile(member) if member.isreg() else None
    if content is None:
        raise tarfile.TarError(f"{member.name!r} is neither a file nor a directory")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with content, target.open("wb") as stream:
        shutil.copyfileobj(content, stream)

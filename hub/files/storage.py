"""The bytes of files, on disk under their own hash: whole or not at all (reliability.md R-24)."""

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from hub.errors import NotFoundError
from hub.settings import get_settings

_CHUNK_BYTES = 1024 * 1024
_DIRECTORY = "files"
_HASH = re.compile(r"[0-9a-f]{64}")
_DRAFT_PREFIX = "draft-"


@dataclass(frozen=True, slots=True)
class Content:
    """What was kept: the SHA-256 of the bytes, in hexadecimal, and how many there are."""

    sha256: str
    size_bytes: int


def put(source: bytes | IO[bytes]) -> Content:
    """Keep bytes, or all that a stream still has; durable when this returns.

    Equal bytes are kept once. Call it before the transaction whose row names the content: bytes
    that no row names are swept away a day later.
    """
    directory = _directory()
    digest, size = hashlib.sha256(), 0
    handle, draft = tempfile.mkstemp(prefix=_DRAFT_PREFIX, dir=directory)
    try:
        with os.fdopen(handle, "wb") as target:
            for chunk in _chunks(source):
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        content = Content(digest.hexdigest(), size)
        place = path_of(content.sha256)
        if not place.parent.exists():
            place.parent.mkdir(mode=0o700, exist_ok=True)
            _sync_directory(directory)
        Path(draft).replace(place)  # over an equal one, which thereby counts as new for the sweep
        _sync_directory(place.parent)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return content


def open_content(sha256: str) -> BinaryIO:
    """Open a content for reading; whoever opens it closes it.

    Raises:
        NotFoundError: it is not (any more) there.
    """
    try:
        return path_of(sha256).open("rb")
    except FileNotFoundError as error:
        raise NotFoundError("file", sha256) from error


def remove(sha256: str) -> bool:
    """Take a content away; returns False where there was none. Rows that name it are not asked."""
    try:
        path_of(sha256).unlink()
    except FileNotFoundError:
        return False
    return True


def path_of(sha256: str) -> Path:
    """Return where a content lies, or would lie, for programs that read a path.

    Raises:
        ValueError: this is no SHA-256 in hexadecimal.
    """
    if not _HASH.fullmatch(sha256):
        raise ValueError("a content is named by 64 hexadecimal digits")
    return get_settings().data_dir / _DIRECTORY / sha256[:2] / sha256


def untouched_for(age_s: float) -> Iterator[Path]:
    """Give out the files, drafts of crashed writers among them, not written for so many seconds."""
    before = time.time() - age_s
    for found in sorted(_directory().rglob("*")):
        try:
            if found.is_file() and found.stat().st_mtime < before:
                yield found
        except FileNotFoundError:  # swept by somebody else at this moment
            continue


def remove_untouched(path: Path, age_s: float) -> bool:
    """Take a file away unless it was written within so many seconds; returns whether it is gone.

    Somebody may `put` the same bytes at this very moment: the file is moved aside before its age is
    looked at, so that what he wrote is either moved back or was never moved.
    """
    aside = path.with_name(f"{_DRAFT_PREFIX}{path.name}")
    try:
        path.replace(aside)
        if aside.stat().st_mtime >= time.time() - age_s:
            aside.replace(path)
            return False
    except FileNotFoundError:  # swept by somebody else at this moment
        return False
    aside.unlink(missing_ok=True)
    return True


def _chunks(source: bytes | IO[bytes]) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    while chunk := source.read(_CHUNK_BYTES):
        yield chunk


def _directory() -> Path:
    directory = get_settings().data_dir / _DIRECTORY
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def _sync_directory(directory: Path) -> None:
    """Make the name itself durable, not only the bytes."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

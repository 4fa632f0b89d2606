"""The master keys of this installation: the first one seals, every one opens (reliability.md R-61).

There are two of them while one takes the place of another. Kept in a file (``HUB_MASTER_KEY_FILE``,
or the data directory's own) they are read again whenever the file has changed, so that all
processes change over at once and without a restart.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from hub.errors import HubError
from hub.settings import get_settings

KEY_BYTES = 32  # AES-256
ID_BYTES = 8
_BETWEEN = re.compile(r"[\s,]+")


class SealError(HubError):
    """A sealed value does not open: another master key, another row, or a damaged value."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A key and the id under which sealed values name it, which tells nothing of it."""

    id: bytes
    secret: bytes = field(repr=False)


def master_keys() -> tuple[MasterKey, ...]:
    """Return the keys of this process, the one that seals first.

    Raises:
        SealError: there is none, or one is not 32 bytes in base64.
    """
    settings = get_settings()
    if settings.master_key_file is not None:
        return _read_file(settings.master_key_file)
    if settings.master_key is None:
        raise SealError("HUB_MASTER_KEY is not set")
    return read_keys(settings.master_key.get_secret_value())


@lru_cache(maxsize=8)
def read_keys(text: str) -> tuple[MasterKey, ...]:
    """Return the keys of a text, which stand apart by commas or line breaks.

    Raises:
        SealError: there is none, or one is not 32 bytes in base64.
    """
    keys = tuple(_read_key(part) for part in _BETWEEN.split(text) if part)
    if not keys:
        raise SealError("HUB_MASTER_KEY is empty")
    return keys


def _read_file(path: Path) -> tuple[MasterKey, ...]:
    try:
        found = path.stat()
        return _read_version(path, found.st_mtime_ns, found.st_ino)
    except OSError as error:
        raise SealError(f"HUB_MASTER_KEY_FILE cannot be read: {error.strerror}") from error


@lru_cache(maxsize=1)
def _read_version(path: Path, changed_at_ns: int, inode: int) -> tuple[MasterKey, ...]:
    del changed_at_ns, inode  # what makes it another version
    return read_keys(path.read_text(encoding="utf-8"))


def _read_key(text: str) -> MasterKey:
    try:
        secret = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise SealError("HUB_MASTER_KEY is not base64") from error
    if len(secret) != KEY_BYTES:
        raise SealError(f"HUB_MASTER_KEY must hold {KEY_BYTES} bytes in base64")
    return MasterKey(hashlib.sha256(secret).digest()[:ID_BYTES], secret)

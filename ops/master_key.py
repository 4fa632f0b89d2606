"""The key that seals secrets, for an installation that was not given one."""

import base64
import hashlib
import secrets
from pathlib import Path

from hub.master_keys import KEY_BYTES, SealError, read_keys
from ops.errors import OperationError
from ops.private_file import write_private


def ensure_master_key(path: Path) -> str:
    """Return what is kept at `path`: the key in base64, or the new and the old one of a change.

    It is made there, for its owner's eyes only, if missing.

    Raises:
        OperationError: the file holds no such key.
    """
    if not path.exists():
        write_private(path, _make(), replace=False)
    text = path.read_text(encoding="utf-8").strip()
    if not is_master_key(text):
        raise OperationError(
            f"{path} does not hold {KEY_BYTES} bytes in base64. Put the key back from your "
            "backup: what was sealed with it cannot be opened without it."
        )
    return text


def begin_change(path: Path) -> None:
    """Put a new key before the one that a file holds, unless a change has begun already.

    Whoever reads the file seals with the new key from now on, and opens with both.
    """
    text = ensure_master_key(path)
    if len(read_keys(text)) == 1:
        write_private(path, f"{_make()}\n{text}\n", replace=True)


def end_change(path: Path) -> None:
    """Throw away all keys that a file holds but the new one."""
    first = ensure_master_key(path).replace(",", " ").split()[0]
    write_private(path, f"{first}\n", replace=True)


def is_master_key(text: str) -> bool:
    """Tell whether a text is a key: 32 bytes in base64; or several of them."""
    try:
        return bool(read_keys(text))
    except SealError:
        return False


def fingerprint(text: str) -> str:
    """Return a mark by which the keys that seal can be compared without showing them."""
    return hashlib.sha256(read_keys(text)[0].secret).hexdigest()[:16]


def _make() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()

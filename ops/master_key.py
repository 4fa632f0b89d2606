"""The key that seals secrets, for an installation that was not given one."""

import base64
import hashlib
import secrets
from pathlib import Path

from ops.errors import OperationError
from ops.private_file import write_private

_KEY_BYTES = 32  # AES-256


def ensure_master_key(path: Path) -> str:
    """Return the key kept at `path`, in base64; made there, for its owner's eyes only, if missing.

    Raises:
        OperationError: the file holds no such key.
    """
    if not path.exists():
        made = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
        write_private(path, made, replace=False)
    key = path.read_text(encoding="utf-8").strip()
    if not is_master_key(key):
        raise OperationError(
            f"{path} does not hold {_KEY_BYTES} bytes in base64. Put the key back from your "
            "backup: what was sealed with it cannot be opened without it."
        )
    return key


def is_master_key(text: str) -> bool:
    """Tell whether a text is a key: 32 bytes in base64."""
    try:
        return len(base64.b64decode(text, validate=True)) == _KEY_BYTES
    except ValueError:
        return False


def fingerprint(key: str) -> str:
    """Return a mark by which two keys can be compared without showing them."""
    return hashlib.sha256(base64.b64decode(key)).hexdigest()[:16]

"""Files that only their owner may read, whole or not there."""

import os
from pathlib import Path


def write_private(path: Path, text: str, *, replace: bool) -> None:
    """Write `text` to a file of mode 0600, on the disk before it appears under its name.

    With `replace` it takes the place of a former file; otherwise a former file stays as it is.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    try:
        with draft.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if replace:
            draft.rename(path)
        elif not path.exists():
            _keep_first(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _keep_first(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)  # unlike a rename it fails where another process was quicker
    except FileExistsError:
        return

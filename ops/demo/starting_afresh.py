"""What an interrupted start has left: a demonstration whose story was not told to its end."""

import shutil

from ops.data_directory import DataDirectory
from ops.demo.keepsake import Keepsake

_MADE_BY_THE_STORY = ("files", "mail", "redis", "sandboxes")


def clear_untold(place: DataDirectory) -> None:
    """Empty a demonstration's data unless its story was told, so that it can be told from nothing.

    Call it while nothing runs there. It holds composed samples only; a real Hub is never here.
    """
    if Keepsake.path(place).exists():
        return
    shutil.rmtree(place.postgres.resolve(), ignore_errors=True)
    for name in _MADE_BY_THE_STORY:
        shutil.rmtree(place.root / name, ignore_errors=True)
    (place.root / "administrator.token").unlink(missing_ok=True)
    place.create()

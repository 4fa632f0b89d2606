"""What the story leaves behind, for whoever starts the demonstration again."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from ops.data_directory import DataDirectory


@dataclass(slots=True)
class Keepsake:
    """Where things can be looked at: a title and an address or a file each, in order."""

    sights: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def path(place: DataDirectory) -> Path:
        """Return the file it is kept in; it exists once the story was told to its end."""
        return place.root / "story.json"

    @classmethod
    def read(cls, place: DataDirectory) -> Self | None:
        """Return what the last telling left, None where there was none."""
        path = cls.path(place)
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None

    def write(self, place: DataDirectory) -> None:
        """Keep it."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1)
        self.path(place).write_text(text, encoding="utf-8")

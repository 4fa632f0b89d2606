"""What a column of an import is, and by which headers it is known."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.i18n import LANGUAGES, translate
from hub.parsing import normalised_header


class Meaning(StrEnum):
    """How the cells of a column are read."""

    TEXT = "text"
    DECIMAL = "decimal"
    COUNTRY = "country"
    ROLES = "roles"
    KIND = "kind"
    USER = "user"
    BOOLEAN = "boolean"
    WORD = "word"  # one of a catalogue, by its code or its label
    WORDS = "words"  # several, with commas between
    DATE = "date"
    INSTANT = "instant"
    KEYED = "keyed"  # texts under keys: `se_orgnr: 5560360793, lei: …`


@dataclass(frozen=True, slots=True)
class ImportColumn:
    """A column; `label` and `explanation` are English sources, `synonyms` headers of others.

    A column outside the `template` is understood and not offered. One whose own name files use for
    other things (`is_vague`) is known by its synonyms alone, or where somebody says so. `refine`
    makes of what a cell means what is kept; it raises `ValidationError`.
    """

    key: str
    label: str
    synonyms: tuple[str, ...] = ()
    meaning: Meaning = Meaning.TEXT
    required: bool = False
    explanation: str = ""
    example: str = ""
    choices: tuple[str, ...] = ()
    in_template: bool = True
    catalogue: str = ""
    is_vague: bool = False
    refine: Callable[[Any], Any] | None = None

    @property
    def headers(self) -> set[str]:
        """The headers it is known by, in any language of ours."""
        names = set(self.synonyms)
        if not self.is_vague:
            names |= {self.key, self.label}
            names |= {translate(language, self.label) for language in LANGUAGES}
        return {header_key(name) for name in names}


def header_key(header: str) -> str:
    """Return a header for comparison: letters and digits only, words parted by one space."""
    folded = normalised_header(header)
    return " ".join("".join(c if c.isalnum() else " " for c in folded).split())


def columns_by_header(columns: Iterable[ImportColumn]) -> dict[str, ImportColumn]:
    """Return columns by all headers they are known by; the first one that fits has it."""
    found: dict[str, ImportColumn] = {}
    for column in columns:
        for header in sorted(column.headers):
            found.setdefault(header, column)
    return found

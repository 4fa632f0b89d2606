"""The words of catalogues as files write them: by their codes, or their labels in our languages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from hub.catalogues import services as catalogues
from hub.errors import ValidationError
from hub.i18n import N_
from hub.imports.columns import ImportColumn


@dataclass(frozen=True, slots=True)
class Words:
    """What the catalogues of a file's columns hold: the code by each folded writing of a word."""

    by_catalogue: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def code(self, catalogue: str, text: str, pointer: str) -> str:
        """Return the code of a word.

        Raises:
            ValidationError: the catalogue has no such word, or it is retired.
        """
        known = self.by_catalogue.get(catalogue, {})
        found = known.get(text.casefold())
        if found is None:
            raise ValidationError.of(
                pointer, "unknown", N_("There is no {name} in the catalogue {catalogue}."),
                name=text[:100], catalogue=catalogue,
            )  # fmt: skip
        return found


def words_of(session: Session, columns: Iterable[ImportColumn]) -> Words:
    """Return the words that the cells of some columns may have, as the catalogues stand now."""
    names = {column.catalogue for column in columns if column.catalogue}
    return Words({name: catalogues.writings(session, name) for name in names})

"""Words that people read for the values of a field, where the database keeps them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select
from sqlalchemy.orm import Session

from hub.i18n import translate


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The words of a field.

    Attributes:
        entries: all values with their words, as (value, label, offered) in their order. What is
            `offered` has its line in a table though no row has it.
        label: the SQL for the word of a row's one value; None for a mix of values.
        ours: the words that Hub brings, English source texts; all others are the installation's.
    """

    entries: Select[Any, Any, Any]
    label: ColumnElement[str] | None = None
    ours: frozenset[str] = frozenset()

    def spoken(self, locale: str, word: str) -> str:
        """Return a word in the reader's language, where it is one of ours."""
        return translate(locale, word) if word in self.ours else word

    def labels(
        self,
        executor: Session | Connection,
        values: Collection[Any] | None = None,
        *,
        offered: bool = False,
    ) -> dict[Any, str]:
        """Return the word of each of some values, or of all, or of all that are `offered`."""
        entries = self.entries
        value, _, is_offered = entries.selected_columns
        if values is not None:
            entries = entries.where(value.in_(values))
        if offered:
            entries = entries.where(is_offered)
        return {row[0]: row[1] for row in executor.execute(entries)}

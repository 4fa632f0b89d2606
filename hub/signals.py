"""Signals: what about a record asks for attention, in which colour, for which reason, since when.

A kind of record has tables of rules; of each table the first rule that holds decides, as the reader
sees it today where he is. A rule is SQL, said once: lists show it, filter and count by it, exports
and reports hold it, and an answer about one record asks the same of the database.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Text,
    case,
    cast,
    false,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.orm import Session

from hub.db import among
from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Reader
from hub.listing.declaration import Expression


class Paints(StrEnum):
    """Where the colour of a signal goes."""

    BACKGROUND = "background"
    TEXT = "text"
    EDGE = "edge"
    ICON = "icon"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A signal and when it is given; `reason` is an English source text.

    `holds` and `since` make SQL over the record for a reader; `since` is a day, NULL where nobody
    can say.
    """

    key: str
    reason: str
    colour: str
    paints: Paints
    icon: str | None
    holds: Callable[[Reader], ColumnElement[bool]]
    since: Callable[[Reader], Expression]


@dataclass(frozen=True, slots=True)
class Signal:
    """What a record shows: the rule that decided, and since which day; None: nobody can say."""

    rule: Rule
    since: date | None


@dataclass(frozen=True, slots=True, eq=False)
class SignalTable:
    """Rules in their order of precedence; where none holds there is no signal.

    `name` is that of its field in lists and answers, `label` its heading, an English source text.
    """

    name: str
    label: str
    model: type[Any]
    rules: tuple[Rule, ...]

    def key(self, reader: Reader) -> ColumnElement[str]:
        """Return the SQL for the key of the rule that decides."""
        return _decided(self, "key", _day_of(reader))

    def since(self, reader: Reader) -> ColumnElement[date]:
        """Return the SQL for the day since when it does."""
        return _decided(self, "since", _day_of(reader))

    def fields(self, *, shown: bool = True) -> tuple[Field, ...]:
        """Return the fields by which lists show, filter and count it.

        A table of one rule is a question of yes or no.
        """

        def attribute(name: str) -> Callable[[Reader], Expression]:
            return lambda reader: _decided(self, name, _day_of(reader))

        return (
            self._whole_field(shown=shown),
            Field(f"{self.name}.colour", None, reckoned=attribute("colour"),
                  label=N_("Colour"), facet=True, shown=False),
            Field(f"{self.name}.icon", None, reckoned=attribute("icon"),
                  label=N_("Icon"), facet=True, shown=False),
            Field(f"{self.name}.since", None, reckoned=self.since, label=N_("Since"),
                  kind=Kind.DATE, shown=False),
        )  # fmt: skip

    def _whole_field(self, *, shown: bool) -> Field:
        if len(self.rules) == 1:
            return Field(
                self.name, None, label=self.label, kind=Kind.BOOLEAN, facet=True, shown=shown,
                reckoned=lambda reader: func.coalesce(self.rules[0].holds(reader), false()),
            )  # fmt: skip
        choices = tuple(Choice(rule.key, rule.reason) for rule in self.rules)
        return Field(
            self.name, None, label=self.label, kind=Kind.ENUM, facet=True, shown=shown,
            choices=choices, width=24, reckoned=self.key,
        )  # fmt: skip


def read(
    session: Session, reader: Reader, tables: Iterable[SignalTable], ids: Iterable[UUID]
) -> dict[UUID, dict[str, Signal | None]]:
    """Return the signals of records of one model by id and by table, as they stand now."""
    chosen = list(tables)
    model = chosen[0].model
    columns = [
        each.label(f"{table.name}_{name}")
        for table in chosen
        for name, each in (("key", table.key(reader)), ("since", table.since(reader)))
    ]
    rows = session.execute(select(model.id, *columns).where(among(model.id, ids))).mappings()
    return {row["id"]: {table.name: _signal(table, row) for table in chosen} for row in rows}


@lru_cache(maxsize=256)
def _decided(table: SignalTable, what: str, day: Reader) -> ColumnElement[Any]:
    """Return the SQL for what the rule that decides says: made once a day for each zone."""
    type_ = Date() if what == "since" else Text()

    def said(rule: Rule) -> Any:
        return rule.since(day) if what == "since" else _word(getattr(rule, what))

    ways = [(rule.holds(day), cast(said(rule), type_)) for rule in table.rules]
    return case(*ways, else_=cast(null(), type_))


def _day_of(reader: Reader) -> Reader:
    """Return all of a reader that signals depend on: his day and his zone."""
    return Reader(now=reader.midnight(reader.today), zone=reader.zone)


def _signal(table: SignalTable, row: Mapping[Any, Any]) -> Signal | None:
    key = row[f"{table.name}_key"]
    if key is None:
        return None
    rule = next(each for each in table.rules if each.key == key)
    return Signal(rule, row[f"{table.name}_since"])


def _word(word: str | None) -> ColumnElement[Any]:
    """Return a word of our own as SQL: no parameter, so that equal expressions are equal text."""
    return null() if word is None else literal_column(f"'{word}'")

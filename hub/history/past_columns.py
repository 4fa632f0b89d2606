"""How records stood at an instant: what they are now, with what changed since taken back."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, func, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import InstrumentedAttribute

from hub.history.models import Event
from hub.history.records import Record


class AsOf:
    """Reads columns of a kind of records as they stood at an instant; as they are where None.

    The value of then is what the first change after it says was there before; without one, what is
    there still. So records are read rightly that are older than their history. What no event tells
    (`Record.__derived__` but for `__told__`) can not be read so. An event is of the beginning of
    its transaction.
    """

    def __init__(self, model: type[Record], at: datetime | None) -> None:
        self.model = model
        self.at = at

    def value(self, column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
        """Return the SQL of a column's value then."""
        if self.at is None:
            return cast("ColumnElement[Any]", column)
        name = column.key
        before = (
            select(Event.changes[name][0])
            .where(*self._of_it(), Event.at > self.at, Event.changes.has_key(name))
            .order_by(Event.at, Event.id)
            .limit(1)
            .correlate(self.model)
            .scalar_subquery()
        )
        # A JSON null is a value, which stays; NULL says that there was no change.
        found = func.coalesce(before, func.to_jsonb(column))
        return sql_cast(found.op("#>>")(sql_cast([], ARRAY(TEXT))), column.type)

    def changed_since(self, column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
        """Return the SQL of whether a column has changed since then."""
        return (
            select(Event.id)
            .where(*self._of_it(), Event.at > self.at, Event.changes.has_key(column.key))
            .correlate(self.model)
            .exists()
        )

    def last_change(
        self, column: InstrumentedAttribute[Any], told: Any, *types: str
    ) -> ColumnElement[Any]:
        """Return the SQL of what the newest event up to then tells by which a column changed.

        Only events of some types are asked, such as ``lead.transitioned``.
        """
        return (
            select(told)
            .where(
                *self._of_it(), Event.at <= self.at, Event.type.in_(types),
                Event.changes.has_key(column.key),
            )
            .order_by(Event.at.desc(), Event.id.desc())
            .limit(1)
            .correlate(self.model)
            .scalar_subquery()
        )  # fmt: skip

    def touched_since(self, *types: str) -> ColumnElement[bool]:
        """Return the condition for the records of which events of some types have told since."""
        ids = select(Event.subject_id).where(Event.type.in_(types), Event.at > self.at)
        return self.model.id.in_(ids.correlate(None))

    def _of_it(self) -> tuple[ColumnElement[bool], ...]:
        return (Event.subject_type == self.model.entity(), Event.subject_id == self.model.id)

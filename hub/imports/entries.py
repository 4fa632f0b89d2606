"""What an installation asks of new customers, looked at for the rows of a file in sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.customers.models import Contact, Customer
from hub.entry_policies.enforcing import (
    DUPLICATE,
    TAKEN,
    fold,
    holders,
    is_empty,
    missing,
    pointer_of,
    rules_of,
    value_of,
)
from hub.entry_policies.policy import Duplicates, EntryRule
from hub.errors import FieldError
from hub.i18n import N_
from hub.imports.blind import Blind
from hub.imports.nesting import nested
from hub.imports.parts import CONTACT, CONTACTS
from hub.imports.reasons import Reason

_DEFAULTED = {"currency": "-", "country": "-", "roles": ["-"], "credit_code": "-", "channel": "-"}
"""What a new customer has where its row says nothing."""

SAME_ROW = N_("Row {row} has this value of {field} already.")


@dataclass(frozen=True, slots=True)
class Found:
    """What is said of a row: why it cannot come in, and what is to be known of it."""

    refusals: Sequence[Reason] = ()
    notes: Sequence[Reason] = ()


@dataclass(slots=True)
class Entries:
    """Holds the new rows of one file to the policy, batch by batch, in their order."""

    blind: Blind
    _rules: list[EntryRule] = field(default_factory=list)
    _of_contacts: list[EntryRule] = field(default_factory=list)
    _held: dict[tuple[str, str], UUID] = field(default_factory=dict)
    _unseen: set[UUID] = field(default_factory=set)
    _rows: dict[tuple[str, str], int] = field(default_factory=dict)
    _exhausted: Reason | None = None

    def look_up(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        """Find who has what the rows of a batch say."""
        self._rules = rules_of(session, Customer)
        self._of_contacts = rules_of(session, Contact)
        self._held = {}
        said = [nested(row) for row in rows] if self._rules else []
        for rule in self._rules:
            if rule.duplicates is Duplicates.ALLOW:
                continue
            values = {
                fold(value) for row in said if not is_empty(value := value_of(row, rule.field))
            }
            for value, holder in holders(session, Customer, rule.field, values).items():
                self._held[rule.field, value] = holder
        self._unseen = self.blind.unseen_among(session, self._held.values())
        asks = any(rule.duplicates is Duplicates.FORBID for rule in self._rules)
        self._exhausted = self.blind.exhausted(session) if asks else None

    def look(self, session: Session, number: int, after: Mapping[str, Any]) -> Found:
        """Return what is said of a row that makes a new customer of some values."""
        values = {**_DEFAULTED, **nested(after)}
        if not values.get("name") and values.get("cvr"):
            values["name"] = values["cvr"]  # what it is called until the registry answers
        refusals = [_reason(error) for error in missing(self._rules, values)]
        refusals += self.look_at_contacts(after)
        notes: list[Reason] = []
        for rule in self._rules:
            value = value_of(values, rule.field)
            if rule.duplicates is Duplicates.ALLOW or is_empty(value):
                continue
            forbids = rule.duplicates is Duplicates.FORBID
            found = self._duplicate(session, rule, fold(value), number, forbids=forbids)
            if found is not None:
                (refusals if forbids else notes).append(found)
        return Found(refusals, notes)

    def look_at_contacts(self, wanted: Mapping[str, Any]) -> list[Reason]:
        """Return what the contacts that a row adds lack; what must be new is asked later."""
        return [
            _reason(replace(error, pointer=f"/{CONTACT}{error.pointer}"))
            for part in wanted.get(CONTACTS, ())
            if "id" not in part
            for error in missing(self._of_contacts, part)
        ]

    def _duplicate(
        self, session: Session, rule: EntryRule, value: str, number: int, *, forbids: bool
    ) -> Reason | None:
        if forbids and self._exhausted is not None:
            return self._exhausted
        params = {"field": rule.field}
        holder = self._held.get((rule.field, value))
        if holder in self._unseen:
            return self.blind.told_of(session, holder, rule.field, value) if forbids else None
        if holder is not None:
            return _reason(FieldError(pointer_of(rule.field), DUPLICATE, TAKEN, params))
        earlier = self._rows.setdefault((rule.field, value), number)
        if earlier == number:
            return None
        told = {**params, "row": str(earlier)}
        return _reason(FieldError(pointer_of(rule.field), DUPLICATE, SAME_ROW, told))


def _reason(error: FieldError) -> Reason:
    return {
        "pointer": error.pointer, "code": error.code, "message": error.message,
        "params": {name: str(value) for name, value in error.params.items()},
    }  # fmt: skip

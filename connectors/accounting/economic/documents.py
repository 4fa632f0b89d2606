"""Booked invoices as documents: what is new, and what has been paid since.

A booked invoice never changes but for what is left to pay, and no interface tells when that does.
So the cursor carries the numbers of the open ones: each round reads the new invoices by number, and
then the open ones again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.accounting.economic.declaration import SYSTEM
from hub.errors import MalformedReplyError, PermanentError
from hub.ports import RemoteDocument

LIST_LIMIT = 200
"""The most values that the vendor's ``$in:`` takes."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Where the reading of documents stands.

    `after` is the highest number seen, `open` the numbers not settled, `again` those that this
    round still has to read again, None before the round has come to them.
    """

    after: int = 0
    open: tuple[int, ...] = ()
    again: tuple[int, ...] | None = None

    def query(self, limit: int) -> dict[str, str]:
        """Return the filter and sort of the next page of at most `limit` documents."""
        wanted = f"bookedInvoiceNumber$gt:{self.after}"
        if self.again is not None:
            numbers = ",".join(str(number) for number in self.again[:limit])
            wanted = f"bookedInvoiceNumber$in:[{numbers}]"
        return {"filter": wanted, "sort": "bookedInvoiceNumber"}

    def following(self, page: Sequence[RemoteDocument], *, limit: int, more: bool) -> "Reading":
        """Return where it stands after a page; `more` says that there are more new ones."""
        unsettled = {int(document.number) for document in page if document.remainder != 0}
        if self.again is not None:
            others = set(self.open) - set(self.again[:limit])
            return Reading(
                self.after, tuple(sorted(others | unsettled)), self.again[limit:] or None
            )
        highest = max([self.after, *(int(document.number) for document in page)])
        opened = tuple(sorted({*self.open, *unsettled}))
        return Reading(highest, opened, None if more else self.open or None)

    def as_cursor(self) -> dict[str, Any]:
        """Return it as JSON."""
        cursor: dict[str, Any] = {"after": self.after, "open": list(self.open)}
        if self.again:
            cursor["again"] = list(self.again)
        return cursor


def from_cursor(cursor: Mapping[str, Any] | None) -> Reading:
    """Return where a stored cursor stands; None is the beginning.

    Raises:
        PermanentError: it is none of ours.
    """
    if cursor is None:
        return Reading()
    numbers = [[cursor.get("after")], cursor.get("open"), cursor.get("again", [])]
    if not all(isinstance(n, list) and all(type(i) is int for i in n) for n in numbers):
        raise PermanentError(SYSTEM, "The stored cursor of the documents is not understood.")
    return Reading(cursor["after"], tuple(cursor["open"]), tuple(cursor.get("again", ())) or None)


def remote_document(body: Any) -> RemoteDocument:
    """Return a booked invoice as the port has it; a negative one is a credit note.

    Raises:
        MalformedReplyError: a property is missing or of another kind.
    """
    try:
        gross = Decimal(body["grossAmount"])
        due = body.get("dueDate")
        return RemoteDocument(
            kind="credit_note" if gross < 0 else "invoice",
            number=str(int(body["bookedInvoiceNumber"])),
            customer_remote_id=str(int(body["customer"]["customerNumber"])),
            issued_on=date.fromisoformat(body["date"]),
            due_on=date.fromisoformat(due) if due else None,
            currency=str(body["currency"]),
            gross=gross,
            remainder=Decimal(body["remainder"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        text = "A booked invoice has an unknown shape ({reason})."
        raise MalformedReplyError(SYSTEM, text, reason=repr(error)) from error

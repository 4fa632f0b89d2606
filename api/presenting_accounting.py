"""How a customer stands in accounting, and which changes of it wait."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from api.calls import Call
from api.messages import message_view
from api.schemas.customers import AccountingMessageView, AccountingView
from hub.customers.models import AccountingState, Customer
from hub.i18n import translate
from hub.sync.waiting import WaitingChange, waiting_changes

ACCOUNTING = ("accounting_state", "accounting_message", "accounting_standings")
"""The columns that are read."""

_TOLD = itemgetter("message")
_ON_ITS_WAY = frozenset({AccountingState.WAITING.value, AccountingState.HELD.value})


def accounting_view(
    call: Call[Any, Any], customer: Customer, row: Mapping[str, Any]
) -> AccountingView | dict[str, Any]:
    """Return how a customer stands in accounting, in the caller's words.

    What is wrong comes first, then what waits, then what does not follow. `row` has the columns.
    """
    waiting = _waiting(call, customer)
    standings: Mapping[str, Mapping[str, Any]] = row["accounting_standings"]
    if (
        not waiting
        and row["accounting_message"] is None
        and not any(map(_TOLD, standings.values()))
    ):
        # Of nearly all rows of a page; checked with the rest of the customer.
        return {"state": row["accounting_state"], "message": None, "messages": []}
    held = {str(each.connection_id) for each in waiting}
    noted = {key: each for key, each in standings.items() if each["message"] is not None}
    if not standings and row["accounting_message"] is not None:
        noted = {"": {"state": row["accounting_state"], "message": row["accounting_message"]}}
    first: list[AccountingMessageView] = []
    last: list[AccountingMessageView] = []
    for key, each in noted.items():
        if each["state"] in _ON_ITS_WAY and key in held:
            continue  # why it waits is read off its job
        found = first if each["state"] != AccountingState.LINKED else last
        found.append(_message(call, each["message"], UUID(key) if key else None))
    messages = [*first, *(_of_change(call, each) for each in waiting), *last]
    return AccountingView(
        state=row["accounting_state"], message=messages[0] if messages else None, messages=messages
    )


def _waiting(call: Call[Any, Any], customer: Customer) -> Sequence[WaitingChange]:
    """Return what waits of a customer; it is asked once for a page."""
    if customer not in call.shown:
        found = waiting_changes(call.session, [customer], now=call.now)
        return found.get(customer.id, ())
    page, found = call.session.info.get("changes_waiting", (None, {}))
    if page is not call.shown:
        found = waiting_changes(call.session, call.shown, now=call.now)
        call.session.info["changes_waiting"] = call.shown, found
    return found.get(customer.id, ()) if found else ()


def _of_change(call: Call[Any, Any], change: WaitingChange) -> AccountingMessageView:
    return _message(
        call,
        change.message,
        change.connection_id,
        since=change.since,
        next_try_at=change.next_try_at,
        remedy=translate(call.language, change.remedy),
    )


def _message(
    call: Call[Any, Any], message: Mapping[str, Any], connection_id: UUID | None, **more: Any
) -> AccountingMessageView:
    view = message_view(call, message)
    assert view is not None  # noqa: S101 - there is one
    return AccountingMessageView(**view.model_dump(), connection_id=connection_id, **more)

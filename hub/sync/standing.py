"""How a customer stands in each accounting system; what it shows of all is the worst of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.customers.models import AccountingState, Customer

_WORST_FIRST = (
    AccountingState.FAILED, AccountingState.HELD, AccountingState.WAITING, AccountingState.LINKED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """How a customer stands in one system; `message` is {code, text, params, link}."""

    state: AccountingState
    message: Mapping[str, Any] | None = None


def standing_of(customer: Customer, connection_id: UUID) -> Standing:
    """Return how a customer stands in one system.

    Where nothing was noted by system yet, as in a row of an earlier version, it is what all show.
    """
    if not customer.accounting_standings:
        return Standing(customer.accounting_state, customer.accounting_message)
    return _of(customer.accounting_standings.get(str(connection_id)))


def note(
    customer: Customer,
    connection_id: UUID,
    state: AccountingState,
    message: Mapping[str, Any] | None = None,
) -> None:
    """Note how a customer stands in one system; what others have to tell of it stays."""
    kept = {"state": state.value, "message": None if message is None else dict(message)}
    _show(customer, {**customer.accounting_standings, str(connection_id): kept})


def forget(customer: Customer, connection_id: UUID) -> None:
    """Note that a customer has nothing to do with a system any more."""
    kept = {name: each for name, each in customer.accounting_standings.items()
            if name != str(connection_id)}  # fmt: skip
    _show(customer, kept)


def _show(customer: Customer, kept: Mapping[str, Mapping[str, Any]]) -> None:
    customer.accounting_standings = dict(kept)
    worst = min(map(_of, kept.values()), key=_rank, default=Standing(AccountingState.NONE))
    customer.accounting_state = worst.state
    customer.accounting_message = None if worst.message is None else dict(worst.message)


def _of(kept: Mapping[str, Any] | None) -> Standing:
    if kept is None:
        return Standing(AccountingState.NONE)
    return Standing(AccountingState(kept["state"]), kept["message"])


def _rank(standing: Standing) -> tuple[int, bool]:
    return _WORST_FIRST.index(standing.state), standing.message is None

"""How a customer stands in several accounting systems: none of them speaks over another."""

from uuid import UUID

from hub.customers.models import AccountingState, Customer
from hub.sync.standing import Standing, forget, note, standing_of

FAILED, HELD = AccountingState.FAILED, AccountingState.HELD
WAITING, LINKED, NONE = AccountingState.WAITING, AccountingState.LINKED, AccountingState.NONE
A, B = UUID(int=1), UUID(int=2)
REFUSED = {"code": "refused", "text": "No.", "params": {}, "link": "/a"}
UNREADABLE = {"code": "unreadable_there", "text": "Odd.", "params": {}, "link": "/b"}


def new() -> Customer:
    return Customer(
        accounting_state=NONE, accounting_message=None, accounting_standings={}
    )  # fmt: skip


def shown(customer: Customer) -> tuple[AccountingState, str | None]:
    message = customer.accounting_message
    return customer.accounting_state, None if message is None else message["code"]


def test_what_failed_in_one_system_is_shown_though_another_is_linked_since() -> None:
    customer = new()

    note(customer, A, FAILED, REFUSED)
    note(customer, B, LINKED)

    assert shown(customer) == (FAILED, "refused")
    assert standing_of(customer, A) == Standing(FAILED, REFUSED)
    assert standing_of(customer, B) == Standing(LINKED)


def test_the_worst_is_shown_whichever_was_noted_last() -> None:
    customer = new()
    shows = []

    for connection_id, state in ((A, LINKED), (B, WAITING), (A, HELD), (B, FAILED), (B, LINKED)):
        note(customer, connection_id, state)
        shows.append(customer.accounting_state)

    assert shows == [LINKED, WAITING, HELD, FAILED, HELD]


def test_of_two_that_are_linked_the_one_that_tells_something_is_shown() -> None:
    customer = new()

    note(customer, A, LINKED, UNREADABLE)
    note(customer, B, LINKED)

    assert shown(customer) == (LINKED, "unreadable_there")
    note(customer, A, LINKED)
    assert shown(customer) == (LINKED, None)


def test_what_a_system_had_to_tell_goes_with_its_link() -> None:
    customer = new()
    note(customer, A, FAILED, REFUSED)
    note(customer, B, LINKED)

    forget(customer, A)
    assert shown(customer) == (LINKED, None)
    assert standing_of(customer, A) == Standing(NONE)

    forget(customer, B)
    assert shown(customer) == (NONE, None)


def test_a_row_of_an_earlier_version_stands_as_it_shows_until_a_system_notes_something() -> None:
    customer = new()
    customer.accounting_state, customer.accounting_message = LINKED, UNREADABLE

    assert standing_of(customer, A) == standing_of(customer, B) == Standing(LINKED, UNREADABLE)

    note(customer, A, LINKED)
    assert shown(customer) == (LINKED, None)
    assert standing_of(customer, B) == Standing(NONE)

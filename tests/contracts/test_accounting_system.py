"""What every accounting system must do, whoever made it: the promises of `hub.ports`."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from hub.errors import (
    AuthenticationError,
    MissingError,
    RejectedError,
    RemoteConflictError,
    UnknownOutcomeError,
)
from hub.ports import AccountingSystem, CustomerPage, RemoteCustomer, RemoteDocument, Scalar
from tests.connectors.economic_world import EconomicWorld, economic_world
from tests.fake_accounting import FakeAccounting

NORDLYS: Mapping[str, Scalar] = {
    "name": "Nordlys Testværk ApS",
    "address": "Prøvevej 12B",
    "zip": "8000",
    "city": "Aarhus C",
    "corporate_identification_number": "99000007",
    "email": "kontakt@nordlys.example",
    "phone": "70000001",
    "customer_group": "1",
}
_WIRE = {"name": "name", "phone": "telephoneAndFaxNumber", "city": "city"}


@dataclass
class World:
    """A system and what people and faults do behind its back."""

    system: AccountingSystem
    edit: Callable[[str, str, str], None]
    remove: Callable[[str], None]
    revoke: Callable[[], None]
    restore: Callable[[], None]
    lose_next_reply: Callable[[], None]
    book: Callable[[str, Decimal], None]
    pay: Callable[[int], None]
    forget_keys: Callable[[], None]

    def create(self, number: str, key: str | None = None, **fields: Scalar) -> RemoteCustomer:
        return self.system.create(
            number, {**NORDLYS, **fields}, idempotency_key=key or f"create-{number}"
        )

    def sweep(self) -> list[str]:
        """Return the ids of all customers."""
        return [c.remote_id for c in _pulled(self.system, None, 100)[0]]

    def existing(self, number: str) -> RemoteCustomer:
        customer = self.system.get(number)
        assert customer is not None
        return customer


def _economic(behind: EconomicWorld) -> World:
    def book(number: str, gross: Decimal) -> None:
        behind.books.booked[len(behind.books.booked) + 1] = {
            "bookedInvoiceNumber": len(behind.books.booked) + 1,
            "date": "2026-11-01",
            "dueDate": "2026-11-09",
            "currency": "DKK",
            "grossAmount": float(gross),
            "remainder": float(gross),
            "customer": {"customerNumber": int(number)},
            "recipient": {"name": "Nordlys", "vatZone": {"vatZoneNumber": 1}},
        }

    def lose_next_reply() -> None:
        for method in ("POST", "PUT"):
            behind.faults.add("drop_reply", method=method)

    def restore() -> None:
        behind.books.tokens.app_secret_token = "sandbox-app"

    def revoke() -> None:
        behind.books.tokens.app_secret_token = None

    return World(
        behind.system,
        edit=lambda number, name, value: behind.edit(int(number), **{_WIRE[name]: value}),
        remove=lambda number: behind.books.delete_customer(int(number)),
        revoke=revoke,
        restore=restore,
        lose_next_reply=lose_next_reply,
        book=book,
        pay=lambda number: behind.books.booked[number].update(remainder=0.0),
        forget_keys=behind.books.replies.clear,
    )


def _fake(fake: FakeAccounting) -> World:
    def book(number: str, gross: Decimal) -> None:
        kind = "invoice" if gross > 0 else "credit_note"
        fake.book(
            RemoteDocument(
                kind,
                str(len(fake.booked) + 1),
                number,
                date(2026, 11, 1),
                date(2026, 11, 9),
                "DKK",
                gross,
                gross,
            )
        )

    def pay(number: int) -> None:
        paid = fake.booked[number]
        fake.book(
            RemoteDocument(
                paid.kind,
                paid.number,
                paid.customer_remote_id,
                paid.issued_on,
                paid.due_on,
                paid.currency,
                paid.gross,
                Decimal(0),
            )
        )

    return World(
        fake,
        edit=lambda number, name, value: fake.edit(number, **{name: value}),
        remove=fake.remove,
        revoke=lambda: setattr(fake, "revoked", True),
        restore=lambda: setattr(fake, "revoked", False),
        lose_next_reply=fake.lose_next_reply,
        book=book,
        pay=pay,
        forget_keys=fake.replies.clear,
    )


@pytest.fixture(params=["economic", "fake"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "fake":
        yield _fake(FakeAccounting())
        return
    with economic_world() as behind:
        yield _economic(behind)


def _pulled(
    system: AccountingSystem, cursor: Mapping[str, Any] | None, limit: int
) -> tuple[list[RemoteCustomer], CustomerPage]:
    """Return all customers of a round and its last page; cursors cross as JSON, as stored."""
    seen: list[RemoteCustomer] = []
    for _ in range(50):
        page = system.customers(cursor, limit)
        assert len(page.customers) <= limit
        seen += page.customers
        cursor = json.loads(json.dumps(page.cursor))
        if not page.more:
            return seen, page
        assert not page.complete_sweep
    raise AssertionError("the pull does not end")


def test_a_test_says_whose_books_they_are(world: World) -> None:
    account = world.system.test()

    assert account.account_id
    assert account.name
    assert account.base_currency == "DKK"


def test_the_schema_offers_what_a_customer_refers_to(world: World) -> None:
    choices = world.system.schema().choices

    assert {"customer_group", "payment_terms", "vat_zone", "currency"} <= choices.keys()
    assert "1" in [choice.value for choice in choices["customer_group"]]
    assert all(choice.label for offered in choices.values() for choice in offered)


def test_a_created_customer_reads_back_equal(world: World) -> None:
    created = world.create("7")

    assert world.system.get("7") == created
    assert created.remote_id == "7"
    assert {name: created.fields[name] for name in NORDLYS} == NORDLYS
    assert created.fields["barred"] is False
    assert "ean" not in created.fields


def test_without_a_number_the_other_side_gives_one(world: World) -> None:
    world.create("7")

    created = world.system.create(None, NORDLYS, idempotency_key="k")

    assert created.remote_id == "8"
    assert world.sweep() == ["7", "8"]


def test_a_free_number_is_free(world: World) -> None:
    assert world.system.free_number() == "1"
    world.create("41")

    number = world.system.free_number()

    assert number == "42"
    assert world.create(number).remote_id == "42"


def test_an_update_changes_the_named_fields_and_leaves_the_rest(world: World) -> None:
    base = world.create("7")

    updated = world.system.update("7", {"phone": "70000002"}, base=base, idempotency_key="u")

    assert updated.fields == {**base.fields, "phone": "70000002"}
    assert world.system.get("7") == updated


def test_none_empties_a_field(world: World) -> None:
    base = world.create("7")

    updated = world.system.update("7", {"phone": None}, base=base, idempotency_key="u")

    assert "phone" not in updated.fields
    assert updated.fields["email"] == NORDLYS["email"]


def test_an_update_keeps_what_somebody_changed_in_another_field(world: World) -> None:
    base = world.create("7")
    world.edit("7", "city", "Odense")

    updated = world.system.update("7", {"phone": "70000002"}, base=base, idempotency_key="u")

    assert (updated.fields["city"], updated.fields["phone"]) == ("Odense", "70000002")


def test_an_update_of_a_field_changed_over_there_is_refused(world: World) -> None:
    base = world.create("7")
    world.edit("7", "phone", "70009999")

    with pytest.raises(RemoteConflictError):
        world.system.update("7", {"phone": "70000002"}, base=base, idempotency_key="u")

    assert world.existing("7").fields["phone"] == "70009999"


def test_both_sides_changing_a_field_to_the_same_is_no_conflict(world: World) -> None:
    base = world.create("7")
    world.edit("7", "phone", "70000002")

    updated = world.system.update("7", {"phone": "70000002"}, base=base, idempotency_key="u")

    assert updated.fields["phone"] == "70000002"


def test_a_refused_value_is_named_and_changes_nothing(world: World) -> None:
    base = world.create("7")

    with pytest.raises(RejectedError) as refused:
        world.system.update(
            "7", {"phone": "70000002", "ean": "5" * 14}, base=base, idempotency_key="u"
        )

    assert [error.field for error in refused.value.errors] == ["ean"]
    assert world.system.get("7") == base


def test_a_refused_reference_is_named_and_creates_nothing(world: World) -> None:
    with pytest.raises(RejectedError) as refused:
        world.create("7", customer_group="99")

    assert [error.field for error in refused.value.errors] == ["customer_group"]
    assert all(error.code and error.message for error in refused.value.errors)
    assert world.system.get("7") is None


def test_what_was_refused_succeeds_under_the_same_key_once_it_is_mended(world: World) -> None:
    with pytest.raises(RejectedError):
        world.create("7", key="intent", customer_group="99")

    created = world.create("7", key="intent")

    assert created.fields["customer_group"] == "1"
    assert world.sweep() == ["7"]


def test_a_customer_who_is_gone_is_none_and_cannot_be_updated(world: World) -> None:
    base = world.create("7")
    world.remove("7")

    with pytest.raises(MissingError):
        world.system.update("7", {"phone": "70000002"}, base=base, idempotency_key="u")

    assert world.system.get("7") is None
    assert world.sweep() == []


def test_the_same_create_again_makes_no_second_customer(world: World) -> None:
    first = world.create("7", key="intent")

    again = world.create("7", key="intent")

    assert again == first
    assert world.sweep() == ["7"]


def test_the_same_create_without_a_number_makes_no_second_customer(world: World) -> None:
    first = world.system.create(None, NORDLYS, idempotency_key="intent")

    again = world.system.create(None, NORDLYS, idempotency_key="intent")

    assert again == first
    assert world.sweep() == [first.remote_id]


def test_a_repeated_create_returns_how_the_customer_stands_now(world: World) -> None:
    world.create("7", key="intent")
    world.edit("7", "city", "Odense")

    again = world.create("7", key="intent")

    assert again.fields["city"] == "Odense"


def test_after_a_lost_reply_a_look_shows_what_was_created(world: World) -> None:
    world.lose_next_reply()

    with pytest.raises(UnknownOutcomeError):
        world.create("7", key="intent")

    found = world.system.find("99000007")
    assert [customer.remote_id for customer in found] == ["7"]
    assert world.existing("7").fields["name"] == NORDLYS["name"]
    assert world.create("7", key="intent") == found[0]
    assert world.sweep() == ["7"]


def test_after_a_lost_reply_an_update_may_be_repeated(world: World) -> None:
    base = world.create("7")
    world.lose_next_reply()
    with pytest.raises(UnknownOutcomeError):
        world.system.update("7", {"phone": "70000002"}, base=base, idempotency_key="u")

    updated = world.system.update("7", {"phone": "70000002"}, base=base, idempotency_key="u")

    assert updated.fields["phone"] == "70000002"


def test_a_taken_number_is_a_conflict_and_leaves_its_owner_alone(world: World) -> None:
    owner = world.create("7")

    with pytest.raises(RemoteConflictError):
        world.create("7", key="another", name="Sydhavn Prøve ApS")

    assert world.system.get("7") == owner


def test_a_repeat_after_the_keys_are_forgotten_is_a_conflict_and_no_second_customer(
    world: World,
) -> None:
    world.create("7", key="intent")
    world.forget_keys()

    with pytest.raises(RemoteConflictError):
        world.create("7", key="intent")

    assert world.sweep() == ["7"]


def test_find_returns_all_who_share_a_registration_number(world: World) -> None:
    world.create("7")
    world.create("8", name="Nordlys Aarhus", ean="5790000000012")
    world.create("9", corporate_identification_number="99000015")

    found = world.system.find("99000007")

    assert [customer.remote_id for customer in found] == ["7", "8"]
    assert world.system.find("99000031") == []


def test_a_full_pull_shows_everybody_once_and_says_when_it_is_complete(world: World) -> None:
    for number in ("3", "20", "100", "5", "1"):
        world.create(number)

    seen, last = _pulled(world.system, None, 2)

    assert [customer.remote_id for customer in seen] == ["1", "3", "5", "20", "100"]
    assert last.complete_sweep


def test_a_full_pull_of_an_empty_system_is_complete(world: World) -> None:
    page = world.system.customers(None, 10)

    assert (list(page.customers), page.more, page.complete_sweep) == ([], False, True)


def test_a_pull_from_a_cursor_sees_an_edit(world: World) -> None:
    for number in ("1", "2", "3"):
        world.create(number)
    _, last = _pulled(world.system, None, 10)
    world.edit("2", "phone", "70009999")

    seen, after = _pulled(world.system, last.cursor, 10)

    assert [c.fields["phone"] for c in seen if c.remote_id == "2"] == ["70009999"]
    assert not after.complete_sweep


def test_a_first_customer_after_an_empty_pull_is_seen(world: World) -> None:
    _, last = _pulled(world.system, None, 10)
    world.create("7")

    seen, _ = _pulled(world.system, last.cursor, 10)

    assert [customer.remote_id for customer in seen] == ["7"]


def test_a_page_may_be_read_again_from_the_same_cursor(world: World) -> None:
    for number in ("1", "2", "3"):
        world.create(number)
    first = world.system.customers(None, 2)

    once = world.system.customers(first.cursor, 2)
    twice = world.system.customers(first.cursor, 2)

    assert list(once.customers) == list(twice.customers)
    assert [customer.remote_id for customer in once.customers] == ["3"]
    assert once.cursor == twice.cursor


def test_what_changes_during_a_full_pull_is_in_the_next_round(world: World) -> None:
    for number in ("1", "2", "3", "4"):
        world.create(number)
    first = world.system.customers(None, 2)
    world.edit("1", "phone", "70009999")

    _, last = _pulled(world.system, first.cursor, 2)
    seen, _ = _pulled(world.system, last.cursor, 2)

    assert [c.fields["phone"] for c in seen if c.remote_id == "1"] == ["70009999"]


def test_nobody_is_missed_when_customers_go_during_a_full_pull(world: World) -> None:
    for number in ("1", "2", "3", "4"):
        world.create(number)
    first = world.system.customers(None, 2)
    world.remove("1")

    rest, last = _pulled(world.system, first.cursor, 2)

    assert [customer.remote_id for customer in rest] == ["3", "4"]
    assert last.complete_sweep


def test_nobody_is_missed_when_customers_are_edited_during_a_round(world: World) -> None:
    _, last = _pulled(world.system, None, 10)
    for number in ("1", "2", "3", "4", "5"):
        world.create(number)
    first = world.system.customers(last.cursor, 2)
    world.edit(first.customers[0].remote_id, "phone", "70009999")

    rest, _ = _pulled(world.system, first.cursor, 2)

    seen = {customer.remote_id for customer in [*first.customers, *rest]}
    assert seen == {"1", "2", "3", "4", "5"}


def test_revoked_credentials_are_told_apart_and_new_ones_work(world: World) -> None:
    base = world.create("7")
    world.revoke()
    calls: list[Callable[[], object]] = [
        world.system.test,
        lambda: world.system.get("7"),
        lambda: world.system.customers(None, 10),
        lambda: world.create("8"),
        lambda: world.system.update("7", {"phone": "1"}, base=base, idempotency_key="u"),
    ]
    for call in calls:
        with pytest.raises(AuthenticationError):
            call()

    world.restore()

    assert world.sweep() == ["7"]
    assert world.system.get("7") == base


def test_an_archived_customer_is_barred_and_otherwise_as_before(world: World) -> None:
    base = world.create("7")

    world.system.archive("7", idempotency_key="a")
    world.system.archive("7", idempotency_key="a")

    assert world.existing("7").fields == {**base.fields, "barred": True}


def test_archiving_nobody_is_an_error(world: World) -> None:
    with pytest.raises(MissingError):
        world.system.archive("7", idempotency_key="a")

    assert world.system.get("7") is None


def test_documents_come_once_and_again_when_they_are_paid(world: World) -> None:
    world.create("7")
    for gross in (Decimal("1250.50"), Decimal(-200), Decimal(80)):
        world.book("7", gross)

    first, cursor = _documents(world.system, None)
    world.pay(1)
    world.book("7", Decimal(10))
    second, cursor = _documents(world.system, cursor)
    world.pay(2)
    third, _ = _documents(world.system, cursor)

    assert first["1"] == RemoteDocument(
        "invoice",
        "1",
        "7",
        date(2026, 11, 1),
        date(2026, 11, 9),
        "DKK",
        Decimal("1250.50"),
        Decimal("1250.50"),
    )
    assert (sorted(first), first["2"].kind) == (["1", "2", "3"], "credit_note")
    assert (second["1"].remainder, second["4"].gross) == (Decimal(0), Decimal(10))
    assert third["2"].remainder == Decimal(0)
    assert "1" not in third


def _documents(
    system: AccountingSystem, cursor: Mapping[str, Any] | None
) -> tuple[dict[str, RemoteDocument], Mapping[str, Any]]:
    seen: dict[str, RemoteDocument] = {}
    for _ in range(50):
        page = system.documents(cursor, 2)
        seen |= {document.number: document for document in page.documents}
        cursor = json.loads(json.dumps(page.cursor))
        if not page.more:
            return seen, page.cursor
    raise AssertionError("the documents do not end")

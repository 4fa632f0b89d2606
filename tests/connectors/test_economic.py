"""The e-conomic connector where it must be more careful than the port says."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.accounting.economic.calling import Caller, Written
from connectors.addresses import loopback_allowed
from connectors.opening import open_connector
from connectors.sandbox.economic.books import CachedReply
from hub.errors import (
    AuthenticationError,
    ConnectorError,
    MalformedReplyError,
    MissingError,
    PermanentError,
    RateLimitedError,
    RejectedError,
    RemoteConflictError,
    TransientError,
    UnknownOutcomeError,
)
from hub.ports import RemoteCustomer, Scalar
from tests.connectors.economic_world import START, Allowing, EconomicWorld, economic_world

NORDLYS: dict[str, Scalar] = {"name": "Nordlys Testværk ApS", "phone": "70000001"}


@pytest.fixture
def world() -> Iterator[EconomicWorld]:
    with economic_world() as running:
        yield running


def _existing(world: EconomicWorld, number: str = "7") -> RemoteCustomer:
    customer = world.system.get(number)
    assert customer is not None
    return customer


# --- creating -------------------------------------------------------------------------------------


def test_a_new_customer_gets_the_defaults_where_the_mapping_gives_nothing(
    world: EconomicWorld,
) -> None:
    system = world.connected(
        default_customer_group=2,
        default_payment_terms=3,
        default_vat_zone=2,
        default_currency="EUR",
    )

    created = system.create("7", {**NORDLYS, "vat_zone": "3"}, idempotency_key="k")

    assert created.fields["customer_group"] == "2"
    assert created.fields["payment_terms"] == "3"
    assert created.fields["vat_zone"] == "3"
    assert created.fields["currency"] == "EUR"


def test_without_a_default_the_currency_is_the_agreements(world: EconomicWorld) -> None:
    world.books.base_currency = "SEK"

    assert world.system.create("7", NORDLYS, idempotency_key="k").fields["currency"] == "SEK"


def test_a_missing_default_is_refused_by_the_name_of_our_field(world: EconomicWorld) -> None:
    system = world.connected(default_customer_group=None)

    with pytest.raises(RejectedError) as refused:
        system.create("7", NORDLYS, idempotency_key="k")

    assert [(error.field, error.code) for error in refused.value.errors] == [
        ("customer_group", "E04042")
    ]


def test_all_fields_arrive_and_come_back(world: EconomicWorld) -> None:
    fields: dict[str, Scalar] = {
        "name": "Nordlys Testværk ApS",
        "address": "Prøvevej 12B\n2. tv",
        "zip": "8000",
        "city": "Aarhus C",
        "country": "Danmark",
        "corporate_identification_number": "99000007",
        "vat_number": "DK99000007",
        "p_number": "1000000001",
        "ean": "5790000000012",
        "email": "a@nordlys.example b@nordlys.example",
        "phone": "70000001",
        "mobile_phone": "20000001",
        "website": "https://nordlys.example",
        "currency": "EUR",
        "customer_group": "2",
        "payment_terms": "3",
        "vat_zone": "2",
        "barred": True,
        "credit_limit": Decimal("12500.55"),
    }

    assert world.system.create("7", fields, idempotency_key="k").fields == fields
    assert _existing(world).fields == fields


def test_each_create_carries_the_key_it_was_given(world: EconomicWorld) -> None:
    world.system.create("7", NORDLYS, idempotency_key="intent-1")

    assert [(w.method, w.path, w.idempotency_key) for w in world.writes] == [
        ("POST", "/customers", "intent-1")
    ]


def test_a_refusal_from_the_cache_is_asked_again_under_a_key_of_its_own(
    world: EconomicWorld,
) -> None:
    group = world.books.customer_groups.pop(1)
    for _ in range(2):
        with pytest.raises(RejectedError):
            world.system.create("7", NORDLYS, idempotency_key="intent")
    world.books.customer_groups[1] = group

    world.system.create("7", NORDLYS, idempotency_key="intent")
    world.system.create("7", NORDLYS, idempotency_key="intent")

    assert [(w.idempotency_key, w.status, w.from_cache) for w in world.writes] == [
        ("intent", 400, False),
        ("intent", 400, True),
        ("intent.1", 400, False),
        ("intent", 400, True),
        ("intent.1", 400, True),
        ("intent.2", 201, False),
        ("intent", 400, True),
        ("intent.1", 400, True),
        ("intent.2", 201, True),
    ]
    assert list(world.books.customers) == [7]


def test_a_repeated_create_of_a_customer_deleted_since_is_a_conflict(
    world: EconomicWorld,
) -> None:
    world.system.create("7", NORDLYS, idempotency_key="intent")
    world.books.delete_customer(7)

    with pytest.raises(RemoteConflictError):
        world.system.create("7", NORDLYS, idempotency_key="intent")

    assert world.books.customers == {}


def test_a_key_used_for_another_number_is_a_conflict(world: EconomicWorld) -> None:
    world.system.create("7", NORDLYS, idempotency_key="intent")

    with pytest.raises(RemoteConflictError):
        world.system.create("8", NORDLYS, idempotency_key="intent")

    assert list(world.books.customers) == [7]


def test_a_failure_from_the_cache_is_asked_again_only_where_no_second_customer_can_come(
    world: EconomicWorld,
) -> None:
    failed = CachedReply(500, {}, b"", START)
    world.books.replies["POST", "/customers", "intent"] = failed

    with pytest.raises(UnknownOutcomeError):
        world.system.create(None, NORDLYS, idempotency_key="intent")
    assert world.books.customers == {}

    world.system.create("7", NORDLYS, idempotency_key="intent")
    assert list(world.books.customers) == [7]


def test_after_the_highest_number_the_other_side_numbers(world: EconomicWorld) -> None:
    world.enter(999_999_999, name="Sidste")

    assert world.system.free_number() is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customer_group", "Domestic"),
        ("credit_limit", "much"),
        ("credit_limit", "NaN"),
        ("barred", "yes"),
        ("name", True),
        ("shoe_size", "44"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_before_any_write(
    world: EconomicWorld, field: str, value: Scalar
) -> None:
    with pytest.raises(RejectedError) as refused:
        world.system.create("7", {**NORDLYS, field: value}, idempotency_key="k")

    assert [error.field for error in refused.value.errors] == [field]
    assert world.writes == []


# --- updating -------------------------------------------------------------------------------------


def test_an_update_keeps_what_hub_does_not_know_and_sends_nothing_read_only(
    world: EconomicWorld,
) -> None:
    world.enter(
        7,
        name="Nordlys",
        telephoneAndFaxNumber="70000001",
        publicEntryNumber="PE-1",
        salesPerson={"employeeNumber": 1},
        layout={"layoutNumber": 19},
        barred=True,
    )
    before = dict(world.books.customers[7])
    world.wait()

    world.system.update("7", {"phone": "70000002"}, base=_existing(world), idempotency_key="u")

    after = world.books.customers[7]
    assert after == before | {
        "telephoneAndFaxNumber": "70000002",
        "lastUpdated": "2026-11-01T08:00:10Z",
    }
    [write] = world.writes
    assert not {"balance", "dueAmount", "lastUpdated", "self", "contacts", "metaData"} & set(
        write.body
    )


def test_an_update_keeps_a_property_that_the_vendor_adds_later(world: EconomicWorld) -> None:
    world.enter(7, name="Nordlys")
    world.books.customers[7]["peppolIdentifier"] = "0184:99000007"

    world.system.update("7", {"city": "Odense"}, base=_existing(world), idempotency_key="u")

    assert world.writes[-1].body["peppolIdentifier"] == "0184:99000007"


def test_an_update_to_what_is_there_already_writes_nothing(world: EconomicWorld) -> None:
    world.enter(7, name="Nordlys", city="Aarhus")
    base = _existing(world)

    updated = world.system.update("7", {"city": "Aarhus"}, base=base, idempotency_key="u")

    assert updated == base
    assert world.writes == []


def test_a_change_within_the_same_second_is_still_a_conflict(world: EconomicWorld) -> None:
    world.enter(7, name="Nordlys", city="Aarhus")
    base = _existing(world)
    world.books.replace_customer(7, world.books.customer(7) | {"city": "Odense"})
    assert _existing(world).updated_at == base.updated_at

    with pytest.raises(RemoteConflictError) as conflict:
        world.system.update("7", {"city": "Vejle"}, base=base, idempotency_key="u")

    assert conflict.value.params["fields"] == "city"
    assert world.writes == []


def test_a_base_from_storage_compares_by_value(world: EconomicWorld) -> None:
    world.enter(7, name="Nordlys", creditLimit=500.5)
    stored = RemoteCustomer("7", {"name": "Nordlys", "credit_limit": "500.50"})

    updated = world.system.update(
        "7", {"credit_limit": Decimal(600)}, base=stored, idempotency_key="u"
    )

    assert updated.fields["credit_limit"] == Decimal(600)


def test_the_key_of_an_update_differs_with_its_body_and_is_equal_for_a_repeat(
    world: EconomicWorld,
) -> None:
    world.enter(7, name="Nordlys")
    base = _existing(world)
    for key, city in (("job", "Odense"), ("job", "Vejle"), ("another", "Vejle")):
        world.books.replace_customer(7, {**world.books.customer(7), "city": "x"})
        now = _existing(world)
        world.system.update("7", {"city": city}, base=now, idempotency_key=key)
    world.edit(7, city="")
    world.books.replies.clear()
    world.system.update("7", {"city": "Vejle"}, base=base, idempotency_key="job")

    keys = [write.idempotency_key for write in world.writes]
    assert len(set(keys[:3])) == 3
    assert keys[3] == keys[1]


def test_an_answer_from_the_cache_does_not_pass_for_a_change_undone_since(
    world: EconomicWorld,
) -> None:
    world.enter(7, name="Nordlys", city="Aarhus")
    base = _existing(world)
    world.system.update("7", {"city": "Odense"}, base=base, idempotency_key="job")
    world.edit(7, city="Aarhus")

    with pytest.raises(RemoteConflictError):
        world.system.update("7", {"city": "Odense"}, base=base, idempotency_key="job")

    assert world.books.customers[7]["city"] == "Aarhus"


def test_a_customer_deleted_between_reading_and_writing_comes_back_and_is_told(
    world: EconomicWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.enter(7, name="Nordlys")
    base = _existing(world)
    world.system._caller = _Deleting(world, world.system._caller)

    updated = world.system.update("7", {"city": "Odense"}, base=base, idempotency_key="u")

    assert updated.fields["city"] == "Odense"
    assert [record.message for record in caplog.records] == ["economic.customer_came_back"]


class _Deleting(Caller):
    """Deletes customer 7 before the first write."""

    def __init__(self, world: EconomicWorld, caller: Caller) -> None:
        super().__init__(caller._client)
        self._world = world

    def write(self, *arguments: Any, **options: Any) -> Written:
        self._world.books.delete_customer(7)
        return super().write(*arguments, **options)


@pytest.mark.parametrize("remote_id", ["", "0", "7/contacts", "../self", "seven", "1000000000"])
def test_an_id_that_is_no_number_never_becomes_a_path(world: EconomicWorld, remote_id: str) -> None:
    base = RemoteCustomer(remote_id, {})

    assert world.system.get(remote_id) is None
    with pytest.raises(MissingError):
        world.system.update(remote_id, {"city": "x"}, base=base, idempotency_key="u")
    with pytest.raises(MissingError):
        world.system.archive(remote_id, idempotency_key="u")
    with pytest.raises(MissingError):
        world.system.create(remote_id, {**NORDLYS, "currency": "DKK"}, idempotency_key="k")

    assert world.control.records == []


# --- pulling and finding --------------------------------------------------------------------------


def test_many_changes_within_one_second_are_all_seen(world: EconomicWorld) -> None:
    first = world.system.customers(None, 10)
    for number in range(1, 8):
        world.enter(number, name=f"Kunde {number}")
    for customer in world.books.customers.values():
        customer["lastUpdated"] = "2026-11-01T08:00:40Z"

    seen: list[str] = []
    cursor = first.cursor
    more = True
    while more:
        page = world.system.customers(cursor, 3)
        seen += [customer.remote_id for customer in page.customers]
        cursor, more = page.cursor, page.more

    assert seen == ["1", "2", "3", "4", "5", "6", "7"]
    assert cursor == {"stream": "changes", "last_updated": "2026-11-01T08:00:40Z"}


def test_a_round_goes_back_a_minute_and_no_further(world: EconomicWorld) -> None:
    world.enter(1, name="Tidlig")
    world.wait(61)
    world.enter(2, name="Sen")
    cursor = world.system.customers(None, 10).cursor
    world.books.customers[1]["lastUpdated"] = "2026-11-01T08:00:11Z"

    seen = [c.remote_id for c in world.system.customers(cursor, 10).customers]
    world.books.customers[1]["lastUpdated"] = "2026-11-01T08:00:10Z"
    later = [c.remote_id for c in world.system.customers(cursor, 10).customers]

    assert cursor["last_updated"] == "2026-11-01T08:01:11Z"
    assert (seen, later) == (["1", "2"], ["2"])


def test_pages_are_asked_for_by_key_and_no_url_of_a_reply_is_followed(
    world: EconomicWorld,
) -> None:
    for number in (1, 2, 3):
        world.enter(number, name=f"Kunde {number}")

    page = world.system.customers(world.system.customers(None, 2).cursor, 2)

    assert [customer.remote_id for customer in page.customers] == ["3"]
    queries = [entry["query"] for entry in world.faults.received]
    assert [query.get("skippages") for query in queries] == [None, None, None]
    assert queries[-1]["filter"] == "customerNumber$gt:2"


@pytest.mark.parametrize(
    "cursor",
    [
        {"stream": "other", "last_updated": "2026-11-01T08:00:00Z"},
        {"stream": "changes"},
        {"stream": "changes", "last_updated": "yesterday"},
        {"stream": "changes", "last_updated": "2026-11-01T08:00:00Z", "after": 7},
        {"stream": "sweep", "last_updated": "2026-11-01T08:00:00Z", "after": "7) or ("},
    ],
)
def test_a_cursor_that_is_not_ours_is_refused_before_any_call(
    world: EconomicWorld, cursor: dict[str, Any]
) -> None:
    with pytest.raises(PermanentError):
        world.system.customers(cursor, 10)

    assert world.control.records == []


def test_a_registration_number_is_found_in_any_spelling_and_only_it(world: EconomicWorld) -> None:
    for number, written in enumerate(
        ("99000007", "DK99000007", "99 00 00 07", "DK-99.00.00.07", "199000007", "99000015"), 1
    ):
        world.enter(number, name="Kunde", corporateIdentificationNumber=written)

    found = world.system.find("DK 99 00 00 07")

    assert [customer.remote_id for customer in found] == ["1", "2", "3", "4"]
    assert world.system.find("") == []
    assert world.system.find("$or:") == []


def test_vat_zones_not_meant_for_customers_are_no_choice(world: EconomicWorld) -> None:
    world.books.vat_zones[2]["enabledForCustomer"] = False

    zones = world.system.schema().choices["vat_zone"]

    assert [zone.value for zone in zones] == ["1", "3", "4"]


# --- what the other side answers ------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "da"])
@pytest.mark.parametrize("error_form", ["object", "array"])
@pytest.mark.parametrize("leaf_form", ["current", "old"])
def test_every_form_of_a_refusal_names_field_and_code(
    world: EconomicWorld, language: str, error_form: str, leaf_form: str
) -> None:
    world.books.options.voice = type(world.books.options.voice)(language, error_form, leaf_form)

    with pytest.raises(RejectedError) as refused:
        world.system.create(
            "7", {"name": "Nordlys", "customer_group": "99", "vat_zone": "9"}, idempotency_key="k"
        )

    said = "findes ikke" if language == "da" else "not found"
    by_field = {error.field: error for error in refused.value.errors}
    assert {name: error.code for name, error in by_field.items()} == {
        "customer_group": "E07140",
        "vat_zone": "E06000",
    }
    assert said in by_field["customer_group"].message
    assert said in str(refused.value)


@pytest.mark.parametrize("error_form", ["object", "array"])
def test_a_taken_number_is_a_conflict_in_every_form_and_language(
    world: EconomicWorld, error_form: str
) -> None:
    world.enter(7, name="Nordlys")
    world.books.options.voice = type(world.books.options.voice)("da", error_form)

    with pytest.raises(RemoteConflictError):
        world.system.create("7", NORDLYS, idempotency_key="k")


def test_a_refused_filter_is_told_in_its_own_words(world: EconomicWorld) -> None:
    body = {"message": "Could not parse query string filter.", "errors": ["No such field."]}
    world.faults.add("status", status=400, body=body)

    with pytest.raises(RejectedError) as refused:
        world.system.customers(None, 10)

    assert "Could not parse query string filter. No such field." in str(refused.value)
    assert refused.value.errors == ()


@pytest.mark.parametrize(
    ("status", "reading", "writing"),
    [
        (401, AuthenticationError, AuthenticationError),
        (403, PermanentError, PermanentError),
        (405, PermanentError, PermanentError),
        (409, RemoteConflictError, RemoteConflictError),
        (415, PermanentError, PermanentError),
        (429, RateLimitedError, RateLimitedError),
        (500, TransientError, UnknownOutcomeError),
        (501, PermanentError, PermanentError),
        (503, TransientError, TransientError),
    ],
)
def test_each_status_is_the_right_error(
    world: EconomicWorld,
    status: int,
    reading: type[ConnectorError],
    writing: type[ConnectorError],
) -> None:
    world.faults.add("status", status=status, times=None)

    with pytest.raises(ConnectorError) as read:
        world.system.get("7")
    with pytest.raises(ConnectorError) as wrote:
        world.system.create("7", {**NORDLYS, "currency": "DKK"}, idempotency_key="k")

    assert (type(read.value), type(wrote.value)) == (reading, writing)
    assert world.books.customers == {}


def test_a_request_to_slow_down_says_for_how_long(world: EconomicWorld) -> None:
    world.books.options.rate_limit = 3

    world.system.test()
    with pytest.raises(RateLimitedError) as slow:
        world.system.test()

    assert slow.value.retry_after == timedelta(seconds=61)
    assert world.control.waits == [timedelta(seconds=61)]


def test_the_demonstration_may_be_read_and_not_written(world: EconomicWorld) -> None:
    world.enter(7, name="Nordlys")
    secrets = {"app_secret_token": "demo", "agreement_grant_token": "demo"}
    system = open_connector(
        "economic", {"base_url": world.url}, secrets, Allowing(), loopback_allowed()
    )

    assert system.get("7").fields["name"] == "Nordlys"
    with pytest.raises(PermanentError) as refused:
        system.archive("7", idempotency_key="k")

    assert type(refused.value) is PermanentError
    assert "barred" not in world.books.customers[7]


def test_a_truncated_page_moves_no_cursor_and_may_be_asked_again(world: EconomicWorld) -> None:
    world.enter(7, name="Nordlys")
    world.faults.add("truncate", path="/customers")

    with pytest.raises(TransientError):
        world.system.customers(None, 10)

    assert [c.remote_id for c in world.system.customers(None, 10).customers] == ["7"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"customerNumber": "7", "name": "x"}, "customerNumber"),
        ({"name": "x"}, "customerNumber"),
        ({"customerNumber": 7, "name": 5}, "name"),
        ({"customerNumber": 7, "lastUpdated": "yesterday"}, "lastUpdated"),
        ({"customerNumber": 7, "lastUpdated": "2026-11-01T08:00:00"}, "lastUpdated"),
        ({"customerNumber": 7, "customerGroup": {}}, "customerGroupNumber"),
        ({"customerNumber": 7, "creditLimit": True}, "creditLimit"),
        ({"customerNumber": 7, "barred": "no"}, "barred"),
    ],
)
def test_a_customer_in_an_unknown_shape_names_the_property(
    world: EconomicWorld, body: dict[str, Any], named: str
) -> None:
    world.faults.add("status", status=200, body=body)

    with pytest.raises(MalformedReplyError) as malformed:
        world.system.get("7")

    assert named in str(malformed.value)


@pytest.mark.parametrize(
    "body",
    [[], {}, {"collection": {}}, {"collection": [], "pagination": {"nextPage": "http://x/"}}],
)
def test_a_page_in_an_unknown_shape_is_refused(world: EconomicWorld, body: Any) -> None:
    world.faults.add("status", status=200, body=body, times=None)

    with pytest.raises(MalformedReplyError):
        world.system.customers(None, 10)


def test_an_html_page_is_no_reply(world: EconomicWorld) -> None:
    world.faults.add("html")

    with pytest.raises(TransientError):
        world.system.test()


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "secrets", "named"),
    [
        ({}, {"app_secret_token": "a"}, "agreement_grant_token"),
        ({}, {"agreement_grant_token": "a"}, "app_secret_token"),
        (
            {"page_size": "all"},
            {"app_secret_token": "a", "agreement_grant_token": "b"},
            "page_size",
        ),
        (
            {"default_vat_zone": "EU"},
            {"app_secret_token": "a", "agreement_grant_token": "b"},
            "default_vat_zone",
        ),
    ],
)
def test_a_missing_or_wrong_setting_is_named(
    settings: dict[str, Any], secrets: dict[str, str], named: str
) -> None:
    with pytest.raises(PermanentError) as refused:
        open_connector("economic", settings, secrets, Allowing(), loopback_allowed())

    assert named in str(refused.value)


def test_no_token_is_ever_recorded(world: EconomicWorld) -> None:
    world.system.test()

    assert "sandbox-app" not in repr(world.control.records)
    assert "sandbox-grant" not in repr(world.control.records)

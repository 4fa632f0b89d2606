"""The e-conomic double itself: what developers and other tests rely on."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from connectors.sandbox.economic import Books, create_app, new_books
from connectors.sandbox.economic.filters import QueryError, parse_filter
from connectors.sandbox.economic.searchable import CUSTOMERS

_HEADERS = {"X-AppSecretToken": "sandbox-app", "X-AgreementGrantToken": "sandbox-grant"}
_DEMO = {"X-AppSecretToken": "demo", "X-AgreementGrantToken": "demo"}
_NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
_CUSTOMER: Mapping[str, Any] = {
    "name": "Nordlys Testværk ApS",
    "currency": "DKK",
    "customerGroup": {"customerGroupNumber": 1},
    "paymentTerms": {"paymentTermsNumber": 1},
    "vatZone": {"vatZoneNumber": 1},
}


@pytest.fixture
def books() -> Books:
    return new_books(lambda: _NOW)


@pytest.fixture
def client(books: Books) -> FlaskClient:
    return create_app(books).test_client()


def _get(client: FlaskClient, path: str, **query: Any) -> Any:
    return client.get(path, query_string=query, headers=_HEADERS).get_json()


def _numbers(body: Any) -> list[int]:
    return [customer["customerNumber"] for customer in body["collection"]]


def _enter(client: FlaskClient, *customers: dict[str, Any]) -> None:
    reply = client.post("/_sandbox/customers", json=list(customers))
    assert reply.status_code == 200, reply.get_json()


# --- filters and sorting --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name$eq:nordlys a/s", [1]),
        ("name$ne:Nordlys A/S", [2, 3, 4]),
        ("customerNumber$gt:2", [3, 4]),
        ("customerNumber$gte:2$and:customerNumber$lt:4", [2, 3]),
        ("customerNumber$lte:1", [1]),
        ("customerNumber$in:[1,3,99]", [1, 3]),
        ("customerNumber$nin:[1,3]", [2, 4]),
        ("name$like:nord", [1, 2]),
        ("name$like:*b", [3]),
        ("name$like:n*s", [1, 2]),
        ("name$like:[ms]yd", [3]),
        ("name$like:$[ms]yd", []),
        ("ean$eq:$null:", [2, 3, 4]),
        ("ean$ne:$null:", [1]),
        ("barred$eq:true", [4]),
        ("city$eq:Odense$or:city$eq:Aarhus$and:customerNumber$eq:1", [1, 2]),
        ("(city$eq:Odense$or:city$eq:Aarhus)$and:customerNumber$eq:1", [1]),
        ("name$eq:Kø$(b$)$, $$alg $* ", [4]),
        ("name$like:$*", [4]),
        ("lastUpdated$gte:2026-11-01T08:00:00Z", [1, 2, 3, 4]),
        ("lastUpdated$gt:2026-11-01T08:00:00Z", []),
        ("customerGroup.customerGroupNumber$eq:2", [2]),
        ("balance$gt:100", [2]),
        ("pNumber$eq:1000000001", [3]),
    ],
)
def test_a_filter_finds(client: FlaskClient, text: str, found: list[int]) -> None:
    _enter(
        client,
        {"customerNumber": 1, "name": "Nordlys A/S", "city": "Aarhus", "ean": "5790000000012"},
        {
            "customerNumber": 2,
            "name": "Nordvest ApS",
            "city": "Odense",
            "customerGroup": {"customerGroupNumber": 2},
        },
        {"customerNumber": 3, "name": "Sydklub", "pNumber": "1000000001"},
        {"customerNumber": 4, "name": "Kø(b), $alg * ", "barred": True},
    )
    client.post("/_sandbox/invoices", json={"customerNumber": 2, "grossAmount": 125.0})

    body = _get(client, "/customers", filter=text, sort="customerNumber")

    assert _numbers(body) == found
    assert (body["pagination"]["results"], body["pagination"]["resultsWithoutFilter"]) == (
        len(found),
        4,
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("bogus$eq:1", "Filtering is not allowed on property 'bogus'."),
        ("dueAmount$eq:1", "Filtering is not allowed on property 'dueAmount'."),
        ("name$is:1", "Unknown operator '$is:'."),
        ("name", "Expected a comparison at 'name'."),
        ("(name$eq:a", "A parenthesis is not closed."),
        ("name$eq:a)", "Unexpected ')' in the filter."),
        ("name$eq:a(b", "A parenthesis inside a value must be written '$('."),
        ("name$eq:a$b", "Unknown escape '$b' in a value."),
        ("customerNumber$eq:one", "'one' is not a valid value for property 'customerNumber'."),
        ("customerNumber$in:1", "A list of values must begin with '['."),
        ("customerNumber$in:[1", "A list of values is not closed."),
        ("lastUpdated$gt:$null:", "'$null:' cannot be used with '$gt:'."),
        ("barred$eq:perhaps", "'perhaps' is not a valid value for property 'barred'."),
    ],
)
def test_a_filter_that_cannot_be_read_says_why(client: FlaskClient, text: str, error: str) -> None:
    reply = client.get("/customers", query_string={"filter": text}, headers=_HEADERS)

    body = reply.get_json()
    assert (reply.status_code, body["httpStatusCode"], body["errors"]) == (400, 400, [error])
    assert "customerNumber" in body["allowedFilteringFields"]
    assert (body["wildcard"], body["nullValue"]) == ("*", "$null:")


def test_a_list_of_values_has_a_limit() -> None:
    numbers = ",".join(str(number) for number in range(200))

    assert parse_filter(f"customerNumber$in:[{numbers}]", CUSTOMERS)({"customerNumber": 7})
    with pytest.raises(QueryError):
        parse_filter(f"customerNumber$in:[{numbers},200]", CUSTOMERS)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("customerNumber", [2, 9, 10]),
        ("-customerNumber", [10, 9, 2]),
        ("~customerNumber", [10, 2, 9]),
        ("zip", [10, 9, 2]),
        ("~zip", [10, 2, 9]),
        ("city,-customerNumber", [9, 10, 2]),
    ],
)
def test_sorting(client: FlaskClient, sort: str, order: list[int]) -> None:
    _enter(
        client,
        {"customerNumber": 10, "name": "a", "city": "Odense"},
        {"customerNumber": 9, "name": "b", "zip": "900", "city": "aarhus"},
        {"customerNumber": 2, "name": "c", "zip": "1000", "city": "Odense"},
    )

    assert _numbers(_get(client, "/customers", sort=sort)) == order


@pytest.mark.parametrize("sort", ["barred", "bogus", "customerNumber,dueAmount"])
def test_sorting_by_what_may_not_be_sorted_is_refused(client: FlaskClient, sort: str) -> None:
    reply = client.get("/customers", query_string={"sort": sort}, headers=_HEADERS)

    assert reply.status_code == 400
    assert "allowedSortingFields" in reply.get_json()


# --- paging ---------------------------------------------------------------------------------------


def test_pages_have_exactly_the_vendors_keys(client: FlaskClient) -> None:
    _enter(client, *({"customerNumber": n, "name": f"Kunde {n}"} for n in range(1, 6)))

    pages = [_get(client, "/customers", pagesize=2, skippages=skip) for skip in range(4)]

    assert [_numbers(page) for page in pages] == [[1, 2], [3, 4], [5], []]
    assert pages[0]["pagination"] == {
        "skipPages": 0,
        "pageSize": 2,
        "maxPageSizeAllowed": 1000,
        "results": 5,
        "resultsWithoutFilter": 5,
        "firstPage": "http://localhost/customers?pagesize=2&skippages=0",
        "lastPage": "http://localhost/customers?pagesize=2&skippages=2",
        "nextPage": "http://localhost/customers?pagesize=2&skippages=1",
    }
    assert [("nextPage" in page["pagination"]) for page in pages] == [True, True, False, False]
    assert pages[3]["pagination"]["results"] == 5
    assert _get(client, "/customers")["pagination"]["pageSize"] == 20


def test_following_next_page_keeps_filter_and_sort(client: FlaskClient) -> None:
    _enter(client, *({"customerNumber": n, "name": "Kunde & søn"} for n in range(1, 4)))
    first = _get(client, "/customers", pagesize=1, filter="name$like:& s", sort="-customerNumber")

    second = client.get(first["pagination"]["nextPage"], headers=_HEADERS).get_json()

    assert (_numbers(first), _numbers(second)) == ([3], [2])


@pytest.mark.parametrize(
    "query", [{"pagesize": 1001}, {"pagesize": 0}, {"pagesize": "all"}, {"skippages": -1}]
)
def test_impossible_pages_are_refused(client: FlaskClient, query: dict[str, Any]) -> None:
    reply = client.get("/customers", query_string=query, headers=_HEADERS)

    assert (reply.status_code, reply.get_json()["errorCode"]) == (400, "E04810")


# --- writing --------------------------------------------------------------------------------------


def test_a_put_replaces_everything_and_unbars(client: FlaskClient) -> None:
    _enter(client, {"customerNumber": 7, "name": "Nordlys", "city": "Aarhus", "barred": True})

    reply = client.put("/customers/7", json=dict(_CUSTOMER), headers=_HEADERS)

    body = reply.get_json()
    assert reply.status_code == 200
    assert body["name"] == "Nordlys Testværk ApS"
    assert not {"city", "barred"} & body.keys()


def test_a_put_on_an_unknown_number_creates(client: FlaskClient) -> None:
    reply = client.put("/customers/7", json=dict(_CUSTOMER), headers=_HEADERS)

    assert (reply.status_code, reply.headers["Location"]) == (201, "http://localhost/customers/7")
    assert client.get(reply.headers["Location"], headers=_HEADERS).status_code == 200


def test_a_put_under_another_number_than_its_bodys_is_refused(client: FlaskClient) -> None:
    body = {**_CUSTOMER, "customerNumber": 8}

    reply = client.put("/customers/7", json=body, headers=_HEADERS)

    assert reply.status_code == 400
    assert reply.get_json()["errors"]["customerNumber"]["errors"][0]["errorCode"] == "E07180"


def test_references_may_be_given_as_links(client: FlaskClient) -> None:
    body = {**_CUSTOMER, "customerGroup": {"self": "http://localhost/customer-groups/2"}}

    created = client.post("/customers", json=body, headers=_HEADERS).get_json()

    assert created["customerGroup"] == {
        "customerGroupNumber": 2,
        "self": "http://localhost/customer-groups/2",
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"customerGroup": {}}, "E04500"),
        ({"customerGroup": {"customerGroupNumber": 99}}, "E07140"),
        ({"vatZone": {"vatZoneNumber": 9}}, "E06000"),
        ({"currency": "XXX"}, "E06000"),
        ({"city": None}, "E04300"),
        ({"customerNumber": 0}, "E04300"),
    ],
)
def test_a_refused_value_has_its_code(
    client: FlaskClient, books: Books, change: dict[str, Any], code: str
) -> None:
    reply = client.post("/customers", json={**_CUSTOMER, **change}, headers=_HEADERS)

    [name] = change
    body = reply.get_json()
    leaf = body["errors"][name]["errors"][0]
    assert (reply.status_code, body["errorCode"], body["errorCount"]) == (400, "E04300", 1)
    assert (leaf["propertyName"], leaf["errorCode"]) == (name, code)
    assert books.customers == {}


def test_read_only_and_unknown_properties_are_ignored(client: FlaskClient) -> None:
    body = {**_CUSTOMER, "balance": 99.0, "lastUpdated": "x", "self": "x", "colour": "blue"}

    created = client.post("/customers", json=body, headers=_HEADERS).get_json()

    assert (created["balance"], created["lastUpdated"]) == (0.0, "2026-11-01T08:00:00Z")
    assert "colour" not in created


def test_numbers_of_deleted_customers_are_used_again(client: FlaskClient) -> None:
    _enter(client, {"customerNumber": 7, "name": "Nordlys"})
    assert client.delete("/customers/7", headers=_HEADERS).status_code == 204

    gone = client.delete("/customers/7", headers=_HEADERS)
    created = client.post("/customers", json={**_CUSTOMER, "customerNumber": 7}, headers=_HEADERS)

    assert (gone.status_code, gone.get_json()["errorCode"]) == (404, "E06000")
    assert created.status_code == 201


def test_a_customer_with_invoices_cannot_be_deleted(client: FlaskClient) -> None:
    _enter(client, {"customerNumber": 7, "name": "Nordlys"})
    client.post("/_sandbox/drafts", json={"customerNumber": 7, "grossAmount": 10})

    assert client.delete("/customers/7", headers=_HEADERS).status_code == 400
    assert client.get("/customers/7", headers=_HEADERS).status_code == 200


def test_last_updated_moves_with_each_write_in_whole_seconds(
    client: FlaskClient, books: Books
) -> None:
    _enter(client, {"customerNumber": 7, "name": "Nordlys"})
    client.post("/_sandbox/clock", json={"advance_s": 1.9})

    client.patch("/_sandbox/customers/7", json={"city": "Odense", "barred": None})

    assert books.customers[7]["lastUpdated"] == "2026-11-01T08:00:01Z"


# --- keys, tokens, limits -------------------------------------------------------------------------


def test_a_repeat_under_the_same_key_is_answered_from_the_cache_for_an_hour(
    client: FlaskClient, books: Books
) -> None:
    headers = {**_HEADERS, "Idempotency-Key": "k"}
    first = client.post("/customers", json=dict(_CUSTOMER), headers=headers)

    second = client.post("/customers", json=dict(_CUSTOMER), headers=headers)
    books.offset += timedelta(hours=1, seconds=1)
    third = client.post("/customers", json=dict(_CUSTOMER), headers=headers)

    assert "X-ResultFromCache" not in first.headers
    assert (second.status_code, second.headers["X-ResultFromCache"]) == (201, "true")
    assert second.get_json() == first.get_json()
    assert third.get_json()["customerNumber"] == 2


def test_a_delete_is_replayed_too(client: FlaskClient) -> None:
    _enter(client, {"customerNumber": 7, "name": "Nordlys"})
    headers = {**_HEADERS, "Idempotency-Key": "k"}

    statuses = [client.delete("/customers/7", headers=headers).status_code for _ in range(2)]

    assert statuses == [204, 204]


def test_keys_can_be_switched_off(client: FlaskClient, books: Books) -> None:
    client.patch("/_sandbox/state", json={"idempotency": False})
    headers = {**_HEADERS, "Idempotency-Key": "k"}

    for _ in range(2):
        client.post("/customers", json=dict(_CUSTOMER), headers=headers)

    assert list(books.customers) == [1, 2]


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({}, {}, 401),
        ({"X-AppSecretToken": "sandbox-app"}, {}, 401),
        ({**_HEADERS, "X-AgreementGrantToken": "other"}, {}, 401),
        (_HEADERS, {}, 200),
        (_DEMO, {}, 200),
        ({}, {"demo": "true"}, 200),
    ],
)
def test_who_may_read(
    client: FlaskClient, headers: dict[str, str], query: dict[str, str], status: int
) -> None:
    assert client.get("/self", headers=headers, query_string=query).status_code == status


def test_the_demonstration_may_not_write(client: FlaskClient, books: Books) -> None:
    reply = client.post("/customers", json=dict(_CUSTOMER), headers=_DEMO)

    assert (reply.status_code, reply.get_json()["httpStatusCode"]) == (403, 403)
    assert books.customers == {}


def test_revoked_and_replaced_tokens(client: FlaskClient) -> None:
    client.delete("/_sandbox/tokens")
    assert client.get("/self", headers=_HEADERS).status_code == 401

    new = {"app_secret_token": "a2", "agreement_grant_token": "g2"}
    client.put("/_sandbox/tokens", json=new)

    headers = {"X-AppSecretToken": "a2", "X-AgreementGrantToken": "g2"}
    assert client.get("/self", headers=headers).status_code == 200
    assert client.get("/self", headers=_HEADERS).status_code == 401


def test_every_reply_tells_its_cost_and_what_is_left(client: FlaskClient) -> None:
    client.get("/customers/9", headers=_HEADERS)

    headers = client.get("/self", headers=_HEADERS).headers

    assert headers["X-CallCost"] == "3"
    assert headers["X-RateLimiting"] == "token-limit-10000-per-60-seconds: 6/10000"
    assert headers["X-RequestId"]


def test_the_budget_ends_and_comes_back_after_a_minute(client: FlaskClient) -> None:
    client.patch("/_sandbox/state", json={"rate_limit": 6})

    statuses = [client.get("/self", headers=_HEADERS).status_code for _ in range(3)]
    client.post("/_sandbox/clock", json={"advance_s": 60})

    assert statuses == [200, 200, 429]
    assert client.get("/self", headers=_HEADERS).status_code == 200


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (("POST", "/payment-terms", "{}", "application/json"), 405),
        (("POST", "/customers", "name=x", "application/x-www-form-urlencoded"), 415),
        (("POST", "/customers", "{", "application/json"), 400),
        (("POST", "/customers", "[]", "application/json"), 400),
        (("GET", "/nothing", "", ""), 404),
        (("GET", "/customers/7", "", ""), 404),
        (("GET", "/invoices/lost", "", ""), 404),
    ],
)
def test_what_cannot_be_done_is_refused_in_the_envelope(
    client: FlaskClient, call: tuple[str, str, str, str], status: int
) -> None:
    method, path, body, content_type = call

    reply = client.open(path, method=method, data=body, content_type=content_type, headers=_HEADERS)

    envelope = reply.get_json()
    assert (reply.status_code, envelope["httpStatusCode"]) == (status, status)
    assert {"message", "developerHint", "logId", "logTime"} <= envelope.keys()
    assert "errors" not in envelope


# --- controls -------------------------------------------------------------------------------------


def test_every_write_is_kept_even_where_a_fault_struck(client: FlaskClient) -> None:
    headers = {**_HEADERS, "Idempotency-Key": "k"}
    client.post("/_sandbox/faults", json={"kind": "status", "status": 500, "method": "POST"})

    for _ in range(3):
        client.post("/customers", json=dict(_CUSTOMER), headers=headers)
    client.delete("/_sandbox/requests")

    writes = client.get("/_sandbox/writes").get_json()
    assert [(w["method"], w["path"], w["status"], w["from_cache"]) for w in writes] == [
        ("POST", "/customers", 500, False),
        ("POST", "/customers", 201, False),
        ("POST", "/customers", 201, True),
    ]
    assert {w["idempotency_key"] for w in writes} == {"k"}
    assert writes[0]["body"] == _CUSTOMER
    assert writes[0]["received_at"] == "2026-11-01T08:00:00+00:00"


def test_a_lost_reply_is_kept_with_what_was_done_and_cached(client: FlaskClient) -> None:
    headers = {**_HEADERS, "Idempotency-Key": "k"}
    client.post("/_sandbox/faults", json={"kind": "drop_reply", "method": "POST"})

    client.post("/customers", json=dict(_CUSTOMER), headers=headers)
    again = client.post("/customers", json=dict(_CUSTOMER), headers=headers)

    writes = client.get("/_sandbox/writes").get_json()
    assert [(w["status"], w["from_cache"]) for w in writes] == [(201, False), (201, True)]
    assert again.get_json()["customerNumber"] == 1


def test_a_planned_answer_is_never_taken_for_the_true_one(
    client: FlaskClient, books: Books
) -> None:
    headers = {**_HEADERS, "Idempotency-Key": "k"}
    client.post("/_sandbox/faults", json={"kind": "status", "status": 400})

    client.post("/customers", json=dict(_CUSTOMER), headers=headers)
    again = client.post("/customers", json=dict(_CUSTOMER), headers=headers)

    assert (again.status_code, "X-ResultFromCache" in again.headers) == (201, False)
    assert list(books.customers) == [1]


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("/invoices", {"customerNumber": 7}, "grossAmount"),
        ("/invoices", {"grossAmount": 10}, "customerNumber"),
        ("/clock", {}, "advance_s"),
        ("/delivery-locations", {"customerNumber": 7}, "deliveryLocationNumber"),
    ],
)
def test_a_control_names_what_it_misses(
    client: FlaskClient, path: str, body: dict[str, Any], name: str
) -> None:
    _enter(client, {"customerNumber": 7, "name": "Nordlys"})

    reply = client.post(f"/_sandbox{path}", json=body)

    assert reply.status_code == 400
    assert f"'{name}'" in reply.get_json()["message"]


def test_a_customer_group_can_be_taken_away_under_its_customers(client: FlaskClient) -> None:
    _enter(client, {"customerNumber": 7, "name": "Nordlys"})
    in_use = client.delete("/customer-groups/1", headers=_HEADERS)

    client.delete("/_sandbox/customer-groups/1")

    assert in_use.status_code == 400
    assert client.get("/customer-groups/1", headers=_HEADERS).status_code == 404
    assert client.get("/customers/7", headers=_HEADERS).status_code == 200


def test_a_payment_settles_an_invoice(client: FlaskClient) -> None:
    _enter(client, {"customerNumber": 7, "name": "Nordlys"})
    client.post(
        "/_sandbox/invoices",
        json={"customerNumber": 7, "grossAmount": 125.0, "dueDate": "2026-10-31"},
    )
    before = _get(client, "/customers/7")

    client.patch("/_sandbox/invoices/1", json={"remainder": 25})

    after = _get(client, "/customers/7")
    assert (before["balance"], before["dueAmount"]) == (125.0, 125.0)
    assert (after["balance"], after["dueAmount"]) == (25.0, 25.0)
    assert _get(client, "/invoices/unpaid")["pagination"]["results"] == 1


def test_an_unknown_option_is_refused(client: FlaskClient) -> None:
    for options in ({"language": "sv"}, {"colour": "blue"}, {"rate_limit": "many"}):
        assert client.patch("/_sandbox/state", json=options).status_code == 400


def test_a_browser_gets_a_page_and_a_program_gets_json(client: FlaskClient) -> None:
    _enter(client, {"customerNumber": 7, "name": "<b>Nordlys</b>", "city": "Aarhus"})

    page = client.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    links = _get(client, "/")

    assert "&lt;b&gt;Nordlys&lt;/b&gt;" in page.text
    assert "<td>7</td>" in page.text
    assert links["resources"]["customers"] == "http://localhost/customers"


def test_contacts_belong_to_their_customer(client: FlaskClient) -> None:
    _enter(client, {"customerNumber": 7, "name": "Nordlys"}, {"customerNumber": 8, "name": "Syd"})
    created = client.post(
        "/customers/7/contacts", json={"name": "Prøve Person"}, headers=_HEADERS
    ).get_json()
    assert created["customerContactNumber"] == 1

    of_another = client.put(
        "/customers/8",
        json={**_CUSTOMER, "attention": {"customerContactNumber": 1}},
        headers=_HEADERS,
    )
    own = client.put(
        "/customers/7",
        json={**_CUSTOMER, "attention": {"customerContactNumber": 1}},
        headers=_HEADERS,
    )

    assert of_another.status_code == 400
    assert own.get_json()["attention"]["self"] == "http://localhost/customers/7/contacts/1"
    assert client.delete("/customers/7/contacts/1", headers=_HEADERS).status_code == 204
    assert _get(client, "/customers/7/contacts")["collection"] == []

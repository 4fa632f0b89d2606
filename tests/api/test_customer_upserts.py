from threading import Barrier, Thread
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hub import external_refs
from hub.access.roles import Role
from hub.clock import utcnow
from hub.customers import services as customer_services
from hub.customers.models import Customer
from hub.db import transaction
from hub.history.models import Event
from hub.history.recording import react
from hub.matching import holding as matching_locks
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller


def send(client: ApiClient, caller: Caller, *items: Any, **headers: str) -> Reply:
    return client.post(
        "/api/v1/customers/batch",
        headers=caller.headers | headers,
        json={"items": list(items)},
    )


def item(ref: str, **fields: Any) -> dict[str, Any]:
    return {"external_ref": ref, "fields": fields}


def customers() -> dict[str | None, Customer]:
    with transaction() as session:
        return {row.external_ref: row for row in session.scalars(select(Customer))}


def test_unknown_references_are_created_and_known_ones_changed(
    client: ApiClient, administrator: Caller
) -> None:
    send(client, administrator, item("a", name="Nordlys ApS", city="Aarhus"))

    answer = send(
        client,
        administrator,
        item("a", city="Odense"),
        item("b", name="Bølgebryder A/S", roles=["customer"]),
    )

    assert answer.status_code == 200
    assert [answer.json[name] for name in ("created", "changed", "unchanged", "failed")] == [
        1, 1, 0, 0,
    ]  # fmt: skip
    kept = customers()
    assert answer.json["results"] == [
        {
            "index": 0, "external_ref": "a", "status": 200, "id": str(kept["a"].id), "version": 2,
            "problem": None,
        },
        {
            "index": 1, "external_ref": "b", "status": 201, "id": str(kept["b"].id), "version": 1,
            "problem": None,
        },
    ]  # fmt: skip
    assert (kept["a"].name, kept["a"].city) == ("Nordlys ApS", "Odense")
    assert (kept["b"].name, kept["b"].roles) == ("Bølgebryder A/S", ["customer"])
    assert kept["b"].owner_user_id == administrator.user_id


def test_an_item_that_changes_nothing_makes_no_version_and_no_event(
    client: ApiClient, administrator: Caller
) -> None:
    sent = [item(f"ref-{number}", name=f"Kunde {number}", city="Aarhus") for number in range(20)]
    send(client, administrator, *sent)

    answer = send(client, administrator, *sent)

    assert {result["status"] for result in answer.json["results"]} == {204}
    assert {result["version"] for result in answer.json["results"]} == {1}
    assert answer.json["unchanged"] == 20
    with transaction() as session:
        kinds = session.scalars(select(Event.type).where(Event.subject_type == "customer")).all()
    assert kinds == ["customer.created"] * 20


def test_a_second_item_of_the_same_reference_says_that_it_changed(
    client: ApiClient, administrator: Caller
) -> None:
    answer = send(
        client, administrator,
        item("a", name="Nordlys ApS"), item("a", city="Odense"), item("a", city="Odense"),
    )  # fmt: skip

    assert [result["status"] for result in answer.json["results"]] == [201, 200, 204]
    assert customers()["a"].city == "Odense"


def test_good_items_are_written_whatever_becomes_of_the_others(
    client: ApiClient, administrator: Caller
) -> None:
    answer = send(
        client,
        administrator,
        item("a", name="Nordlys ApS", cvr="99000007", phone="70000001"),
        item("b", name="Forkert", cvr="99000008"),
        item("c", name="Ukendt felt", colour="red", version=3),
        item("d", name="Nordlys ApS", cvr="99000007", phone="70000001"),
        item("e", name="Bølgebryder A/S"),
        item("f", city="Aarhus"),
    )

    results = answer.json["results"]
    assert [result["status"] for result in results] == [201, 422, 422, 409, 201, 422]
    assert [answer.json["created"], answer.json["failed"]] == [2, 4]
    assert [e["pointer"] for e in results[1]["problem"]["errors"]] == ["/fields/cvr"]
    assert sorted(e["pointer"] for e in results[2]["problem"]["errors"]) == [
        "/fields/colour",
        "/fields/version",
    ]
    assert {e["code"] for e in results[2]["problem"]["errors"]} == {"unknown"}
    assert results[3]["problem"]["code"] == "duplicate"
    assert results[3]["problem"]["details"]["existing_id"] == results[0]["id"]
    assert [e["pointer"] for e in results[5]["problem"]["errors"]] == ["/fields/name"]
    assert sorted(str(ref) for ref in customers()) == ["a", "e"]


NO_ITEMS: list[tuple[Any, str | None, list[tuple[str, str]]]] = [
    ({"fields": {"name": "N"}}, None, [("/external_ref", "required")]),
    ({"external_ref": 7, "fields": {"name": "N"}}, None, [("/external_ref", "type")]),
    ({"external_ref": "", "fields": {"name": "N"}}, "", [("/external_ref", "too_short")]),
    ({"external_ref": "x", "fields": {"name": "N"}, "id": 1}, "x", [("/id", "unknown")]),
    ({"external_ref": "x", "fields": 5}, "x", [("/fields", "type")]),
    ({"external_ref": "x"}, "x", [("/fields", "required")]),
    (None, None, [("", "type")]),
    ([], None, [("", "type")]),
    ("x", None, [("", "type")]),
    (item("x", name="N\x00"), None, [("/fields/name", "nul_character")]),
    (item("x", name="N\ud800"), None, [("/fields/name", "lone_surrogate")]),
    (item("x\ud800", name="N"), None, [("/external_ref", "lone_surrogate")]),
]


@pytest.mark.parametrize(("sent", "reference", "errors"), NO_ITEMS)
def test_what_is_no_item_is_refused_by_itself(
    client: ApiClient,
    administrator: Caller,
    sent: Any,
    reference: str | None,
    errors: list[tuple[str, str]],
) -> None:
    answer = send(client, administrator, item("a", name="A"), sent, item("b", name="B"))

    assert answer.status_code == 200
    assert [answer.json["created"], answer.json["failed"]] == [2, 1]
    [_, refused, _] = answer.json["results"]
    assert (refused["index"], refused["external_ref"], refused["status"]) == (1, reference, 422)
    told = [(error["pointer"], error["code"]) for error in refused["problem"]["errors"]]
    assert told == errors
    assert sorted(str(ref) for ref in customers()) == ["a", "b"]


def test_the_same_batch_with_a_bad_item_is_answered_once(
    client: ApiClient, administrator: Caller
) -> None:
    sent: list[Any] = [item("a", name="A"), None]

    answers = [send(client, administrator, *sent, **{"Idempotency-Key": "k"}) for _ in range(2)]

    assert answers[0].json == answers[1].json
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert [customer.version for customer in customers().values()] == [1]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"items": {}}', 422),
        (b'{"items": null}', 422),
        (b"{}", 422),
        (b"[]", 422),
        (b'{"items": [], "more": 1}', 422),
        (b'{"items": [}', 400),
        (b'{"items": [{"external_ref": "a", "fields": {"name": NaN}}]}', 400),
    ],
)
def test_what_is_no_batch_is_refused_as_a_whole(
    client: ApiClient, administrator: Caller, body: bytes, status: int
) -> None:
    headers = {**administrator.headers, "Content-Type": "application/json"}

    answer = client.post("/api/v1/customers/batch", headers=headers, data=body)

    assert answer.status_code == status
    assert customers() == {}


def test_the_reason_of_an_item_is_in_the_readers_language(
    client: ApiClient, administrator: Caller
) -> None:
    wrong = item("a", name="Nordlys", external_ref="b")

    answer = send(client, administrator, wrong, **{"Accept-Language": "da"})

    assert answer.json["results"][0]["problem"]["errors"] == [
        {
            "pointer": "/fields/external_ref",
            "code": "different",
            "message": "Den afviger fra den reference, den sendes under.",
        }
    ]


def test_a_batch_has_one_to_five_hundred_items(client: ApiClient, administrator: Caller) -> None:
    many = [item(str(number), name="N") for number in range(501)]

    none, too_many = send(client, administrator), send(client, administrator, *many)

    assert [(none.status_code, too_many.status_code)] == [(422, 422)]
    assert none.json["errors"][0]["pointer"] == too_many.json["errors"][0]["pointer"] == "/items"
    assert customers() == {}


def test_somebody_elses_customer_is_not_changed_by_his_reference(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    send(client, administrator, item("a", name="Nordlys ApS"))

    answer = send(client, representative, item("a", name="Mine"), item("b", name="Bølgebryder"))

    assert [result["status"] for result in answer.json["results"]] == [403, 201]
    assert customers()["a"].name == "Nordlys ApS"


def test_a_token_that_may_only_change_creates_nothing(client: ApiClient) -> None:
    caller = make_caller(Role.ADMINISTRATOR, "script@example.com", ("customers:edit",))

    answer = send(client, caller, item("a", name="Nordlys ApS"))

    assert answer.json["results"][0]["status"] == 403
    assert customers() == {}


def test_a_deleted_customers_reference_is_free_for_a_new_one(
    client: ApiClient, administrator: Caller
) -> None:
    with transaction() as session:
        customer = customer_services.create(
            session, {"name": "Nordlys", "external_ref": "a"}, now=utcnow()
        )
        customer_services.delete(session, customer, now=utcnow())
        deleted = customer.id

    made = send(client, administrator, item("a", name="Nordlys"))
    again = send(client, administrator, item("a", name="Nordlys"))

    [first], [second] = made.json["results"], again.json["results"]
    assert (first["status"], second["status"]) == (201, 204)
    assert first["id"] == second["id"] != str(deleted)


def put(client: ApiClient, caller: Caller, ref: str, **fields: Any) -> Reply:
    return client.put(
        f"/api/v1/customers/by-external-ref/{ref}", headers=caller.headers, json=fields
    )


def test_a_single_upsert_creates_then_changes_then_changes_nothing(
    client: ApiClient, administrator: Caller
) -> None:
    made = put(client, administrator, "erp/17", name="Nordlys ApS")
    changed = put(client, administrator, "erp/17", city="Aarhus")
    again = put(client, administrator, "erp/17", city="Aarhus")

    assert (made.status_code, made.headers["ETag"]) == (201, '"1"')
    assert made.headers["Location"] == f"/api/v1/customers/{made.json['id']}"
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert (again.status_code, again.headers["ETag"]) == (200, '"2"')
    assert again.json["external_ref"] == "erp/17"


@pytest.mark.parametrize(
    ("fields", "status", "pointer"),
    [
        ({"name": "N", "colour": "red"}, 422, "/colour"),
        ({"name": "N", "external_ref": "other"}, 422, "/external_ref"),
        ({"city": "Aarhus"}, 422, "/name"),
    ],
)
def test_a_single_upsert_names_the_field_that_is_wrong(
    client: ApiClient, administrator: Caller, fields: dict[str, Any], status: int, pointer: str
) -> None:
    answer = put(client, administrator, "a", **fields)

    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (status, pointer)
    assert customers() == {}


def test_a_single_upsert_may_name_the_version_it_changes(
    client: ApiClient, administrator: Caller
) -> None:
    put(client, administrator, "a", name="Nordlys")
    put(client, administrator, "a", name="Nordlys ApS")

    stale = Caller(administrator.user_id, administrator.token_id, administrator.token)
    headers = stale.headers | {"If-Match": '"1"'}
    answer = client.put(
        "/api/v1/customers/by-external-ref/a", headers=headers, json={"name": "Late"}
    )
    gone = client.put("/api/v1/customers/by-external-ref/b", headers=headers, json={"name": "N"})

    assert (answer.status_code, gone.status_code) == (412, 412)
    assert {ref: row.name for ref, row in customers().items()} == {"a": "Nordlys ApS"}


def in_two_orders(client: ApiClient, caller: Caller, items: list[dict[str, Any]]) -> list[Reply]:
    """Send the same batch twice at once, the second one backwards."""
    answers: list[Reply] = []
    begin = Barrier(2)

    def put_in(batch: list[dict[str, Any]]) -> None:
        begin.wait()
        answers.append(send(client, caller, *batch))

    both = [Thread(target=put_in, args=(batch,)) for batch in (items, items[::-1])]
    for each in both:
        each.start()
    for each in both:
        each.join(60)
    return answers


PLACES = ("Ærø", "Fur", "Mors", "Als", "Fanø")
TRADES = ("Bageri", "Tømrer", "Fisk", "Kro", "Tovværk", "Optik", "Smedje", "Vin")
NAMES = [f"{place} {trade} ApS" for place in PLACES for trade in TRADES]


def test_two_batches_of_the_same_in_opposite_orders_are_both_written(
    client: ApiClient, administrator: Caller
) -> None:
    new = [item(f"r{n}", name=name, phone=f"70{n:06}") for n, name in enumerate(NAMES)]

    made = in_two_orders(client, administrator, new)
    changed = in_two_orders(
        client, administrator, [item(f"r{n}", city=f"By {n}") for n in range(len(NAMES))]
    )

    assert [answer.status_code for answer in made + changed] == [200, 200, 200, 200]
    assert sorted(answer.json["created"] for answer in made) == [0, len(NAMES)]
    assert sorted(answer.json["changed"] for answer in changed) == [0, len(NAMES)]
    assert len(customers()) == len(NAMES)


def test_a_batch_of_hundreds_holds_a_few_hundred_locks_at_most(
    client: ApiClient, administrator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    locks = "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"

    def count(session: Session) -> None:
        held.append(session.execute(text(locks)).scalar_one())
        react(session)

    monkeypatch.setattr("api.upserting.react", count)
    items = [
        item(
            f"r{place}{n}", name=f"{name} {place}", phone=f"7{place}{n:06}", email=f"{n}@{place}.dk"
        )
        for place in range(7)
        for n, name in enumerate(NAMES)
    ]

    answer = send(client, administrator, *items)

    assert (answer.json["created"], answer.json["failed"]) == (280, 0)
    assert 0 < held[0] <= external_refs.BUCKETS + matching_locks.BUCKETS


def test_letters_and_their_marks_are_one_text_however_they_were_typed(
    client: ApiClient, administrator: Caller
) -> None:
    two, one = "A\u030alborg", "\u00c5lborg"
    path = "/api/v1/customers/by-external-ref/"
    made = client.put(
        path + quote("e\u0301"), json={"name": f"{two} Kajak", "city": two},
        headers=administrator.headers,
    )  # fmt: skip
    again = client.put(
        path + quote("\u00e9"), json={"city": one, "custom": {}}, headers=administrator.headers
    )
    batch = send(client, administrator, {"external_ref": "e\u0301", "fields": {"city": two}})

    assert (made.status_code, again.status_code) == (201, 200), made.text
    assert again.json["id"] == made.json["id"]
    assert (again.json["name"], again.json["city"], again.json["external_ref"]) == (
        f"{one} Kajak", one, "\u00e9",
    )  # fmt: skip
    assert [each["status"] for each in batch.json["results"]] == [204]
    for asked in (one, two):
        found = client.get(f"/api/v1/customers?city={quote(asked)}", headers=administrator.headers)
        assert [each["id"] for each in found.json["items"]] == [made.json["id"]]


@pytest.mark.usefixtures("private")
def test_a_reference_of_a_customer_one_does_not_see_is_as_one_that_nobody_has(
    client: ApiClient, administrator: Caller
) -> None:
    stranger = make_caller(Role.REPRESENTATIVE, "per@example.com")
    send(client, administrator, item("shop-1", name="Nordlys"))

    def get(caller: Caller, reference: str) -> Reply:
        path = f"/api/v1/customers/by-external-ref/{reference}"
        return client.get(path, headers=caller.headers)

    seen, unseen, unknown = (
        get(administrator, "shop-1"), get(stranger, "shop-1"), get(stranger, "shop-2"),
    )  # fmt: skip

    assert (seen.status_code, seen.json["name"]) == (200, "Nordlys")
    assert (unseen.status_code, unknown.status_code) == (404, 404)
    assert unseen.json["detail"] == unknown.json["detail"].replace("shop-2", "shop-1")

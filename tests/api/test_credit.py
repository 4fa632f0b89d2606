"""Credit standing over HTTP."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.access import teams
from hub.access.models import User
from hub.access.roles import Role
from hub.credit import codes
from hub.customers.models import Customer
from hub.db import transaction
from hub.ledger.models import Job
from tests.api.asking import get
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.debts import LONG_AGO, Paper, owe
from tests.people import make_customer

API = "/api/v1"


@pytest.fixture
def manager(client: ApiClient, representative: Caller) -> Caller:
    """Whoever leads the representative."""
    caller = make_caller(Role.MANAGER, "mette@example.com")
    with transaction() as session:
        teams.create_team(
            session,
            {"name": "Nord", "manager_user_id": caller.user_id,
             "member_ids": [representative.user_id]},
        )  # fmt: skip
    return caller


@pytest.fixture
def customer_id(client: ApiClient, representative: Caller) -> UUID:
    with transaction() as session:
        return make_customer(session, owner_user_id=representative.user_id, credit_limit="1000").id


def give(customer_id: UUID, code: str) -> None:
    with transaction() as session:
        codes.give(session, session.get_one(Customer, customer_id), code, reason=None, by=None)


def ask(client: ApiClient, caller: Caller, customer_id: UUID, action: str, **more: str) -> Any:
    answer = client.get(
        f"{API}/customers/{customer_id}/permissions",
        query_string={"action": action, **more}, headers=caller.headers,
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return answer.json


def post(client: ApiClient, caller: Caller, customer_id: UUID, act: str, **body: Any) -> Reply:
    path = f"{API}/customers/{customer_id}/{act}"
    return client.post(path, json=body, headers=caller.headers)


def set_policy(client: ApiClient, administrator: Caller, **policy: Any) -> Reply:
    path = f"{API}/settings/credit"
    version = client.get(path, headers=administrator.headers).json["version"]
    headers = {**administrator.headers, "If-Match": f'"{version}"'}
    return client.put(path, json=policy, headers=headers)


@pytest.mark.parametrize(
    ("code", "answer", "effects"),
    [
        ("current_account", "yes", []),
        ("past_due", "yes", ["warn"]),
        ("new_account", "with_approval", ["require_approval"]),
        ("credit_hold", "no", ["block"]),
    ],
)
def test_the_code_of_a_customer_answers(
    client: ApiClient,
    representative: Caller,
    customer_id: UUID,
    *,
    code: str,
    answer: str,
    effects: list[str],
) -> None:
    give(customer_id, code)

    shown = ask(client, representative, customer_id, "order")

    assert (shown["answer"], shown["order_state"]) == (answer, None)
    assert [(rule["code"], rule["effect"]) for rule in shown["rules"]] == [
        (code, effect) for effect in effects
    ]
    assert [each["code"] for each in shown["warnings"]] == (["past_due"] if answer == "yes"
                                                            and effects else [])  # fmt: skip
    assert ask(client, representative, customer_id, "invoice")["answer"] == answer


def test_the_rules_speak_the_readers_language(
    client: ApiClient, representative: Caller, manager: Caller, customer_id: UUID
) -> None:
    give(customer_id, "credit_hold")
    post(client, manager, customer_id, "hold", reason="Betaler ikke")
    with transaction() as session:
        session.get_one(User, representative.user_id).locale = "da"

    rules = ask(client, representative, customer_id, "order")["rules"]

    assert [rule["message"]["text"] for rule in rules] == [
        "Kreditkoden “Kreditstop” tillader ingen handler.", "Spærret manuelt: Betaler ikke",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("allows", "order", "state", "cash_sale"),
    [
        ("nothing", "no", None, "no"),
        ("pending_orders", "yes", "pending", "no"),
        ("cash_sales", "no", None, "yes"),
        ("pending_orders_and_cash_sales", "yes", "pending", "yes"),
    ],
)
def test_what_a_hold_allows_is_set(
    client: ApiClient,
    manager: Caller,
    administrator: Caller,
    customer_id: UUID,
    *,
    allows: str,
    order: str,
    state: str | None,
    cash_sale: str,
) -> None:
    assert set_policy(client, administrator, hold_allows=allows).status_code == 200
    assert post(client, manager, customer_id, "hold", reason="fordi").status_code == 200

    ordering = ask(client, manager, customer_id, "order")
    selling = ask(client, manager, customer_id, "cash_sale")

    assert (ordering["answer"], ordering["order_state"]) == (order, state)
    assert (selling["answer"], selling["order_state"]) == (cash_sale, None)
    assert ask(client, manager, customer_id, "invoice")["answer"] == "no"


def test_a_new_account_may_do_the_very_transaction_that_was_approved(
    client: ApiClient, representative: Caller, manager: Caller, customer_id: UUID
) -> None:
    give(customer_id, "new_account")
    wanted = {"action": "order", "reference": "1001", "amount": "500", "reason": "Første ordre"}

    asked = post(client, representative, customer_id, "transaction-approvals", **wanted)
    again = post(client, representative, customer_id, "transaction-approvals", **wanted)

    assert (asked.status_code, asked.json["state"]) == (201, "requested")
    assert asked.headers["Location"] == f"{API}/approvals/{asked.json['id']}"
    assert asked.json["data"] == {"amount": "500", "currency": "DKK"}
    assert (again.status_code, again.json["code"]) == (409, "already_requested")
    assert ask(client, representative, customer_id, "order", reference="1001")["answer"] == (
        "with_approval"
    )

    path = f"{API}/approvals/{asked.json['id']}/approval"
    own = client.post(path, json={}, headers=representative.headers)
    approved = client.post(path, json={}, headers=manager.headers)

    assert (own.status_code, approved.status_code) == (403, 200)
    answers = {
        (action, tuple(more.items())): ask(client, representative, customer_id, action, **more)
        for action, more in (
            ("order", {"reference": "1001"}),
            ("order", {"reference": "1001", "amount": "500.00"}),
            ("order", {"reference": "1001", "amount": "500.01"}),
            ("order", {"reference": "1002"}),
            ("order", {}),
            ("invoice", {"reference": "1001"}),
        )
    }
    assert [answer["answer"] for answer in answers.values()] == ["yes"] * 2 + ["with_approval"] * 4
    first = next(iter(answers.values()))
    assert [(rule["code"], rule["effect"]) for rule in first["rules"]] == [("new_account", "none")]
    needless = post(client, representative, customer_id, "transaction-approvals", **wanted)
    assert (needless.status_code, needless.json["code"]) == (409, "not_needed")


@pytest.mark.parametrize("act", ["refusal", "withdrawal"])
def test_what_is_not_approved_stays_blocked(
    client: ApiClient, representative: Caller, manager: Caller, customer_id: UUID, *, act: str
) -> None:
    give(customer_id, "new_account")
    wanted = {"action": "order", "reference": "1001", "reason": "Første ordre"}
    asked = post(client, representative, customer_id, "transaction-approvals", **wanted).json
    by = manager if act == "refusal" else representative

    client.post(f"{API}/approvals/{asked['id']}/{act}", json={"reason": "nej"}, headers=by.headers)

    shown = ask(client, representative, customer_id, "order", reference="1001")
    assert shown["answer"] == "with_approval"
    again = post(client, representative, customer_id, "transaction-approvals", **wanted)
    assert again.status_code == 201


def test_no_approval_is_asked_for_where_none_would_help_or_none_is_needed(
    client: ApiClient, representative: Caller, manager: Caller, customer_id: UUID
) -> None:
    wanted = {"action": "order", "reference": "1", "reason": "fordi"}
    free = post(client, representative, customer_id, "transaction-approvals", **wanted)
    give(customer_id, "new_account")
    post(client, manager, customer_id, "hold", reason="fordi")
    blocked = post(client, representative, customer_id, "transaction-approvals", **wanted)

    assert (free.status_code, free.json["code"]) == (409, "not_needed")
    assert (blocked.status_code, blocked.json["code"]) == (409, "blocked")
    assert [rule["code"] for rule in blocked.json["details"]["rules"]] == [
        "held_manual", "new_account",
    ]  # fmt: skip
    assert client.get(f"{API}/approvals", headers=manager.headers).json["items"] == []


def test_a_hold_is_for_those_who_lead_and_its_changes_for_whoever_reads(
    client: ApiClient, representative: Caller, manager: Caller, customer_id: UUID
) -> None:
    refused = post(client, representative, customer_id, "hold", reason="fordi")
    held = post(client, manager, customer_id, "hold", reason="Betaler ikke")
    twice = post(client, manager, customer_id, "hold", reason="igen")

    assert (refused.status_code, held.status_code) == (403, 200)
    assert held.json["hold"]["state"] == "held_manual"
    assert held.json["hold"]["message"]["text"] == "On hold by hand: Betaler ikke"
    assert held.json["hold"]["by"] == str(manager.user_id)
    assert (twice.status_code, twice.json["details"]) == (
        409, {"state": "held_manual", "allowed": ["clear"]},
    )  # fmt: skip
    shown = client.get(f"{API}/customers/{customer_id}", headers=representative.headers).json
    assert shown["hold"]["state"] == "held_manual"
    silent = post(client, manager, customer_id, "hold-release", reason=" ")
    assert [(e["pointer"], e["code"]) for e in silent.json["errors"]] == [("/reason", "too_short")]
    released = post(client, manager, customer_id, "hold-release", reason="Har betalt")
    assert released.json["hold"] == {
        "state": "clear", "message": None, "by": None, "at": None,
    }  # fmt: skip


def test_a_hold_is_read_as_it_was_with_who_when_and_why(
    client: ApiClient, representative: Caller, manager: Caller, customer_id: UUID
) -> None:
    held = post(client, manager, customer_id, "hold", reason="Betaler ikke").json["hold"]
    path = f"/customers/{customer_id}"
    [event] = get(client, representative, f"{path}/events?field=hold")["items"]
    post(client, manager, customer_id, "hold-release", reason="Har betalt")

    released, brought = get(client, representative, f"{path}/events?field=hold")["items"]
    assert [(each["type"], each["reason"]) for each in (released, brought)] == [
        ("customer.hold_released", "Har betalt"), ("customer.held", "Betaler ikke"),
    ]  # fmt: skip
    assert {each["actor"]["name"] for each in (released, brought)} == {"mette"}
    then = event["at"].replace("+", "%2B")
    was = get(client, representative, f"{path}/as-of?at={then}")
    now = get(client, representative, f"{path}/as-of?compared_with={then}")
    assert "hold" not in was["not_kept"]
    assert {**was["record"]["hold"], "at": None} == {**held, "at": None}
    assert was["record"]["hold"]["at"] == event["at"]
    assert now["record"]["hold"] == {"state": "clear", "message": None, "by": None, "at": None}
    assert [(each["field"], each["before"], each["after"]) for each in now["changes"]] == [
        ("hold", "held_manual", "clear")
    ]
    [origin] = [each for each in now["origins"] if each["field"] == "hold"]
    assert (origin["value"], origin["before"], origin["event_id"]) == (
        "clear", "held_manual", released["id"],
    )  # fmt: skip


def test_a_customer_gets_another_code_from_those_who_lead(
    client: ApiClient, representative: Caller, manager: Caller, customer_id: UUID
) -> None:
    path, body = f"{API}/customers/{customer_id}/credit-code", {"code": "past_due"}

    def put(caller: Caller, version: str | None = '"1"') -> Reply:
        headers = dict(caller.headers) | ({"If-Match": version} if version else {})
        return client.put(path, json=body, headers=headers)

    assert put(representative).status_code == 403
    assert put(manager, None).status_code == 428
    given = put(manager)
    assert (given.status_code, given.json["credit_code"], given.json["version"]) == (
        200, "past_due", 2,
    )  # fmt: skip
    assert put(manager).status_code == 412
    body["code"] = "gold"
    unknown = put(manager, '"2"')
    assert [(e["pointer"], e["code"]) for e in unknown.json["errors"]] == [("/code", "unknown")]


def test_a_customer_cannot_be_given_a_code_or_released_by_a_patch(
    client: ApiClient, administrator: Caller, customer_id: UUID
) -> None:
    for body in ({"credit_code": "past_due"}, {"hold": "clear"}):
        answer = client.patch(
            f"{API}/customers/{customer_id}", json=body,
            headers={**administrator.headers, "If-Match": '"1"'},
        )  # fmt: skip
        assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "unknown")


def test_customers_are_listed_and_counted_by_hold_and_code(
    client: ApiClient, representative: Caller, manager: Caller, customer_id: UUID
) -> None:
    with transaction() as session:
        make_customer(session, "Anden ApS")
    give(customer_id, "past_due")
    post(client, manager, customer_id, "hold", reason="fordi")
    path = f"{API}/customers?facets=hold,credit_code"

    everyone = client.get(path, headers=representative.headers).json
    held = client.get(f"{path}&hold=held_manual", headers=representative.headers).json
    past_due = client.get(f"{path}&credit_code=past_due", headers=representative.headers).json

    counted = {
        name: {each["value"]: each["count"] for each in facet["slices"]}
        for name, facet in everyone["facets"].items()
    }
    assert counted == {
        "hold": {"held_manual": 1, "clear": 1},
        "credit_code": {"past_due": 1, "current_account": 1},
    }
    for found in (held, past_due):
        assert [item["id"] for item in found["items"]] == [str(customer_id)]


def test_the_catalogue_counts_what_the_reader_may_see(
    client: ApiClient, representative: Caller, administrator: Caller, customer_id: UUID
) -> None:
    made = client.post(
        f"{API}/credit-codes", json={"code": "watch", "label": "Hold øje", "effect": "warn"},
        headers=administrator.headers,
    )  # fmt: skip
    give(customer_id, "watch")
    path = f"{API}/credit-codes/{made.json['id']}"

    listed = client.get(f"{API}/credit-codes", headers=representative.headers).json["items"]
    refused = client.patch(
        path, json={"effect": "none"}, headers={**representative.headers, "If-Match": '"1"'}
    )
    retired = client.patch(
        path, json={"active": False}, headers={**administrator.headers, "If-Match": '"1"'}
    )

    assert made.status_code == 201
    assert {each["code"]: each["customers"] for each in listed}["watch"] == 1
    assert refused.status_code == 403
    assert (retired.json["active"], retired.json["customers"], retired.json["version"]) == (
        False, 1, 2,
    )  # fmt: skip
    assert ask(client, representative, customer_id, "order")["rules"][0]["code"] == "watch"


def test_the_standing_says_what_is_owed_in_the_customers_currency_and_that_there_is_more(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    with transaction() as session:
        customer = session.get_one(Customer, customer_id)
        owe(session, customer, Paper("700.50", due_on=LONG_AGO), Paper("-0.50", kind="payment"),
            Paper("50", currency="EUR"), Paper("9", kind="order"))  # fmt: skip
    viewer = make_caller(Role.VIEWER, "viewer@example.com")
    path = f"{API}/customers/{customer_id}/credit"

    shown = client.get(path, headers=representative.headers).json
    veiled = client.get(path, headers=viewer.headers).json

    assert (shown["currency"], shown["credit_limit"], shown["balance"]) == (
        "DKK", "1000.0000", "700.0000",
    )  # fmt: skip
    assert (shown["overdue_invoices"], shown["oldest_due_on"]) == (1, LONG_AGO.isoformat())
    assert [(note["code"], "EUR" in note["text"]) for note in shown["notes"]] == [
        ("other_currencies", True)
    ]
    assert not {"balance", "credit_limit", "overdue_invoices", "oldest_due_on"} & veiled.keys()
    asked = ask(client, representative, customer_id, "order")
    assert [note["code"] for note in asked["notes"]] == ["other_currencies"]


def test_documents_are_seen_with_their_customer(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    with transaction() as session:
        owe(session, session.get_one(Customer, customer_id), Paper(), Paper("0", kind="payment"))
        owe(session, make_customer(session, "Anden ApS"), Paper())

    path = f"{API}/customers/{customer_id}/documents"
    viewer = make_caller(Role.VIEWER, "viewer@example.com")
    below = client.get(f"{path}?state=open", headers=representative.headers).json
    veiled = client.get(path, headers=viewer.headers).json
    measured = client.get(f"{path}?remaining.gt=50", headers=viewer.headers)
    everywhere = client.get(f"{API}/documents?facets=kind", headers=representative.headers).json

    assert [(each["kind"], each["remaining"]) for each in below["items"]] == [
        ("invoice", "100.0000")
    ]
    assert everywhere["total"]["count"] == 3
    assert [{"amount", "remaining"} & each.keys() for each in veiled["items"]] == [set(), set()]
    assert measured.status_code == 422


def test_what_is_set_asks_for_the_evaluation_of_all_and_a_limit_for_that_of_one(
    client: ApiClient, administrator: Caller, customer_id: UUID
) -> None:
    set_policy(client, administrator, automatic="credit_limit")
    client.patch(
        f"{API}/customers/{customer_id}", json={"credit_limit": "10"},
        headers={**administrator.headers, "If-Match": '"1"'},
    )  # fmt: skip

    with transaction() as session:
        found = session.scalars(select(Job).where(Job.task.startswith("credit.")))
        asked = {(job.task, job.key == str(customer_id), job.subject_id) for job in found}
    assert asked == {
        ("credit.evaluate_customers", False, None),
        ("credit.evaluate_customer", True, customer_id),
    }


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({}, "/action", "required"),
        ({"action": "steal"}, "/action", "choice"),
        ({"action": "order", "amount": "-1"}, "/amount", "form"),
        ({"action": "order", "reference": ""}, "/reference", "too_short"),
    ],
)
def test_what_is_asked_wrongly_is_refused_by_field(
    client: ApiClient,
    representative: Caller,
    customer_id: UUID,
    *,
    query: dict[str, str],
    pointer: str,
    code: str,
) -> None:
    answer = client.get(
        f"{API}/customers/{customer_id}/permissions",
        query_string=query, headers=representative.headers,
    )  # fmt: skip

    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [(pointer, code)]


def test_a_portal_asks_whether_a_customer_gets_in_and_may_order_there(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    def set_portal(seen: int, **policy: bool) -> None:
        headers = {**administrator.headers, "If-Match": f'"{seen}"'}
        answer = client.put(f"{API}/settings/portal", json=policy, headers=headers)
        assert answer.status_code == 200, answer.text

    def make(**said: Any) -> Any:
        body = {"name": f"Nordlys {len(made)}", **said}
        answer = client.post(f"{API}/customers", json=body, headers=representative.headers)
        made.append(answer.json)
        return answer.json

    def told(customer: Any, action: str) -> tuple[str, list[str]]:
        found = ask(client, representative, customer["id"], action, over_portal="true")
        return found["answer"], [rule["code"] for rule in found["rules"]]

    made: list[Any] = []
    before = make()
    set_portal(1, login_for_new_customers=True)
    after, shut_out = make(), make(portal_login=False)

    assert [each["portal_login"] for each in made] == [False, True, False]
    assert told(before, "invoice") == ("no", ["portal_login"])
    assert told(after, "invoice") == ("yes", [])
    assert told(after, "order") == ("no", ["portal_cart"])
    set_portal(2, login_for_new_customers=True, cart=True)
    assert told(after, "order") == told(after, "cash_sale") == ("yes", [])
    assert told(shut_out, "order") == ("no", ["portal_login"])
    assert ask(client, representative, shut_out["id"], "order")["answer"] == "yes"
    give(UUID(after["id"]), "credit_hold")
    assert told(after, "order") == ("no", ["credit_hold"])


def test_a_limit_is_no_finer_than_what_can_be_paid_in_the_customers_currency(
    client: ApiClient, administrator: Caller
) -> None:
    body = {"name": "Tranen", "currency": "JPY", "credit_limit": "5000.50"}
    refused = client.post("/api/v1/customers", json=body, headers=administrator.headers)
    made = client.post(
        "/api/v1/customers", json={**body, "credit_limit": "5000.00"}, headers=administrator.headers
    )
    changed = client.patch(
        f"/api/v1/customers/{made.json['id']}", json={"credit_limit": "0.1"},
        headers={**administrator.headers, "If-Match": '"1"'},
    )  # fmt: skip

    assert made.json["credit_limit"] == "5000.00"
    for answer in (refused, changed):
        assert answer.status_code == 422
        [error] = answer.json["errors"]
        assert (error["pointer"], error["code"]) == ("/credit_limit", "precision")

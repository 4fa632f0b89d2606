"""Duplicates over HTTP."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select

from hub import reactions
from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.roles import BASE_ROLES, Role, Verb, Visibility
from hub.clock import utcnow
from hub.configuration import replace
from hub.connections.models import Connection, ConnectionState
from hub.db import transaction
from hub.duplicates.listing import DUPLICATES
from hub.duplicates.models import DupCandidate, DupState
from hub.entry_policies.policy import Duplicates, EntryPolicy
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from hub.listing import Reader, sorts_without_index
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller, narrow
from tests.hub.duplicates.making import look, make_customer, make_lead, pairs, scan


@pytest.fixture
def pair_id(client: ApiClient) -> UUID:
    with transaction() as session:
        one = make_customer(session, ref_no="1001", phone="+4533123456")
        make_customer(session, "NORDLYS BELYSNING", ref_no="1002", phone="+4533123456")
        [row] = look(session, one.id)
        return row.id


def test_the_list_shows_both_customers_and_why(
    client: ApiClient, administrator: Caller, pair_id: UUID
) -> None:
    answer = client.get("/api/v1/duplicates?state=open", headers=administrator.headers)

    assert answer.status_code == 200
    assert answer.json["total"] == {"count": 1, "exact": True}
    [item] = answer.json["items"]
    assert item["id"] == str(pair_id)
    assert {(item[side]["name"], item[side]["ref_no"]) for side in ("a", "b")} == {
        ("Nordlys Belysning ApS", "1001"), ("NORDLYS BELYSNING", "1002"),
    }  # fmt: skip
    assert 0.9 < item["score"] <= 1
    assert ("name", "same", "The names are the same.") in {
        (reason["field"], reason["kind"], reason["text"]) for reason in item["evidence"]
    }
    assert item["allowed_actions"] == ["read", "dismiss"]


def test_the_list_is_narrowed_by_state_score_and_customer(
    client: ApiClient, administrator: Caller, pair_id: UUID
) -> None:
    with transaction() as session:
        [row] = pairs(session)
        of_pair = row.b_id

    def count(query: str) -> int:
        answer = client.get(f"/api/v1/duplicates?{query}", headers=administrator.headers)
        return len(answer.json["items"])

    assert count(f"customer={of_pair}&score.gte=0.9&sort=-score") == 1
    assert count(f"customer={uuid4()}") == 0
    assert count("state=dismissed") == 0
    assert count("score.lt=0.5") == 0


def test_a_dismissal_is_kept_and_shown(
    client: ApiClient, administrator: Caller, pair_id: UUID
) -> None:
    answer = client.post(
        f"/api/v1/duplicates/{pair_id}/dismissal",
        json={"reason": "two shops of one owner"},
        headers=administrator.headers,
    )

    assert answer.status_code == 200
    assert answer.json["state"] == "dismissed"
    assert answer.json["reason"] == "two shops of one owner"
    assert answer.json["decided_by"] == str(administrator.user_id)
    again = client.get(f"/api/v1/duplicates/{pair_id}", headers=administrator.headers)
    assert again.json == answer.json


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x", "by": "me"}])
def test_a_dismissal_without_a_reason_is_refused(
    client: ApiClient, administrator: Caller, pair_id: UUID, body: dict[str, str]
) -> None:
    answer = client.post(
        f"/api/v1/duplicates/{pair_id}/dismissal", json=body, headers=administrator.headers
    )

    assert answer.status_code == 422
    with transaction() as session:
        assert session.get_one(DupCandidate, pair_id).state is DupState.OPEN


def test_a_pair_is_dismissed_once(client: ApiClient, administrator: Caller, pair_id: UUID) -> None:
    path = f"/api/v1/duplicates/{pair_id}/dismissal"
    client.post(path, json={"reason": "two shops"}, headers=administrator.headers)

    answer = client.post(path, json={"reason": "again"}, headers=administrator.headers)

    assert answer.status_code == 409
    assert answer.json["code"] == "dup_candidate_state"
    assert answer.json["details"] == {"state": "dismissed", "allowed": ["open"]}


def test_an_unknown_pair_is_not_found(client: ApiClient, administrator: Caller) -> None:
    for method, path in (("get", ""), ("post", "/dismissal")):
        options = {"json": {"reason": "x"}} if method == "post" else {}
        answer = getattr(client, method)(
            f"/api/v1/duplicates/{uuid4()}{path}", headers=administrator.headers, **options
        )
        assert answer.status_code == 404


def test_a_scan_is_a_job(client: ApiClient, administrator: Caller) -> None:
    answers = [
        client.post("/api/v1/duplicates/scan", json={}, headers=administrator.headers)
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json["task"] == "duplicates.find_duplicates"
    assert answers[0].headers["Location"] == f"/api/v1/jobs/{answers[0].json['id']}"
    with transaction() as session:
        [job] = session.scalars(select(Job).where(Job.task == TaskName.FIND_DUPLICATES.value))
        assert job.args == {"whole": True}


def test_only_an_administrator_asks_for_a_scan(client: ApiClient, representative: Caller) -> None:
    answer = client.post("/api/v1/duplicates/scan", json={}, headers=representative.headers)

    assert answer.status_code == 403
    with transaction() as session:
        assert session.scalars(select(Job)).all() == []


def test_who_sees_some_customers_only_asks_for_no_scan_that_counts_them_all(
    client: ApiClient, administrator: Caller
) -> None:
    narrowed = narrow(administrator, {"city": "Ry"})

    assert (
        client.post("/api/v1/duplicates/scan", json={}, headers=narrowed.headers).status_code == 403
    )


def test_a_token_needs_the_scope(client: ApiClient, pair_id: UUID) -> None:
    caller = make_caller(Role.ADMINISTRATOR, "carl@example.com", ("customers:*",))

    assert client.get("/api/v1/duplicates", headers=caller.headers).status_code == 403


def test_whoever_may_not_change_both_customers_does_not_decide(
    client: ApiClient, administrator: Caller, representative: Caller, pair_id: UUID
) -> None:
    with transaction() as session:
        [row] = pairs(session)
        row.a.owner_user_id, row.b.owner_user_id = representative.user_id, administrator.user_id

    answer = client.post(
        f"/api/v1/duplicates/{pair_id}/dismissal",
        json={"reason": "two shops"},
        headers=representative.headers,
    )

    assert answer.status_code == 403
    with transaction() as session:
        assert session.get_one(DupCandidate, pair_id).state is DupState.OPEN


def test_a_pair_is_seen_by_those_who_see_both_customers(
    client: ApiClient, administrator: Caller, representative: Caller, pair_id: UUID
) -> None:
    private = Principal(
        representative.user_id,
        frozenset({BASE_ROLES[Role.REPRESENTATIVE]}),
        "Bo",
        visibility=Visibility.PRIVATE,
    )

    def seen(a: UUID, b: UUID) -> bool:
        with transaction() as session:
            [row] = pairs(session)
            row.a.owner_user_id, row.b.owner_user_id = a, b
            session.flush()
            rule = visible(private, Verb.READ, DupCandidate)
            return bool(session.scalars(select(DupCandidate).where(rule)).all())

    assert seen(representative.user_id, representative.user_id)
    assert not seen(representative.user_id, administrator.user_id)
    assert not seen(administrator.user_id, representative.user_id)


def test_customers_like_one_are_shown_with_what_was_decided(
    client: ApiClient, administrator: Caller, pair_id: UUID
) -> None:
    with transaction() as session:
        [row] = pairs(session)
        one, other = row.a_id, row.b_id
        third = make_customer(session, phone="+4533123456").id
    client.post(
        f"/api/v1/duplicates/{pair_id}/dismissal",
        json={"reason": "two shops"},
        headers=administrator.headers,
    )

    answer = client.get(f"/api/v1/customers/{one}/duplicates", headers=administrator.headers)

    assert answer.status_code == 200
    shown = {
        item["record"]["id"]: (item["state"], item["duplicate_id"]) for item in answer.json["items"]
    }
    assert shown == {str(other): ("dismissed", str(pair_id)), str(third): (None, None)}


@pytest.mark.parametrize(("here", "new"), [
    ("Boligforeningen Elmely Afdeling 1 Blok 2", "Boligforeningen Elmely Afdeling 2 Blok 1"),
    ("Elhandel 2 4", "Elhandel 4 2"),
    ("Bageri 1", "Bageri 1 1"),
])  # fmt: skip
def test_who_has_other_numbers_in_its_name_is_refused_to_nobody(
    client: ApiClient, administrator: Caller, here: str, new: str
) -> None:
    def create(name: str) -> int:
        body = {"name": name, "city": "Vejle", "email": "post@elmely.example"}
        answer = client.post("/api/v1/customers", json=body, headers=administrator.headers)
        return answer.status_code

    first, other, again = create(here), create(new), create(new)

    assert (first, other, again) == (201, 201, 409)


def test_an_unknown_customer_has_no_duplicates_to_show(
    client: ApiClient, administrator: Caller
) -> None:
    answer = client.get(f"/api/v1/customers/{uuid4()}/duplicates", headers=administrator.headers)

    assert answer.status_code == 404


def test_every_sort_has_its_index(database: Engine) -> None:
    reader = Reader(now=utcnow(), zone="Europe/Copenhagen")

    with database.connect() as connection:
        assert sorts_without_index(connection, DUPLICATES, reader) == []


def test_groups_show_their_records_and_pairs(client: ApiClient, administrator: Caller) -> None:
    with transaction() as session:
        one = make_customer(session, ref_no="1001", phone="+4533123456")
        lead = make_lead(session, phone="+4533123456")
        make_lead(session, "Alene ApS", email="post@mail.example")
        make_lead(session, "Hegnsholt Auto", email="post@mail.example")
        scan(session)
        ids = {str(one.id), str(lead.id)}

    answer = client.get("/api/v1/duplicates/groups", headers=administrator.headers)

    assert answer.status_code == 200
    [group] = answer.json["items"]
    assert {each["id"] for each in group["records"]} == ids
    assert {(each["entity"], each["ref_no"]) for each in group["records"]} == {
        ("customer", "1001"), ("lead", "L-0001"),
    }  # fmt: skip
    assert (group["size"], answer.json["next_cursor"]) == (2, None)
    assert answer.json["total"] == {"count": 1, "exact": True}
    [pair] = group["pairs"]
    assert pair["agrees"] == ["name", "phone", "country"]
    assert pair["score"] == group["score"] > 0.9
    filtered = client.get("/api/v1/duplicates?of=lead_customer", headers=administrator.headers)
    assert [each["id"] for each in filtered.json["items"]] == [pair["id"]]


def test_fields_are_chosen_to_look_by(client: ApiClient, administrator: Caller) -> None:
    path = "/api/v1/duplicates/scan"
    answer = client.post(
        path, json={"entities": ["lead"], "fields": ["email"]}, headers=administrator.headers
    )
    refused = client.post(path, json={"fields": ["city"]}, headers=administrator.headers)

    assert answer.status_code == 202
    assert refused.status_code == 422
    assert [each["code"] for each in refused.json["errors"]] == ["too_common"]
    with transaction() as session:
        [job] = session.scalars(select(Job).where(Job.task == TaskName.FIND_DUPLICATES.value))
        assert job.args == {"whole": True, "entities": "lead", "fields": "email"}


def test_groups_are_paged_and_filtered(client: ApiClient, administrator: Caller) -> None:
    with transaction() as session:
        for name in ("Ørsund Fisk", "Lillebro Byg"):
            for _ in range(2):
                make_lead(session, name, email=f"{name[:3]}@mail.example")
        scan(session)

    def page(query: str) -> Any:
        answer = client.get(f"/api/v1/duplicates/groups?{query}", headers=administrator.headers)
        assert answer.status_code == 200
        return answer.json

    first = page("limit=1&fields=name,email")
    second = page(f"limit=1&fields=name,email&cursor={first['next_cursor']}")

    assert [len(each["items"]) for each in (first, second)] == [1, 1]
    assert first["items"][0]["records"] != second["items"][0]["records"]
    assert (first["total"]["count"], second["next_cursor"]) == (2, None)
    assert page("fields=cvr")["total"]["count"] == 0
    assert page("state=dismissed")["total"]["count"] == 0
    answer = client.get("/api/v1/duplicates/groups?fields=x", headers=administrator.headers)
    assert answer.status_code == 422


def test_leads_like_one_are_shown(client: ApiClient, administrator: Caller) -> None:
    with transaction() as session:
        lead = make_lead(session, phone="+4533123456").id
        customer = make_customer(session, phone="+4533123456").id

    answer = client.get(f"/api/v1/leads/{lead}/duplicates", headers=administrator.headers)

    assert answer.status_code == 200
    [item] = answer.json["items"]
    assert (item["record"]["entity"], item["record"]["id"]) == ("customer", str(customer))


def test_a_new_lead_is_told_of_what_is_like_it(client: ApiClient, administrator: Caller) -> None:
    with transaction() as session:
        customer = make_customer(session, phone="+4533123456").id

    answer = client.post(
        "/api/v1/leads",
        json={"company": "Nordlys Belysning", "phone": "33 12 34 56"},
        headers=administrator.headers,
    )

    assert answer.status_code == 201
    [warning] = answer.json["warnings"]
    assert (warning["code"], warning["existing_entity"], warning["existing_id"]) == (
        "duplicate", "customer", str(customer),
    )  # fmt: skip
    assert warning["text"] == "A customer like this exists already."
    assert warning["score"] > 0.9


def test_a_lead_that_may_not_be_made_twice_is_refused_unless_a_reason_is_given(
    client: ApiClient, administrator: Caller
) -> None:
    with transaction() as session:
        replace(session, EntryPolicy(alike_leads=Duplicates.FORBID), expected_version=1)
        customer = make_customer(session, phone="+4533123456").id
    body = {"company": "Nordlys Belysning", "phone": "33 12 34 56"}

    refused = client.post("/api/v1/leads", json=body, headers=administrator.headers)
    unexplained = client.post(
        "/api/v1/leads", json={**body, "allow_duplicate": True}, headers=administrator.headers
    )
    made = client.post(
        "/api/v1/leads",
        json={**body, "allow_duplicate": True, "reason": "a franchise"},
        headers=administrator.headers,
    )

    assert (refused.status_code, refused.json["code"]) == (409, "duplicate")
    assert refused.json["details"]["existing_id"] == str(customer)
    assert [each["entity"] for each in refused.json["details"]["candidates"]] == ["customer"]
    assert unexplained.status_code == 422
    assert (made.status_code, made.json["warnings"]) == (201, [])
    with transaction() as session:
        [row] = pairs(session)
        assert (row.state, row.reason) == (DupState.DISMISSED, "a franchise")


def test_of_a_lead_that_one_does_not_see_he_is_told_by_his_own_words_alone(
    client: ApiClient, private: Any, administrator: Caller, representative: Caller
) -> None:
    with transaction() as session:
        replace(session, EntryPolicy(alike_leads=Duplicates.FORBID), expected_version=1)
        hidden = make_lead(session, phone="+4533123456", owner_user_id=administrator.user_id).id
    other = {"company": "Helt Andet ApS"}
    same = {"company": "Nordlys Belysning A/S", "phone": "33 12 34 56"}

    let_in = client.post("/api/v1/leads", json=other, headers=representative.headers)
    told = client.post("/api/v1/leads", json=same, headers=representative.headers)
    changed = client.patch(
        f"/api/v1/leads/{let_in.json['id']}", json=same,
        headers={**representative.headers, "If-Match": let_in.headers["ETag"]},
    )  # fmt: skip

    assert (let_in.status_code, let_in.json["warnings"]) == (201, [])
    for refused in (told, changed):
        assert (refused.status_code, refused.json["code"]) == (409, "duplicate")
        assert refused.json["details"]["candidates"] == []
        assert refused.json["details"]["matched_on"] == ["name", "phone"]
        assert "existing_id" not in refused.json["details"]
        assert str(hidden) not in refused.text
        assert refused.json["details"]["blind_match"]["reference"]


def test_a_customer_made_beside_its_like_waits_for_the_registry_and_for_accounting_as_any_other(
    client: ApiClient, administrator: Caller
) -> None:
    reactions.install()
    with transaction() as session:
        session.add(
            Connection(
                name="e-conomic", connector="economic", kind="accounting",
                state=ConnectionState.REVOKED, state_since=utcnow(),
            )
        )  # fmt: skip
    body = {"name": "Nordlys ApS", "cvr": "99000023", "roles": ["customer"]}
    headers = administrator.headers

    first = client.post("/api/v1/customers", json=body, headers=headers)
    beside = client.post(
        "/api/v1/customers",
        json={**body, "allow_duplicate": True, "reason": "a second shop"},
        headers=headers,
    )
    kept = client.get(f"/api/v1/customers/{beside.json['id']}", headers=headers)

    for shown in (first.json, beside.json, kept.json):
        assert shown["registry"]["state"] == "waiting"
        assert shown["registry"]["message"]["code"] == "no_registry"
        assert shown["accounting"]["state"] == "held"
    with transaction() as session:
        [row] = pairs(session)
        asked = session.scalars(
            select(Job.subject_id).where(Job.task == TaskName.LOOK_UP_COMPANY).order_by(Job.id)
        ).all()
        assert (row.state, row.reason) == (DupState.DISMISSED, "a second shop")
        assert asked == [UUID(first.json["id"]), UUID(beside.json["id"])]

"""What somebody is told of customers that he may not see: that there is one, and whom to ask."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from hub.access.models import User
from hub.access.roles import Role
from hub.clock import utcnow
from hub.configuration import replace
from hub.customers.models import Customer
from hub.db import transaction
from hub.history.models import Event
from hub.history.sealing import seal
from hub.sharing.models import BlindMatch
from hub.sharing.policy import Answerer, SharingPolicy
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller, narrow
from tests.api.test_imports import get, post, uploaded, work
from tests.hiding import CVR, EAN, MAIL, NAME, PHONE, create, hide, lead, told
from tests.people import make_customer


@pytest.fixture
def owner(client: ApiClient) -> Caller:
    return make_caller(Role.REPRESENTATIVE, "owner@example.com")


@pytest.fixture
def manager(client: ApiClient, owner: Caller) -> Caller:
    return lead("Nord", owner, by="leader@example.com")


@pytest.fixture
def hidden(owner: Caller, manager: Caller) -> UUID:
    return hide(owner, cvr=CVR, email=MAIL, phone=PHONE, city="Ry", ref_no="10077")


def patch(client: ApiClient, caller: Caller, made: Any, **fields: Any) -> Reply:
    return client.patch(
        f"/api/v1/customers/{made['id']}", json=fields,
        headers={**caller.headers, "If-Match": f'"{made["version"]}"'},
    )  # fmt: skip


def test_he_is_told_that_there_is_one_and_whom_to_ask_and_nothing_of_it(
    client: ApiClient, representative: Caller, manager: Caller, hidden: UUID
) -> None:
    answer = create(client, representative, cvr=CVR)

    assert (answer.status_code, answer.json["code"]) == (409, "duplicate")
    assert answer.json["detail"] == (
        "A customer like this exists already, and you may not see it. Ask leader, or ask for access"
        " by its reference."
    )
    details = answer.json["details"]
    assert set(details) == {"candidates", "matched_on", "blind_match"}
    assert (details["candidates"], details["matched_on"]) == ([], ["cvr"])
    assert set(details["blind_match"]) == {"reference", "expires_at", "contact"}
    assert details["blind_match"]["contact"] == {
        "user_id": str(manager.user_id), "name": "leader"
    }  # fmt: skip
    for secret in (str(hidden), NAME, MAIL, PHONE, "Ry", "10077", "owner", "protect"):
        assert secret not in answer.text


@pytest.mark.parametrize(
    ("said", "matched_on"),
    [
        ({"cvr": CVR}, ["cvr"]),
        ({"vat_no": f"DK{CVR}"}, ["cvr"]),
        ({"name": "ZANZIBAR FALKERI A/S", "email": MAIL}, ["name", "email"]),
        ({"name": NAME, "phone": "33 12 12 99"}, ["name", "phone"]),
        ({"ref_no": "10077"}, ["ref_no"]),
    ],
)
def test_what_he_said_himself_is_all_that_counts(
    client: ApiClient, representative: Caller, hidden: UUID, said: Any, matched_on: list[str]
) -> None:
    answer = create(client, representative, **said)

    assert told(answer)["contact"]["name"] == "leader"
    assert answer.json["details"]["matched_on"] == matched_on


@pytest.mark.parametrize(
    "said",
    [
        {"name": NAME},
        {"name": NAME, "city": "Ry", "website": "zanzibar.example"},
        {"email": MAIL},
        {"phone": PHONE},
        {"name": "Zanzibar Falkerier ApS", "email": MAIL, "phone": PHONE, "city": "Ry"},
        {"name": NAME, "cvr": "99000007", "email": MAIL},
        {"name": NAME, "cvr": CVR, "ean": EAN},
    ],
)
def test_being_alike_tells_nothing(
    client: ApiClient, representative: Caller, hidden: UUID, said: Any
) -> None:
    answer = create(client, representative, **said)

    assert answer.status_code == 201, answer.text
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(BlindMatch)) == 0


def test_one_of_the_same_ean_is_told_of_by_the_ean_alone(
    client: ApiClient, representative: Caller, owner: Caller, manager: Caller
) -> None:
    hide(owner, cvr="99000007", ean=EAN)

    answer = create(client, representative, cvr=CVR, ean=EAN)

    assert told(answer) is not None
    assert answer.json["details"]["matched_on"] == ["ean"]


def test_leave_for_a_second_one_does_not_reach_what_he_does_not_see(
    client: ApiClient, representative: Caller, hidden: UUID
) -> None:
    answer = create(client, representative, cvr=CVR, allow_duplicate=True, reason="Another shop")

    assert told(answer)["contact"]["name"] == "leader"


def test_what_he_sees_is_named_as_ever_and_what_he_does_not_has_no_part_in_it(
    client: ApiClient, representative: Caller, hidden: UUID
) -> None:
    with transaction() as session:
        seen = make_customer(session, NAME, cvr=CVR).id

    answer = create(client, representative, cvr=CVR)

    assert answer.json["details"]["existing_id"] == str(seen)
    assert [each["id"] for each in answer.json["details"]["candidates"]] == [str(seen)]
    assert "blind_match" not in answer.json["details"]


@pytest.mark.parametrize(
    ("before", "becomes"),
    [
        ({}, {"cvr": CVR}),
        ({}, {"ref_no": "10077"}),
        ({"name": NAME}, {"email": MAIL}),
        ({"email": MAIL}, {"name": NAME}),
    ],
)
@pytest.mark.usefixtures("hidden")
def test_a_change_cannot_make_of_his_own_customer_what_a_hidden_one_is(
    client: ApiClient, representative: Caller, before: Any, becomes: Any
) -> None:
    own = create(client, representative, **before).json

    answer = patch(client, representative, own, **becomes)

    assert told(answer)["contact"]["name"] == "leader"
    assert answer.json["code"] == ("taken" if "ref_no" in becomes else "duplicate")
    assert patch(client, representative, own, city="Ry").status_code == 200


def test_references_that_are_taken_are_told_of_likewise_one_by_one_and_in_a_batch(
    client: ApiClient, representative: Caller, owner: Caller, manager: Caller
) -> None:
    hide(owner, external_ref="web-7", cvr=CVR)
    at = "/api/v1/customers/by-external-ref/web-7"
    batch = {
        "items": [
            {"external_ref": "web-7", "fields": {"city": "Ry"}},
            {"external_ref": "web-8", "fields": {"name": "Zanzibar", "cvr": CVR}},
            {"external_ref": "web-9", "fields": {"name": "Egernsund Teglværk"}},
        ]
    }  # fmt: skip

    one = client.put(at, json={"city": "Ry"}, headers=representative.headers)
    many = client.post("/api/v1/customers/batch", json=batch, headers=representative.headers)

    assert (one.json["code"], told(one)["contact"]["name"]) == ("taken", "leader")
    first, second, third = many.json["results"]
    assert first["problem"]["details"]["blind_match"]["reference"] == told(one)["reference"]
    assert second["problem"]["details"]["matched_on"] == ["cvr"]
    assert second["problem"]["details"]["blind_match"]["reference"] != told(one)["reference"]
    assert third["status"] == 201
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(BlindMatch)) == 2


def test_out_of_sight_and_protected_are_told_alike(
    client: ApiClient, representative: Caller, owner: Caller, manager: Caller
) -> None:
    hide(owner, cvr=CVR)
    with transaction() as session:
        make_customer(session, "Egernsund", owner_user_id=owner.user_id, cvr="99000007", city="Ry")
    narrowed = narrow(representative, {"city": "Odense"})

    protected, elsewhere = (
        create(client, narrowed, cvr=number).json for number in (CVR, "99000007")
    )

    for answer in (protected, elsewhere):
        for varies in ("reference", "expires_at"):
            del answer["details"]["blind_match"][varies]
        del answer["request_id"]
    assert protected == elsewhere


def test_the_history_of_the_customer_tells_who_was_told_of_it_and_only_those_who_see_it(
    client: ApiClient, representative: Caller, owner: Caller, hidden: UUID
) -> None:
    for _ in range(2):  # the same question again is no news
        create(client, representative, cvr=CVR)
    create(client, representative, name=NAME, email=MAIL)
    auditor = make_caller(Role.AUDITOR, "aud@example.com")

    def marks(caller: Caller) -> list[Any]:
        answer = client.get("/api/v1/events?type=customer.blind_match", headers=caller.headers)
        return [
            (e["subject_id"], e["user_id"], e["data"]["matched_on"]) for e in answer.json["items"]
        ]

    expected = [
        (str(hidden), str(representative.user_id), on) for on in (["cvr"], ["name", "email"])
    ]
    with transaction() as session:
        while seal(session):
            pass
    assert sorted(marks(auditor), key=str) == sorted(expected, key=str)
    assert marks(make_caller(Role.INTEGRATION, "program@example.com")) == []
    path = f"/api/v1/customers/{hidden}/protection"
    assert [
        (each["by"], each["by_name"], each["matched_on"])
        for each in client.get(path, headers=owner.headers).json["history"]
        if each["type"] == "customer.blind_match"
    ] == [(str(representative.user_id), "bo", on) for on in (["name", "email"], ["cvr"])]


def limit_to(most: int) -> None:
    with transaction() as session:
        replace(session, SharingPolicy(blind_matches_per_hour=most), expected_version=1)


def test_who_asked_too_often_writes_nothing_that_would_be_compared_match_or_not(
    client: ApiClient, representative: Caller, administrator: Caller, owner: Caller, hidden: UUID
) -> None:
    limit_to(2)
    own = create(client, representative, name="Egernsund Teglværk").json
    create(client, representative, cvr=CVR)
    create(client, representative, cvr=CVR)
    create(client, representative, name=NAME, email=MAIL)

    matching = create(client, representative, cvr=CVR)
    other = create(client, representative, cvr="99000007")
    changed = patch(client, representative, own, cvr="99000007")
    batch = client.post(
        "/api/v1/customers/batch", headers=representative.headers,
        json={"items": [{"external_ref": "a", "fields": {"name": "A", "cvr": "99000007"}}]},
    )  # fmt: skip

    for answer in (matching, other, changed):
        assert (answer.status_code, answer.json["code"]) == (429, "too_many_blind_matches")
        assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    assert batch.json["results"][0]["status"] == 429
    assert patch(client, representative, own, city="Ry").status_code == 200
    assert create(client, owner, cvr="99000007").status_code == 201
    with transaction() as session:
        [event] = session.scalars(
            select(Event).where(Event.type == "user.blind_matches_exhausted")
        ).all()
        assert (event.subject_id, event.data) == (representative.user_id, {"most": 2})
        session.execute(update(BlindMatch).values(first_at=utcnow() - timedelta(minutes=61)))
    assert create(client, representative, cvr="99000031").status_code == 201


@pytest.mark.parametrize(
    ("answerer", "manager_is", "name"),
    [
        (Answerer.MANAGER, {}, "leader"),
        (Answerer.OWNER, {}, "owner"),
        (Answerer.MANAGER, {"active": False}, "owner"),
        (Answerer.MANAGER, {"roles": [Role.VIEWER]}, "owner"),
    ],
)
@pytest.mark.usefixtures("hidden")
def test_whom_to_ask_is_a_person_who_may_answer(
    client: ApiClient, manager: Caller, answerer: Answerer, manager_is: Any, name: str
) -> None:
    seller = make_caller(Role.REPRESENTATIVE, "seller@example.com")
    with transaction() as session:
        replace(session, SharingPolicy(answerer=answerer), expected_version=1)
        for field, value in manager_is.items():
            setattr(session.get_one(User, manager.user_id), field, value)

    assert told(create(client, seller, cvr=CVR))["contact"]["name"] == name


def test_of_a_customer_that_nobody_answers_for_an_administrator_does(
    client: ApiClient, representative: Caller, administrator: Caller, owner: Caller, hidden: UUID
) -> None:
    with transaction() as session:
        for user in session.scalars(select(User).where(User.email.in_(
            ("owner@example.com", "leader@example.com")
        ))):  # fmt: skip
            user.active = False

    contact = told(create(client, representative, cvr=CVR))["contact"]

    assert contact == {"user_id": str(administrator.user_id), "name": "anna"}


def test_who_sees_everything_is_told_of_it_by_name(
    client: ApiClient, administrator: Caller, hidden: UUID
) -> None:
    answer = create(client, administrator, cvr=CVR)

    assert answer.json["details"]["existing_id"] == str(hidden)
    assert "blind_match" not in answer.json["details"]


def test_a_contacts_reference_and_a_number_of_another_system_are_told_of_likewise(
    client: ApiClient, representative: Caller, owner: Caller, hidden: UUID
) -> None:
    body = {"last_name": "Holm", "external_ref": "c-1"}
    path = "/api/v1/customers/{}/contacts"
    made = client.post(path.format(hidden), json=body, headers=owner.headers)
    own = create(client, representative, name="Egernsund Teglværk").json

    answer = client.post(path.format(own["id"]), json=body, headers=representative.headers)

    assert made.status_code == 201
    assert (answer.json["code"], told(answer)["contact"]["name"]) == ("taken", "leader")
    with transaction() as session:
        [match] = session.scalars(select(BlindMatch)).all()
        assert (match.subject_type, match.subject_id) == (Customer.entity(), hidden)
    limit_to(1)
    refused = client.post(
        path.format(own["id"]), json={**body, "external_ref": f"{uuid4()}"},
        headers=representative.headers,
    )  # fmt: skip
    assert refused.status_code == 429


HEADER = "Navn;CVR;E-mail;Reference"


@pytest.fixture
def importer(client: ApiClient) -> Caller:
    return make_caller(Role.INTEGRATION, "program@example.com")


def previewed(client: ApiClient, caller: Caller, *rows: str) -> str:
    content = "\n".join((HEADER, *rows)).encode()
    identifier = uploaded(client, caller, content, mapping='{"Reference": "external_ref"}')
    assert get(client, caller, identifier)["state"] == "planned"
    return identifier


def rows_of(client: ApiClient, caller: Caller, import_id: str) -> list[tuple[str, str | None, Any]]:
    return [
        (row["action"], row["outcome"], [each["code"] for each in row["reasons"]])
        for row in get(client, caller, f"{import_id}/rows")["items"]
    ]


def test_a_row_that_says_what_a_hidden_customer_says_is_refused_and_changes_nothing(
    client: ApiClient, importer: Caller, owner: Caller, hidden: UUID
) -> None:
    hide(owner, "Falkonerens Hus", external_ref="erp-7")

    import_id = previewed(
        client, importer,
        f"Zanzibar;{CVR};;", f"{NAME};;{MAIL};", "Falken;;;erp-7", f"{NAME};;;", "Egernsund;;;",
    )  # fmt: skip

    blind = ("refuse", None, ["blind_match"])
    assert rows_of(client, importer, import_id) == [
        blind, blind, blind, ("create", None, []), ("create", None, []),
    ]  # fmt: skip
    answer = client.get(f"/api/v1/imports/{import_id}/rows", headers=importer.headers)
    for secret in (str(hidden), PHONE, "Ry", "10077", "Falkonerens"):
        assert secret not in answer.text
    [reason] = answer.json["items"][0]["reasons"]
    assert reason["pointer"] == "/cvr"
    assert "Ask leader, or ask for access by the reference" in reason["message"]
    with transaction() as session:
        found = session.scalars(select(BlindMatch)).all()
        assert len(found) == 3
        assert any(str(match.id) in reason["message"] for match in found)
        assert session.get_one(Customer, hidden).version == 1


def test_what_is_hidden_since_the_preview_is_not_made_a_second_time(
    client: ApiClient, importer: Caller, owner: Caller, manager: Caller
) -> None:
    import_id = previewed(client, importer, f"Zanzibar;{CVR};;", "Egernsund;;;")
    hide(owner, cvr=CVR)

    assert post(client, importer, f"{import_id}/application").status_code == 202
    work()

    assert rows_of(client, importer, import_id) == [
        ("create", "skipped", ["blind_match"]), ("create", "done", []),
    ]  # fmt: skip
    assert NAME not in client.get(
        f"/api/v1/imports/{import_id}/rows", headers=importer.headers
    ).text  # fmt: skip


def test_a_file_asks_no_more_than_a_person_may(
    client: ApiClient, importer: Caller, owner: Caller, hidden: UUID
) -> None:
    hide(owner, "Falkonerens Hus", cvr="99000007")
    limit_to(1)

    import_id = previewed(
        client, importer,
        f"Zanzibar;{CVR};;", "Falken;99000007;;", "Havn;99000031;;", "Egernsund;;;",
    )  # fmt: skip

    too_many = ("refuse", None, ["too_many_blind_matches"])
    assert rows_of(client, importer, import_id) == [
        ("refuse", None, ["blind_match"]), too_many, too_many, ("create", None, []),
    ]  # fmt: skip

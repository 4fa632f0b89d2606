"""Contacts: the people of a customer, one of whom is the main one."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from hub.access.roles import Role
from hub.customers.models import Contact
from hub.db import transaction
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.people import make_customer


@pytest.fixture
def customer_id(client: ApiClient, representative: Caller) -> UUID:
    with transaction() as session:
        return make_customer(session, owner_user_id=representative.user_id).id


def add(client: ApiClient, caller: Caller, customer_id: UUID, **fields: Any) -> Reply:
    return client.post(
        f"/api/v1/customers/{customer_id}/contacts", json=fields, headers=caller.headers
    )


def change(client: ApiClient, caller: Caller, contact: Reply, **fields: Any) -> Reply:
    return client.patch(
        f"/api/v1/contacts/{contact.json['id']}",
        json=fields,
        headers={**caller.headers, "If-Match": contact.headers["ETag"]},
    )


def read(client: ApiClient, caller: Caller, contact: Reply) -> Reply:
    return client.get(f"/api/v1/contacts/{contact.json['id']}", headers=caller.headers)


def listed(client: ApiClient, caller: Caller, query: str) -> list[str]:
    answer = client.get(f"/api/v1/contacts?{query}", headers=caller.headers)
    assert answer.status_code == 200, answer.text
    return [contact["first_name"] for contact in answer.json["items"]]


def main_ones(customer_id: UUID) -> list[str | None]:
    with transaction() as session:
        return list(
            session.scalars(
                select(Contact.first_name).where(
                    Contact.customer_id == customer_id,
                    Contact.is_main,
                    Contact.deleted_at.is_(None),
                )
            )
        )


def pointers(answer: Reply) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(error["pointer"], error["code"]) for error in answer.json["errors"]]


def test_a_contact_is_kept_in_its_stored_form_and_the_first_is_the_main_one(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    made = add(
        client, representative, customer_id,
        first_name="Prøve", last_name="Hansen", job="Indkøber", office_phone="70 00 00 04",
        mobile="+45 20 00 00 01", fax="70000005", email="Proeve@Havn.Example",
        external_ref="c-1", address="Havnevej 3\n8680 Ry",
    )  # fmt: skip

    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/v1/contacts/{made.json['id']}"
    shown = read(client, representative, made).json
    assert (shown["office_phone"], shown["mobile"], shown["fax"]) == (
        "+4570000004",
        "+4520000001",
        "+4570000005",
    )
    assert (shown["email"], shown["address"]) == ("Proeve@havn.example", "Havnevej 3\n8680 Ry")
    assert (shown["customer_id"], shown["is_main"]) == (str(customer_id), True)
    assert (shown["refuses_calls"], shown["refuses_email"]) == (False, False)
    assert "edit" in shown["allowed_actions"]


def test_the_main_contact_moves_to_whoever_is_named_one(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    first = add(client, representative, customer_id, first_name="Anna")
    second = add(client, representative, customer_id, first_name="Bo")
    assert (first.json["is_main"], second.json["is_main"]) == (True, False)

    moved = change(client, representative, second, is_main=True)
    third = add(client, representative, customer_id, first_name="Carl", is_main=True)

    assert moved.json["is_main"] is True
    assert third.json["is_main"] is True
    assert main_ones(customer_id) == ["Carl"]
    assert read(client, representative, first).json["is_main"] is False


def test_a_main_contact_may_stop_being_it(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    only = add(client, representative, customer_id, first_name="Anna")

    stopped = change(client, representative, only, is_main=False)

    assert (stopped.status_code, stopped.json["is_main"]) == (200, False)
    assert main_ones(customer_id) == []


def test_when_the_main_contact_is_taken_away_the_oldest_of_the_others_is_it(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    first = add(client, representative, customer_id, first_name="Anna")
    add(client, representative, customer_id, first_name="Bo")
    add(client, representative, customer_id, first_name="Carl")

    gone = client.delete(
        f"/api/v1/contacts/{first.json['id']}",
        headers={**representative.headers, "If-Match": first.headers["ETag"]},
    )

    assert gone.status_code == 204
    assert read(client, representative, first).status_code == 404
    assert main_ones(customer_id) == ["Bo"]
    assert listed(client, representative, f"customer={customer_id}") == ["Bo", "Carl"]


def test_each_customer_has_a_main_contact_of_its_own(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    with transaction() as session:
        other = make_customer(session, "Anden ApS").id
    add(client, representative, customer_id, first_name="Anna")

    add(client, representative, other, first_name="Bo")

    assert (main_ones(customer_id), main_ones(other)) == (["Anna"], ["Bo"])


def test_many_first_contacts_at_once_make_one_main_one(
    app: Flask, client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    def one(number: int) -> int:
        made = add(
            ApiClient(app.test_client()), representative, customer_id, first_name=f"Nr. {number}"
        )
        return made.status_code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(one, range(8)))

    assert answers == [201] * 8
    assert len(main_ones(customer_id)) == 1


def test_what_somebody_refuses_is_kept_and_found(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    add(client, representative, customer_id, first_name="Anna", refuses_email=True)
    bo = add(client, representative, customer_id, first_name="Bo", refuses_calls=True)
    add(client, representative, customer_id, first_name="Carl")

    refused = change(client, representative, bo, refuses_email=True, refuses_calls=False)

    assert (refused.json["refuses_email"], refused.json["refuses_calls"]) == (True, False)
    assert listed(client, representative, "refuses_email=true") == ["Anna", "Bo"]
    assert listed(client, representative, "refuses_calls=true") == []
    assert listed(client, representative, "refuses_email=false") == ["Carl"]
    answer = client.get("/api/v1/contacts?facets=refuses_email", headers=representative.headers)
    slices = answer.json["facets"]["refuses_email"]["slices"]
    assert [(each["value"], each["count"]) for each in slices] == [(True, 2), (False, 1)]


def test_contacts_are_filtered_by_customer_name_and_address(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    with transaction() as session:
        other = make_customer(session, "Anden ApS").id
    add(client, representative, customer_id, first_name="Anna", email="anna@havn.example")
    add(client, representative, customer_id, first_name="Bo", last_name="Nordahl")
    add(client, representative, other, first_name="Carl", job="Indkøber")

    assert listed(client, representative, f"customer={customer_id}") == ["Anna", "Bo"]
    assert listed(client, representative, f"customer={customer_id}&is_main=true") == ["Anna"]
    assert listed(client, representative, "last_name.starts=nord") == ["Bo"]
    assert listed(client, representative, "email=anna@havn.example") == ["Anna"]
    assert listed(client, representative, "job.contains=køb") == ["Carl"]
    assert listed(client, representative, "sort=-created_at") == ["Carl", "Bo", "Anna"]


def test_contacts_are_found_quickly_by_what_they_are_called_and_reached_by(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    anna = add(
        client, representative, customer_id, first_name="Anna", last_name="Bjerregård",
        job="Indkøber", email="aase@privat.example", office_phone="70 12 34 56",
        handles={"wechat": "anna_holm"},
    )  # fmt: skip
    add(client, representative, customer_id, first_name="Bo", mobile="+45 21 43 65 87")

    for q in ("anna", "bjerregaard", "Anna Bjer", "bjeregård", "indkøber", "aase@privat.example",
              "70123456", "0045 7012 3456", "anna_holm"):  # fmt: skip
        query = urlencode({"q": q})
        assert (q, listed(client, representative, query)) == (q, ["Anna"])
    assert listed(client, representative, "q=zanzibar") == []
    assert listed(client, representative, "q=bo&mobile.contains=2143") == ["Bo"]
    assert listed(client, representative, "name=Anna%20Bjerreg%C3%A5rd") == ["Anna"]
    assert listed(client, representative, "name.contains=na%20bj") == ["Anna"]
    change(client, representative, anna, last_name="Holm", office_phone=None)
    assert listed(client, representative, "q=bjerregaard") == []
    assert listed(client, representative, "q=70123456") == []
    assert listed(client, representative, "q=holm") == ["Anna"]


def test_contacts_are_sorted_by_last_name_then_first_both_ways(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    for first, last in (("Anna", "Østergård"), ("Bo", "Aaby"), ("Carl", "Dam"), ("Anton", "Dam")):
        add(client, representative, customer_id, first_name=first, last_name=last)
    add(client, representative, customer_id, email="b@havn.example")

    in_order = [None, "Anton", "Carl", "Anna", "Bo"]
    assert listed(client, representative, "sort=name") == in_order
    assert listed(client, representative, "sort=-name") == in_order[::-1]


def test_quick_search_finds_no_contact_of_a_customer_that_is_out_of_sight(
    client: ApiClient, representative: Caller, customer_id: UUID, private: None
) -> None:
    add(client, representative, customer_id, first_name="Zanzibar", last_name="Holm")
    stranger = make_caller(Role.REPRESENTATIVE, "carl@example.com")
    with transaction() as session:
        own = make_customer(session, "Carls ApS", owner_user_id=stranger.user_id).id
    add(client, stranger, own, first_name="Sansibar", last_name="Holm")

    assert listed(client, stranger, "q=zanzibar") == []
    answer = client.get("/api/v1/contacts?q=holm", headers=stranger.headers).json
    assert ([each["first_name"] for each in answer["items"]], answer["total"]["count"]) == (
        ["Sansibar"], 1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, ("/last_name", "required")),
        ({"job": "Indkøber"}, ("/last_name", "required")),
        ({"first_name": "A", "email": "no address"}, ("/email", "format")),
        ({"first_name": "A", "mobile": "12"}, ("/mobile", "format")),
        ({"first_name": "A", "office_phone": "x"}, ("/office_phone", "format")),
    ],
)
def test_a_contact_that_breaks_a_rule_is_refused_with_the_field(
    client: ApiClient,
    representative: Caller,
    customer_id: UUID,
    fields: dict[str, Any],
    wrong: tuple[str, str],
) -> None:
    assert pointers(add(client, representative, customer_id, **fields)) == [wrong]
    assert listed(client, representative, f"customer={customer_id}") == []


def test_a_change_may_not_leave_nobody(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    made = add(client, representative, customer_id, first_name="Anna")

    assert pointers(change(client, representative, made, first_name=None)) == [
        ("/last_name", "required")
    ]
    assert read(client, representative, made).json["first_name"] == "Anna"
    emptied = change(client, representative, made, first_name=None, email="a@havn.example")
    assert (emptied.status_code, emptied.json["first_name"]) == (200, None)


def test_an_external_reference_belongs_to_one_contact(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    first = add(client, representative, customer_id, first_name="Anna", external_ref="c-1")
    second = add(client, representative, customer_id, first_name="Bo", external_ref="c-2")

    refused = add(client, representative, customer_id, first_name="Carl", external_ref="c-1")
    changed = change(client, representative, second, external_ref="c-1")

    for answer in (refused, changed):
        assert (answer.status_code, answer.json["code"]) == (409, "taken")
        assert answer.json["details"]["existing_id"] == first.json["id"]


def test_a_change_needs_the_version_that_was_seen(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    made = add(client, representative, customer_id, first_name="Anna")
    change(client, representative, made, job="Indkøber")
    path = f"/api/v1/contacts/{made.json['id']}"

    stale = change(client, representative, made, job="Chef")
    without = client.patch(path, json={"job": "Chef"}, headers=representative.headers)
    gone = client.delete(path, headers={**representative.headers, "If-Match": made.headers["ETag"]})

    assert (stale.status_code, without.status_code, gone.status_code) == (412, 428, 412)
    assert read(client, representative, made).json["job"] == "Indkøber"


def test_there_is_no_contact_where_there_is_no_customer(
    client: ApiClient, representative: Caller
) -> None:
    assert add(client, representative, uuid4(), first_name="Anna").status_code == 404
    answer = client.get(f"/api/v1/contacts/{uuid4()}", headers=representative.headers)
    assert answer.status_code == 404


def test_what_is_out_of_sight_is_not_there_and_what_is_only_read_is_forbidden(
    client: ApiClient, representative: Caller, customer_id: UUID, private: None
) -> None:
    made = add(client, representative, customer_id, first_name="Anna")
    stranger = make_caller(Role.REPRESENTATIVE, "carl@example.com")
    auditor = make_caller(Role.AUDITOR, "dora@example.com")

    hidden = [
        read(client, stranger, made),
        change(client, stranger, made, job="Chef"),
        add(client, stranger, customer_id, first_name="Bo"),
    ]
    forbidden = [
        change(client, auditor, made, job="Chef"),
        add(client, auditor, customer_id, first_name="Bo"),
    ]

    assert [answer.status_code for answer in hidden] == [404] * 3
    assert listed(client, stranger, "") == []
    assert read(client, auditor, made).status_code == 200
    assert [answer.status_code for answer in forbidden] == [403] * 2
    assert read(client, representative, made).json["job"] is None
    assert listed(client, representative, "") == ["Anna"]


def found(client: ApiClient, caller: Caller, q: str) -> list[str]:
    answer = client.get(f"/api/v1/customers?{urlencode({'q': q})}", headers=caller.headers)
    return [each["id"] for each in answer.json["items"]]


def test_a_customer_is_found_by_what_its_contacts_are_called_and_reached_by_now(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    before = client.get(f"/api/v1/customers/{customer_id}", headers=representative.headers)
    anna = add(
        client, representative, customer_id, first_name="Anna", last_name="Bjerregård",
        email="aase@privat.example", office_phone="70 12 34 56", handles={"wechat": "anna_holm"},
    )  # fmt: skip
    bo = add(client, representative, customer_id, first_name="Bo", mobile="+45 21 43 65 87")
    its = [str(customer_id)]

    for q in ("70123456", "+45 7012 3456", "0045 70123456", "3456", "anna_holm", "21436587",
              "aase@privat.example", "bjerregaard", "Anna Bjerregård"):  # fmt: skip
        assert (q, found(client, representative, q)) == (q, its)
    assert found(client, representative, "12345678") == []
    change(client, representative, bo, mobile="12345678", handles={"skype": "bo.by"})
    assert found(client, representative, "21436587") == []
    assert (
        found(client, representative, "12345678") == found(client, representative, "bo.by") == its
    )
    client.delete(
        f"/api/v1/contacts/{anna.json['id']}",
        headers={**representative.headers, "If-Match": anna.headers["ETag"]},
    )
    assert found(client, representative, "70123456") == []
    assert found(client, representative, "bjerregaard") == []
    assert found(client, representative, "12345678") == its
    client.patch(
        f"/api/v1/customers/{customer_id}",
        json={"city": "Skagen"},
        headers={**representative.headers, "If-Match": before.headers["ETag"]},
    )
    assert (
        found(client, representative, "12345678") == found(client, representative, "skagen") == its
    )


def test_contacts_added_at_once_are_all_found(
    app: Flask, client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    def one(number: int) -> int:
        own = ApiClient(app.test_client())
        phone = f"7000000{number}"
        return add(own, representative, customer_id, first_name="A", mobile=phone).status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(8))) == [201] * 8

    for number in range(8):
        assert found(client, representative, f"7000000{number}") == [str(customer_id)]

"""Addresses, routes of mail and the profile, over the API."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from hub.customers.models import Address
from hub.db import transaction
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller
from tests.people import make_customer

PROFILE: dict[str, Any] = {
    "roles": ["customer", "supplier"], "kind": "person", "value_class": "b", "source": "referral",
    "registrations": {"no_orgnr": "988 077 917"}, "handles": {"linkedin": "in/ida"},
    "mail_routes": {"invoice": "billing"}, "bank_account": "2191 777", "refuses_email": True,
    "terms_code": "net30", "classifications": [], "shipping_method": "parcel_shop",
    "shipping_instructions": "Ring først", "portal_login": True,
}  # fmt: skip


@pytest.fixture
def customer_id(client: ApiClient, representative: Caller) -> UUID:
    with transaction() as session:
        return make_customer(session, owner_user_id=representative.user_id).id


def add(client: ApiClient, caller: Caller, customer_id: UUID, **fields: Any) -> Reply:
    body = {"kind": "billing", "city": "Ry", **fields}
    return client.post(
        f"/api/v1/customers/{customer_id}/addresses", json=body, headers=caller.headers
    )


def test_an_address_is_made_changed_listed_and_taken_away(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    made = add(client, representative, customer_id, email="faktura@havn.example")
    path = made.headers["Location"]
    assert (made.status_code, made.json["is_default"], made.json["country"]) == (201, True, "DK")
    add(client, representative, customer_id, kind="shipping", city="Ribe")

    changed = client.patch(
        path, json={"city": "Odder"},
        headers={**representative.headers, "If-Match": made.headers["ETag"]},
    )  # fmt: skip
    assert (changed.status_code, changed.json["city"], changed.json["version"]) == (200, "Odder", 2)
    listed = client.get(
        f"/api/v1/addresses?customer={customer_id}&kind=billing&facets=kind",
        headers=representative.headers,
    )
    assert [each["city"] for each in listed.json["items"]] == ["Odder"]
    history = client.get(f"{path}/events", headers=representative.headers).json["items"]
    assert [each["type"] for each in history] == ["address.updated", "address.created"]

    gone = client.delete(
        path, headers={**representative.headers, "If-Match": changed.headers["ETag"]}
    )
    assert gone.status_code == 204
    assert client.get(path, headers=representative.headers).status_code == 404


def test_a_script_knows_an_address_by_its_own_reference(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    path = "/api/v1/addresses/by-external-ref/erp-1"
    body = {"customer_id": str(customer_id), "kind": "shipping", "postcode": "8680"}

    first = client.put(path, json=body, headers=representative.headers)
    again = client.put(path, json=body, headers=representative.headers)
    kindless = client.put(
        "/api/v1/addresses/by-external-ref/erp-2",
        json={"customer_id": str(customer_id), "city": "Ry"}, headers=representative.headers,
    )  # fmt: skip

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json["version"] == first.json["version"] == 1
    assert [error["pointer"] for error in kindless.json["errors"]] == ["/kind"]


def test_a_profile_is_written_shown_filtered_and_put_together(
    client: ApiClient, administrator: Caller
) -> None:
    made = client.post(
        "/api/v1/customers", json={"name": "Ida Prøve", **PROFILE}, headers=administrator.headers
    )
    assert made.status_code == 201, made.text
    shown = {**PROFILE, "registrations": {"no_orgnr": "988077917"}}
    assert {name: made.json[name] for name in PROFILE} == shown

    for query in (
        "registrations=no_orgnr:988077917", "handles=linkedin:in/ida", "value_class=b",
        "mail_routes=invoice:billing", "refuses_email=true", "terms_code=net30", "roles=supplier",
        "shipping_method=parcel_shop", "portal_login=true",
    ):  # fmt: skip
        found = client.get(f"/api/v1/customers?{query}", headers=administrator.headers)
        assert [each["id"] for each in found.json["items"]] == [made.json["id"]], query
    counted = client.get("/api/v1/customers?facets=value_class", headers=administrator.headers)
    slices = counted.json["facets"]["value_class"]["slices"]
    assert [(each["value"], each["label"]) for each in slices] == [("b", "B")]

    patched = client.patch(
        f"/api/v1/customers/{made.json['id']}",
        json={"handles": {"linkedin": None, "x": "@ida"}, "registrations": {"mars": "1"}},
        headers={**administrator.headers, "If-Match": made.headers["ETag"]},
    )
    assert patched.status_code == 422
    assert [error["pointer"] for error in patched.json["errors"]] == ["/registrations/mars"]


def test_where_documents_go_is_told(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    add(client, representative, customer_id, email="faktura@havn.example", attention="Bogholderi")
    head = client.get(f"/api/v1/customers/{customer_id}", headers=representative.headers)
    changed = client.patch(
        f"/api/v1/customers/{customer_id}", json={"mail_routes": {"invoice": "billing"}},
        headers={**representative.headers, "If-Match": head.headers["ETag"]},
    )  # fmt: skip
    assert changed.status_code == 200, changed.text

    told = client.get(
        f"/api/v1/customers/{customer_id}/mail-routes", headers=representative.headers
    ).json["items"]
    by_kind = {each["document"]: each for each in told}
    assert by_kind["invoice"] | {"address_id": None} == {
        "document": "invoice", "source": "billing", "is_default": False, "taken_from": "billing",
        "email": "faktura@havn.example", "name": "Bogholderi", "contact_id": None,
        "address_id": None, "is_refused": False,
    }  # fmt: skip
    assert (by_kind["statement"]["is_default"], by_kind["statement"]["email"]) == (True, None)


def test_of_many_defaults_at_once_one_is_left(
    app: Flask, representative: Caller, customer_id: UUID
) -> None:
    def one(place: int) -> int:
        client = app.test_client()
        answer = client.post(
            f"/api/v1/customers/{customer_id}/addresses",
            json={"kind": "billing", "city": f"By {place}", "is_default": True},
            headers=representative.headers,
        )
        return answer.status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(one, range(8)))

    with transaction() as session:
        assert statuses == [201] * 8
        query = select(func.count()).select_from(Address)
        assert session.scalar(query) == 8
        assert session.scalar(query.where(Address.is_default)) == 1

import json

import pytest

from hub.access.models import User
from hub.access.roles import Role
from hub.channels import CUSTOMER_CHANNELS, LEAD_CHANNELS
from hub.db import transaction
from hub.hooks import attaching, inquiries, mails
from hub.imports import items as import_items
from hub.sync import pulling
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.hub.duplicates.making import make_customer, make_lead


def test_the_lists_are_named_with_what_the_caller_may_do(client: ApiClient) -> None:
    caller = make_caller(
        Role.REPRESENTATIVE,
        "carl@example.com",
        ("listings:read", "customers:read", "customers:export", "notes:read"),
    )

    items = client.get("/api/v1/listings", headers=caller.headers).json["items"]

    assert items == [
        {"name": "customers", "title": "Customers", "may_export": True},
        {"name": "contacts", "title": "Contacts", "may_export": True},
        {"name": "addresses", "title": "Addresses", "may_export": True},
        {"name": "notes", "title": "Notes", "may_export": False},
    ]
    assert client.get("/api/v1/listings/reminders", headers=caller.headers).status_code == 403


def test_a_list_is_described_in_the_readers_language(
    client: ApiClient, representative: Caller
) -> None:
    with transaction() as session:
        session.get_one(User, representative.user_id).locale = "da"

    shown = client.get("/api/v1/listings/customers", headers=representative.headers).json

    assert (shown["name"], shown["title"], shown["has_owners"]) == ("customers", "Kunder", True)
    assert (shown["search"], shown["default_sort"]) == (True, ["name"])
    fields = {field["name"]: field for field in shown["fields"]}
    assert fields["owner"]["label"] == "Ejer"
    assert fields["owner"]["operators"] == ["eq", "ne", "empty"]
    assert fields["kind"]["choices"][0] == {"value": "organisation", "label": "Virksomhed"}
    assert [name for name, each in fields.items() if each["shown"]][:2] == ["ref_no", "name"]
    assert {name for name, each in fields.items() if each["sortable"]} >= {"name", "created_at"}


def test_an_unknown_list_is_not_found(client: ApiClient, representative: Caller) -> None:
    missing = client.get("/api/v1/listings/secrets", headers=representative.headers)

    assert missing.status_code == 404


def test_every_named_list_is_described_and_served(client: ApiClient, administrator: Caller) -> None:
    items = client.get("/api/v1/listings", headers=administrator.headers).json["items"]

    for item in items:
        path = f"/api/v1/listings/{item['name']}"
        described = client.get(path, headers=administrator.headers)
        served = client.get(f"/api/v1/{item['name']}", headers=administrator.headers)
        assert (described.status_code, served.status_code) == (200, 200), item["name"]
    assert len(items) > 8


@pytest.mark.parametrize("path", ["customers", "leads"])
def test_the_slices_of_channels_are_called_in_the_readers_words(
    client: ApiClient, administrator: Caller, path: str
) -> None:
    with transaction() as session:
        make_customer(session)
        make_lead(session)

    def label(language: str) -> str:
        answer = client.get(
            f"/api/v1/{path}?facets=channel&channel=manual",
            headers={**administrator.headers, "Accept-Language": language},
        )
        [slice_] = answer.json["facets"]["channel"]["slices"]
        return str(slice_["label"])

    assert (label("en"), label("da")) == ("Entered by hand", "Indtastet")


def test_every_channel_by_which_something_comes_in_has_a_name() -> None:
    customers = {each.value for each in CUSTOMER_CHANNELS}
    leads = {each.value for each in LEAD_CHANNELS}

    assert customers == {"manual", "lead", attaching.CHANNEL, import_items.CHANNEL, pulling.CHANNEL}
    assert leads == {"manual", inquiries.CHANNEL, mails.CHANNEL, import_items.CHANNEL}


def test_columns_are_named_for_views_and_exports_and_a_list_answers_with_whole_records(
    client: ApiClient, administrator: Caller, document: str
) -> None:
    client.post("/api/v1/customers", json={"name": "N"}, headers=administrator.headers)

    def listed(query: str) -> Reply:
        return client.get(f"/api/v1/customers{query}", headers=administrator.headers)

    whole, named, wrong = listed(""), listed("?fields=name,city"), listed("?fields=colour")

    assert named.json["items"] == whole.json["items"]
    assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/fields")
    [told] = [
        each["description"]
        for each in json.loads(document)["paths"]["/api/v1/customers"]["get"]["parameters"]
        if each["name"] == "fields"
    ]
    assert told.startswith(
        "Comma-separated columns, as saved views and exports have them; an unknown one is refused, "
        "and the records of this answer are whole all the same: `id`, "
    )

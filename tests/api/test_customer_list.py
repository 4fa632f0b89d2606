"""The list of customers as people work with it: whose, where, and how long unheard of."""

from typing import Any

import pytest

import api.lists
from api.authentication import forget_tokens
from hub.access import grounds
from hub.access.roles import Role
from hub.connections.models import Connection
from hub.customers.models import ShopIdentity
from hub.db import transaction
from hub.settings import get_settings
from tests.api.asking import get, post, remove
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller
from tests.people import make_customer


@pytest.fixture
def others(client: ApiClient) -> tuple[Caller, Caller]:
    return (
        make_caller(Role.REPRESENTATIVE, "inge@example.com"),
        make_caller(Role.REPRESENTATIVE, "otto@example.com"),
    )


@pytest.fixture
def told(
    client: ApiClient, representative: Caller, others: tuple[Caller, Caller]
) -> dict[str, str]:
    inside, outside = others
    fields: dict[str, dict[str, Any]] = {
        "Havn": {"region": "Fyn", "ref_no": "9", "inside_rep_id": inside.user_id},
        "Mole": {"region": "Fyn", "ref_no": "10", "outside_rep_id": outside.user_id},
        "Vrag": {"region": "Thy", "ref_no": "11"},
    }
    with transaction() as session:
        made = {
            name: str(make_customer(session, name, owner_user_id=representative.user_id, **more).id)
            for name, more in fields.items()
        }
    for name, at in (("Havn", "2026-03-01"), ("Havn", "2026-01-05"), ("Vrag", "2026-02-01")):
        body = {"body": "Ringede", "at": f"{at}T10:00:00Z"}
        post(client, representative, f"/customers/{made[name]}/notes", body)
    return made


def names(client: ApiClient, caller: Caller, query: str) -> list[str]:
    return [each["name"] for each in get(client, caller, f"/customers?{query}")["items"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name.contains=av", ["Havn"]),
        ("region=Fyn", ["Havn", "Mole"]),
        ("last_note_at.gte=2026-02-15", ["Havn"]),
        ("last_note_at.gte=2026-01-01&last_note_at.lt=2026-02-15", ["Vrag"]),
        ("last_note_at.empty=true", ["Mole"]),
        ("noted_at.gte=2026-01-01&noted_at.lt=2026-01-15", ["Havn"]),
        ("noted_at.gte=2026-01-01&noted_at.lt=2026-02-15", ["Havn", "Vrag"]),
        ("noted_at.gte=2026-01-15&noted_at.lt=2026-01-31", []),
        ("region=Fyn&last_note_at.gte=2026-01-01", ["Havn"]),
    ],
)
def test_customers_are_found_by_name_region_and_newest_note_together(
    client: ApiClient, representative: Caller, told: dict[str, str], query: str, found: list[str]
) -> None:
    assert names(client, representative, f"{query}&sort=name") == found


def test_a_note_on_a_customers_lead_finds_the_customer_until_it_is_taken_away(
    client: ApiClient, representative: Caller, told: dict[str, str]
) -> None:
    lead = post(client, representative, "/leads", {"customer_id": told["Mole"]})
    body = {"body": "Messen", "at": "2025-06-01T10:00:00Z"}
    note = post(client, representative, f"/leads/{lead['id']}/notes", body)
    june = "noted_at.gte=2025-06-01&noted_at.lt=2025-07-01"

    assert names(client, representative, june) == ["Mole"]
    remove(client, representative, "/notes", note)
    assert names(client, representative, june) == []


def test_customers_are_found_by_their_representatives(
    client: ApiClient,
    representative: Caller,
    told: dict[str, str],
    others: tuple[Caller, Caller],
) -> None:
    inside, outside = others

    assert names(client, representative, f"inside_rep={inside.user_id}") == ["Havn"]
    assert names(client, representative, f"outside_rep={outside.user_id}") == ["Mole"]
    assert names(client, inside, "inside_rep=me") == ["Havn"]


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("last_note_at", ["Vrag", "Havn", "Mole"]),
        ("-last_note_at", ["Havn", "Vrag", "Mole"]),
        ("name", ["Havn", "Mole", "Vrag"]),
        ("-name", ["Vrag", "Mole", "Havn"]),
    ],
)
def test_the_list_is_sorted_both_ways_by_name_and_newest_note(
    client: ApiClient, representative: Caller, told: dict[str, str], sort: str, found: list[str]
) -> None:
    assert names(client, representative, f"sort={sort}") == found


def test_numbers_of_customers_sort_both_ways(
    client: ApiClient, representative: Caller, told: dict[str, str]
) -> None:
    up = names(client, representative, "sort=ref_no")

    assert sorted(up) == ["Havn", "Mole", "Vrag"]
    assert names(client, representative, "sort=-ref_no") == up[::-1]


def test_a_shops_own_id_of_a_customer_is_shown_with_it_and_finds_it(
    client: ApiClient, representative: Caller
) -> None:
    with transaction() as session:
        shop = Connection(name="Netbutik", connector="woocommerce", kind="shop")
        session.add(shop)
        customer = make_customer(session, "Anna")
        make_customer(session, "Bo")
        session.flush()
        session.add(
            ShopIdentity(connection_id=shop.id, shop_customer_id="17", customer_id=customer.id)
        )

    shown = client.get(f"/api/v1/customers/{customer.id}", headers=representative.headers).json
    listed = client.get("/api/v1/customers?shop_customer_id=17", headers=representative.headers)

    known = [{"connection_id": str(shop.id), "connection_name": "Netbutik",
              "shop_customer_id": "17"}]  # fmt: skip
    assert shown["shops"] == known
    assert [each["name"] for each in listed.json["items"]] == ["Anna"]
    nobody = client.get("/api/v1/customers?shop_customer_id=18", headers=representative.headers)
    assert nobody.json["items"] == []


def test_a_customer_is_several_things_at_once_and_found_as_each_of_them(
    client: ApiClient, representative: Caller
) -> None:
    for name, roles in (
        ("Begge", ["customer", "supplier"]), ("Emne", ["prospect"]), ("Leverandør", ["supplier"]),
        ("Uden", None),
    ):  # fmt: skip
        body = {"name": name} if roles is None else {"name": name, "roles": roles}
        made = post(client, representative, "/customers", body)
        assert made["roles"] == (roles or ["prospect"])

    assert names(client, representative, "roles=supplier") == ["Begge", "Leverandør"]
    assert names(client, representative, "roles=customer") == ["Begge"]
    assert names(client, representative, "roles=prospect&roles=customer") == [
        "Begge", "Emne", "Uden",
    ]  # fmt: skip
    slices = get(client, representative, "/customers?facets=roles")["facets"]["roles"]["slices"]
    assert {each["label"]: each["count"] for each in slices} == {
        "Supplier": 2, "Prospect": 2, "Customer": 1,
    }  # fmt: skip
    refused = client.post(
        "/api/v1/customers", json={"name": "X", "roles": ["friend"]}, headers=representative.headers
    )
    assert refused.status_code == 422


def test_who_sees_the_records_of_many_is_counted_less_far(
    client: ApiClient,
    administrator: Caller,
    others: tuple[Caller, Caller],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HUB_VISIBILITY", "team")
    get_settings.cache_clear()
    person, colleague = others
    members = [str(each.user_id) for each in others]
    post(client, administrator, "/teams", {"name": "South", "member_ids": members})
    with transaction() as session:
        for name in ("Havn", "Mole", "Vrag"):
            make_customer(session, name, owner_user_id=colleague.user_id)
    forget_tokens()
    monkeypatch.setattr(api.lists, "NEAR_BOUND", 2)

    def total(caller: Caller) -> dict[str, Any]:
        counted: dict[str, Any] = get(client, caller, "/customers?limit=1")["total"]
        return counted

    assert total(person) == {"count": 3, "exact": True}
    monkeypatch.setattr(grounds, "WEIGHED", 0)
    assert total(person) == {"count": 2, "exact": False}
    assert total(administrator) == {"count": 3, "exact": True}
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.mark.parametrize(
    "query",
    [
        "cvr=DK99000007", "cvr=DK%2099%2000%2000%2007", "phone=33121233", "phone=0045%2033121233",
        "vat_no=SE%20556036079301", "country=dk", "currency=dkk", "ean=5790000-000005",
        "website=nordlys.example", "cvr.ne=99000015", "phone=%2B4533121233",
    ],
)  # fmt: skip
def test_a_value_is_found_in_whatever_form_it_may_be_written(
    client: ApiClient, representative: Caller, query: str
) -> None:
    written = {"name": "Nordlys", "cvr": "99 00 00 07", "phone": "33 12 12 33", "country": "DK",
               "vat_no": "SE556036079301", "currency": "DKK", "ean": "5790000000005",
               "website": "https://nordlys.example"}  # fmt: skip
    post(client, representative, "/customers", written)

    assert names(client, representative, query) == ["Nordlys"]


@pytest.mark.parametrize("query", ["cvr=99000008", "phone=ring", "country=Danmark", "cvr=99000015"])
def test_what_is_no_such_value_or_anothers_finds_nobody(
    client: ApiClient, representative: Caller, query: str
) -> None:
    post(client, representative, "/customers", {"name": "Nordlys", "cvr": "99000007"})

    assert names(client, representative, query) == []

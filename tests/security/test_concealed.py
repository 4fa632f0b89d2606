"""What refusals and answers given again may not tell of others' records."""

from typing import Any
from uuid import UUID

import pytest

from api.authentication import forget_tokens
from hub.access.models import ApiToken
from hub.access.roles import Role
from hub.autofill.models import RegistryLookup
from hub.connections.models import Connection
from hub.customers.models import Customer, Lifecycle
from hub.db import transaction
from hub.settings import get_settings
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.security.possessions import Possessions, make_possessions

WORD = "Zanzibarfalk"
CVR = "12345674"  # of the customer that `Possessions` holds
_CANDIDATE = {
    "registration_number": CVR, "name": "Havn ApS", "country": "DK", "status": "active",
    "address_lines": [],
}  # fmt: skip


@pytest.fixture
def hidden(client: ApiClient) -> Possessions:
    made = make_possessions(make_caller(Role.REPRESENTATIVE, "other@example.com"), WORD)
    with transaction() as session:  # a connection that everybody sees, as those of the house are
        session.get_one(Connection, UUID(made.paths["connection_id"])).owner_user_id = None
    return made


@pytest.fixture(params=["private", "public"])
def visibility(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("HUB_VISIBILITY", request.param)
    get_settings.cache_clear()
    forget_tokens()
    yield request.param
    monkeypatch.undo()
    get_settings.cache_clear()


def make_own(client: ApiClient, caller: Caller, **fields: Any) -> Any:
    answer = client.post(
        "/api/v1/customers", json={"name": "Egernsund Teglværk", **fields}, headers=caller.headers
    )
    assert answer.status_code == 201, answer.text
    return answer.json


def refusals(client: ApiClient, caller: Caller, hidden: Possessions) -> list[tuple[str, Reply]]:
    """Return the refusals of everything that names a value which another's record has."""
    headers = caller.headers
    own = make_own(client, caller)
    at, matched = f"/api/v1/customers/{own['id']}", {**headers, "If-Match": '"1"'}
    reference, cvr = hidden.paths["external_ref"], {"name": "Havn", "cvr": CVR}
    link = {"connection_id": hidden.paths["connection_id"], "remote_id": f"{WORD}-7"}
    batch = {"items": [{"external_ref": reference, "fields": {"city": "Ry"}}]}
    contact = {"last_name": "Holm", "external_ref": f"{WORD}-c"}
    return [
        ("create", client.post("/api/v1/customers", json=cvr, headers=headers)),
        ("change", client.patch(at, json={"external_ref": reference}, headers=matched)),
        ("contact", client.post(f"{at}/contacts", json=contact, headers=headers)),
        ("link", client.post(f"{at}/links", json=link, headers=headers)),
        ("batch", client.post("/api/v1/customers/batch", json=batch, headers=headers)),
        (
            "upsert",
            client.put(
                f"/api/v1/customers/by-external-ref/{reference}",
                json={"city": "Ry"},
                headers=headers,
            ),
        ),
    ]


def test_a_conflict_names_only_records_that_may_be_seen(
    client: ApiClient, representative: Caller, hidden: Possessions, visibility: str
) -> None:
    answers = refusals(client, representative, hidden)

    naming = {name for name, answer in answers if any(each in answer.text for each in hidden.ids)}
    codes = {
        name: answer.json.get("code") or answer.json["results"][0]["problem"]["code"]
        for name, answer in answers
    }
    if visibility == "private":
        assert naming == set()
        assert codes == {
            "create": "duplicate", "change": "taken", "contact": "taken", "link": "linked",
            "batch": "taken", "upsert": "taken",
        }  # fmt: skip
    else:
        assert {"create", "change", "contact", "link"} <= naming
        assert (codes["batch"], codes["upsert"]) == ("forbidden", "forbidden")


def merge_into(customer_id: str, hidden: Possessions) -> None:
    with transaction() as session:
        other = session.get_one(Customer, UUID(hidden.paths["customer_id"]))
        other.lifecycle, other.merged_into_id = Lifecycle.MERGED, UUID(customer_id)


@pytest.mark.parametrize("visibility", ["private"], indirect=True)
def test_what_holds_a_customer_is_counted_and_named_as_far_as_it_may_be_seen(
    client: ApiClient, representative: Caller, hidden: Possessions, visibility: str
) -> None:
    headers = representative.headers
    own = make_own(client, representative)
    at = f"/api/v1/customers/{own['id']}"
    note = client.post(f"{at}/notes", json={"body": "Ringede"}, headers=headers).json
    merge_into(own["id"], hidden)

    refused = client.delete(at, headers={**headers, "If-Match": '"1"'})

    assert (refused.status_code, refused.json["code"]) == (409, "in_use")
    assert refused.json["details"] == {
        "count": 1, "kinds": {"note": 1}, "others": True,
        "blockers": [{"entity": "note", "id": note["id"]}],
    }  # fmt: skip
    assert client.get(at, headers=headers).status_code == 200


def test_an_administrator_is_told_which_record_stands_in_the_way(
    client: ApiClient, administrator: Caller, hidden: Possessions
) -> None:
    answer = client.post(
        "/api/v1/customers", json={"name": "Havn", "cvr": CVR}, headers=administrator.headers
    )

    assert answer.status_code == 409
    assert answer.json["details"]["existing_id"] == hidden.paths["customer_id"]
    assert hidden.paths["customer_id"] in {c["id"] for c in answer.json["details"]["candidates"]}


@pytest.mark.parametrize("visibility", ["private"], indirect=True)
def test_a_search_in_the_registry_is_its_askers_and_names_no_others_customer(
    client: ApiClient, representative: Caller, hidden: Possessions, visibility: str
) -> None:
    with transaction() as session:
        lookup = RegistryLookup(
            query="Havn",
            state="answered",
            created_by=representative.user_id,
            candidates=[_CANDIDATE],
        )
        session.add(lookup)
        session.flush()
        path = f"/api/v1/registry-lookups/{lookup.id}"

    own = client.get(path, headers=representative.headers)
    others = client.get(
        f"/api/v1/registry-lookups/{hidden.paths['lookup_id']}", headers=representative.headers
    )

    assert (own.status_code, others.status_code) == (200, 404)
    [candidate] = own.json["candidates"]
    assert (candidate["registration_number"], candidate["existing_customer_id"]) == (CVR, None)


@pytest.mark.parametrize("visibility", ["private"], indirect=True)
def test_an_answer_is_not_given_again_once_its_record_is_out_of_sight(
    client: ApiClient, representative: Caller, hidden: Possessions, visibility: str
) -> None:
    headers = {**representative.headers, "Idempotency-Key": "k"}
    body = {"name": "Egernsund Teglværk", "note": "a secret deal"}
    first = client.post("/api/v1/customers", json=body, headers=headers)
    again = client.post("/api/v1/customers", json=body, headers=headers)
    with transaction() as session:
        customer = session.get_one(Customer, UUID(first.json["id"]))
        customer.owner_user_id = UUID(hidden.paths["user_id"])
    lost = client.post("/api/v1/customers", json=body, headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert (lost.status_code, lost.json["code"]) == (404, "not_found")
    assert "secret deal" not in lost.text


def test_an_answer_is_not_given_again_once_the_right_is_gone(
    client: ApiClient, representative: Caller
) -> None:
    headers = {**representative.headers, "Idempotency-Key": "k"}
    body = {"name": "Egernsund Teglværk", "note": "a secret deal"}
    first = client.post("/api/v1/customers", json=body, headers=headers)
    with transaction() as session:
        session.get_one(ApiToken, representative.token_id).scopes = ["customers:read"]
    forget_tokens()
    lost = client.post("/api/v1/customers", json=body, headers=headers)

    assert (first.status_code, lost.status_code) == (201, 403)
    assert "secret deal" not in lost.text

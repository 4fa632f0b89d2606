"""/roles and /teams, and tokens narrowed to some records."""

from typing import Any

import pytest
from sqlalchemy import select

from api.authentication import forget_tokens
from hub.access.models import User
from hub.customers.models import Contact
from hub.db import transaction
from tests.api.client import ApiClient
from tests.api.conftest import Caller

_CONTACTS = select(Contact.id, Contact.last_name)
CLERK = {
    "code": "clerk", "label": "Clerk", "rights": ["customers:read", "customers:edit"],
    "reach": "visible", "reads": ["public"], "writes": ["public"],
}  # fmt: skip


def post(client: ApiClient, caller: Caller, path: str, body: dict[str, Any]) -> Any:
    answer = client.post(f"/api/v1{path}", headers=caller.headers, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json


def give_roles(caller: Caller, *roles: str) -> None:
    with transaction() as session:
        session.get_one(User, caller.user_id).roles = list(roles)
    forget_tokens()


def test_a_composed_role_grants_what_it_names_and_no_more(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    post(client, administrator, "/roles", CLERK)
    customer = post(client, administrator, "/customers", {"name": "Havn ApS"})
    give_roles(representative, "clerk")
    path = f"/api/v1/customers/{customer['id']}"

    read = client.get(path, headers=representative.headers)
    made = client.post("/api/v1/customers", headers=representative.headers, json={"name": "Ny ApS"})
    notes = client.get("/api/v1/notes", headers=representative.headers)

    assert (read.status_code, made.status_code, notes.status_code) == (200, 403, 403)
    assert "customers:create" in made.json["detail"]


def test_the_roles_are_listed_with_what_they_grant(
    client: ApiClient, administrator: Caller
) -> None:
    post(client, administrator, "/roles", CLERK)

    listed = client.get("/api/v1/roles", headers=administrator.headers).json

    assert [role["code"] for role in listed["base"]] == [
        "administrator", "manager", "representative", "assistant", "viewer", "auditor",
        "integration",
    ]  # fmt: skip
    assert listed["base"][5]["rights"] == [
        "*:audit", "*:read", "absences:create", "absences:delete", "absences:edit",
        "me:edit", "sessions:delete", "tokens:create", "tokens:delete", "tokens:edit",
    ]  # fmt: skip
    assert [(role["code"], role["reach"]) for role in listed["items"]] == [("clerk", "visible")]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"code": "administrator"}, 409, "taken"),
        ({"code": "clerk"}, 409, "taken"),
        ({"code": "other", "rights": ["customers:fly"]}, 422, "validation"),
        ({"code": "other", "reads": ["secret"]}, 422, "validation"),
        ({"code": "other", "reach": "everything"}, 422, "validation"),
    ],
)
def test_a_role_that_cannot_be_is_refused(
    client: ApiClient, administrator: Caller, change: dict[str, Any], status: int, code: str
) -> None:
    post(client, administrator, "/roles", CLERK)

    answer = client.post("/api/v1/roles", headers=administrator.headers, json={**CLERK, **change})

    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_a_role_that_somebody_has_stays(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    role = post(client, administrator, "/roles", CLERK)
    give_roles(representative, "clerk", "viewer")
    headers = {**administrator.headers, "If-Match": '"1"'}
    path = f"/api/v1/roles/{role['id']}"

    refused = client.delete(path, headers=headers)
    give_roles(representative, "viewer")
    gone = client.delete(path, headers=headers)

    assert (refused.status_code, refused.json["code"]) == (409, "in_use")
    holder = {"entity": "user", "id": str(representative.user_id)}
    assert refused.json["details"]["blockers"] == [holder]
    assert gone.status_code == 204


def test_a_team_is_made_changed_and_taken_away(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    team = post(
        client, administrator, "/teams",
        {"name": "North", "member_ids": [str(representative.user_id)]},
    )  # fmt: skip
    path = f"/api/v1/teams/{team['id']}"

    changed = client.patch(
        path,
        headers={**administrator.headers, "If-Match": '"1"'},
        json={"manager_user_id": str(administrator.user_id), "member_ids": []},
    )
    stale = client.patch(
        path, headers={**administrator.headers, "If-Match": '"1"'}, json={"name": "South"}
    )
    own = client.patch(
        path, headers={**representative.headers, "If-Match": '"2"'}, json={"name": "South"}
    )
    gone = client.delete(path, headers={**administrator.headers, "If-Match": '"2"'})

    assert team["member_ids"] == [str(representative.user_id)]
    assert (changed.status_code, changed.json["member_ids"], changed.json["version"]) == (
        200,
        [],
        2,
    )
    assert (stale.status_code, own.status_code, gone.status_code) == (412, 403, 204)


def test_a_user_is_made_a_member_of_known_roles_only(
    client: ApiClient, administrator: Caller
) -> None:
    body = {"email": "x@example.com", "name": "X", "roles": ["viewer", "king"]}

    answer = client.post("/api/v1/users", headers=administrator.headers, json=body)

    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/roles"
    assert "king is no role" in answer.json["errors"][0]["message"]


class TestRowFilters:
    """A token that reaches Danish customers only."""

    FILTERS = {"customers": {"country": {"eq": "DK"}}}  # noqa: RUF012 - never written

    @pytest.fixture
    def bearer(self, client: ApiClient, administrator: Caller) -> dict[str, str]:
        for country in ("DK", "SE"):
            customer = post(
                client, administrator, "/customers", {"name": f"Havn {country}", "country": country}
            )
            post(
                client, administrator, f"/customers/{customer['id']}/contacts",
                {"last_name": country},
            )  # fmt: skip
        made = post(
            client, administrator, "/tokens",
            {"name": "danish", "scopes": ["*"], "row_filters": self.FILTERS},
        )  # fmt: skip
        assert made["row_filters"] == self.FILTERS
        return {"Authorization": f"Bearer {made['token']}"}

    def test_it_sees_counts_and_finds_those_rows_only(
        self, client: ApiClient, administrator: Caller, bearer: dict[str, str]
    ) -> None:
        whole = client.get("/api/v1/customers", headers=administrator.headers).json
        swedish = next(each["id"] for each in whole["items"] if each["country"] == "SE")

        listed = client.get("/api/v1/customers?facets=country", headers=bearer).json
        found = client.get("/api/v1/customers?q=Havn", headers=bearer).json
        one = client.get(f"/api/v1/customers/{swedish}", headers=bearer)

        assert whole["total"]["count"] == 2
        assert [each["country"] for each in listed["items"]] == ["DK"]
        assert [(s["value"], s["count"]) for s in listed["facets"]["country"]["slices"]] == [
            ("DK", 1)
        ]
        assert (found["total"]["count"], one.status_code) == (1, 404)

    def test_parts_of_other_rows_are_out_of_reach_too(
        self, client: ApiClient, bearer: dict[str, str]
    ) -> None:
        with transaction() as session:
            contacts = session.execute(_CONTACTS).all()
        seen = {
            name: client.get(f"/api/v1/contacts/{contact_id}", headers=bearer).status_code
            for contact_id, name in contacts
        }

        assert seen == {"DK": 200, "SE": 404}

    def test_leads_and_opportunities_of_other_rows_are_out_of_reach_too(
        self, client: ApiClient, administrator: Caller, bearer: dict[str, str]
    ) -> None:
        whole = client.get("/api/v1/customers", headers=administrator.headers).json["items"]
        for customer in whole:
            body = {"customer_id": customer["id"]}
            post(client, administrator, "/leads", body)
            post(client, administrator, "/opportunities", {**body, "name": "Havn"})
        post(client, administrator, "/leads", {"company": "Havn of nobody"})

        def names(path: str) -> list[str]:
            items = client.get(f"/api/v1{path}", headers=bearer).json["items"]
            return sorted(each.get("customer_name", each["name"]) for each in items)

        assert names("/leads") == ["Havn DK", "Havn of nobody"]
        assert names("/opportunities") == ["Havn DK"]
        counted = client.get("/api/v1/opportunities/summary?by=customer", headers=bearer).json
        assert counted["totals"][0]["count"] == 1

    def test_a_token_made_with_it_is_as_narrow(
        self, client: ApiClient, bearer: dict[str, str]
    ) -> None:
        answer = client.post(
            "/api/v1/tokens", headers=bearer, json={"name": "wider", "scopes": ["*"]}
        )

        assert answer.json["row_filters"] == self.FILTERS

    def test_a_token_made_with_it_may_be_narrower_but_not_beside_it(
        self, client: ApiClient, bearer: dict[str, str]
    ) -> None:
        def make(filters: dict[str, Any]) -> Any:
            body = {"name": "n", "scopes": ["*"], "row_filters": filters}
            return client.post("/api/v1/tokens", headers=bearer, json=body)

        narrower = make({"customers": {"city": {"eq": "Ry"}}, "leads": {"city": {"eq": "Ry"}}})
        beside = make({"customers": {"country": {"eq": "SE"}}})

        assert narrower.json["row_filters"] == {
            "customers": {"country": {"eq": "DK"}, "city": {"eq": "Ry"}},
            "leads": {"city": {"eq": "Ry"}},
        }
        assert (beside.status_code, beside.json["code"]) == (403, "forbidden")

    @pytest.mark.parametrize(
        ("filters", "pointer"),
        [
            ({"planets": {}}, "/row_filters/planets"),
            ({"customers": {"colour": {"eq": "red"}}}, "/row_filters/customers/colour/eq"),
            ({"customers": {"country": {"over": "DK"}}}, "/row_filters/customers/country/over"),
        ],
    )
    def test_a_filter_that_means_nothing_is_named(
        self, client: ApiClient, administrator: Caller, filters: dict[str, Any], pointer: str
    ) -> None:
        answer = client.post(
            "/api/v1/tokens",
            headers=administrator.headers,
            json={"name": "n", "scopes": ["*"], "row_filters": filters},
        )

        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer)

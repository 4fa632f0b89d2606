"""What people may do for themselves, and that nobody gives what he has not."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from hub.access.models import ApiToken, CustomRole, User
from hub.access.roles import Role
from hub.access.tokens import generate
from hub.clock import utcnow
from hub.db import transaction
from tests.api.asking import get, post
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller

PERSONNEL = ["users:*", "roles:*", "tokens:*", "customers:read", "me:*"]


@pytest.fixture
def personnel(client: ApiClient) -> Caller:
    """Somebody who looks after users, roles and tokens, and reads customers."""
    with transaction() as session:
        session.add(role("personnel", PERSONNEL, reach="all"))
    return someone("personnel")


def someone(code: str) -> Caller:
    """Make somebody with a role of the installation's own."""
    caller = make_caller(Role.VIEWER, f"{code}@example.com")
    with transaction() as session:
        session.execute(update(User).where(User.id == caller.user_id).values(roles=[code]))
    return caller


def role(code: str, rights: list[str], **fields: Any) -> CustomRole:
    given = {"label": code, "reach": "visible", "reads": ["public"], "writes": ["public"], **fields}
    return CustomRole(code=code, rights=rights, **given)


def patch(client: ApiClient, caller: Caller, path: str, body: dict[str, Any]) -> Reply:
    headers = {**caller.headers, "If-Match": '"1"'}
    return client.patch(f"/api/v1{path}", headers=headers, json=body)


def roles_of(caller: Caller) -> list[str]:
    with transaction() as session:
        return session.get_one(User, caller.user_id).roles


@pytest.mark.parametrize("code", [Role.VIEWER, Role.AUDITOR, Role.ASSISTANT])
def test_who_only_reads_changes_his_own_name_and_no_other(
    client: ApiClient, administrator: Caller, code: Role
) -> None:
    caller = make_caller(code, "carl@example.com")

    own = patch(client, caller, "/me", {"name": "Carl"})
    other = patch(client, caller, f"/users/{administrator.user_id}", {"name": "Carl"})

    assert (own.status_code, own.json["name"], own.headers["ETag"]) == (200, "Carl", '"2"')
    assert patch(client, caller, "/me", {"name": "Carla"}).status_code == 412
    assert other.status_code == 403


@pytest.mark.parametrize("code", [Role.AUDITOR, Role.MANAGER])
def test_nobody_revokes_the_token_of_another_because_he_reads_everything(
    client: ApiClient, administrator: Caller, code: Role
) -> None:
    caller = make_caller(code, "carl@example.com")
    theirs, own = (
        client.post(f"/api/v1/tokens/{each.token_id}/revocation", headers=caller.headers)
        for each in (administrator, caller)
    )

    assert theirs.status_code in {403, 404}
    assert own.status_code == 200
    with transaction() as session:
        assert session.get_one(ApiToken, administrator.token_id).revoked_at is None


def test_a_role_that_deletes_everything_deletes_no_tokens_of_others(
    client: ApiClient, administrator: Caller
) -> None:
    with transaction() as session:
        session.add(role("cleaner", ["*:read", "*:delete"], reach="all"))
    caller = someone("cleaner")
    path = f"/api/v1/tokens/{administrator.token_id}"

    shown = client.get(path, headers=caller.headers).json
    refused = client.post(f"{path}/revocation", headers=caller.headers)

    assert (shown["allowed_actions"], refused.status_code) == (["read"], 403)


def test_who_looks_after_tokens_revokes_those_of_others(
    client: ApiClient, representative: Caller, personnel: Caller
) -> None:
    path = f"/api/v1/tokens/{representative.token_id}/revocation"

    assert client.post(path, headers=personnel.headers).status_code == 200


@pytest.mark.parametrize(
    ("code", "status"),
    [("administrator", 403), ("representative", 403), ("personnel", 200), ("reader", 200)],
)
def test_nobody_is_given_a_role_that_may_more_than_its_giver(
    client: ApiClient, administrator: Caller, personnel: Caller, code: str, status: int
) -> None:
    with transaction() as session:
        session.add(role("reader", ["customers:read", "tokens:create", "me:edit"]))

    made = client.post(
        "/api/v1/users", headers=personnel.headers,
        json={"email": "new@example.com", "name": "New", "roles": [code]},
    )  # fmt: skip
    # Last: with his new role he is who looks after users no more.
    himself = patch(client, personnel, f"/users/{personnel.user_id}", {"roles": [code]})

    assert (himself.status_code, made.status_code) == (status, 201 if status == 200 else status)
    if status == 403:
        assert code in made.json["detail"]
        assert himself.json["code"] == made.json["code"] == "forbidden"
        assert roles_of(personnel) == ["personnel"]


@pytest.mark.parametrize(
    "change",
    [
        {"rights": ["customers:read", "customers:edit"]},
        {"rights": ["customers:*"]},
        {"rights": ["*:read"]},
        {"rights": ["*"]},
        {"reads": ["public", "internal"]},
        {"writes": ["public", "sensitive"]},
    ],
)
def test_nobody_composes_a_role_that_may_more_than_himself(
    client: ApiClient, personnel: Caller, change: dict[str, Any]
) -> None:
    body = {
        "code": "other", "label": "Other", "rights": ["customers:read"], "reach": "all",
        "reads": ["public"], "writes": [],
    }  # fmt: skip

    refused = client.post("/api/v1/roles", headers=personnel.headers, json={**body, **change})
    made = client.post("/api/v1/roles", headers=personnel.headers, json=body)
    changed = patch(client, personnel, f"/roles/{made.json['id']}", change)

    assert (refused.status_code, made.status_code, changed.status_code) == (403, 201, 403)


def test_a_role_reaches_no_further_than_that_of_its_composer(client: ApiClient) -> None:
    with transaction() as session:
        session.add(role("leader", ["roles:*", "customers:read"], reach="line"))
    caller = someone("leader")
    body = {
        "label": "Other", "rights": ["customers:read"], "reads": ["public"], "writes": ["public"],
    }  # fmt: skip

    answers = [
        client.post(
            "/api/v1/roles", headers=caller.headers, json={**body, "code": reach, "reach": reach}
        ).status_code
        for reach in ("shared", "line", "all")
    ]

    assert answers == [201, 201, 403]


def test_nobody_changes_or_speaks_for_a_person_who_may_more_than_himself(
    client: ApiClient, administrator: Caller, personnel: Caller
) -> None:
    path = f"/users/{administrator.user_id}"

    answers = [
        patch(client, personnel, path, {"email": "petra+boss@example.com"}),
        patch(client, personnel, path, {"roles": ["personnel"]}),
        client.post(
            "/api/v1/tokens", headers=personnel.headers,
            json={"user_id": str(administrator.user_id), "name": "n", "scopes": ["*"]},
        ),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert roles_of(administrator) == ["administrator"]


def with_token(caller: Caller, *scopes: str, **bounds: Any) -> Caller:
    """Give a person a further token, of some scopes and bounds."""
    made = generate()
    with transaction() as session:
        token = ApiToken(
            prefix=made.prefix, hash=made.hash, user_id=caller.user_id, name="bounded",
            scopes=list(scopes), **bounds,
        )  # fmt: skip
        session.add(token)
        session.flush()
        return Caller(caller.user_id, token.id, made.text)


BOUNDED: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "scopes": (("users:*", "roles:*", "tokens:*"), {}),
    "an end": (("*",), {"expires_at": utcnow() + timedelta(days=1)}),
    "networks": (("*",), {"networks": ["127.0.0.0/8"]}),
    "some records": (("*",), {"row_filters": {"customers": {"city": {"eq": "Ry"}}}}),
}


@pytest.mark.parametrize("bounds", BOUNDED)
def test_a_token_with_bounds_makes_nobody_who_is_without_them(
    client: ApiClient, administrator: Caller, representative: Caller, bounds: str
) -> None:
    scopes, narrowed = BOUNDED[bounds]
    token = with_token(administrator, *scopes, **narrowed)
    new = {"email": "eve@example.com", "name": "Eve", "roles": ["administrator"]}
    composed = {"code": "all", "label": "All", "rights": ["*"], "reach": "all"}

    made = client.post("/api/v1/users", json=new, headers=token.headers)
    raised = patch(client, token, f"/users/{representative.user_id}", {"roles": new["roles"]})
    role_made = client.post("/api/v1/roles", json=composed, headers=token.headers)
    readdressed = [
        patch(client, token, f"/users/{each.user_id}", {"email": "eve@example.com"})
        for each in (representative, administrator)
    ]
    renamed = patch(client, token, f"/users/{representative.user_id}", {"name": "Bo B."})

    for refused in (made, raised, role_made, *readdressed):
        assert (refused.status_code, refused.json["code"]) == (403, "forbidden"), refused.text
    assert renamed.status_code == 200
    assert roles_of(representative) == ["representative"]


def test_a_token_without_bounds_does_what_its_owner_may(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    token = with_token(administrator, "*")
    new = {"email": "eve@example.com", "name": "Eve", "roles": ["administrator"]}

    made = client.post("/api/v1/users", json=new, headers=token.headers)
    readdressed = patch(
        client, token, f"/users/{representative.user_id}", {"email": "bo.b@example.com"}
    )

    assert (made.status_code, readdressed.status_code) == (201, 200)


def test_a_token_is_told_nothing_of_records_that_its_scopes_do_not_reach(
    client: ApiClient, administrator: Caller
) -> None:
    customer = post(client, administrator, "/customers", {"name": "Kystfart ApS", "ref_no": "7"})
    about = {"name": "Ordre", "customer_id": customer["id"]}
    post(client, administrator, "/opportunities", about)
    bounded = with_token(administrator, "opportunities:read")
    paths = (
        "/opportunities", "/opportunities?facets=customer", "/opportunities/summary?by=customer",
        "/opportunities?q=kystfart",
    )  # fmt: skip

    told = {path: "Kystfart" in str(get(client, bounded, path)) for path in paths}
    whole = {path: "Kystfart" in str(get(client, administrator, path)) for path in paths}

    assert set(told.values()) == {False}
    assert get(client, bounded, "/opportunities?q=kystfart")["total"]["count"] == 0
    assert get(client, bounded, "/opportunities")["items"][0]["customer_number"] is None
    assert all(whole.values())

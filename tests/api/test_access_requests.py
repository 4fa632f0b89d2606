"""Asking for access: to a customer that one sees, for more, and to one that he was only told of."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from hub.access.models import AccessGrant, User
from hub.access.roles import Level, Role
from hub.approvals import services as approvals
from hub.approvals.models import Approval
from hub.clock import utcnow
from hub.customers.models import Customer
from hub.db import transaction
from hub.mail.models import Delivery, DeliveryKind
from hub.sharing import services as sharing
from hub.sharing.models import BlindMatch
from hub.sharing.services import Share
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.hiding import CVR, MAIL, NAME, create, hide, lead, told
from tests.people import make_customer, make_user

REASON = "We have their architect"


@pytest.fixture
def owner(client: ApiClient) -> Caller:
    return make_caller(Role.REPRESENTATIVE, "owner@example.com")


@pytest.fixture
def manager(client: ApiClient, owner: Caller) -> Caller:
    return lead("Nord", owner, by="leader@example.com")


@pytest.fixture
def hidden(owner: Caller, manager: Caller) -> UUID:
    return hide(owner, cvr=CVR, email=MAIL)


@pytest.fixture
def reference(client: ApiClient, representative: Caller, hidden: UUID) -> str:
    return str(told(create(client, representative, cvr=CVR))["reference"])


@pytest.fixture
def open_id(owner: Caller, manager: Caller) -> UUID:
    """A customer that everybody sees, and only its owner changes."""
    with transaction() as session:
        return make_customer(session, "Egernsund", owner_user_id=owner.user_id).id


def ask(client: ApiClient, caller: Caller, **body: Any) -> Reply:
    body = {"reason": REASON, **body}
    return client.post("/api/v1/access-requests", json=body, headers=caller.headers)


def act(client: ApiClient, caller: Caller, approval: Any, what: str, **body: Any) -> Reply:
    path = f"/api/v1/approvals/{approval['id']}/{what}"
    return client.post(path, json=body, headers=caller.headers)


def seen(client: ApiClient, caller: Caller, customer_id: UUID) -> Any:
    answer = client.get(f"/api/v1/customers/{customer_id}", headers=caller.headers)
    return answer.json["allowed_actions"] if answer.status_code == 200 else None


def grants() -> list[AccessGrant]:
    with transaction() as session:
        return list(session.scalars(select(AccessGrant).where(AccessGrant.deleted_at.is_(None))))


def test_what_he_was_told_of_is_asked_for_decided_over_and_his_to_read_for_a_time(
    client: ApiClient, representative: Caller, manager: Caller, hidden: UUID, reference: str
) -> None:
    asked = ask(client, representative, reference=reference)

    assert (asked.status_code, asked.headers["Location"]) == (
        201, f"/api/v1/approvals/{asked.json['id']}",
    )  # fmt: skip
    assert (asked.json["action"], asked.json["state"]) == ("access.customer.read", "requested")
    assert [asked.json[name] for name in ("subject", "reference", "data")] == [None, None, None]
    assert asked.json["action_label"] == "Get to read a record"
    assert asked.json["allowed_states"] == ["withdrawn"]
    assert str(hidden) not in asked.text
    [waiting] = client.get("/api/v1/approvals/to-decide", headers=manager.headers).json["items"]
    assert (waiting["subject"]["id"], waiting["reason"]) == (str(hidden), REASON)

    decided = act(client, manager, asked.json, "approval", reason="For this tender")

    assert (decided.status_code, decided.json["state"]) == (200, "approved")
    [grant] = grants()
    assert (grant.user_id, grant.level, grant.may_share) == (representative.user_id, "read", False)
    assert (grant.reason, grant.created_by) == (REASON, manager.user_id)
    assert grant.expires_at is not None
    assert timedelta(days=29) < grant.expires_at - utcnow() <= timedelta(days=30)
    assert seen(client, representative, hidden) == ["read"]
    own = client.get(f"/api/v1/approvals/{asked.json['id']}", headers=representative.headers).json
    assert (own["subject"]["id"], own["decision_reason"]) == (str(hidden), "For this tender")


def test_who_sees_it_asks_for_more(
    client: ApiClient, representative: Caller, manager: Caller, open_id: UUID
) -> None:
    assert seen(client, representative, open_id) == ["read", "comment"]

    asked = ask(client, representative, customer_id=str(open_id), level="write")
    act(client, manager, asked.json, "approval")

    assert asked.json["action_label"] == "Get to change a record"
    assert seen(client, representative, open_id) == ["read", "comment", "edit", "transition"]


@pytest.mark.parametrize("level", ["read", "comment"])
def test_what_he_has_already_needs_no_request(
    client: ApiClient, representative: Caller, open_id: UUID, level: str
) -> None:
    refused = ask(client, representative, customer_id=str(open_id), level=level)

    assert (refused.status_code, refused.json["code"]) == (409, "not_needed")


def test_nobody_but_the_owners_line_and_administrators_decides(
    client: ApiClient, representative: Caller, owner: Caller, administrator: Caller, open_id: UUID
) -> None:
    his_own = lead("Syd", representative, by="boss@example.com")
    asked = ask(client, representative, customer_id=str(open_id), level="write").json

    for caller, status in (
        (representative, 403), (his_own, 404), (owner, 403), (administrator, 200),
    ):  # fmt: skip
        assert act(client, caller, asked, "approval").status_code == status

    with transaction() as session:
        approval = session.get_one(Approval, UUID(asked["id"]))
        assert approval.decided_by == administrator.user_id


def test_the_owner_reads_who_asks_for_what_is_his(
    client: ApiClient, representative: Caller, owner: Caller, reference: str
) -> None:
    asked = ask(client, representative, reference=reference).json

    [shown] = client.get("/api/v1/approvals", headers=owner.headers).json["items"]

    assert (shown["id"], shown["requested_by"]) == (asked["id"], str(representative.user_id))


def test_withdrawn_refused_and_expired_requests_open_nothing(
    client: ApiClient, representative: Caller, manager: Caller, hidden: UUID, reference: str
) -> None:
    withdrawn = ask(client, representative, reference=reference).json
    assert act(client, representative, withdrawn, "withdrawal").json["state"] == "withdrawn"
    refused = ask(client, representative, reference=reference).json
    unexplained = act(client, manager, refused, "refusal")
    assert unexplained.status_code == 422
    assert act(client, manager, refused, "refusal", reason="Ours").json["state"] == "refused"
    expired = ask(client, representative, reference=reference).json
    with transaction() as session:
        session.execute(
            update(Approval).where(Approval.state == "requested").values(expires_at=utcnow())
        )
    with transaction() as session:
        assert approvals.expire_due(session, now=utcnow()) == 1

    late = act(client, manager, expired, "approval")

    assert (late.status_code, late.json["code"]) == (409, "approval_state")
    assert grants() == []
    assert seen(client, representative, hidden) is None
    own = client.get("/api/v1/approvals", headers=representative.headers).json["items"]
    assert sorted(each["state"] for each in own) == ["expired", "refused", "withdrawn"]
    assert [each["subject"] for each in own] == [None, None, None]


def test_two_references_of_one_customer_are_two_requests_and_each_opens_what_it_asked_for(
    client: ApiClient, representative: Caller, manager: Caller, hidden: UUID, reference: str
) -> None:
    other = told(create(client, representative, name=NAME, email=MAIL))["reference"]

    first = ask(client, representative, reference=reference)
    second = ask(client, representative, reference=other, level="comment")
    again = ask(client, representative, reference=reference)

    assert (first.status_code, second.status_code) == (201, 201)
    assert (again.status_code, again.json["code"]) == (409, "already_requested")
    assert again.json["details"] == {"existing_id": first.json["id"]}
    for asked in (second, first):
        assert act(client, manager, asked.json, "approval").status_code == 200
    assert {grant.level for grant in grants()} == {"comment", "read"}  # to read it a moment longer


def test_a_reference_is_worth_nothing_to_others_after_its_time_or_made_up(
    client: ApiClient, representative: Caller, hidden: UUID, reference: str
) -> None:
    carl = make_caller(Role.REPRESENTATIVE, "carl@example.com")

    others = ask(client, carl, reference=reference)
    made_up = ask(client, representative, reference=str(uuid4()))
    by_id = ask(client, representative, customer_id=str(hidden))
    with transaction() as session:
        session.execute(update(BlindMatch).values(at=utcnow() - timedelta(hours=72)))
    late = ask(client, representative, reference=reference)

    assert [each.status_code for each in (others, made_up, by_id, late)] == [404] * 4
    again = told(create(client, representative, cvr=CVR))
    assert ask(client, representative, reference=again["reference"]).status_code == 201


def test_a_customer_that_is_gone_is_not_asked_for_any_more(
    client: ApiClient, representative: Caller, manager: Caller, hidden: UUID, reference: str
) -> None:
    asked = ask(client, representative, reference=reference).json
    with transaction() as session:
        session.get_one(Customer, hidden).deleted_at = utcnow()

    assert act(client, manager, asked, "approval").status_code == 404
    assert ask(client, representative, reference=reference).status_code == 404
    assert grants() == []


@pytest.mark.parametrize(
    "body",
    [{}, {"customer_id": str(uuid4()), "reference": str(uuid4())}],
)
def test_one_of_the_two_is_named(client: ApiClient, representative: Caller, body: Any) -> None:
    refused = ask(client, representative, **body)

    assert [each["code"] for each in refused.json["errors"]] == ["one_of"]


def test_nobody_asks_for_what_his_roles_would_not_let_him_do(
    client: ApiClient, open_id: UUID
) -> None:
    viewer = make_caller(Role.VIEWER, "viewer@example.com")

    assert ask(client, viewer, customer_id=str(open_id), level="write").status_code == 403


def test_who_decides_and_who_asked_are_told_by_mail(
    client: ApiClient, representative: Caller, manager: Caller, reference: str
) -> None:
    asked = ask(client, representative, reference=reference).json
    act(client, manager, asked, "refusal", reason="Ours")

    with transaction() as session:
        told_of = session.execute(
            select(User.name, Delivery.sequence)
            .join(User, User.id == Delivery.user_id)
            .where(Delivery.kind == DeliveryKind.APPROVAL)
            .order_by(Delivery.sequence)
        ).all()
    assert [tuple(each) for each in told_of] == [("leader", 0), ("bo", 1)]


@pytest.mark.parametrize(
    ("level", "days", "expected"),
    [
        ("write", None, {("write", None)}),
        ("read", None, {("read", None), ("comment", 30)}),  # to comment on it is for a time
        ("read", 1, {("comment", 30)}),
        ("write", 1, {("write", 1), ("comment", 30)}),
        ("comment", 99, {("comment", 99)}),
        ("write", 99, {("write", 99)}),
        ("read", -1, {("comment", 30)}),
    ],
)
def test_a_share_that_he_has_is_widened_and_never_narrowed(
    database: object, level: str, days: int | None, expected: set[tuple[str, int | None]]
) -> None:
    now = utcnow()

    def later(days: int | None) -> datetime | None:
        return None if days is None else now + timedelta(days=days)

    with transaction() as session:
        user = make_user(session)
        customer = make_customer(session)
        given = Share(Level[level.upper()], user_id=user.id, expires_at=later(days))
        sharing.grant(session, customer, given, now=now)
    with transaction() as session:
        wanted = Share(Level.COMMENT, user_id=user.id, expires_at=later(30))
        sharing.widen(session, session.get_one(Customer, customer.id), wanted, now=now)

    left = {(grant.level, grant.expires_at) for grant in grants()}
    assert left == {(level, later(days)) for level, days in expected}

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select, text, update

from api.authentication import forget_tokens
from hub.access.models import ApiToken, User
from hub.access.roles import Role
from hub.clock import utcnow
from hub.db import transaction
from hub.history.models import Event
from hub.idempotency.models import IdempotencyKey
from hub.idempotency.services import KEPT, purge_expired
from hub.ledger.models import Job
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller

EMAIL = "carl@example.com"
BODY = {"email": EMAIL, "name": "Carl", "roles": ["representative"]}


def post(client: ApiClient, caller: Caller, key: str | None, body: object = None) -> Reply:
    headers = dict(caller.headers)
    if key is not None:
        headers["Idempotency-Key"] = key
    return client.post("/api/v1/users", headers=headers, json=body or BODY)


def count_users(email: str = EMAIL) -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).where(User.email == email)) or 0


def count_keys() -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(IdempotencyKey)) or 0


def test_without_a_key_the_second_request_is_carried_out(
    client: ApiClient, administrator: Caller
) -> None:
    assert post(client, administrator, None).status_code == 201
    again = post(client, administrator, None)

    assert (again.status_code, again.json["code"]) == (409, "email_taken")
    assert count_keys() == 0


def test_a_finished_request_is_answered_again_and_not_done_again(
    client: ApiClient, administrator: Caller
) -> None:
    first = post(client, administrator, "k")
    again = post(client, administrator, "k")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.text == first.text
    for name in ("Location", "ETag", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (count_users(), count_keys()) == (1, 1)


def test_the_answer_given_again_names_the_same_job(
    client: ApiClient, administrator: Caller
) -> None:
    headers = {**administrator.headers, "Idempotency-Key": "k"}

    first = client.post("/probe/later", headers=headers)
    again = client.post("/probe/later", headers=headers)

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Link"] == first.headers["Link"]
    assert again.json == first.json
    with transaction() as session:
        assert [str(job_id) for job_id in session.scalars(select(Job.id))] == [first.json["id"]]


def test_another_body_under_the_same_key_is_refused(
    client: ApiClient, administrator: Caller
) -> None:
    post(client, administrator, "k")
    other = post(client, administrator, "k", {**BODY, "email": "dora@example.com"})

    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert count_users("dora@example.com") == 0


def test_another_record_under_the_same_key_is_refused(
    client: ApiClient, administrator: Caller
) -> None:
    with transaction() as session:
        jobs = [Job(task="a.b_c", queue="bulk", args={}, state="dead") for _ in range(2)]
        session.add_all(jobs)
        session.flush()
        first, second = (job.id for job in jobs)
    headers = {**administrator.headers, "Idempotency-Key": "k"}

    assert client.post(f"/api/v1/jobs/{first}/replay", headers=headers).status_code == 200
    other = client.post(f"/api/v1/jobs/{second}/replay", headers=headers)

    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")


def test_a_failed_validation_is_not_kept(client: ApiClient, administrator: Caller) -> None:
    refused = post(client, administrator, "k", {**BODY, "name": ""})
    mended = post(client, administrator, "k")

    assert (refused.status_code, mended.status_code) == (422, 201)


def test_a_refusal_of_the_service_is_not_kept(client: ApiClient, administrator: Caller) -> None:
    post(client, administrator, None)
    refused = post(client, administrator, "k")
    kept_after_refusal = count_keys()
    with transaction() as session:
        user = session.scalars(select(User).where(User.email == BODY["email"])).one()
        user.email = "other@example.com"
    mended = post(client, administrator, "k")

    assert (refused.status_code, kept_after_refusal, mended.status_code) == (409, 0, 201)


def test_an_expired_key_is_new(client: ApiClient, administrator: Caller) -> None:
    first = post(client, administrator, "k")
    with transaction() as session:
        session.execute(update(IdempotencyKey).values(expires_at=utcnow()))
    other = post(client, administrator, "k", {**BODY, "email": "dora@example.com"})

    assert (first.status_code, other.status_code) == (201, 201)
    assert other.json["email"] == "dora@example.com"
    assert count_keys() == 1


def test_a_key_is_kept_for_a_day_and_purged_after(client: ApiClient, administrator: Caller) -> None:
    post(client, administrator, "k")
    now = utcnow()

    with transaction() as session:
        before = purge_expired(session, now + KEPT - timedelta(minutes=1))
        after = purge_expired(session, now + KEPT + timedelta(minutes=1))

    assert (before, after, count_keys()) == (0, 1, 0)


def test_another_caller_has_keys_of_his_own(client: ApiClient, administrator: Caller) -> None:
    other = make_caller(Role.ADMINISTRATOR, "eva@example.com")
    post(client, administrator, "k")

    answer = post(client, other, "k", {**BODY, "email": "dora@example.com"})

    assert (answer.status_code, count_users("dora@example.com")) == (201, 1)


def test_another_route_has_keys_of_its_own(client: ApiClient, administrator: Caller) -> None:
    post(client, administrator, "k")
    headers = {**administrator.headers, "Idempotency-Key": "k"}

    answer = client.post("/probe/echo", headers=headers, json={"name": "n"})

    assert (answer.status_code, answer.json["name"]) == (200, "n")


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "æ"])
def test_a_key_of_another_form_is_refused(
    client: ApiClient, administrator: Caller, key: str
) -> None:
    answer = post(client, administrator, key)

    assert (answer.status_code, answer.json["code"]) == (400, "malformed_idempotency_key")
    assert count_users() == 0


def test_the_longest_key_is_taken(client: ApiClient, administrator: Caller) -> None:
    assert post(client, administrator, "x" * 255).status_code == 201
    assert post(client, administrator, "x" * 255).headers["Idempotency-Replayed"] == "true"


def test_an_answer_with_a_secret_is_not_kept(client: ApiClient, administrator: Caller) -> None:
    headers = {**administrator.headers, "Idempotency-Key": "k"}

    answer = client.post("/api/v1/tokens", headers=headers, json={"name": "n", "scopes": ["*"]})

    assert (answer.status_code, answer.json["code"]) == (400, "idempotency_not_supported")
    assert count_keys() == 0


def test_the_permission_is_checked_before_an_answer_is_given_again(
    client: ApiClient, administrator: Caller
) -> None:
    first = post(client, administrator, "k")
    with transaction() as session:
        session.get_one(ApiToken, administrator.token_id).scopes = ["users:read"]
    forget_tokens()
    again = post(client, administrator, "k")

    assert (first.status_code, again.status_code) == (201, 403)
    assert EMAIL not in again.text


def test_a_record_that_may_not_be_seen_any_more_is_not_shown_again(
    client: ApiClient, administrator: Caller
) -> None:
    headers = {**administrator.headers, "Idempotency-Key": "k"}
    first = client.post("/probe/work", headers=headers, json={})
    with transaction() as session:
        session.get_one(User, administrator.user_id).name = "blind"
    forget_tokens()
    again = client.post("/probe/work", headers=headers, json={})

    assert (first.status_code, again.status_code) == (201, 403)
    assert first.json["id"] not in again.text


def test_a_request_under_way_is_waited_for_and_then_refused(
    client: ApiClient, administrator: Caller, database: Engine
) -> None:
    now = utcnow()
    with database.connect() as other, other.begin() as under_way:
        other.execute(
            text(
                "insert into idempotency_key (id, principal_id, method, route, key, fingerprint,"
                " created_at, expires_at) values (gen_random_uuid(), :caller, 'POST', '/users',"
                " 'k', '', :now, :now)"
            ),
            {"caller": administrator.user_id, "now": now},
        )

        answer = post(client, administrator, "k")

        under_way.rollback()
    assert (answer.status_code, answer.json["code"]) == (409, "idempotency_key_in_flight")
    assert answer.headers["Retry-After"] == "1"
    assert post(client, administrator, "k").status_code == 201


def test_fifty_at_once_have_one_effect(
    app: Flask, client: ApiClient, administrator: Caller
) -> None:
    def send(_: int) -> Reply:
        return post(ApiClient(app.test_client()), administrator, "k")

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, range(50)))

    assert Counter(answer.status_code for answer in answers) == {201: 50}
    assert len({answer.text for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert count_users() == 1
    made = UUID(answers[0].json["id"])
    with transaction() as session:
        events = session.scalars(select(Event.type).where(Event.subject_id == made)).all()
    assert events == ["user.created"]

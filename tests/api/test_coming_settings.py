"""Policies that change at an instant to come: announced, made by workers, withdrawn."""

from typing import Any

import pytest
from sqlalchemy import update

from hub.configuration import current
from hub.customers.policy import ProtectionPolicy
from hub.db import transaction
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from tests.api.asking import API, broken, get, post, remove
from tests.api.client import ApiClient
from tests.api.conftest import Caller
from tests.workers.mailroom import hurry
from workers import tasks  # noqa: F401 - registers the bodies
from workers.chain import drain

PATH = "/settings/protection"
NEW_YEAR = "2999-01-01T00:00:00+01:00"


def announce(client: ApiClient, caller: Caller, status: int = 201, **said: Any) -> Any:
    body = {"effective_at": NEW_YEAR, "changes": {"longest_days": 30}, **said}
    return post(client, caller, f"{PATH}/coming", body, status)


def test_what_was_announced_holds_from_its_instant_and_what_changed_meanwhile_stays(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    made = announce(client, administrator, reason="new rules")
    headers = {**administrator.headers, "If-Match": '"1"'}
    client.put(f"{API}{PATH}", json={"most_per_owner": 9}, headers=headers)
    before = get(client, representative, PATH)["value"]
    listed = get(client, representative, f"{PATH}/coming")["items"]

    hurry()
    drain(TaskName.APPLY_SETTING)

    assert before == {"default_days": 90, "longest_days": 365, "most_per_owner": 9}
    assert [(each["id"], each["changes"], each["applied_at"]) for each in listed] == [
        (made["id"], {"longest_days": 30}, None)
    ]
    with transaction() as session:
        assert current(session, ProtectionPolicy).longest_days == 30
    newest = get(client, representative, f"{PATH}/versions")["items"][0]
    assert newest["value"] == {"default_days": 90, "longest_days": 30, "most_per_owner": 9}
    assert newest["set_by"]["reason"] == "new rules"
    assert get(client, representative, f"{PATH}/coming")["items"] == []
    come = get(client, representative, f"{PATH}/coming/{made['id']}")
    assert come["applied_at"] is not None
    assert remove(client, administrator, f"{PATH}/coming", come).status_code == 409


def test_done_twice_it_holds_once_and_withdrawn_it_does_not(
    client: ApiClient, administrator: Caller
) -> None:
    first, second = (announce(client, administrator, changes={"longest_days": n}) for n in (7, 9))

    answer = remove(client, administrator, f"{PATH}/coming", first)
    hurry()
    drain(TaskName.APPLY_SETTING)
    with transaction() as session:
        session.execute(update(Job).values(state=JobState.QUEUED, finished_at=None))
    drain(TaskName.APPLY_SETTING)

    assert answer.status_code == 204
    versions = get(client, administrator, f"{PATH}/versions")["items"]
    assert [each["version"] for each in versions] == [2, 1]
    assert get(client, administrator, PATH)["value"]["longest_days"] == 9
    assert get(client, administrator, f"{PATH}/coming/{second['id']}")["applied_at"] is not None


@pytest.mark.parametrize(
    ("said", "errors"),
    [
        ({"effective_at": "2020-01-01T00:00:00Z"}, [("/effective_at", "past")]),
        ({"changes": {"naps": 1}}, [("/changes/naps", "unknown")]),
        ({"changes": {"longest_days": "thirty"}}, [("/changes/longest_days", "not_allowed")]),
        ({"changes": {"longest_days": 0}}, [("/changes/longest_days", "not_allowed")]),
    ],
)
def test_what_could_not_hold_is_refused(
    client: ApiClient, administrator: Caller, said: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    refused = announce(client, administrator, status=422, **said)

    assert broken(refused) == errors
    assert get(client, administrator, f"{PATH}/coming")["items"] == []


def test_only_who_may_configure_announces_and_withdraws(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    made = announce(client, administrator)

    announce(client, representative, status=403)
    refused = remove(client, representative, f"{PATH}/coming", made)
    elsewhere = client.get(
        f"{API}/settings/credit/coming/{made['id']}", headers=administrator.headers
    )

    assert (refused.status_code, elsewhere.status_code) == (403, 404)

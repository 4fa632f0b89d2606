"""A mailbox by the API: set up, tested, put to work, read now, and what came of each message."""

from collections.abc import Iterator
from typing import Any

import pytest

import workers.tasks  # noqa: F401 - registers the bodies
from connectors import declarations as declared
from connectors.sandbox.imap import PASSWORD, USER, RunningImap, serve
from hub import reactions
from hub.connections import declarations
from hub.db import transaction
from hub.ledger.tasks import TaskName
from hub.settings import get_settings
from tests.api.client import ApiClient
from tests.api.conftest import Caller
from workers.chain import drain

MAIL = (
    b"Message-ID: <m1@viben.example>\r\nFrom: Ida <ida@viben.example>\r\nSubject: Kraner\r\n"
    b"\r\nHej\r\n"
)


@pytest.fixture
def server(client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningImap]:
    del client
    monkeypatch.setenv("HUB_ALLOW_PRIVATE_ADDRESSES", "true")
    get_settings.cache_clear()
    reactions.install()
    with transaction() as session:
        declarations.publish(session, declared())
    running = serve()
    yield running
    running.stop()


@pytest.fixture
def call(client: ApiClient, administrator: Caller) -> Any:
    def ask(method: str, path: str, status: int = 200, **options: Any) -> Any:
        headers = administrator.headers | options.pop("headers", {})
        answer = getattr(client, method.lower())(f"/api/v1{path}", headers=headers, **options)
        assert answer.status_code == status, answer.text
        return answer.json

    return ask


def settings_of(server: RunningImap) -> dict[str, Any]:
    return {
        "host": "127.0.0.1", "port": server.port, "security": "none", "user": USER,
        "password": PASSWORD, "lead_source": "website",
    }  # fmt: skip


def connect_and_read(call: Any, path: str) -> None:
    """Have a mailbox tested, activated and read, and what came imported."""
    call("POST", f"{path}/test", 202)
    drain(TaskName.TEST_CONNECTION)
    call("POST", f"{path}/activation")
    call("POST", f"{path}/pull", 202)
    drain(TaskName.READ_MAILBOX)
    drain(TaskName.IMPORT_HOOK)


def test_a_mailbox_is_set_up_tested_read_and_its_messages_are_told_of(
    call: Any, server: RunningImap
) -> None:
    body = {"name": "Salg", "connector": "imap", "settings": settings_of(server)}
    made = call("POST", "/connections", 201, json=body)
    path = f"/connections/{made['id']}"
    call("POST", f"{path}/test", 202)
    drain(TaskName.TEST_CONNECTION)
    tested = call("GET", path)
    call("POST", f"{path}/activation")
    call("POST", f"{path}/pull", 202)
    drain(TaskName.READ_MAILBOX)
    server.deliver(MAIL)
    server.deliver(b"Auto-Submitted: auto-replied\r\n" + MAIL.replace(b"m1@", b"m2@"))
    call("POST", f"{path}/pull", 202)
    drain(TaskName.READ_MAILBOX)
    drain(TaskName.IMPORT_HOOK)

    assert (made["kind"], made["secrets"], made["state"]) == ("mailbox", ["password"], "new")
    assert "password" not in made["settings"]
    assert (tested["state"], tested["account"]) == (
        "tested", {"user": USER, "folder": "INBOX", "messages": 0},
    )  # fmt: skip
    found = call("GET", f"/hook-deliveries?connection_id={made['id']}")["items"]
    assert [(each["state"], each["summary"], each["topic"]) for each in found] == [
        ("ignored", "Ida · Kraner", "mail.received"), ("imported", "Ida · Kraner", "mail.received"),
    ]  # fmt: skip
    assert found[0]["message"] == {
        "code": "auto_submitted", "text": "It was sent automatically (Auto-Submitted).",
        "link": None,
    }  # fmt: skip
    whole = call("GET", f"/hook-deliveries/{found[1]['id']}")
    assert whole["body"] == MAIL.decode()
    [lead] = call("GET", "/leads?source=website")["items"]
    assert (lead["id"], lead["name"], lead["channel"]) == (found[1]["lead_id"], "Ida", "mail")
    [note] = call("GET", f"/leads/{lead['id']}/notes")["items"]
    assert (note["type"], note["body"]) == (
        "mail", "Kraner\n\nHej\n\nFrom: Ida <ida@viben.example>",
    )  # fmt: skip
    calls = call("GET", f"{path}/calls")["items"]
    assert [(each["method"], each["outcome"]) for each in calls] == [
        ("FETCH", "ok"), ("FETCH", "ok"), ("SELECT", "ok"),
    ]  # fmt: skip

    call("POST", f"/hook-deliveries/{found[1]['id']}/replay", 409)
    call("PATCH", path, json={"settings": {"form_senders": "@viben.example"}},
         headers={"If-Match": f'"{call("GET", path)["version"]}"'})  # fmt: skip
    call("POST", f"/hook-deliveries/{found[0]['id']}/replay", 202)
    drain(TaskName.IMPORT_HOOK)
    again = call("GET", f"/hook-deliveries/{found[0]['id']}")
    assert (again["state"], again["message"], again["lead_id"]) == ("imported", None, lead["id"])
    assert call("GET", f"/leads/{lead['id']}/notes")["total"]["count"] == 2


def test_a_message_that_was_replayed_by_somebody_is_nobodys_note(
    call: Any, server: RunningImap, administrator: Caller
) -> None:
    body = {
        "name": "Salg",
        "connector": "imap",
        "settings": settings_of(server) | {"existing": True},
    }
    path = f"/connections/{call('POST', '/connections', 201, json=body)['id']}"
    server.deliver(MAIL)
    connect_and_read(call, path)

    [lead] = call("GET", "/leads")["items"]
    [note] = call("GET", f"/leads/{lead['id']}/notes")["items"]
    assert (lead["owner_user_id"], note["author_user_id"]) == (None, None)


def test_a_password_is_not_sent_to_another_server_than_it_was_given_for(
    call: Any, server: RunningImap
) -> None:
    body = {"name": "Salg", "connector": "imap", "settings": settings_of(server)}
    made = call("POST", "/connections", 201, json=body)
    path, headers = f"/connections/{made['id']}", {"If-Match": '"1"'}

    refused = call(
        "PATCH", path, 422, json={"settings": {"host": "mail.eve.example"}}, headers=headers
    )
    both = {"settings": {"host": "mail.viben.example", "password": "new"}}
    moved = call("PATCH", path, json=both, headers=headers)

    assert [(each["pointer"], each["code"]) for each in refused["errors"]] == [
        ("/settings/password", "required")
    ]
    assert moved["settings"]["host"] == "mail.viben.example"


def test_who_does_not_see_all_is_told_of_no_message(
    client: ApiClient, call: Any, server: RunningImap, representative: Caller
) -> None:
    body = {"name": "Salg", "connector": "imap", "settings": settings_of(server)}
    call("POST", "/connections", 201, json=body)

    answer = client.get("/api/v1/hook-deliveries", headers=representative.headers)
    assert answer.status_code == 403


def test_mail_of_a_protected_customer_is_told_to_nobody_who_does_not_see_him(
    client: ApiClient, call: Any, server: RunningImap, representative: Caller
) -> None:
    fields = {"name": "Viben A/S", "email": "ida@viben.example"}
    customer = call("POST", "/customers", 201, json=fields)
    call("POST", f"/customers/{customer['id']}/protection", json={"reason": "Fusion"})
    body = {"name": "Salg", "connector": "imap", "settings": settings_of(server)}
    path = f"/connections/{call('POST', '/connections', 201, json=body)['id']}"
    call("PATCH", path, json={"settings": {"existing": True}}, headers={"If-Match": '"1"'})
    server.deliver(MAIL)
    connect_and_read(call, path)

    noted = call("GET", f"/customers/{customer['id']}/notes")["items"]
    assert [(each["type"], each["body"][:6]) for each in noted] == [("mail", "Kraner")]
    for asked, status in (
        (f"/customers/{customer['id']}/notes", 404),
        ("/hook-deliveries", 403),
        (f"/notes/{noted[0]['id']}", 404),
    ):
        answer = client.get(f"/api/v1{asked}", headers=representative.headers)
        assert answer.status_code == status, asked
    for asked in ("/notes", "/leads", "/customers"):
        answer = client.get(f"/api/v1{asked}", headers=representative.headers)
        assert (answer.status_code, answer.json["items"]) == (200, []), asked
    events = client.get("/api/v1/events", headers=representative.headers).text
    assert customer["id"] not in events


@pytest.mark.parametrize(
    ("settings", "pointer", "code"),
    [
        ({"port": "993"}, "/settings/port", "type"),
        ({"security": "ssl"}, "/settings/security", "type"),
        ({"afterwards": "delete"}, "/settings/afterwards", "type"),
        ({"host": 7}, "/settings/host", "type"),
        ({"mailbox": "x"}, "/settings/mailbox", "unknown_field"),
    ],
)
def test_a_wrong_setting_is_named_by_its_pointer(
    call: Any, server: RunningImap, settings: dict[str, Any], pointer: str, code: str
) -> None:
    body = {"name": "Salg", "connector": "imap", "settings": settings_of(server) | settings}

    refused = call("POST", "/connections", 422, json=body)

    assert [(each["pointer"], each["code"]) for each in refused["errors"]] == [(pointer, code)]


def test_what_is_missing_is_told_by_the_test(call: Any, server: RunningImap) -> None:
    settings = {key: value for key, value in settings_of(server).items() if key != "password"}
    body = {"name": "Salg", "connector": "imap", "settings": settings}
    made = call("POST", "/connections", 201, json=body)

    refused = call("POST", f"/connections/{made['id']}/test", 422)

    assert [each["pointer"] for each in refused["errors"]] == ["/settings/password"]

"""The page behind the link of a mail."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from uuid import UUID

import pytest
from flask import Flask

from api.app import PAGES
from hub.access.models import User
from hub.clock import utcnow
from hub.db import transaction
from hub.signing_in import tickets
from hub.signing_in.models import TicketPurpose
from tests.api.client import ApiClient, Reply
from tests.api.signing_in import ANOTHER, PASSWORD, Browser, cheap_hashing, make_person

EMAIL = "dorte@example.com"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with cheap_hashing(monkeypatch):
        yield


@pytest.fixture
def user_id(client: ApiClient) -> UUID:
    return make_person(EMAIL)


def make_ticket(user_id: UUID, purpose: TicketPurpose = TicketPurpose.PASSWORD_RESET) -> str:
    with transaction() as session:
        return tickets.make(session, session.get_one(User, user_id), purpose, now=utcnow()).secret


def submit(client: ApiClient, ticket: str, password: str, again: str, **headers: str) -> Reply:
    return client.post(
        f"/tickets/{ticket}", data={"password": password, "again": again}, headers=headers
    )


class Form(HTMLParser):
    """What a page asks for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: dict[str, dict[str, str | None]] = {}
        self.forms: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "form":
            self.forms.append(attributes)
        if tag == "input":
            self.fields[attributes["name"] or ""] = attributes


def test_the_page_asks_for_a_password_twice_and_sends_it_to_itself(
    client: ApiClient, user_id: UUID
) -> None:
    ticket = make_ticket(user_id)

    answer = client.get(f"/tickets/{ticket}")
    form = Form(answer.text)

    assert answer.status_code == 200
    assert form.forms == [{"method": "post"}]
    assert set(form.fields) == {"username", "password", "again"}
    assert form.fields["password"]["autocomplete"] == "new-password"
    assert form.fields["password"]["minlength"] == "15"
    assert ticket not in answer.text


def test_its_policy_lets_it_do_no_more_than_that(client: ApiClient, user_id: UUID) -> None:
    answer = client.get(f"/tickets/{make_ticket(user_id)}")
    policy = answer.headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<script" not in answer.text
    assert re.findall(r"\son\w+=|\sstyle=", answer.text) == []


def test_no_page_has_a_policy_with_unsafe_inline(client: ApiClient, app: Flask) -> None:
    names = {module.blueprint.name for module in PAGES}
    rules = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] in names and "GET" in (rule.methods or ())
    ]
    pages = [client.get(re.sub(r"<.*>", "x", rule)) for rule in rules]
    shown = [page for page in pages if "text/html" in (page.content_type or "")]

    assert len(shown) >= 3
    for page in shown:
        policy = page.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy


def test_a_password_chosen_there_works_and_the_page_is_used_up(
    client: ApiClient, app: Flask, user_id: UUID
) -> None:
    ticket = make_ticket(user_id)

    done = submit(client, ticket, ANOTHER, ANOTHER)
    again = client.get(f"/tickets/{ticket}")

    assert done.status_code == 200
    assert "Your password is set." in done.text
    assert "<form" not in done.text
    assert (again.status_code, "<form" in again.text) == (410, False)
    assert Browser.of(app).sign_in(EMAIL, ANOTHER).status_code == 201


def test_looking_at_it_however_often_changes_nothing(client: ApiClient, user_id: UUID) -> None:
    ticket = make_ticket(user_id)

    for _ in range(3):
        assert client.get(f"/tickets/{ticket}").status_code == 200

    assert submit(client, ticket, ANOTHER, ANOTHER).status_code == 200


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        (ANOTHER, PASSWORD, "The two are not the same."),
        ("short", "short", "Needs at least 15 characters."),
        ("", "", "Needs at least 15 characters."),
        ("Velkommen123456", "Velkommen123456", "Too common"),
        ("a\x00" * 15, "a\x00" * 15, "Must not contain the character NUL."),
    ],
)
def test_what_is_not_to_be_had_is_said_and_may_be_tried_again(
    client: ApiClient, user_id: UUID, password: str, again: str, said: str
) -> None:
    ticket = make_ticket(user_id)

    answer = submit(client, ticket, password, again)

    assert answer.status_code == 422
    assert said in answer.text
    assert "<form" in answer.text
    if password:
        assert password not in answer.text
    assert submit(client, ticket, ANOTHER, ANOTHER).status_code == 200


@pytest.mark.parametrize(
    "data", [b"", b"password=%ff%fe&again=%ff%fe", b"&" * 20 + b"a=b&" * 9, b"\xff"]
)
def test_a_form_that_cannot_be_read_is_refused(
    client: ApiClient, user_id: UUID, data: bytes
) -> None:
    ticket = make_ticket(user_id)

    answer = client.post(f"/tickets/{ticket}", data=data, content_type=FORM)

    assert answer.status_code == 422
    assert client.get(f"/tickets/{ticket}").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
    ],
)
def test_a_form_that_another_site_sends_is_refused(
    client: ApiClient, user_id: UUID, headers: dict[str, str], status: int
) -> None:
    ticket = make_ticket(user_id)

    answer = client.post(
        f"/tickets/{ticket}", data={"password": ANOTHER, "again": ANOTHER}, headers=headers
    )

    assert answer.status_code == status
    assert ticket not in answer.text


def test_other_bodies_and_large_ones_are_refused(client: ApiClient, user_id: UUID) -> None:
    path = f"/tickets/{make_ticket(user_id)}"

    assert client.post(path, json={"password": ANOTHER}).status_code == 415
    assert client.post(path, data=b"a" * 20_000, content_type=FORM).status_code == 413


def test_an_address_is_confirmed_by_a_button(client: ApiClient, user_id: UUID) -> None:
    ticket = make_ticket(user_id, TicketPurpose.ADDRESS_VERIFICATION)

    page = client.get(f"/tickets/{ticket}")
    with transaction() as session:
        before = session.get_one(User, user_id).email_verified_at
    done = client.post(f"/tickets/{ticket}", data=b"", content_type=FORM)

    assert Form(page.text).fields == {}
    assert "Confirm the address" in page.text
    assert before is None
    assert (done.status_code, "the address is confirmed" in done.text) == (200, True)
    with transaction() as session:
        assert session.get_one(User, user_id).email_verified_at is not None


def test_a_danish_user_is_asked_in_danish(client: ApiClient, user_id: UUID) -> None:
    with transaction() as session:
        session.get_one(User, user_id).locale = "da"
    ticket = make_ticket(user_id)

    page = client.get(f"/tickets/{ticket}")
    refused = submit(client, ticket, "kort", "kort")
    done = submit(client, ticket, ANOTHER, ANOTHER)
    over = client.get(f"/tickets/{ticket}", headers={"Accept-Language": "da"})

    assert '<html lang="da">' in page.text
    assert "Gem adgangskoden" in page.text
    assert "Skal have mindst 15 tegn." in refused.text
    assert "Din adgangskode er gemt." in done.text
    assert "Linket er brugt før" in over.text


def test_a_name_with_markup_in_it_stays_text(client: ApiClient, user_id: UUID) -> None:
    with transaction() as session:
        session.get_one(User, user_id).name = '<img src=x onerror="1">'

    answer = client.get(f"/tickets/{make_ticket(user_id)}")

    assert "<img" not in answer.text
    assert "&lt;img" in answer.text


def test_neither_problems_nor_logs_name_the_ticket(
    client: ApiClient, user_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    ticket = make_ticket(user_id)
    with caplog.at_level("INFO"):
        wrong = client.put(f"/tickets/{ticket}")
        too_large = client.post(f"/tickets/{ticket}", data=b"a" * 20_000, content_type=FORM)
        submit(client, ticket, ANOTHER, ANOTHER)

    assert (wrong.status_code, too_large.json["instance"]) == (405, "/tickets/...")
    assert ticket not in wrong.text + too_large.text
    said = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert "http.request" in said
    assert "/tickets/<secret>" in said
    assert ticket not in said
    assert ANOTHER not in said

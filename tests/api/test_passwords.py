"""Invitations, resets, checks of an address, changed passwords: over HTTP and by mail."""

import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select, text, update

from api.authentication import forget_tokens
from hub import retention
from hub.access.models import User
from hub.clock import utcnow
from hub.db import transaction
from hub.errors import UnknownOutcomeError
from hub.history.models import Event
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from hub.mail import keeping
from hub.mail.models import Delivery, DeliveryState
from hub.ports import OutgoingMail
from hub.signing_in import hashing, mails, tickets
from hub.signing_in.models import Ticket, TicketPurpose, UserPassword
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller
from tests.api.signing_in import ANOTHER, PASSWORD, Browser, cheap_hashing, make_person
from tests.fake_mailer import FakeMailer
from tests.workers.mailroom import mailing_by, part
from workers.chain import drain
from workers.tasks import signing_in as _bodies  # noqa: F401 - registers them

EMAIL = "dorte@example.com"
_LINK = re.compile(r"http://127\.0\.0\.1:8080/tickets/(hub_ticket_[\w-]{43})")


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with cheap_hashing(monkeypatch):
        yield


@pytest.fixture
def mailer(client: ApiClient) -> Iterator[FakeMailer]:
    with mailing_by(FakeMailer()) as fake:
        yield fake


@pytest.fixture
def browser(app: Flask, mailer: FakeMailer) -> Browser:
    make_person(EMAIL)
    return Browser.of(app)


def deliver(mailer: FakeMailer) -> list[OutgoingMail]:
    """Do what workers do, and return the mails that went out by that."""
    before = len(mailer.received)
    while sum(drain(task) for task in (TaskName.SEND_RESET, TaskName.SEND_DELIVERY)):
        pass
    return mailer.received[before:]


def ticket_in(mail: OutgoingMail) -> str:
    found = _LINK.search(part(mail, "text/plain"))
    assert found
    assert found[0] in part(mail, "text/html")
    return found[1]


def ask_for_reset(browser: Browser, mailer: FakeMailer, email: str = EMAIL) -> str:
    assert browser.post("/password-resets", {"email": email}).status_code == 202
    (mail,) = deliver(mailer)
    return ticket_in(mail)


def use(browser: Browser, ticket: str, password: str | None = ANOTHER) -> Reply:
    body = {"ticket": ticket} | ({} if password is None else {"password": password})
    return browser.client.post("/api/v1/tickets/use", json=body)


def user_of(email: str = EMAIL) -> User:
    with transaction() as session:
        return session.scalars(select(User).where(User.email == email)).one()


def everything_stored() -> str:
    with transaction() as session:
        names = session.scalars(
            text("select tablename from pg_tables where schemaname = 'public'")
        ).all()
        return "\n".join(
            row
            for name in names
            for row in session.scalars(text(f'select t::text from "{name}" t'))
        )


def test_who_has_forgotten_his_password_is_mailed_a_link_that_sets_another_once(
    browser: Browser, mailer: FakeMailer, app: Flask
) -> None:
    browser.sign_in(EMAIL)

    ticket = ask_for_reset(browser, mailer)
    used = use(browser, ticket)
    again = use(browser, ticket, PASSWORD)
    forget_tokens()

    assert (used.status_code, used.json) == (200, {"purpose": "password_reset", "email": EMAIL})
    assert (again.status_code, again.json["errors"][0]["pointer"]) == (422, "/ticket")
    assert not browser.is_in()  # all sessions are over
    assert Browser.of(app).sign_in(EMAIL).status_code == 401
    assert Browser.of(app).sign_in(EMAIL, ANOTHER).status_code == 201
    assert user_of().email_verified_at is not None  # who read the mail has the address
    (told,) = deliver(mailer)
    assert "Your password was changed" in part(told, "text/plain")


@pytest.mark.parametrize("email", ["nobody@example.com", "gone@example.com", EMAIL])
def test_whether_there_is_such_a_user_is_not_told(
    browser: Browser, mailer: FakeMailer, email: str
) -> None:
    gone = make_person("gone@example.com")
    with transaction() as session:
        session.get_one(User, gone).active = False

    answer = browser.post("/password-resets", {"email": email.upper()}, Prefer="wait=5")

    assert (answer.status_code, answer.text) == (202, "")
    assert {"Location", "Link", "Preference-Applied"} & set(answer.headers.keys()) == set()
    with transaction() as session:
        (job,) = session.scalars(select(Job).where(Job.task == TaskName.SEND_RESET))
        assert set(job.args) == {"user_id"}
        assert str(UUID(job.args["user_id"])) == job.args["user_id"]
        assert session.scalars(select(Ticket)).all() == []
    assert len(deliver(mailer)) == (email == EMAIL)


def test_what_is_no_mail_address_is_refused_and_counts_for_nothing(browser: Browser) -> None:
    answers = [browser.post("/password-resets", {"email": "Nordlys"}) for _ in range(21)]

    assert {(a.status_code, a.json["errors"][0]["pointer"]) for a in answers} == {(422, "/email")}
    with transaction() as session:
        assert session.scalars(select(Job).where(Job.task == TaskName.SEND_RESET)).all() == []


def test_nobody_is_flooded_with_mails_and_the_sixth_request_is_answered_like_the_first(
    browser: Browser, mailer: FakeMailer
) -> None:
    answers = []
    for _ in range(6):
        answers.append(browser.post("/password-resets", {"email": EMAIL}))
        deliver(mailer)

    assert {(a.status_code, a.text) for a in answers} == {(202, "")}
    assert len(mailer.received) == 3


def test_from_one_address_only_so_many_mails_are_asked_for(browser: Browser) -> None:
    statuses = [
        browser.post("/password-resets", {"email": f"p{n}@example.com"}).status_code
        for n in range(21)
    ]

    assert statuses == [202] * 20 + [429]


def test_an_administrator_invites_a_user_who_then_chooses_a_password(
    client: ApiClient, app: Flask, mailer: FakeMailer, administrator: Caller
) -> None:
    made = client.post(
        "/api/v1/users", headers=administrator.headers,
        json={"email": "ny@example.com", "name": "Ny Mand", "roles": ["viewer"], "locale": "da"},
    ).json  # fmt: skip
    path = f"/api/v1/users/{made['id']}/invitation"

    invited = client.post(path, headers=administrator.headers)
    (mail,) = deliver(mailer)
    chosen = use(Browser.of(app), ticket_in(mail))

    assert invited.status_code == 202
    assert invited.headers["Location"] == f"/api/v1/jobs/{invited.json['id']}"
    assert "Velkommen til Hub" in part(mail, "text/plain")
    assert "ny@example.com" in part(mail, "text/plain")
    assert chosen.json["purpose"] == "invitation"
    assert Browser.of(app).sign_in("ny@example.com", ANOTHER).status_code == 201
    assert deliver(mailer) == []  # a first password is no news to its owner


def test_a_user_can_be_invited_as_he_is_made(
    client: ApiClient, mailer: FakeMailer, administrator: Caller
) -> None:
    body = {"email": "ny@example.com", "name": "Ny Mand", "roles": ["viewer"]}

    made = client.post(
        "/api/v1/users", headers=administrator.headers, json={**body, "invite": True}
    )

    assert 'rel="job"' in made.headers["Link"]
    assert len(deliver(mailer)) == 1


def test_only_administrators_invite_and_only_the_active(
    client: ApiClient, mailer: FakeMailer, administrator: Caller, representative: Caller
) -> None:
    user_id = make_person(EMAIL)
    path = f"/api/v1/users/{user_id}/invitation"
    with transaction() as session:
        session.get_one(User, user_id).active = False

    by_colleague = client.post(path, headers=representative.headers)
    inactive = client.post(path, headers=administrator.headers)

    assert by_colleague.status_code == 403
    assert (inactive.status_code, inactive.json["code"]) == (409, "user_inactive")
    assert deliver(mailer) == []


def test_a_changed_address_is_asked_whether_it_is_the_users(
    client: ApiClient, app: Flask, mailer: FakeMailer, administrator: Caller
) -> None:
    user_id = make_person(EMAIL)
    with transaction() as session:
        session.get_one(User, user_id).email_verified_at = utcnow()
    path, headers = f"/api/v1/users/{user_id}", administrator.headers
    version = client.get(path, headers=headers).headers["ETag"]

    changed = client.patch(
        path, headers={**headers, "If-Match": version}, json={"email": "ny@example.com"}
    )
    (mail,) = deliver(mailer)
    with_password = use(Browser.of(app), ticket_in(mail))
    proved = use(Browser.of(app), ticket_in(mail), None)

    assert (changed.status_code, changed.json["email_verified_at"]) == (200, None)
    assert mail.recipient == "ny@example.com"
    assert [e["pointer"] for e in with_password.json["errors"]] == ["/password"]
    assert proved.json == {"purpose": "address_verification", "email": "ny@example.com"}
    assert user_of("ny@example.com").email_verified_at is not None
    assert Browser.of(app).sign_in("ny@example.com").status_code == 201  # the password stays


def test_a_user_asks_to_have_his_address_checked_once(browser: Browser, mailer: FakeMailer) -> None:
    browser.sign_in(EMAIL)

    asked = browser.post("/me/address-check")
    (mail,) = deliver(mailer)
    use(browser, ticket_in(mail), None)
    again = browser.post("/me/address-check")

    assert asked.status_code == 202
    assert (again.status_code, again.json["code"]) == (409, "address_verified")


def expire() -> None:
    with transaction() as session:
        session.execute(update(Ticket).values(expires_at=utcnow()))


def move_away() -> None:
    with transaction() as session:
        session.execute(update(User).where(User.email == EMAIL).values(email="moved@example.com"))


def make_inactive() -> None:
    with transaction() as session:
        session.execute(update(User).where(User.email == EMAIL).values(active=False))


@pytest.mark.parametrize("happens", [expire, move_away, make_inactive])
def test_a_ticket_is_over_when_its_time_is_up_or_its_user_is_not_there_any_more(
    browser: Browser, mailer: FakeMailer, happens: object
) -> None:
    ticket = ask_for_reset(browser, mailer)
    assert callable(happens)
    happens()

    answer = use(browser, ticket)

    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [("/ticket", "ticket")]
    assert ticket not in answer.text


def test_a_ticket_that_was_never_made_is_none(browser: Browser) -> None:
    for ticket in ("hub_ticket_" + "a" * 43, "x", "'; drop table ticket; --"):
        assert use(browser, ticket).json["errors"][0]["pointer"] == "/ticket"


def test_a_new_password_makes_all_other_links_to_one_worthless(
    browser: Browser, mailer: FakeMailer
) -> None:
    first = ask_for_reset(browser, mailer)
    second = ask_for_reset(browser, mailer)

    assert use(browser, second).status_code == 200
    assert use(browser, first).status_code == 422


@pytest.mark.parametrize(
    ("password", "code"),
    [
        (None, "required"),
        ("short", "too_short"),
        ("Velkommen123456", "common_password"),
        ("dorte@example.com", "personal_password"),
        ("x y" * 90, "too_long"),
        ("a\x00" * 10, "nul_character"),
        ("\udc00" * 20, "lone_surrogate"),
    ],
)
def test_a_bad_password_is_refused_and_the_ticket_stays_good(
    browser: Browser, mailer: FakeMailer, password: str | None, code: str
) -> None:
    ticket = ask_for_reset(browser, mailer)

    refused = use(browser, ticket, password)

    assert refused.status_code == 422
    assert [(e["pointer"], e["code"]) for e in refused.json["errors"]] == [("/password", code)]
    assert use(browser, ticket).status_code == 200


def test_of_two_who_use_a_ticket_at_once_one_wins(browser: Browser, mailer: FakeMailer) -> None:
    ticket = ask_for_reset(browser, mailer)
    with transaction() as session:
        first = tickets.holder_of(session, ticket, now=utcnow(), lock=True)
        tickets.use(session, first, now=utcnow())

    assert use(browser, ticket).status_code == 422


def test_nothing_to_get_in_with_is_left_in_the_database_before_or_after_the_mail_is_out(
    browser: Browser, mailer: FakeMailer
) -> None:
    browser.post("/password-resets", {"email": EMAIL})
    drain(TaskName.SEND_RESET)
    with transaction() as session:
        waiting = session.scalars(select(Ticket)).one()
        sealed, ticket = waiting.sealed_secret, tickets.secret_for_mail(waiting)
    assert ticket is not None
    assert sealed is not None
    assert ticket not in everything_stored()
    assert ticket.encode() not in sealed

    (mail,) = deliver(mailer)

    assert ticket_in(mail) == ticket
    stored = everything_stored()
    assert ticket not in stored
    assert ticket.encode().hex() not in stored
    with transaction() as session:
        delivery = session.scalars(select(Delivery).where(Delivery.source_type == "ticket")).one()
        assert (delivery.state, delivery.raw, delivery.facts) == ("sent", None, {})
        assert session.scalars(select(Ticket)).one().sealed_secret is None


def test_a_mail_that_is_tried_again_is_the_same_to_the_byte_and_sealed_meanwhile(
    browser: Browser, mailer: FakeMailer
) -> None:
    browser.post("/password-resets", {"email": EMAIL})
    drain(TaskName.SEND_RESET)
    mailer.fail_next = UnknownOutcomeError("smtp", "cut off")
    drain(TaskName.SEND_DELIVERY)
    with transaction() as session:
        delivery = session.scalars(select(Delivery)).one()
        kept = session.scalar(select(Delivery.raw))
        assert (delivery.state, delivery.unsure) == ("sending", True)
    assert kept is not None
    assert b"Message-ID" not in kept
    assert EMAIL.encode() not in kept
    with transaction() as session:
        session.execute(update(Job).values(run_at=utcnow()))
        session.execute(update(User).values(locale="da"))

    (mail,) = deliver(mailer)

    assert "A new password for Hub" in part(mail, "text/plain")  # as it was composed first
    assert use(browser, ticket_in(mail)).status_code == 200


def test_a_mail_whose_ticket_is_over_is_withdrawn(browser: Browser, mailer: FakeMailer) -> None:
    browser.post("/password-resets", {"email": EMAIL})
    drain(TaskName.SEND_RESET)
    expire()

    assert deliver(mailer) == []
    with transaction() as session:
        assert session.scalars(select(Delivery.state)).all() == ["withdrawn"]


def test_the_present_password_changes_into_another_and_ends_all_sessions_but_a_new_one(
    browser: Browser, app: Flask, mailer: FakeMailer
) -> None:
    browser.sign_in(EMAIL)
    phone = Browser.of(app)
    phone.sign_in(EMAIL)
    old_token = browser.csrf_token

    changed = browser.post("/me/password", {"current_password": PASSWORD, "new_password": ANOTHER})
    forget_tokens()
    browser.csrf_token = browser.get("/session").json["csrf_token"]

    assert changed.status_code == 204
    assert browser.is_in()
    assert browser.csrf_token != old_token
    assert not phone.is_in()
    assert browser.post("/session/sign-out").status_code == 204
    assert len(deliver(mailer)) == 1


@pytest.mark.parametrize(
    ("current", "new", "pointer", "code"),
    [
        ("another password at all", ANOTHER, "/current_password", "wrong_password"),
        (PASSWORD, "short", "/new_password", "too_short"),
        (PASSWORD, "Velkommen123456", "/new_password", "common_password"),
    ],
)
def test_a_password_changes_only_by_the_present_one_into_a_good_one(
    browser: Browser, current: str, new: str, pointer: str, code: str
) -> None:
    browser.sign_in(EMAIL)

    answer = browser.post("/me/password", {"current_password": current, "new_password": new})

    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [(pointer, code)]
    assert browser.is_in()


def test_a_stolen_session_or_token_cannot_guess_the_password_for_long(
    browser: Browser, representative: Caller
) -> None:
    browser.sign_in(EMAIL)
    body = {"current_password": "a guess of a thief", "new_password": ANOTHER}

    statuses = [browser.post("/me/password", body).status_code for _ in range(6)]
    without_one = browser.client.post(
        "/api/v1/me/password", json=body, headers=representative.headers
    )

    assert statuses == [422] * 5 + [429]
    assert without_one.json["errors"][0]["code"] == "wrong_password"


def test_a_hash_of_yesterdays_cost_is_made_anew_at_the_next_sign_in(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cost() -> tuple[str, timedelta]:
        with transaction() as session:
            found = session.scalars(select(UserPassword)).one()
            return found.hash.split("$")[3], found.changed_at - utcnow()

    before = cost()[0]
    monkeypatch.setattr(hashing, "HASHER", PasswordHasher(2, 128, 1))

    refused = browser.sign_in(EMAIL, "another password at all")
    unchanged = cost()[0]
    taken = browser.sign_in(EMAIL)

    assert (refused.status_code, taken.status_code) == (401, 201)
    assert (before, unchanged, cost()[0]) == ("m=64,t=1,p=1", "m=64,t=1,p=1", "m=128,t=2,p=1")
    assert browser.is_in()


def test_the_history_tells_that_and_by_whom_but_not_what(
    browser: Browser, mailer: FakeMailer
) -> None:
    ticket = ask_for_reset(browser, mailer)
    use(browser, ticket)

    with transaction() as session:
        found = session.scalars(
            select(Event).where(Event.subject_type == "user").order_by(Event.id)
        ).all()
        written = "\n".join(session.scalars(text("select e::text from event e")).all())
    by = {each.type: each.user_id for each in found}
    assert by["user.password_changed"] == user_of().id
    assert by["user.address_verified"] == user_of().id
    for secret in (ticket, ANOTHER, PASSWORD, "$argon2id$"):
        assert secret not in written


def test_what_is_over_is_removed_in_time(browser: Browser, mailer: FakeMailer) -> None:
    ask_for_reset(browser, mailer)
    browser.sign_in(EMAIL)
    with transaction() as session:
        user = user_of()
        mails.send_ticket(session, user, TicketPurpose.INVITATION, now=utcnow())
    with transaction() as session:
        kept = session.scalars(select(Delivery).where(Delivery.kind == "welcome")).one()
        kept.composed_at, kept.sender = utcnow(), "hub@localhost"
        keeping.keep(kept, b"bytes of a message")
        kept.state = DeliveryState.FAILED
    soon, late = utcnow() + timedelta(hours=9), utcnow() + timedelta(days=60)

    with transaction() as session:
        early = {name: prune(session, soon, 100) for name, prune in retention.PRUNED.items()}
    with transaction() as session:
        later = {name: prune(session, late, 100) for name, prune in retention.PRUNED.items()}

    names = ("sessions", "tickets", "attempts", "confidential_mails")
    assert [early[name] for name in names] == [0, 0, 0, 0]
    assert [later[name] for name in names[:2] + names[3:]] == [1, 2, 1]
    assert later["attempts"] >= 1

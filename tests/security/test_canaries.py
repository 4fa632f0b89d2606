"""R-65: secrets are told to nobody; logs, metrics, Redis and job arguments know nobody."""

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import requests
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from connectors.sandbox.woocommerce import Hook, Shop
from tests.journeys.world import World
from tests.security.canaries import (
    Canaries,
    found,
    logs_of,
    redis_contents,
    redis_watched,
    tables_of,
)

pytestmark = pytest.mark.stack
MAIL = "quokkamail@blaeksprutte.example"
NAME, NOTE, ADDRESS, PHONE = "Tasmanbæver", "xylofonnotat", "Narhvalsgyde 93", "+4571948263"


@dataclass
class Driven:
    """A world through which canaries were driven, and all it has said."""

    world: World
    canaries: Canaries
    answers: dict[str, str]
    redis: list[str]


@pytest.fixture(scope="module")
def driven() -> Iterator[Driven]:
    with World() as world, redis_watched(world) as commands:
        run = _Run(world)
        run.everything()
        yield Driven(world, run.canaries, run.answers, commands)


class _Run:
    def __init__(self, world: World) -> None:
        self.world = world
        self.answers: dict[str, str] = {}
        self.canaries = Canaries(
            secret={
                "master key": world.stack.environment["HUB_MASTER_KEY"],
                "administrator's token": world.client.headers["Authorization"][7:],  # type: ignore[dict-item] # a text
                "app secret": "sandbox-app",
                "grant": "sandbox-grant",
                "refused app secret": "refused-app-5c1d9e",
                "refused grant": "refused-grant-77ab02",
                "webhook secret": "webhook-secret-40f2bb",
                "unknown token": "hub_ZZZZZZZZ_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ",
                "foreign token": "Pelikan-4711-Bearer",
            },
            personal={
                "name": NAME, "note": NOTE, "address": ADDRESS, "phone": PHONE, "mail": MAIL,
                "phone as typed": "71 94 82 63", "contact": "Kakaduesen", "user": "Sælhundsen",
                "user's mail": "saelhund@hub.example", "reminder": "Havkatteopkald",
                "orderer": "Pindsvinesen", "orderer's mail": "pindsvin@indkoeb.example",
                "signed in": "Hulmårsen", "signed in's mail": "hulmaar@hub.example",
                "signed in's browser": "Browser-Ilder-31",
                "search": "Egernsøgning", "imported": "Muldvarpimport", "key": "Noegle-Ilder-3387",
                "agent": "Agent-Grævling-9",
            },
        )  # fmt: skip

    def everything(self) -> None:
        self.people_and_customers()
        self.signing_in()
        self.shop()
        self.sync_trouble()
        self.files()
        self.refusals()
        self.world.settle()

    def people_and_customers(self) -> None:
        world = self.world
        user = world.post(
            "/users",
            {"email": "saelhund@hub.example", "name": "Sælhundsen", "phone": "71 94 82 63",
             "roles": ["representative"]},
        )  # fmt: skip
        token = world.post("/tokens", {"user_id": user["id"], "name": "x", "scopes": ["*"]})
        self.canaries.secret["representative's token"] = token["token"]
        customer = world.post(
            "/customers",
            {
                "name": NAME, "email": MAIL, "phone": "71 94 82 63", "address": ADDRESS,
                "note": NOTE, "legal_name": f"{NAME} A/S", "website": f"https://{NAME}.example",
                "external_ref": f"{NAME}-1", "roles": ["customer"],
            },
            Prefer="wait=30", Idempotency_Key="Noegle-Ilder-3387",
        )  # fmt: skip
        self.customer = customer
        world.post(
            f"/customers/{customer['id']}/contacts",
            {"last_name": "Kakaduesen", "email": MAIL, "office_phone": "71 94 82 63"},
        )
        day = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
        mails = len(world.mailbox.entries())
        world.post(
            f"/customers/{customer['id']}/notes",
            {"body": NOTE, "reminder": {"title": "Havkatteopkald", "on": day, "at": "09:00"}},
            Authorization=f"Bearer {token['token']}",
        )
        world.eventually(lambda: len(world.mailbox.entries()), lambda count: count > mails)
        world.mailbox.set_down(down=True)
        world.post(
            f"/customers/{customer['id']}/reminders", {"title": "Havkatteopkald", "on": day},
            Authorization=f"Bearer {token['token']}",
        )  # fmt: skip
        world.eventually(
            lambda: world.get("/deliveries")["items"],
            lambda items: any(item["tries"] and item["state"] != "sent" for item in items),
        )
        world.mailbox.set_down(down=False)
        for query in ("q", "name.contains", "Egernsøgning"):
            world.client.get("/api/v1/customers", params={query: "Egernsøgning"})

    def signing_in(self) -> None:
        """Go every way in, and knock at it wrongly."""
        world, secret = self.world, self.canaries.secret
        secret |= {
            "password": "fire gravhunde ved kanalen", "next password": "otte pelikaner i regnvejr",
            "wrong password": "syv forkerte vaskebjoerne",
            "common password": "Sommer2026Sommer2026",
        }  # fmt: skip
        post = f"{world.stack.base_url}/api/v1"
        address = {"email": "hulmaar@hub.example"}
        world.post("/users", {**address, "name": "Hulmårsen", "roles": ["viewer"], "invite": True})
        secret["welcome ticket"] = self.mailed_ticket("hulmaar@hub.example", 1)
        used = {"ticket": secret["welcome ticket"], "password": secret["common password"]}
        self.keep(
            "common password", requests.post(f"{post}/tickets/use", json=used, timeout=120).text
        )
        page = f"{world.stack.base_url}/tickets/{secret['welcome ticket']}"
        self.keep("page", requests.get(page, timeout=120).text)
        form = dict.fromkeys(("password", "again"), secret["password"])
        self.keep("form", requests.post(page, data=form, timeout=120).text)
        self.keep("page used up", requests.get(page, timeout=120).text)
        wrong = {**address, "password": secret["wrong password"]}
        refused = requests.post(f"{post}/sessions", json=wrong, timeout=120)
        assert refused.status_code == 401
        self.keep("wrong password", refused.text)
        signed_in = requests.post(
            f"{post}/sessions", json={**address, "password": secret["password"]}, timeout=120,
            headers={"User-Agent": "Browser-Ilder-31"},
        )  # fmt: skip
        assert signed_in.status_code == 201, signed_in.text
        cookies = {cookie.name: cookie.value or "" for cookie in signed_in.cookies}
        secret["session"], secret["device"] = cookies.values()
        secret["csrf token"] = signed_in.json()["csrf_token"]
        self.keep("signed in", signed_in.text.replace(secret["csrf token"], ""))
        cookie = {"Cookie": f"__Host-hub_session={secret['session']}"}
        for name in ("session", "sessions"):
            shown = requests.get(f"{post}/{name}", headers=cookie, timeout=120).text
            self.keep(name, shown.replace(secret["csrf token"], ""))
        requests.post(f"{post}/password-resets", json=address, timeout=120)
        secret["reset ticket"] = self.mailed_ticket("hulmaar@hub.example", 2)
        used = {"ticket": secret["reset ticket"], "password": secret["next password"]}
        self.keep("reset", requests.post(f"{post}/tickets/use", json=used, timeout=120).text)
        self.keep("over", requests.get(f"{post}/me", headers=cookie, timeout=120).text)

    def mailed_ticket(self, address: str, number: int) -> str:
        """Return the ticket in the mail of that number to an address."""
        box = self.world.mailbox

        def tickets() -> list[str]:
            mails = [box.raw(each) for each in box.entries() if each.recipient == address]
            parts = [
                part.get_payload(decode=True)
                for mail in mails
                for part in email.message_from_bytes(mail).walk()
                if part.get_content_type() == "text/plain"
            ]
            found = [re.search(rb"hub_ticket_[\w-]{43}", bytes(part)) for part in parts]
            return [each[0].decode() for each in found if each]

        self.world.eventually(lambda: len(tickets()), lambda count: count >= number)
        return tickets()[number - 1]

    def shop(self) -> None:
        world = self.world
        made = world.post(
            "/connections",
            {
                "name": "Shop", "connector": "woocommerce",
                "settings": {"shop_url": "http://shop.example",
                             "webhook_secret": self.canaries.secret["webhook secret"]},
            },
        )  # fmt: skip
        world.post(f"/connections/{made['id']}/test", status=202, Prefer="wait=30")
        world.eventually(
            lambda: world.get(f"/connections/{made['id']}")["state"], lambda it: it == "tested"
        )
        world.post(f"/connections/{made['id']}/activation", status=200)
        hook = world.post(f"/connections/{made['id']}/hook-secret")
        self.canaries.secret["hook's secret"] = hook["secret"]
        secret = self.canaries.secret["webhook secret"]
        shop = Shop(Hook(world.stack.base_url + hook["path"], secret))
        billing = {"email": "pindsvin@indkoeb.example", "last_name": "Pindsvinesen"}
        shop.guest_order(billing)
        self.keep("forged", shop.wrong_signature(billing)[0].answer)
        strange = requests.post(
            f"{world.stack.base_url}/hooks/{made['id']}/{hook['secret'][:-1]}",
            data=b"{}",
            timeout=120,
        )
        self.keep("another hook", strange.text)
        world.eventually(
            lambda: world.get("/customers", email="pindsvin@indkoeb.example")["items"], bool
        )

    def sync_trouble(self) -> None:
        world, secret = self.world, self.canaries.secret
        connection = world.connections["economic"]["id"]
        world.economic.fail("down", times=1)
        world.patch(f"/customers/{self.customer['id']}", {"city": "Ry", "note": NOTE + " 2"})
        world.patch(
            f"/connections/{connection}",
            {"settings": {"app_secret_token": secret["refused app secret"],
                          "agreement_grant_token": secret["refused grant"]}},
        )  # fmt: skip
        tested = world.client.post(
            f"/api/v1/connections/{connection}/test", headers={"Prefer": "wait=30"}
        )
        self.keep("test", tested.text)
        world.patch(f"/customers/{self.customer['id']}", {"city": "Them"})
        world.patch(
            f"/connections/{connection}",
            {"settings": {"app_secret_token": "sandbox-app",
                          "agreement_grant_token": "sandbox-grant"}},
        )  # fmt: skip
        world.post(f"/connections/{connection}/test", status=202, Prefer="wait=30")
        world.eventually(
            lambda: world.get(f"/customers/{self.customer['id']}")["accounting"]["state"],
            lambda state: state == "linked",
        )

    def files(self) -> None:
        world = self.world
        sent = world.client.post(
            "/api/v1/imports", params={"name": "Muldvarpimport.csv", "apply": "true"},
            data=f"name;email\nMuldvarpimport;{MAIL}\n".encode(),
            headers={"Content-Type": "text/csv"},
        )  # fmt: skip
        assert sent.status_code == 202, sent.text
        world.eventually(
            lambda: world.get("/customers", q="Muldvarpimport")["total"]["count"], bool
        )
        export = world.post("/exports", {"dataset": "customers"}, status=202, Prefer="wait=30")
        world.eventually(
            lambda: world.get(f"/exports/{export['id']}")["state"], lambda it: it == "done"
        )

    def refusals(self) -> None:
        """Provoke every kind of refusal, and each page that might tell too much."""
        world, secret = self.world, self.canaries.secret
        connection = world.connections["economic"]["id"]
        bodies = {
            "no json": b'{"name": "Tasmanb\xc3\xa6ver", ' + secret["grant"].encode(),
            "not utf-8": secret["grant"].encode() + b"\xff",
        }
        for name, raw in bodies.items():
            answer = world.client.post(
                "/api/v1/customers", data=raw,
                headers={"Content-Type": "application/json", "User-Agent": "Agent-Gr\xe6vling-9"},
            )  # fmt: skip
            assert answer.status_code == 400
            self.keep(name, answer.text)
        bad = {"name": NAME, "connector": "economic", "settings": {"agreement_grant_token": 7}}
        odd = {**bad, "settings": {"app_secret_token": "sandbox-app", "odd": "sandbox-grant"}}
        for name, body in (("wrong type", bad), ("unknown setting", odd)):
            answer = world.client.post("/api/v1/connections", json=body)
            assert answer.status_code == 422
            self.keep(name, answer.text)
        for name in ("unknown token", "foreign token"):
            answer = requests.get(
                f"{world.stack.base_url}/api/v1/customers/{NAME}?q={NAME}", timeout=120,
                headers={"Authorization": f"Bearer {secret[name]}", "X-Request-Id": NAME[:4]},
            )  # fmt: skip
            self.keep(name, answer.text)
        duplicate = world.client.post("/api/v1/customers", json={"name": NAME, "email": MAIL})
        self.keep("duplicate", duplicate.text)
        self.fail_in_the_database()
        for path in (
            "/connections", f"/connections/{connection}", f"/connections/{connection}/calls",
            "/jobs", "/runs", "/plans", "/exports", "/hook-deliveries", "/problems", "/connectors",
            f"/connections/{connection}/mapping", "/tokens", "/users", "/me", "/listings",
            "/events?limit=500", "/deliveries", "/sessions",
        ):  # fmt: skip
            answer = world.client.get(f"/api/v1{path}")
            assert answer.status_code == 200, (path, answer.text)
            self.keep(path, answer.text)

    def fail_in_the_database(self) -> None:
        """Break a constraint with a personal value, as two requests at once may do."""
        engine = create_engine(self.world.stack.database_url)
        with pytest.raises(IntegrityError), engine.begin() as connection:
            connection.execute(
                text(
                    "insert into customer (id, name, external_ref, kind, roles, currency, country,"
                    " lifecycle, channel, version, created_at, updated_at)"
                    " select gen_random_uuid(), name, external_ref, kind, roles, currency, country,"
                    " lifecycle, channel, 1, now(), now() from customer where external_ref = :ref"
                ),
                {"ref": f"{NAME}-1"},
            )
        engine.dispose()

    def keep(self, name: str, answer: str) -> None:
        self.answers[name] = answer


def test_the_canaries_were_really_there(driven: Driven) -> None:
    stored = tables_of(driven.world)

    there = {name for name, _ in found(driven.canaries.personal, stored)}
    assert driven.canaries.personal.keys() - there == {"search", "agent"}


def test_no_answer_tells_a_secret(driven: Driven) -> None:
    assert len(driven.answers) > 20
    assert found(driven.canaries.secret, driven.answers) == set()


def test_no_table_holds_a_secret_in_the_clear(driven: Driven) -> None:
    assert found(driven.canaries.secret, tables_of(driven.world)) == set()


def test_no_log_holds_a_secret_or_a_person(driven: Driven) -> None:
    logs = logs_of(driven.world)

    assert {"api.log", "relay.log", "worker.log", "worker-bulk.log", "postgres.log"} <= set(logs)
    assert "http.request" in logs["api.log"]
    assert "job.succeeded" in logs["worker.log"]
    assert "duplicate key" in logs["postgres.log"]
    assert found(driven.canaries.everything, logs) == set()


def test_no_metric_holds_a_secret_or_a_person(driven: Driven) -> None:
    metrics = driven.world.client.get("/metrics")

    assert (metrics.status_code, "hub_" in metrics.text) == (200, True)
    assert found(driven.canaries.everything, {"metrics": metrics.text}) == set()


def test_redis_is_never_told_a_secret_or_a_person(driven: Driven) -> None:
    places = {"commands": "\n".join(driven.redis), "contents": redis_contents(driven.world)}

    assert len(driven.redis) > 50
    assert found(driven.canaries.everything, places) == set()


def test_jobs_carry_ids_and_no_person(driven: Driven) -> None:
    columns = tables_of(driven.world, "job.args", "job.progress", "job.key", "job.serial_key")

    assert "customer_id" in columns["job.args"]
    assert found(driven.canaries.everything, columns) == set()

"""The world of the journeys: a whole Hub, with the sandboxes of the systems it is connected to."""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import requests
from flask import Flask

from connectors.sandbox import cvrapi, economic, mailbox, serve
from connectors.sandbox.economic import create_app as economic_app
from connectors.sandbox.mailbox import Entry
from connectors.sandbox.woocommerce import Hook
from tests.patience import PATIENCE_S, pause
from tests.stack import Client, Stack

SHOP = "http://shop.example"
SHOP_SECRET = "the shop's own secret"
WAIT = {"Prefer": "wait=30"}
MISSED = 412
TIMEOUT_S = PATIENCE_S

__all__ = ["TIMEOUT_S", "WAIT", "World", "economic"]


class Sandbox:
    """A vendor's double and its controls."""

    def __init__(self, create_app: Callable[[], Flask]) -> None:
        self._create_app = create_app
        self.running = serve(create_app())
        self.url = self.running.url

    def renew(self) -> None:
        """Put another in its place, which knows nothing of what happened to this one."""
        self.running.stop()
        self.running = serve(self._create_app(), self.running.port)

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Use a control; returns what it answers."""
        answer = requests.request(
            method, f"{self.url}/_sandbox/{path}", json=body, timeout=TIMEOUT_S
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def fail(self, kind: str, **options: Any) -> None:
        """Plan a fault."""
        self.control("POST", "faults", {"kind": kind, **options})

    def mend(self) -> None:
        """Clear all faults."""
        self.control("DELETE", "faults")


class Caller:
    """Somebody who asks the API, and whose every answer must be as expected."""

    client: Client

    def get(self, path: str, **parameters: Any) -> Any:
        """Return what a path answers, which must be 200."""
        answer = self.client.get(f"/api/v1{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: object = None, *, status: int = 201, **headers: str) -> Any:
        """Post and return the answer, which must have a status."""
        answer = self.client.post(
            f"/api/v1{path}",
            json=body,
            headers={k.replace("_", "-"): v for k, v in headers.items()},
        )
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def patch(self, path: str, body: object, *, status: int = 200) -> Any:
        """Change a record as it is now, whoever changes it meanwhile."""
        while True:
            version = self.get(path)["version"]
            answer = self.client.patch(
                f"/api/v1{path}", json=body, headers={"If-Match": f'"{version}"'}
            )
            if answer.status_code != MISSED:
                break
        assert answer.status_code == status, answer.text
        return answer.json()


class Person(Caller):
    """A user, who asks with a token of his own."""

    def __init__(self, client: Client, id: str, email: str) -> None:  # noqa: A002 - as the API calls it
        self.client = client
        self.id = id
        self.email = email


class World(Caller):
    """Everything a journey needs; a context manager.

    Args:
        durable: True where PostgreSQL is to be killed; else it may lose its last commits with that.
        environment: more settings of Hub.
    """

    def __init__(self, *, durable: bool = False, **environment: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="hub-world-"))
        self.registry = Sandbox(cvrapi.create_app)
        self.economic = Sandbox(economic_app)
        self.mailbox = mailbox.serve(0, 0, self.directory / "mail")
        self.stack = Stack(
            {
                "HUB_SMTP_URL": f"smtp://127.0.0.1:{self.mailbox.smtp_port}",
                "HUB_MAIL_FROM": "Hub <hub@hub.example>",
                "HUB_LEASE_S": "4",
                "HUB_SWEEP_S": "0.5",
                **environment,
            },
            durable=durable,
        )
        self.connections: dict[str, dict[str, Any]] = {}
        self._read = 0

    def __enter__(self) -> Self:
        self.stack.__enter__()
        try:
            self._connect_everything()
        except BaseException:
            sys.stderr.write(self.stack.logs())
            self.__exit__()
            raise
        return self

    def remember(self) -> None:
        """Remember how everything is: see `begin_again`."""
        self.stack.remember()

    def begin_again(self) -> None:
        """Bring everything back to how it was at `remember`, with new sandboxes."""
        self.stack.begin_again()
        self.registry.renew()
        self.economic.renew()
        self._read = len(self.mailbox.entries())

    def _connect_everything(self) -> None:
        self.client.headers["Accept-Language"] = "en"
        self.connect(
            "registry",
            {
                "name": "CVR",
                "connector": "cvrapi",
                "settings": {
                    "base_url": self.registry.url,
                    "contact": "Hub - Journeys - hub@hub.example",
                },
            },
        )
        self.connect(
            "economic",
            {
                "name": "e-conomic",
                "connector": "economic",
                "numbering_owner": True,
                "outgoing_held": False,
                "settings": {
                    "base_url": self.economic.url,
                    "app_secret_token": "sandbox-app",
                    "agreement_grant_token": "sandbox-grant",
                    "default_customer_group": 1,
                    "default_payment_terms": 1,
                },
            },
        )

    def __exit__(self, *exception: object) -> None:
        self.stack.__exit__(*exception)
        self.registry.running.stop()
        self.economic.running.stop()
        self.mailbox.stop()
        shutil.rmtree(self.directory)

    @property
    def client(self) -> Client:  # type: ignore[override]  # it comes and goes with the stack
        """Talks to the API as the first administrator."""
        return self.stack.client

    def person(self, name: str, role: str, **fields: Any) -> Person:
        """Make a user of a role, who reads Danish, with a token that may do what he may."""
        email = f"{name.partition(' ')[0].casefold()}@hub.example"
        told = {"email": email, "name": name, "roles": [role], "locale": "da"}
        user = self.post("/users", {**told, "zone": "Europe/Copenhagen", **fields})
        token = self.post("/tokens", {"user_id": user["id"], "name": "own", "scopes": ["*"]})
        return Person(Client(self.stack.base_url, token["token"]), user["id"], email)

    def mails(self) -> list[Entry]:
        """Return what the mailbox has taken since the last beginning, oldest first."""
        return self.mailbox.entries()[self._read :]

    def settle(self) -> None:
        """Wait until all that was to follow at once from what was done has followed."""
        self.stack.wait_until_idle()

    def customer(self, **fields: Any) -> Any:
        """Create a customer and wait for what follows from it."""
        fields.setdefault("name", f"Prøve {uuid4().hex[:12]}")
        fields.setdefault("roles", ["customer"])
        made = self.post("/customers", fields, Prefer="wait=30")
        self.settle()
        return self.get(f"/customers/{made['id']}")

    def eventually(
        self, read: Callable[[], Any], wanted: Callable[[Any], object], within_s: float = TIMEOUT_S
    ) -> Any:
        """Read until what was read is as wanted; returns it."""
        began = time.monotonic()
        while True:
            value = read()
            if wanted(value):
                return value
            waited = time.monotonic() - began
            if waited > within_s:
                raise AssertionError(f"not within {within_s} s: {value}\n{self.stack.logs()}")
            pause(waited)

    def remote(self, number: str | int) -> Any:
        """Return a customer as e-conomic has it."""
        answer = requests.get(
            f"{self.economic.url}/customers/{number}",
            headers={
                "X-AppSecretToken": "sandbox-app",
                "X-AgreementGrantToken": "sandbox-grant",
                "Accept": "application/json",
            },
            timeout=TIMEOUT_S,
        )
        answer.raise_for_status()
        return answer.json()

    def connect_shop(self) -> Hook:
        """Connect a shop and return what sends its webhooks."""
        settings = {"shop_url": SHOP, "webhook_secret": SHOP_SECRET}
        made = self.connect(
            "shop", {"name": "Shop", "connector": "woocommerce", "settings": settings}
        )
        hook = self.post(f"/connections/{made['id']}/hook-secret")
        return Hook(self.stack.base_url + hook["path"], SHOP_SECRET, SHOP)

    def connect(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make a connection, test it and put it to work; `connections` keeps it by its name."""
        self.eventually(
            lambda: {c["name"] for c in self.get("/connectors")["items"]},
            lambda names: body["connector"] in names,
        )
        made = self.post("/connections", body)
        self.post(f"/connections/{made['id']}/test", status=202, Prefer="wait=30")
        self.eventually(  # a worker may still be starting
            lambda: self.get(f"/connections/{made['id']}"), lambda it: it["state"] == "tested"
        )
        active: dict[str, Any] = self.post(f"/connections/{made['id']}/activation", status=200)
        self.connections[name] = active
        return active

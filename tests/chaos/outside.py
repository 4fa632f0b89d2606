"""What the outside systems have seen: ledgers to which lines are only added."""

from typing import Any

import requests

from connectors.sandbox.mailbox import Entry
from tests.journeys.world import TIMEOUT_S, Sandbox, World

_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)
_FIRST_COMPANY = 9_910_000  # the digits before the check digit; none of the sandbox's own
_TOKENS = {"app_secret_token": "sandbox-app", "agreement_grant_token": "sandbox-grant"}
_HEADERS = {
    "X-AppSecretToken": _TOKENS["app_secret_token"],
    "X-AgreementGrantToken": _TOKENS["agreement_grant_token"],
}


class Books:
    """An agreement with e-conomic: what was written to it, and what stands in it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def writes(self) -> list[dict[str, Any]]:
        """Return every write that was carried out, oldest first; repeats of a key are none."""
        return [
            write
            for write in self._sandbox.control("GET", "writes")
            if write["status"] in {200, 201} and not write["from_cache"]
        ]

    def creations(self, **wanted: Any) -> int:
        """Count the customers that were created with these properties."""
        return sum(
            write["method"] == "POST"
            and write["path"] == "/customers"
            and _has(write["body"], wanted)
            for write in self.writes()
        )

    def updates(self, number: str | int, **wanted: Any) -> set[str]:
        """Return the idempotency keys of the updates of a customer to these properties."""
        return {
            write["idempotency_key"]
            for write in self.writes()
            if write["method"] == "PUT"
            and write["path"] == f"/customers/{number}"
            and _has(write["body"], wanted)
        }

    def named(self, name: str) -> list[dict[str, Any]]:
        """Return the customers that stand there under a name."""
        answer = requests.get(
            f"{self._sandbox.url}/customers",
            params={"pagesize": 1000},
            headers=_HEADERS,
            timeout=TIMEOUT_S,
        )
        answer.raise_for_status()
        return [found for found in answer.json()["collection"] if found["name"] == name]

    def edit(self, number: str | int, **properties: Any) -> None:
        """Edit a customer as a person there would, a moment after the last change."""
        self._sandbox.control("POST", "clock", {"advance_s": 5})
        self._sandbox.control("PATCH", f"customers/{number}", properties)

    def revoke_tokens(self) -> None:
        """Let nobody in any more."""
        self._sandbox.control("DELETE", "tokens")

    def grant_tokens(self) -> None:
        """Let those in again who know the tokens."""
        self._sandbox.control("PUT", "tokens", _TOKENS)

    def add_group(self, number: int) -> None:
        """Make a customer group, as the bookkeeper does."""
        body = {"customerGroupNumber": number, "name": "Ny", "account": {"accountNumber": 5600}}
        answer = requests.post(
            f"{self._sandbox.url}/customer-groups", json=body, headers=_HEADERS, timeout=TIMEOUT_S
        )
        answer.raise_for_status()

    def answer_slowly(self, times: int) -> None:
        """Take a while over the next so many requests, so that parts die in their middle."""
        self._sandbox.fail("slow", seconds=0.4, times=times)


class Outside:
    """Reads the ledgers of a world's sandboxes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._last = _FIRST_COMPANY

    def new_company(self) -> str:
        """Enter a company in the registry and return its number."""
        while True:
            self._last += 1
            digits = str(self._last)
            rest = sum(w * int(d) for w, d in zip(_WEIGHTS, digits, strict=True)) % 11
            if rest != 1:  # whose check digit would be ten
                number = f"{digits}{(11 - rest) % 11}"
                company = {"name": f"Firma {number} ApS"}
                self._world.registry.control("PATCH", f"companies/{number}", company)
                return number

    def mails(self, kind: str, source_id: str, sequence: int = 0) -> list[Entry]:
        """Return what the mailbox took of one mail, by its Message-ID: copies are repeats."""
        start = f"<{kind}.{sequence}.{source_id}."
        entries = self._world.mailbox.entries()
        return [entry for entry in entries if (entry.message_id or "").startswith(start)]

    def possible_repeats(self, source_id: str) -> int:
        """Return how often Hub itself says that a mail about something may have gone out twice."""
        found = self._world.get("/deliveries", source_id=source_id)["items"]
        return sum(delivery["possible_repeats"] for delivery in found)


def _has(body: Any, wanted: dict[str, Any]) -> bool:
    return isinstance(body, dict) and all(body.get(k) == v for k, v in wanted.items())

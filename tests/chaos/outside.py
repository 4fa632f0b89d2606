"""What the outside systems have seen: ledgers to which lines are only added."""

from typing import Any

import requests

from connectors.sandbox.mailbox import Entry
from tests.journeys.world import TIMEOUT_S, World

_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)
_FIRST_COMPANY = 9_910_000  # the digits before the check digit; none of the sandbox's own


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

    def creations(self, **wanted: Any) -> int:
        """Count the customers that e-conomic was made to create with these properties."""
        return sum(
            write["method"] == "POST"
            and write["path"] == "/customers"
            and write["status"] == 201
            and not write["from_cache"]
            and _has(write["body"], wanted)
            for write in self._writes()
        )

    def updates(self, number: str, **wanted: Any) -> set[str]:
        """Return the idempotency keys of the updates of a customer to these properties."""
        return {
            write["idempotency_key"]
            for write in self._writes()
            if write["method"] == "PUT"
            and write["path"] == f"/customers/{number}"
            and write["status"] == 200
            and _has(write["body"], wanted)
        }

    def customers_named(self, name: str) -> list[str]:
        """Return the numbers of the customers that stand in e-conomic under a name."""
        answer = requests.get(
            f"{self._world.economic.url}/customers",
            params={"pagesize": 1000},
            headers={"X-AppSecretToken": "sandbox-app", "X-AgreementGrantToken": "sandbox-grant"},
            timeout=TIMEOUT_S,
        )
        answer.raise_for_status()
        found = answer.json()["collection"]
        return [str(it["customerNumber"]) for it in found if it["name"] == name]

    def mails(self, uid: str) -> list[Entry]:
        """Return what the mailbox took of one calendar event."""
        return [entry for entry in self._world.mailbox.entries() if entry.uid == uid]

    def possible_repeats(self, uid: str) -> int:
        """Return how often Hub itself says that a mail of an event may have gone out twice."""
        source = uid.partition("@")[0]
        found = self._world.get("/deliveries", source_id=source)["items"]
        return sum(delivery["possible_repeats"] for delivery in found)

    def wait_until_idle(self) -> None:
        """Wait until no customer is on its way to e-conomic any more."""
        self._world.eventually(self._live_pushes, lambda jobs: not jobs)

    def _live_pushes(self) -> list[dict[str, Any]]:
        return [
            job
            for state in ("running", "queued")
            for job in self._world.get("/jobs", state=state, task="accounting.push_customer")[
                "items"
            ]
        ]

    def _writes(self) -> list[dict[str, Any]]:
        writes: list[dict[str, Any]] = self._world.economic.control("GET", "writes")
        return writes


def _has(body: Any, wanted: dict[str, Any]) -> bool:
    return isinstance(body, dict) and all(body.get(k) == v for k, v in wanted.items())

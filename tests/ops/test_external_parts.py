"""``hub up`` with a database, a Redis or a mail server of one's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from connectors.sandbox import mailbox
from tests.databases import create_database, drop_database
from tests.ops.hub_up import HubUp
from tests.patience import wait_until
from tests.servers import Membership

pytestmark = pytest.mark.stack
EMBEDDED = {"postgres", "redis", "mailbox"}


@pytest.fixture
def own_database(membership: Membership, database_server_url: str, run_id: str) -> Iterator[str]:
    name = f"hub_external_{run_id}"
    yield create_database(membership, database_server_url, name)
    drop_database(database_server_url, name)


@pytest.fixture
def mail_server(tmp_path: Path) -> Iterator[mailbox.RunningMailbox]:
    running = mailbox.serve(0, 0, tmp_path)
    yield running
    running.stop()


@pytest.mark.parametrize(
    "settings",
    [
        {"HUB_DATABASE_URL": "postgres"},
        {"HUB_REDIS_URL": "redis", "HUB_SMTP_URL": "mailbox"},
    ],
    ids=lambda settings: " and ".join(settings.values()),
)
def test_what_is_set_is_used_and_the_rest_is_brought_along(
    settings: dict[str, str],
    *,
    own_database: str,
    redis_url: str,
    mail_server: mailbox.RunningMailbox,
) -> None:
    own = {
        "HUB_DATABASE_URL": own_database,
        "HUB_REDIS_URL": redis_url,
        "HUB_SMTP_URL": f"smtp://127.0.0.1:{mail_server.smtp_port}",
    }
    up = HubUp()
    try:
        up.start(more={setting: own[setting] for setting in settings})
        with requests.Session() as client:
            client.headers["Authorization"] = f"Bearer {up.token()}"
            sent = client.post(
                f"{up.url}/api/v1/mail/test", headers={"Prefer": "wait=30"}, timeout=120
            )
            health = client.get(f"{up.url}/readyz", timeout=120).json()
        running = set(up.process_ids())

        assert running & EMBEDDED == EMBEDDED - set(settings.values())
        assert health["status"] == "ok"
        assert (sent.status_code, sent.json()["state"]) == (202, "succeeded")
        if "mailbox" in settings.values():
            wait_until(lambda: len(mail_server.entries()) == 1)
        assert up.stop() == 0
    finally:
        up.close()

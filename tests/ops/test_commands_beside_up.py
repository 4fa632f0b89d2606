"""Commands beside a real ``hub up``: ``hub password link``, ``hub rotate-master-key``."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.ops.hub_up import HubUp

pytestmark = pytest.mark.stack
PASSWORD = "four words nobody would join"


@pytest.fixture(scope="module")
def up() -> Iterator[HubUp]:
    running = HubUp()
    running.start()
    yield running
    running.close()


def test_the_first_administrator_chooses_a_password_and_signs_in(up: HubUp) -> None:
    made = up.run("password", "link", "--email", "Admin@localhost")
    link = made.stdout.strip()
    form = {"password": PASSWORD, "again": PASSWORD}
    with requests.Session() as browser:
        page = browser.get(link, timeout=120)
        done = browser.post(link, data=form, timeout=120)
        signed_in = browser.post(
            f"{up.url}/api/v1/sessions",
            json={"email": "admin@localhost", "password": PASSWORD},
            timeout=120,
        )
        # requests sends no Secure cookie over plain HTTP; browsers do to this machine itself.
        cookie = {"Cookie": "; ".join(f"{c.name}={c.value}" for c in signed_in.cookies)}
        me = browser.get(f"{up.url}/api/v1/session", headers=cookie, timeout=120)

    assert made.returncode == 0, made.stderr
    assert link.startswith(f"{up.url}/tickets/hub_ticket_")
    assert (page.status_code, "new-password" in page.text) == (200, True)
    assert (done.status_code, "Your password is set" in done.text) == (200, True)
    assert signed_in.status_code == 201
    assert (me.status_code, me.json()["address"]) == (200, "127.0.0.1")
    logs = "".join(path.read_text() for path in (up.data / "logs").glob("*.log"))
    assert "http.request" in logs
    for secret in (link.rpartition("/")[2], PASSWORD, *signed_in.cookies.values()):
        assert secret not in logs


def test_a_user_there_is_not_has_no_link(up: HubUp) -> None:
    refused = up.run("password", "link", "--email", "nobody@localhost")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no active user" in refused.stderr


class Office:
    """An administrator who tests a connection: the API seals its secrets, a worker opens them."""

    def __init__(self, up: HubUp) -> None:
        self.url = f"{up.url}/api/v1"
        self.headers = {"Authorization": f"Bearer {up.token()}"}

    def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
        answer = requests.post(
            self.url + path, json=body, headers=self.headers | headers, timeout=120
        )
        assert answer.ok, answer.text
        return answer.json()

    def test(self, path: str) -> str:
        """Return what the connection is told of itself once it was tested."""
        self.post(f"{path}/test", Prefer="wait=30")
        shown = requests.get(self.url + path, headers=self.headers, timeout=120).json()
        return str(shown["state"])


def test_running_processes_go_over_to_the_new_key(up: HubUp) -> None:
    office = Office(up)
    shop = {
        "name": "Shop", "connector": "woocommerce",
        "settings": {"shop_url": "http://shop.example", "webhook_secret": "first"},
    }  # fmt: skip
    path = f"/connections/{office.post('/connections', shop)['id']}"
    before = office.test(path)
    key = (up.data / "master.key").read_text().strip()

    rotated = up.run("rotate-master-key")
    after = office.test(path)
    second = f"/connections/{office.post('/connections', {**shop, 'name': 'Second'})['id']}"
    made_after = office.test(second)
    doctor = up.run("doctor")

    assert rotated.returncode == 0, rotated.stderr
    assert "1 values are sealed" in rotated.stdout
    assert (before, after, made_after) == ("tested", "tested", "tested")
    new_key = (up.data / "master.key").read_text().strip()
    assert key not in new_key
    assert len(new_key) == len(key)
    assert "secrets: all open with the master key" in doctor.stdout
    assert key not in rotated.stdout + rotated.stderr
    assert new_key not in rotated.stdout + rotated.stderr

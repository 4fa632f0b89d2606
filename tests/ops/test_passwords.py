"""``hub password link``, from the terminal to the first sign-in over a real server."""

from collections.abc import Iterator

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
        page = browser.get(link, timeout=10)
        done = browser.post(link, data=form, timeout=10)
        signed_in = browser.post(
            f"{up.url}/api/v1/sessions",
            json={"email": "admin@localhost", "password": PASSWORD},
            timeout=10,
        )
        # requests sends no Secure cookie over plain HTTP; browsers do to this machine itself.
        cookie = {"Cookie": "; ".join(f"{c.name}={c.value}" for c in signed_in.cookies)}
        me = browser.get(f"{up.url}/api/v1/session", headers=cookie, timeout=10)

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

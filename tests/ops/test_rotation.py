"""``hub rotate-master-key`` beside a real ``hub up``."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.ops.hub_up import HubUp

pytestmark = pytest.mark.stack


@pytest.fixture
def up() -> Iterator[HubUp]:
    running = HubUp()
    running.start()
    yield running
    running.close()


class Office:
    """An administrator who tests a connection: the API seals its secrets, a worker opens them."""

    def __init__(self, up: HubUp) -> None:
        self.url = f"{up.url}/api/v1"
        self.headers = {"Authorization": f"Bearer {up.token()}"}

    def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
        answer = requests.post(
            self.url + path, json=body, headers=self.headers | headers, timeout=30
        )
        assert answer.ok, answer.text
        return answer.json()

    def test(self, path: str) -> str:
        """Return what the connection is told of itself once it was tested."""
        self.post(f"{path}/test", Prefer="wait=20")
        shown = requests.get(self.url + path, headers=self.headers, timeout=30).json()
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

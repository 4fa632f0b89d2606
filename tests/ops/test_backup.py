"""``hub backup`` and ``hub restore``, tried."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sqlalchemy import create_engine, text

from tests.ops.hub_up import HubUp
from tests.patience import wait_until

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def migrated() -> Iterator[HubUp]:
    made = HubUp().migrated()
    yield made
    made.close()


@pytest.fixture
def source(migrated: HubUp) -> Iterator[HubUp]:
    """An installation with one token, one file, and Hub not running."""
    made = migrated.copy()
    (made.data / "files" / "reports").mkdir()
    (made.data / "files" / "reports" / "a.xlsx").write_bytes(b"a report")
    yield made
    made.close()


@pytest.fixture
def target() -> Iterator[HubUp]:
    made = HubUp()
    yield made
    made.close()


def test_what_was_backed_up_comes_back_in_a_new_installation(source: HubUp, target: HubUp) -> None:
    backup = source.directory / "backups" / "hub.tar"

    made = source.run("backup", str(backup))
    restored = target.run("restore", str(backup))

    assert made.returncode == 0, made.stderr
    assert f"does not hold the master key ({source.data / 'master.key'})" in made.stdout
    assert backup.stat().st_mode & 0o777 == 0o600
    assert restored.returncode == 0, restored.stderr
    assert "made with another master key" in restored.stderr
    assert (target.data / "files" / "reports" / "a.xlsx").read_bytes() == b"a report"
    again = target.run("migrate")  # would make an administrator, had none come along
    assert "token" not in again.stdout
    assert target.run("token", "create", "--email", "admin@localhost").returncode == 0


def test_an_installation_that_is_not_empty_is_overwritten_only_by_force(source: HubUp) -> None:
    backup = source.directory / "hub.tar"
    source.run("backup", str(backup))
    (source.data / "files" / "reports" / "later.xlsx").write_bytes(b"later")

    refused = source.run("restore", str(backup))

    assert refused.returncode == 1
    assert "not empty" in refused.stderr
    assert (source.data / "files" / "reports" / "later.xlsx").exists()

    assert source.run("restore", "--force", str(backup)).returncode == 0
    left = [path.name for path in (source.data / "files" / "reports").iterdir()]
    assert left == ["a.xlsx"]


def test_a_backup_overwrites_no_other(source: HubUp) -> None:
    backup = source.directory / "hub.tar"
    backup.write_text("the only copy")

    refused = source.run("backup", str(backup))

    assert refused.returncode == 1
    assert "overwrites nothing" in refused.stderr
    assert backup.read_text() == "the only copy"


class Office:
    """The administrator of a running Hub."""

    def __init__(self, up: HubUp, token: str) -> None:
        self._url, self._headers = f"{up.url}/api/v1", {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: str) -> Any:
        answer = requests.get(self._url + path, params=query, headers=self._headers, timeout=120)
        assert answer.ok, answer.text
        return answer.json() if "json" in answer.headers["Content-Type"] else answer.content

    def post(self, path: str, body: object = None, **headers: str) -> Any:
        answer = requests.post(
            self._url + path, json=body, headers=self._headers | headers, timeout=120
        )
        assert answer.ok, answer.text
        return answer.json()


def test_everything_a_running_hub_held_is_there_after_it_was_restored_elsewhere(
    source: HubUp, target: HubUp
) -> None:
    source.start()
    token = source.run("token", "create", "--email", "admin@localhost").stdout.strip()
    before = Office(source, token)
    customer = before.post("/customers", {"name": "Nordlys Havn ApS", "phone": "70000001"})
    before.post(f"/customers/{customer['id']}/notes", {"body": "Ringet."})
    shop = before.post(
        "/connections",
        {
            "name": "Shop", "connector": "woocommerce",
            "settings": {"shop_url": "http://shop.example", "webhook_secret": "first"},
        },
    )  # fmt: skip
    export = before.post("/exports", {"dataset": "customers", "format": "csv"}, Prefer="wait=30")
    wait_until(lambda: before.get(f"/exports/{export['id']}")["state"] == "done")
    file = before.get(f"/exports/{export['id']}/file")
    wait_until(lambda: "note.created" in str(before.get("/events")))
    history = before.get(f"/customers/{customer['id']}/events")
    backup = source.directory / "hub.tar"
    head = source.run("history", "verify").stdout.split()[-1]

    made = source.run("backup", str(backup))
    refused = source.run("restore", "--force", str(backup))
    key = {"HUB_MASTER_KEY": (source.data / "master.key").read_text().strip()}
    source.stop()
    restored = target.run("restore", str(backup), more=key)
    verified = target.run("history", "verify", "--kept", head, more=key)
    target.start(more=key)
    after = Office(target, token)

    assert made.returncode == 0, made.stderr
    assert refused.returncode == 1
    assert re.search(r"Hub runs \(process \d+\)\. Stop it", refused.stderr)
    assert (restored.returncode, restored.stderr) == (0, "")  # with the same key, no warning
    assert verified.returncode == 0, verified.stderr
    kept = after.get(f"/customers/{customer['id']}")
    assert (kept["name"], kept["phone"]) == ("Nordlys Havn ApS", "+4570000001")
    assert kept["last_note_at"] is not None
    assert after.get(f"/customers/{customer['id']}/events") == history
    done = after.get("/jobs", task="reports.render_export", subject_id=export["id"])["items"]
    assert [job["state"] for job in done] == ["succeeded"]
    assert after.get(f"/exports/{export['id']}/file") == file
    assert "Nordlys Havn ApS" in file.decode("utf-8-sig")
    after.post(f"/connections/{shop['id']}/test", Prefer="wait=30")
    tested = f"/connections/{shop['id']}"
    wait_until(lambda: after.get(tested)["state"] == "tested")  # its secret opens


def test_a_restored_copy_mails_nothing_beside_its_original_until_it_is_released(
    source: HubUp, target: HubUp
) -> None:
    def job_of(office: Office, job: Any) -> Any:
        return office.get(f"/jobs/{job['id']}")

    def invite(office: Office) -> Any:
        customer = office.post("/customers", {"name": "Nordlys Havn ApS"})
        office.post(
            f"/customers/{customer['id']}/reminders",
            {"title": "Ring", "on": "2090-12-01", "at": "09:00"},
        )
        wait_until(lambda: office.get("/jobs", task="mail.send_delivery")["items"])
        [mail] = office.get("/jobs", task="mail.send_delivery")["items"]
        return mail

    def held(office: Office) -> list[int]:
        found = office.get("/problems", state="open")["items"]
        return [each["count"] for each in found if each["cause"]["code"] == "outside_held"]

    token = source.run("token", "create", "--email", "admin@localhost").stdout.strip()
    backup = source.directory / "hub.tar"
    source.run("backup", str(backup))

    restored = target.run("restore", str(backup))
    greeting = target.start()
    copy = Office(target, token)
    mail = invite(copy)
    wait_until(lambda: job_of(copy, mail)["waits_for"] == "outside")
    wait_until(lambda: held(copy) == [1])
    found = target.run("doctor").stdout
    released = target.run("release", "--reason", "The original is gone")
    wait_until(lambda: job_of(copy, mail)["state"] == "succeeded")
    wait_until(lambda: held(copy) == [])
    versions = copy.get("/settings/outside/versions")["items"]
    target.stop()
    later = target.start()

    assert "are held" in restored.stdout
    assert "Calls to outside systems and mails are HELD" in greeting
    assert "warn  outside: calls and mails are held" in found
    assert "Nothing is held any more. What waited goes out in its order: 1 jobs." in released.stdout
    assert [(each["value"], (each["set_by"] or {}).get("reason")) for each in versions[:1]] == [
        ({"held": False}, "The original is gone")
    ]
    assert versions[1]["set_by"]["reason"].startswith("Restored from the backup of ")
    assert "HELD" not in later


def test_an_installation_that_takes_over_goes_on_at_once(source: HubUp, target: HubUp) -> None:
    backup = source.directory / "hub.tar"
    source.run("hold")
    source.run("backup", str(backup))

    restored = target.run("restore", "--live", str(backup))
    greeting = target.start()

    assert restored.returncode == 0, restored.stderr
    assert "held" not in restored.stdout
    assert "HELD" not in greeting


def test_an_external_database_is_backed_up_and_refused_while_in_use(
    source: HubUp, target: HubUp, database_url: str
) -> None:
    backup = source.directory / "hub.tar"
    external = {"HUB_DATABASE_URL": database_url}

    made = source.run("backup", str(backup), more=external)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        refused = target.run("restore", "--force", str(backup), more=external)
    engine.dispose()

    assert made.returncode == 0, made.stderr
    assert refused.returncode == 1
    assert "other connections use the database" in refused.stderr

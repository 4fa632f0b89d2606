"""The Monday list by real processes: two owners, two languages, and a server that refuses."""

import email.policy
import subprocess
import sys
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from tests.patience import ask_in_time, wait_for_time_until_midnight
from tests.workshop import ROOT, Workshop

pytestmark = [pytest.mark.stack, pytest.mark.slow]

ZONE = ZoneInfo("Europe/Copenhagen")
LONG_S = 300.0
OWNERS = {
    "mette@hub.example": ("da", ["Nordlys ApS", "Ærø Færgefart A/S"], ["Navn", "Kreditmaksimum"]),
    "jens@hub.example": ("en", ["Sydhavn I/S"], ["Name", "Credit limit"]),
}


class Office:
    """A workshop with two representatives who own customers."""

    def __init__(self, workshop: Workshop) -> None:
        self.mailbox = workshop.mailbox
        self.stack = workshop.stack
        self.client = workshop.client
        self.tokens: dict[str, str] = {}
        self.users: dict[str, str] = {}

    def post(self, path: str, body: object = None) -> Any:
        answer = self.client.post(f"/api/v1{path}", json=body)
        assert answer.status_code in {201, 202}, answer.text
        return answer.json()

    def get(self, path: str, address: str | None = None, **parameters: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[address]}"} if address else {}
        answer = self.client.get(f"/api/v1{path}", params=parameters, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def move_in(self) -> None:
        """Make the two and their customers."""
        for address, (locale, names, _) in OWNERS.items():
            user = self.post(
                "/users",
                {"email": address, "name": address.partition("@")[0], "roles": ["representative"],
                 "locale": locale, "zone": str(ZONE)},
            )  # fmt: skip
            self.users[address] = user["id"]
            token = self.post("/tokens", {"user_id": user["id"], "name": "his", "scopes": ["*"]})
            self.tokens[address] = token["token"]
            for name in names:
                self.post(
                    "/customers",
                    {"name": name, "owner_user_id": user["id"], "credit_limit": "2500.50"},
                )

    def due_in_seconds(self, name: str, **options: Any) -> str:
        """Put a list on a schedule that falls due in a moment; returns the schedule's id."""
        report = self.post(
            "/reports",
            {
                "name": name,
                "dataset": "customers",
                "query": {
                    "filter": {"owner": {"eq": "me"}, "created_at": {"gte": "week"}},
                    "sort": ["name"],
                    "fields": ["name", "credit_limit", "created_at"],
                },
            },
        )

        def ask(starts: datetime) -> str | None:
            schedule = self.post(
                f"/reports/{report['id']}/schedules",
                {
                    "rule": "FREQ=WEEKLY",
                    "zone": str(ZONE),
                    "starts_at_local": f"{starts.astimezone(ZONE):%Y-%m-%dT%H:%M:%S}",
                    "recipients": {"mode": "each_owner"},
                    **options,
                },
            )
            is_in_time = datetime.fromisoformat(schedule["next_at"]) == starts
            return str(schedule["id"]) if is_in_time else None

        return ask_in_time(ask, in_s=3)

    def runs(self, schedule: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get("/report-runs", schedule=schedule)["items"]
        return items

    def wait_for_runs(self, schedule: str, state: str) -> dict[str, dict[str, Any]]:
        """Wait until both runs are in a state; returns them by recipient."""
        self.stack.wait_until(
            lambda: [run["state"] for run in self.runs(schedule)] == [state] * 2, within_s=LONG_S
        )
        addresses = {identifier: address for address, identifier in self.users.items()}
        return {addresses[run["recipient_user_id"]]: run for run in self.runs(schedule)}

    def wait_until_delivered(self, run: dict[str, Any]) -> None:
        self.stack.wait_until(
            lambda: self.get(f"/report-runs/{run['id']}")["state"] == "delivered", within_s=LONG_S
        )

    def mails(self, address: str, name: str) -> list[EmailMessage]:
        found = [
            message_from_bytes(
                self.mailbox.raw(entry), _class=EmailMessage, policy=email.policy.default
            )
            for entry in self.mailbox.entries()
            if entry.recipient == address
        ]
        return [mail for mail in found if name in str(mail["Subject"])]


@pytest.fixture(scope="module")
def office(workshop: Workshop) -> Office:
    made = Office(workshop)
    wait_for_time_until_midnight(ZONE)  # who came last week is not of this one
    made.move_in()
    return made


def rows_of(mail: EmailMessage) -> list[list[Any]]:
    [part] = list(mail.iter_attachments())
    content = part.get_content()
    assert isinstance(content, bytes)
    [sheet] = openpyxl.load_workbook(BytesIO(content)).worksheets
    return [list(row) for row in sheet.iter_rows()]


def test_each_owner_gets_his_own_rows_in_his_own_language_as_typed_cells(office: Office) -> None:
    schedule = office.due_in_seconds("Mandagsliste")

    runs = office.wait_for_runs(schedule, "delivered")

    for address, (_, names, words) in OWNERS.items():
        [mail] = office.mails(address, "Mandagsliste")
        header, *rows = rows_of(mail)
        assert [cell.value for cell in header][:2] == words
        assert [row[0].value for row in rows] == names
        for row in rows:
            assert (row[1].data_type, row[1].value) == ("n", 2500.5)
            assert row[2].is_date
            age = datetime.now(ZONE).replace(tzinfo=None) - row[2].value
            assert timedelta(0) <= age < timedelta(minutes=30)  # his wall clock
        listed = office.get("/customers", address, owner="me", **{"created_at.gte": "week"})
        assert len(rows) == runs[address]["row_count"] == listed["total"]["count"]
        assert runs[address]["sha256"] in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # ours has one


def test_a_server_that_refuses_fails_the_run_and_the_file_stays_and_goes_out_later(
    office: Office,
) -> None:
    office.mailbox.faults.refuse |= set(OWNERS)
    runs = office.wait_for_runs(office.due_in_seconds("Afvist"), "failed")
    office.mailbox.faults.refuse.clear()

    for address, (_, names, _) in OWNERS.items():
        run = runs[address]
        assert run["message"]["text"]
        headers = {"Authorization": f"Bearer {office.tokens[address]}"}
        path = f"/api/v1/report-runs/{run['id']}"
        file = office.client.get(f"{path}/file", headers=headers)
        sheet = openpyxl.load_workbook(BytesIO(file.content)).worksheets[0]
        assert sheet.max_row == len(names) + 1
        assert office.mails(address, "Afvist") == []

        again = office.client.post(f"{path}/resend", headers={**headers, "Prefer": "wait=30"})

        assert again.status_code == 202
        office.wait_until_delivered(run)
        [mail] = office.mails(address, "Afvist")
        [part] = list(mail.iter_attachments())
        assert part.get_content() == file.content


def test_a_process_killed_between_fsync_and_rename_leaves_a_draft_and_the_next_one_file(
    tmp_path: Path,
) -> None:
    program = (
        "import os, pathlib, sys\n"
        "from hub import files\n"
        "if sys.argv[1] == 'die':\n"
        "    pathlib.Path.replace = lambda *_: os._exit(137)\n"
        "print(files.put(b'the rows').sha256)\n"
    )

    def put(how: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", program, how], env={"HUB_DATA_DIR": str(tmp_path)},
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip

    died, lived = put("die"), put("live")

    assert (died.returncode, died.stdout) == (137, "")
    assert lived.returncode == 0, lived.stderr
    names = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert names[0] == lived.stdout.strip()
    assert [name.partition("-")[0] for name in names[1:]] == ["draft"]  # swept a day later

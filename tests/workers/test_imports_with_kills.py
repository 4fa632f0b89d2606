"""Imports by real processes: by the command, and with workers that die on the way."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.workshop import ROOT, Workshop

pytestmark = [pytest.mark.stack, pytest.mark.slow]

ROWS = 2_500  # of which a transaction takes a thousand
LONG_S = 300.0


class Office:
    """A workshop, what is done there, and a place for files."""

    def __init__(self, workshop: Workshop, directory: Path) -> None:
        self.directory = directory
        self.stack = workshop.stack
        self.client = workshop.client
        self.sql = workshop.sql
        self.arm = workshop.arm
        self.all_died = workshop.all_died

    def upload(self, content: str, **query: Any) -> str:
        answer = self.client.post(
            "/api/v1/imports", params=query, data=content.encode(),
            headers={"Content-Type": "text/csv"},
        )  # fmt: skip
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def find(self, identifier: str) -> Any:
        return self.client.get(f"/api/v1/imports/{identifier}").json()

    def until(self, identifier: str, *states: str) -> Any:
        self.stack.wait_until(lambda: self.find(identifier)["state"] in states, within_s=LONG_S)
        return self.find(identifier)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        token = self.client.headers["Authorization"]
        assert isinstance(token, str)
        return subprocess.run(
            [sys.executable, "-m", "ops.cli", "import", "customers", *arguments,
             "--url", self.stack.base_url, "--token", token.removeprefix("Bearer ")],
            cwd=ROOT, capture_output=True, text=True, timeout=LONG_S, check=False,
        )  # fmt: skip


@pytest.fixture
def office(workshop: Workshop, tmp_path: Path) -> Office:
    return Office(workshop, tmp_path)


def file_of(prefix: str, count: int) -> str:
    rows = "".join(f"{prefix}{n};{prefix} Kunde {n};Aarhus\n" for n in range(count))
    return f"id;Navn;By\n{rows}"


def test_an_import_whose_workers_are_killed_makes_each_customer_once(office: Office) -> None:
    identifier = office.upload(file_of("kill", ROWS))
    office.until(identifier, "planned")
    office.arm("after_batch", 2)

    answer = office.client.post(f"/api/v1/imports/{identifier}/application")
    found = office.until(identifier, "done", "partial")

    assert answer.status_code == 202
    assert office.all_died()  # both died
    assert (found["state"], found["counters"]) == (
        "done", {"items": ROWS, "create": ROWS, "done": ROWS},
    )  # fmt: skip
    assert office.sql(
        "select count(*), count(distinct external_ref) from customer"
        " where external_ref like 'kill%'"
    ) == [(ROWS, ROWS)]
    assert office.sql(
        "select count(*), count(distinct subject_id) from event"
        " where type = 'customer.created' and cause_id = :plan",
        plan=found["plan_id"],
    ) == [(ROWS, ROWS)]
    [(attempts, lapses)] = office.sql(
        "select attempt, lapses from job where task = 'imports.apply_import'"
        " and args ->> 'import_id' = :id",
        id=identifier,
    )
    assert (attempts, lapses) == (3, 2)


def test_a_killed_undo_takes_everything_back_once(office: Office) -> None:
    identifier = office.upload(file_of("undo", ROWS), apply="true")
    office.until(identifier, "done")
    office.arm("after_batch", 2)

    asked = office.client.post(f"/api/v1/imports/{identifier}/undo")
    found = office.until(identifier, "undone")

    assert asked.json()["state"] == "undoing"
    assert office.all_died()
    assert found["counters"] == {"items": ROWS, "create": ROWS, "undone": ROWS}
    assert office.sql(
        "select count(*) from customer where name like 'undo%' and deleted_at is null"
    ) == [(0,)]
    assert office.sql(
        "select count(*), count(distinct subject_id) from event"
        " where type = 'customer.deleted' and cause_id = :plan",
        plan=found["plan_id"],
    ) == [(ROWS, ROWS)]
    assert office.sql(
        "select progress from job where task = 'imports.undo_import'"
        " and args ->> 'import_id' = :id",
        id=identifier,
    ) == [({"done": ROWS, "total": ROWS, "unit": "rows"},)]


def test_a_preview_whose_worker_is_killed_is_made_again(office: Office) -> None:
    office.arm("in_analysis", 1)

    identifier = office.upload(file_of("again", 30))
    found = office.until(identifier, "planned")

    assert found["counters"] == {"items": 30, "create": 30}
    assert office.all_died()


def test_the_command_previews_then_imports_and_names_what_is_wrong(office: Office) -> None:
    file = office.directory / "kunder.csv"
    file.write_text("id;Navn;CVR;Farve\nc1;Nordlys ApS;99000007;rød\nc2;Forkert;123;blå\n")
    result = office.directory / "result.xlsx"

    preview = office.command(str(file))
    done = office.command(str(file), "--apply", "--result", str(result), "--option", "country=DK")

    assert preview.returncode == done.returncode == 1
    assert "Columns: id = external_ref, Navn = name, CVR = cvr" in preview.stdout
    assert "Left out: Farve" in preview.stdout
    assert "2 rows: 1 new, 1 refused." in preview.stdout
    assert "row 3: CVR: " in preview.stdout
    assert "Nothing is written yet." in preview.stdout
    assert preview.stderr.endswith(
        "Some rows would not come in; mend them, or apply it without them.\n"
    )
    assert "2 rows: 1 new, 1 refused, 1 done." in done.stdout
    assert "Some rows did not come in" in done.stderr
    assert office.sql("select name from customer where external_ref = 'c1'") == [("Nordlys ApS",)]
    sheet = openpyxl.load_workbook(result).worksheets[0]
    assert [cell.value for cell in sheet[2]][4:6] == [2, "Created"]


def test_the_command_says_in_words_why_a_file_cannot_be_imported(office: Office) -> None:
    file = office.directory / "no.csv"
    file.write_text("By;Tlf\nAarhus;1\n")

    refused = office.command(str(file))
    wrong = office.command(str(file), "--option", "colour=red")

    assert (refused.returncode, wrong.returncode) == (1, 1)
    assert "No header in row 1 stands for names: say with mapping which one does" in refused.stderr
    assert "/colour: " in wrong.stderr
    assert "Traceback" not in refused.stderr + wrong.stderr


def test_the_template_of_this_version_is_there_soon_after_the_start(office: Office) -> None:
    def template() -> int:
        return office.client.get("/api/v1/imports/template").status_code

    office.stack.wait_until(lambda: template() == 200, within_s=LONG_S)

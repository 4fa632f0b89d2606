"""``hub import`` through an API that answers."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from connectors.sandbox import serve
from ops.commands import imports as command
from tests.api.conftest import Caller
from tests.api.test_imports import FOREIGN, work
from tests.hub.imports.uploads import customers
from tests.workers.reading.test_workbooks import make_sheets


@pytest.fixture
def url(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An API whose work is done while the command waits for it."""
    monkeypatch.setattr(time, "sleep", lambda _: work())
    running = serve(app)
    yield running.url
    running.stop()


def test_the_command_says_where_it_found_the_headers_and_takes_them_where_one_says(
    url: str, administrator: Caller, tmp_path: Path
) -> None:
    table = [["Liste"], ["Navn", "By"], ["Nordlys", "Odense"], ["Tlf", "CVR"], ["70000007"]]
    file = tmp_path / "kunder.xlsx"
    file.write_bytes(make_sheets({"Om": [["Udtræk"]], "Kunder": table}))
    said = ["--option", "sheet=Kunder", "--option", "header_row=2"]

    refused = CliRunner().invoke(
        command.customers, [str(file), "--url", url, "--token", administrator.token, *said[:2]]
    )
    found = bring_in(url, administrator, file, *said)

    assert refused.exit_code == 1
    assert str(refused.exception) == (
        f"{file}: No header in row 1 of the sheet 'Kunder' stands for names: say with mapping which"
        " one does, with header_row in which row the headers stand, or with sheet on which of"
        " 'Om', 'Kunder'."
    )
    assert found[:3] == [
        "Headers: in row 2 of the sheet Kunder",
        "Columns: Navn = name, By = city",
        "3 rows: 3 new.",
    ]


def bring_in(url: str, caller: Caller, file: Path, *options: str) -> list[str]:
    """Import a file; returns the lines that the command says."""
    arguments = [str(file), *options, "--url", url, "--token", caller.token]
    answer = CliRunner().invoke(command.customers, arguments)
    assert answer.exit_code == 0, (answer.output, answer.exception)
    return answer.output.splitlines()


def test_a_file_of_another_country_comes_in_and_the_command_asks_for_the_country(
    url: str, administrator: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "their customers.csv"
    file.write_bytes(FOREIGN)
    monkeypatch.setattr(command, "own_command", lambda: "/opt/hub/bin/hub")
    told = [
        "2 of these without a value that cannot be read:",
        "  row 2: phone: Left out, for it is no phone number of DK: 312 555 0142",
        "  row 5: phone: Left out, for it is no phone number of DK: (312) 555-0199",
        "Phone numbers of another country? Then say of which: --option country=US",
    ]

    previewed = bring_in(url, administrator, file)
    before = customers()
    applied = bring_in(url, administrator, file, "--apply")
    first = [customer.phone for customer in customers()]
    named = bring_in(url, administrator, file, "--option", "country=US", "--apply")

    assert previewed[2:] == [
        "4 rows: 4 new.",
        *told,
        f"Nothing is written yet. To do it: /opt/hub/bin/hub import customers '{file}' --apply",
    ]
    assert before == []
    assert applied[2:] == ["4 rows: 4 new, 4 done.", *told]
    assert first == [None, "+4570000007", None, None]
    assert named[2:] == [
        "4 rows: 2 to change, 2 here already, 2 done.",
        "1 of these without a value that cannot be read:",
        "  row 3: phone: Left out, for it is no phone number of US: 70 00 00 07",
    ]
    assert [customer.phone for customer in customers()] == [
        "+13125550142", "+4570000007", None, "+13125550199",
    ]  # fmt: skip

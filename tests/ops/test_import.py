"""``hub import`` before it reaches an API; with one, see ``tests/workers``."""

from pathlib import Path

from click.testing import CliRunner

from ops.commands.imports import customers


def test_the_token_that_the_welcome_exports_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "kunder.csv"
    file.write_text("Navn\nNordlys ApS\n", encoding="utf-8")
    command = [str(file), "--url", "http://127.0.0.1:9"]

    answer = CliRunner().invoke(customers, command, env={"TOKEN": "hub_any"})

    assert "Hub does not answer at http://127.0.0.1:9" in str(answer.exception)

import sys
from pathlib import Path

import pytest

from ops.own_program import own_command


def test_a_person_types_hub_where_it_is_found_and_else_the_one_beside_this_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = tmp_path / "hub"
    hub.touch(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    monkeypatch.setenv("PATH", "")
    hidden = own_command()
    monkeypatch.setenv("PATH", str(tmp_path))
    found = own_command()

    assert (hidden, found) == (str(hub), "hub")

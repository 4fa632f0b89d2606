"""The master key: made once, private, never replaced in silence."""

import base64
from pathlib import Path

import pytest

from ops.errors import OperationError
from ops.master_key import ensure_master_key, fingerprint, is_master_key


def test_it_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "master.key"

    first = ensure_master_key(path)
    second = ensure_master_key(path)

    assert first == second
    assert len(base64.b64decode(first)) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["master.key"]


def test_two_installations_have_two_keys(tmp_path: Path) -> None:
    one, other = ensure_master_key(tmp_path / "one"), ensure_master_key(tmp_path / "other")

    assert one != other
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize("text", ["", "c2hvcnQ=", "no base64 at all!"])
def test_a_damaged_key_is_neither_used_nor_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "master.key"
    path.write_text(text)

    with pytest.raises(OperationError, match="32 bytes in base64"):
        ensure_master_key(path)
    assert path.read_text() == text
    assert not is_master_key(text)

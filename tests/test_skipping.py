"""What is left out on CI is said, and fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import conftest, skipping
from tests.reference import MISSING

ROOT = Path(__file__).parents[1]
TESTS = """
import pytest

@pytest.mark.skipif(True, reason="libical is missing")
def test_marked():
    pass

def test_within():
    pytest.skip("node and npm are missing: ical.js and node-ical were not asked")

@pytest.fixture
def data():
    pytest.skip("only root can become somebody else")

def test_allowed(data):
    pass

@pytest.mark.xfail(reason="known")
def test_expected():
    raise AssertionError

def test_good():
    pass
"""


def test_on_ci_a_test_that_is_left_out_fails_unless_its_reason_is_listed(tmp_path: Path) -> None:
    done = run_on_ci(tmp_path)

    assert "1 failed, 1 passed, 1 skipped, 1 xfailed, 1 error" in done.stdout.splitlines()[-1]
    assert "left out on CI: Skipped: libical is missing" in done.stdout
    assert "left out on CI: Skipped: node and npm are missing" in done.stdout


def test_on_ci_nothing_is_run_without_the_vendors_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skipping, "ON_CI", True)
    monkeypatch.setattr(conftest, "REFERENCE", tmp_path / "away")

    with pytest.raises(pytest.exit.Exception) as ended:
        conftest.pytest_sessionstart()

    assert ended.value.returncode == pytest.ExitCode.USAGE_ERROR
    assert ended.value.msg == MISSING


def run_on_ci(folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "test_sample.py").write_text(TESTS)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider",
         "-c", os.devnull, "--rootdir", str(folder), str(folder)],
        cwd=ROOT, env=os.environ | {"CI": "true", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "is_allowed"),
    [
        ("needs data/people.csv of vendors' documents: set HUB_REFERENCE_DIR", False),
        ("only root can become somebody else", True),
        ("libical is missing: apt-get install gir1.2-ical-3.0 python3-gi", False),
        ("the guides' commands need bash, curl, jq and openssl", False),
    ],
)
def test_a_reason_counts_only_where_it_is_listed(reason: str, is_allowed: bool) -> None:
    assert skipping.is_allowed(reason) is is_allowed

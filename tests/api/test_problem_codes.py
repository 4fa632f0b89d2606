"""Every code that a problem may have is documented where the problem's type leads."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from api.problem_codes import PROBLEM_CODES, type_of
from api.problems import _STATUS_OF
from hub.errors import DomainError
from hub.signatures.refusals import Refusal

ROOT = Path(__file__).parents[2]
PLACES = {
    "ConflictError": 0, "UnseenError": 0, "RefusalError": 1, "Problem": 1,
    "malformed": 0, "too_many": 0, "_later": 0,
}  # fmt: skip
"""Where among its arguments what makes a problem has the code."""

NOT_READ_OFF = {
    # Spelled in a variable, beside what they say.
    "held_quota", "daily_quota", "duplicate_value", "in_use", "no_registry",
    # Codes of classes of errors, and the phrase of a status that werkzeug raises.
    *(str(vars(kind)["code"]) for kind in (*_STATUS_OF, DomainError) if "code" in vars(kind)),
    "not_yet", "too_many_blind_matches",
    "bad_request",
    *(each.value for each in Refusal),
}  # fmt: skip


def raised() -> Iterator[str]:
    """Yield the codes that the sources name where they make an error."""
    for package in ("api", "hub"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                place = PLACES.get(name, len(node.args))
                given = [*node.args[place : place + 1]]
                if name.endswith("Error"):
                    given += [keyword.value for keyword in node.keywords if keyword.arg == "code"]
                for code in given:
                    if isinstance(code, ast.Constant) and isinstance(code.value, str):
                        yield code.value


def test_the_sources_raise_the_codes_that_are_documented_and_no_others() -> None:
    assert set(raised()) | NOT_READ_OFF | {"method_not_allowed"} == set(PROBLEM_CODES)


@pytest.fixture(scope="module")
def page(served: Flask) -> str:
    return served.test_client().get("/api/docs").text


def test_the_type_of_every_problem_leads_to_what_it_means(page: str) -> None:
    identifiers = re.findall(r'id="([^"]+)"', page)

    assert len(identifiers) == len(set(identifiers))
    for code, meaning in PROBLEM_CODES.items():
        path, _, anchor = type_of(code).partition("#")
        assert (path, anchor) == ("/api/docs", f"problem-{code}")
        assert anchor in identifiers
        assert meaning.endswith(".")


def test_the_types_that_the_document_shows_lead_there_too(page: str, document: str) -> None:
    shown = set(re.findall(r"/api/docs#([a-z_-]+)", document))

    assert shown == {"problem-validation"}
    assert 'id="problem-validation"' in page


@pytest.mark.parametrize("code", ["gone_fishing", ""])
def test_a_code_that_nobody_foresaw_leads_to_problems_in_general(page: str, code: str) -> None:
    assert type_of(code) == "/api/docs#problems"
    assert page.count('id="problems"') == 1

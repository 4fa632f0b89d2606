"""The table of features names what there is: rows, routes, tests."""

import ast
import re
from functools import cache
from pathlib import Path

from api.app import create_app
from tests.documented import ROOT

NOTHING = "–"
PREFIX = "/api/v1"
_ROW = re.compile(r"^\| ([CASTZ]\d+[abc]?) \| (\w+) \| (.+) \| (.+) \|$", re.MULTILINE)
ROWS = _ROW.findall((ROOT / "docs" / "features.md").read_text(encoding="utf-8"))
DONE = [row for row in ROWS if row[1] == "done"]


def expected() -> list[str]:
    """Return the ids of all features, in their order."""
    counts = {"C": 29, "A": 41, "S": 41, "T": 23, "Z": 21}
    ids = [f"{system}{row}" for system, count in counts.items() for row in range(1, count + 1)]
    at = ids.index("Z5")
    return [*ids[:at], "Z5a", "Z5b", "Z5c", *ids[at + 1 :]]


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return the names of a file's tests."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(each.name for each in tree.body if isinstance(each, ast.FunctionDef))


def test_each_feature_has_one_row_in_order() -> None:
    assert [row[0] for row in ROWS] == expected()


def test_a_feature_is_done_with_an_endpoint_and_a_test_or_open_with_neither() -> None:
    assert {row[1] for row in ROWS} <= {"done", "open"}
    for identifier, state, endpoint, test in ROWS:
        filled = [cell != NOTHING for cell in (endpoint, test)]
        assert filled == [state == "done"] * 2, identifier


def test_each_open_feature_says_what_it_lacks() -> None:
    text = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    said = re.findall(r"^- ([CASTZ]\d+[abc]?): \S", text, re.MULTILINE)

    assert said == [row[0] for row in ROWS if row[1] == "open"]


def test_the_endpoints_of_what_is_done_exist() -> None:
    document = create_app().test_client().get(f"{PREFIX}/openapi.json").json
    assert document is not None
    served = {
        f"{method.upper()} {path.removeprefix(PREFIX)}"
        for path, methods in document["paths"].items()
        for method in methods
    }

    assert {row[0]: row[2] for row in DONE if row[2] not in served} == {}


def test_the_tests_of_what_is_done_exist() -> None:
    missing = []
    for identifier, _, _, named in DONE:
        for each in named.split():
            path, _, name = each.partition("::")
            if not name.startswith("test_") or name not in names_in(ROOT / path):
                missing.append((identifier, each))

    assert missing == []

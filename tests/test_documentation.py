"""What the documents say of the code is so."""

import re
from pathlib import Path

import pytest

from hub.problems.models import ProblemKind
from hub.settings import PREFIX, Settings
from tests.documented import GUIDES, ROOT, script_of

OPERATING = ROOT / "docs" / "operating.md"
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")],
    key=lambda path: path.relative_to(ROOT).as_posix(),
)
_LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")
_SETTING_ROW = re.compile(r"^\| `(HUB_\w+)` \| (.*?) \| (.+) \|$", re.MULTILINE)
_PROBLEM_ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+) \|$", re.MULTILINE)
_DECISION = re.compile(r"^(\d{4})-[a-z0-9-]+\.md$")


def shown(default: object) -> str:
    """Return a default as the table writes it."""
    if default is None or default == "":
        return ""
    return f"`{str(default).lower()}`" if isinstance(default, bool) else f"`{default}`"


def test_the_table_of_settings_has_every_setting_with_its_default_and_no_other() -> None:
    rows = {name: default for name, default, _ in _SETTING_ROW.findall(OPERATING.read_text())}

    assert rows == {
        PREFIX + name.upper(): shown(field.default) for name, field in Settings.model_fields.items()
    }


def test_every_kind_of_problem_is_explained_and_none_that_is_not() -> None:
    text = OPERATING.read_text()
    section = text[text.index("## Problems") :]
    section = section[: section.index("\n## ", 5)]

    rows = [kind for kind, _, _ in _PROBLEM_ROW.findall(section)]

    assert sorted(rows) == sorted(kind.value for kind in ProblemKind)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_of_a_document_lead_somewhere(document: Path) -> None:
    missing = []
    for target, anchor in _LINK.findall(document.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        file = document.parent / target if target else document
        if not file.exists() or (anchor and anchor[1:] not in anchors(file)):
            missing.append(target + anchor)

    assert missing == []


def test_each_decision_has_a_number_of_its_own_and_its_parts() -> None:
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [match[1] for path in decisions if (match := _DECISION.match(path.name))]

    assert len(set(numbers)) == len(decisions)
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        for part in ("Status: ", "## Context", "## Decision", "## Consequences"):
            assert part in text, path.name
        assert f"adr/{path.name}" in (ROOT / "docs" / "architecture.md").read_text()


def test_the_guides_hold_commands() -> None:
    assert len(GUIDES) >= 8
    assert all(script_of(guide).count("curl") >= 3 for guide in GUIDES)


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.casefold()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}

"""Reads the commands out of the guides, so that a test can run every one of them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
GUIDES = sorted((ROOT / "docs" / "api").glob("*.md"))
_BLOCK = re.compile(r"^```sh( refused)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def script_of(guide: Path) -> str:
    """Return a guide's ``sh`` blocks as one script; those marked ``refused`` must fail."""
    parts = ["set -euo pipefail"]
    for refused, block in _BLOCK.findall(guide.read_text(encoding="utf-8")):
        if refused:
            parts.append(f"if (\n{block}\n); then echo 'not refused' >&2; exit 99; fi\necho")
        else:
            parts.append(block)
    return "\n".join(parts)

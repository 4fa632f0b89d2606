"""What the schema is and which revision it has, without Alembic.

The API asks at every look at its health; loading Alembic for that costs it 10 MB and a third of a
second of its start.
"""

import ast
import importlib
import pkgutil
import re
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, MetaData, text

import hub
from hub.db import Base

_ASSIGNED = re.compile(r"^(revision|down_revision)(?:\s*:[^=]+)?\s*=\s*(.+)$", re.MULTILINE)


def current_revision(connection: Connection) -> str | None:
    """Return the revision the database is at, None for an empty one."""
    if connection.scalar(text("select to_regclass('alembic_version')")) is None:
        return None
    revision: str | None = connection.scalar(text("select version_num from alembic_version"))
    return revision


@cache
def head_revision() -> str | None:
    """Return the revision the code wants: the one on which no other builds.

    Raises:
        RuntimeError: there are several, which only a fault in the code can bring about.
    """
    revisions: set[str] = set()
    built_upon: set[str | None] = set()
    for path in Path(__file__).with_name("versions").glob("*.py"):
        found = _ASSIGNED.findall(path.read_text(encoding="utf-8"))
        values = {name: ast.literal_eval(value) for name, value in found}
        revisions.add(values["revision"])
        below = values["down_revision"]
        built_upon.update(below if isinstance(below, tuple) else (below,))
    heads = sorted(revisions - built_upon)
    if len(heads) > 1:
        raise RuntimeError(f"the migrations end in several revisions: {', '.join(heads)}")
    return heads[0] if heads else None


def complete_metadata() -> MetaData:
    """Import every ``models`` module of the hub and return the whole schema."""
    for module in pkgutil.walk_packages(hub.__path__, "hub."):
        if module.name.rsplit(".", 1)[-1] == "models":
            importlib.import_module(module.name)
    return Base.metadata

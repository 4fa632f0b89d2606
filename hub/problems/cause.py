"""A cause of trouble as it is found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.problems.models import ProblemKind


@dataclass(frozen=True, slots=True)
class Words:
    """An English source text with its parameters; `code` is stable in every language."""

    code: str
    text: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def kept(self) -> dict[str, Any]:
        """Return it as a row keeps it."""
        return {"code": self.code, "text": self.text, "params": dict(self.params)}


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that is wrong now; see `hub.problems.models.Problem` for the fields.

    `key` is the same for as long as it is the same trouble.
    """

    key: str
    kind: ProblemKind
    subject_name: str
    since: datetime
    count: int
    message: Words
    remedy: Words
    link: str
    subject: tuple[str, UUID] | None = None
    owner_user_id: UUID | None = None
    alerts: bool = True
    detail: Mapping[str, Any] = field(default_factory=dict)


Finder = Callable[[Session], list[Cause]]
"""Looks for causes of one sort; a few statements, by the database's clock."""

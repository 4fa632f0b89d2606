"""The tables of settings."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.history.records import Record


class Setting(Record):
    """A policy as it was last written; without a row its defaults hold.

    The defaults are version 1, so that the first row is version 2: whoever writes says which
    version he has seen, also where nobody wrote before him.
    """

    __tablename__ = "setting"

    key: Mapped[str] = mapped_column(unique=True)
    value: Mapped[dict[str, Any]]


class ComingSetting(Record):
    """What is to change of a policy at an instant that has not come yet.

    `changes` are its fields with what they will be: the others stay as they then are. It is taken
    away when it is withdrawn; `applied_at` says that it has come.
    """

    __tablename__ = "coming_setting"

    key: Mapped[str]
    changes: Mapped[dict[str, Any]]
    effective_at: Mapped[datetime]
    reason: Mapped[str | None]
    applied_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_coming_setting_key", "key", "effective_at", "id"),)

"""The table of settings."""

from typing import Any

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

"""The table of credit codes."""

from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import EnumText
from hub.history.records import Record


class Effect(StrEnum):
    """What a rule does to a transaction; the strictest of all wins, this is their order."""

    NONE = "none"
    WARN = "warn"
    REQUIRE_APPROVAL = "require_approval"
    BLOCK = "block"

    @property
    def strictness(self) -> int:
        """Return how strict it is, the least strict being 0."""
        return list(Effect).index(self)


class CreditCode(Record):
    """A row of the catalogue: what customers with this code may do.

    `label` is in the installation's own words; those of the first four are English source texts.
    One that is not `active` is retired: whoever has it keeps it, nobody gets it any more.
    """

    __tablename__ = "credit_code"

    code: Mapped[str] = mapped_column(unique=True)
    label: Mapped[str]
    effect: Mapped[Effect] = mapped_column(EnumText(Effect))
    active: Mapped[bool] = mapped_column(default=True, server_default="true")
    sort: Mapped[int] = mapped_column(default=0, server_default="0")

    __table_args__ = (
        CheckConstraint(f"effect in ({', '.join(repr(e.value) for e in Effect)})", name="effect"),
        CheckConstraint("code <> 'current_account' or (active and effect = 'none')",
                        name="default_is_free"),
    )  # fmt: skip

"""The table of number sequences."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.history.records import Record


class NumberSequence(Record):
    """How the numbers of one kind of record are made, and which comes next.

    Giving out numbers is no change of it: it moves neither version nor history. What is not
    `automatic` gives out none by itself.

    `gapless`: a number is taken in the transaction that writes its record, so that a record not
    written leaves no gap, and writers of the kind wait for each other's commits. Otherwise it is
    taken in a transaction of its own: nobody waits long, and gaps happen.
    `reached` holds, by each prefix that numbers had before, which number came next under it.
    """

    __tablename__ = "number_sequence"

    kind: Mapped[str] = mapped_column(unique=True)
    prefix: Mapped[str] = mapped_column(default="", server_default="")
    next_number: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    minimum_digits: Mapped[int] = mapped_column(default=1, server_default="1")
    gapless: Mapped[bool] = mapped_column(default=True, server_default="true")
    automatic: Mapped[bool] = mapped_column(default=True, server_default="true")
    reached: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    allocated_at: Mapped[datetime | None]  # last; None where no number was given out yet

    __table_args__ = (
        CheckConstraint("next_number >= 1", name="next_number"),
        CheckConstraint("minimum_digits between 1 and 18", name="minimum_digits"),
    )

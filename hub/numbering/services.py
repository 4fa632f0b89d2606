"""Gives out numbers, each once."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from hub.errors import ConflictError, NotFoundError
from hub.i18n import N_
from hub.numbering.models import NumberSequence
from hub.numbering.settings import HIGHEST_DIGITS, HIGHEST_NUMBER, find_sequence

_STRETCH = 100  # numbers asked about at a time, once one was found taken

Taken = Callable[[Sequence[str]], Collection[str]]
"""Tells which of some numbers are used already, for example given by hand or by an import.

It sees what has been flushed.
"""


def allocate(session: Session, kind: str, *, taken: Taken | None = None) -> str:
    """Return the next number of a kind, which nobody else gets; it rises by exactly one.

    Call it late, just before the commit: the row of a gapless kind stays locked from here on. A
    number that `taken` knows is passed over for good. Pending records are not flushed by it, so a
    record may be given its number after it was added.

    Raises:
        NotFoundError: there is no such sequence.
        ConflictError: the sequence is used up (`numbers_used_up`).
    """
    with session.no_autoflush:
        reserved = _reserve(session, kind, gapless=True)
        if reserved is not None:
            return _first_free(session, kind, reserved, taken)
        find_sequence(session, kind)
    with Session(session.get_bind()) as own, own.begin():
        reserved = _reserve(own, kind, gapless=False)
        if reserved is not None:
            return _first_free(own, kind, reserved, taken)
    raise NotFoundError("number_sequence", kind)  # it changed between the two looks


def preview(session: Session, kind: str) -> str:
    """Return the number that would come next; no promise, and nothing is taken.

    Raises:
        NotFoundError: there is no such sequence.
    """
    sequence = find_sequence(session, kind)
    return _Reserved(sequence.prefix, sequence.minimum_digits, sequence.next_number).written()


def sortable(number: str) -> str:
    """Return a number so that it sorts by value: L-9 before L-10."""
    prefix = number.rstrip("0123456789")
    return prefix + number[len(prefix) :].rjust(HIGHEST_DIGITS, "0")


@dataclass(frozen=True, slots=True)
class _Reserved:
    prefix: str
    minimum_digits: int
    value: int

    def written(self, ahead: int = 0) -> str:
        """Return the number as people write it, or one further ahead."""
        return f"{self.prefix}{self.value + ahead:0{self.minimum_digits}d}"


def _reserve(session: Session, kind: str, *, gapless: bool) -> _Reserved | None:
    """Advance the sequence, which locks its row; None where it is of the other sort, or none."""
    row = session.execute(
        update(NumberSequence)
        .where(NumberSequence.kind == kind, NumberSequence.gapless.is_(gapless))
        .values(next_number=NumberSequence.next_number + 1, allocated_at=func.now())
        .returning(NumberSequence.prefix, NumberSequence.minimum_digits, NumberSequence.next_number)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        return None
    reserved = _Reserved(row.prefix, row.minimum_digits, row.next_number - 1)
    _check_left(kind, reserved.value)
    return reserved


def _first_free(session: Session, kind: str, reserved: _Reserved, taken: Taken | None) -> str:
    number = reserved.written()
    if taken is None or number not in taken([number]):
        return number
    ahead = 1
    while True:
        candidates = [reserved.written(ahead + step) for step in range(_STRETCH)]
        used = set(taken(candidates))
        for step, candidate in enumerate(candidates):
            if candidate not in used:
                value = reserved.value + ahead + step
                _check_left(kind, value)
                session.execute(
                    update(NumberSequence)
                    .where(NumberSequence.kind == kind)
                    .values(next_number=value + 1)
                    .execution_options(synchronize_session=False)
                )
                return candidate
        ahead += _STRETCH


def _check_left(kind: str, value: int) -> None:
    if value > HIGHEST_NUMBER:
        raise ConflictError(
            "numbers_used_up",
            N_("The numbers of {kind} are used up; give it a new prefix."),
            kind=kind,
        )

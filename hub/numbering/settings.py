"""How numbers look and where they start: the part that administrators set."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.db import new_id
from hub.errors import FieldError, NotFoundError, ValidationError
from hub.i18n import N_
from hub.numbering.kinds import KINDS
from hub.numbering.models import NumberSequence

PREFIX_LENGTH = 20  # characters
HIGHEST_DIGITS = 18  # what a bigint always holds
HIGHEST_NUMBER = 10**HIGHEST_DIGITS - 1


def ensure(
    session: Session,
    kind: str,
    *,
    prefix: str = "",
    start: int = 1,
    minimum_digits: int = 1,
    gapless: bool = True,
    automatic: bool = True,
) -> None:
    """Make the sequence of a kind where there is none; an existing one stays as it is.

    Raises:
        ValidationError: as `configure`.
    """
    _check(prefix, start, minimum_digits)
    session.execute(
        insert(NumberSequence)
        .values(
            id=new_id(),
            kind=kind,
            prefix=prefix,
            next_number=start,
            minimum_digits=minimum_digits,
            gapless=gapless,
            automatic=automatic,
        )
        .on_conflict_do_nothing(index_elements=["kind"])
    )


def configure(
    session: Session,
    kind: str,
    *,
    prefix: str | None = None,
    start: int | None = None,
    minimum_digits: int | None = None,
    gapless: bool | None = None,
    automatic: bool | None = None,
) -> NumberSequence:
    """Change how the next numbers of a kind are made; None leaves a part as it is.

    Counting may begin anew only together with a prefix that was not used before, for example that
    of a new year: so no number is ever given out twice.

    Raises:
        NotFoundError: there is no such sequence.
        ValidationError: a part breaks its rule, `start` would give numbers out again, or records
            that cannot do without numbers were to have none.
    """
    sequence = find_sequence(session, kind, lock=True)
    wanted_prefix = sequence.prefix if prefix is None else prefix
    lowest = _lowest(sequence, wanted_prefix)
    wanted_start = (lowest or sequence.next_number) if start is None else start
    wanted_digits = sequence.minimum_digits if minimum_digits is None else minimum_digits
    _check(wanted_prefix, wanted_start, wanted_digits)
    if automatic is False and not (kind in KINDS and KINDS[kind].is_optional):
        raise ValidationError.of(
            "/automatic", "needed", N_("These records cannot do without their numbers.")
        )
    if lowest is not None and wanted_start < lowest:
        raise ValidationError.of(
            "/start",
            "given_out",
            N_("must be at least {next}: lower numbers were given out under this prefix"),
            next=lowest,
        )
    if wanted_prefix != sequence.prefix and sequence.allocated_at is not None:
        reached = {**sequence.reached, sequence.prefix: sequence.next_number}
        sequence.reached = {name: each for name, each in reached.items() if name != wanted_prefix}
    sequence.prefix = wanted_prefix
    sequence.next_number = wanted_start
    sequence.minimum_digits = wanted_digits
    sequence.gapless = sequence.gapless if gapless is None else gapless
    sequence.automatic = sequence.automatic if automatic is None else automatic
    session.flush()
    return sequence


def find_sequence(session: Session, kind: str, *, lock: bool = False) -> NumberSequence:
    """Return a sequence as it stands in the database now.

    Raises:
        NotFoundError: there is none of this kind.
    """
    statement = select(NumberSequence).where(NumberSequence.kind == kind)
    if lock:
        statement = statement.with_for_update()
    found = session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFoundError("number_sequence", kind)
    return found


def _lowest(sequence: NumberSequence, prefix: str) -> int | None:
    """Return the number that comes next under a prefix; None where it had none so far."""
    if sequence.allocated_at is None:
        return None
    if prefix == sequence.prefix:
        return sequence.next_number
    reached: int | None = sequence.reached.get(prefix)
    return reached


def _check(prefix: str, start: int, minimum_digits: int) -> None:
    errors = []
    if len(prefix) > PREFIX_LENGTH:
        errors.append(
            FieldError(
                "/prefix",
                "too_long",
                N_("is longer than {limit} characters"),
                {"limit": PREFIX_LENGTH},
            )
        )
    if not prefix.isprintable() or prefix != prefix.strip():
        errors.append(
            FieldError(
                "/prefix", "invalid_text", N_("must be printable, with no blank at its ends")
            )
        )
    if prefix[-1:].isdigit():
        # 1 + 23 and 12 + 3 would be the same number.
        errors.append(FieldError("/prefix", "ends_in_digit", N_("must not end in a digit")))
    if not 1 <= start <= HIGHEST_NUMBER:
        errors.append(_out_of_range("/start", HIGHEST_NUMBER))
    if not 1 <= minimum_digits <= HIGHEST_DIGITS:
        errors.append(_out_of_range("/minimum_digits", HIGHEST_DIGITS))
    if errors:
        raise ValidationError(*errors)


def _out_of_range(pointer: str, highest: int) -> FieldError:
    return FieldError(
        pointer, "out_of_range", N_("must be a whole number from 1 to {highest}"),
        {"highest": highest},
    )  # fmt: skip

"""Taking records away: what holds them is told as far as it may be seen, and why is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from api.calls import Call
from api.concealing import naming_only_seen
from api.schemas.shapes import Because
from hub.history.recording import explain_change
from hub.history.records import Record

BecauseT = TypeVar("BecauseT", bound=Because)


@contextmanager
def taking_away(call: Call[Any, BecauseT], record: Record) -> Iterator[None]:
    """Have the block take a record away, for the reason that the caller gives.

    Raises:
        ConflictError, UnseenError: the block's, as `naming_only_seen`.
    """
    with naming_only_seen(call, type(record)):
        yield
    if call.query.reason is not None:
        entity = record.entity()
        explain_change(
            call.session,
            f"{entity}.deleted",
            subject_type=entity,
            subject_id=record.id,
            data={"reason": call.query.reason},
        )

"""Routes whose refusals may name records of others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from api.calls import Call
from hub.access.concealing import without_unseen
from hub.errors import ConflictError
from hub.history.records import Record


@contextmanager
def naming_only_seen(call: Call[Any, Any], model: type[Record]) -> Iterator[None]:
    """Have conflicts that the block raises name only records which the caller may see.

    Raises:
        ConflictError: the block's, without the ids of others.
    """
    try:
        yield
    except ConflictError as error:
        raise without_unseen(call.session, call.principal, model, error) from error

"""Routes whose refusals may name records of others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from api.calls import Call
from hub.access.concealing import without_unseen
from hub.customers.models import Customer
from hub.errors import ConflictError, ForbiddenError
from hub.history.records import Record
from hub.i18n import N_
from hub.sharing.blind_matches import require_room


def require_sight_of_all(call: Call[Any, Any]) -> None:
    """Pass whoever may read all customers: raw traffic with other systems tells of any of them.

    Raises:
        ForbiddenError: the caller may read some only.
    """
    if not call.principal.sees_all(Customer.collection()):
        raise ForbiddenError(
            N_("This holds every customer's data: it is for those who may read them all.")
        )


def require_room_unless_all_seen(call: Call[Any, Any]) -> None:
    """Pass whoever may be refused by what he does not see; who reads all customers always is.

    Raises:
        TooManyBlindMatchesError: he was told of such too often.
    """
    if not call.principal.sees_all(Customer.collection()):
        require_room(call.session, call.principal)


@contextmanager
def naming_only_seen(call: Call[Any, Any], model: type[Record]) -> Iterator[None]:
    """Have conflicts that the block raises name only records which the caller may see.

    Raises:
        ConflictError: the block's, without the ids of others.
        UnseenError: the block's, where it is a record that he may not see.
    """
    try:
        yield
    except ConflictError as error:
        raise without_unseen(call.session, call.principal, model, error) from error

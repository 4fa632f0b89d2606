"""Routes whose answers may tell of records that the caller does not see, or sees no longer."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, TypeVar

from api.calls import Answer, Call
from api.schemas.shapes import View
from hub.access.concealing import without_unseen
from hub.access.predicates import allowed, is_owned
from hub.access.roles import Verb
from hub.customers.models import Customer
from hub.errors import ConflictError, ForbiddenError
from hub.history.recording import react
from hub.history.records import Record
from hub.i18n import N_
from hub.sharing.blind_matches import require_room

ViewT = TypeVar("ViewT", bound=View)


def require_sight_of_all(call: Call[Any, Any], model: type[Record] = Customer) -> None:
    """Pass whoever may read all customers: raw traffic with other systems tells of any of them.

    With another `model`, whoever may read all of its records.

    Raises:
        ForbiddenError: the caller may read some only.
    """
    if not call.principal.sees_all(model.collection()):
        raise ForbiddenError(
            N_("This holds every customer's data: it is for those who may read them all.")
            if model is Customer
            else N_("This counts every record: it is for those who may read them all.")
        )


def require_room_unless_all_seen(call: Call[Any, Any], model: type[Record] = Customer) -> None:
    """Pass whoever may be refused by what he does not see; who reads all of it always is.

    Raises:
        TooManyBlindMatchesError: he was told of such too often.
    """
    if not call.principal.sees_all(model.collection()):
        require_room(call.session, call.principal)


@contextmanager
def writing(call: Call[Any, Any], model: type[Record], fields: Mapping[str, Any]) -> Iterator[None]:
    """Have the block write a record; its reference may be that of one that is not seen.

    Raises:
        ConflictError, UnseenError: as `naming_only_seen`.
        TooManyBlindMatchesError: he was told of such too often.
    """
    if fields.get("external_ref") is not None:
        require_room_unless_all_seen(call, model if is_owned(model) else Customer)
    with naming_only_seen(call, model):
        yield


def shown_if_seen(
    call: Call[Any, Any], record: Any, view: Callable[[Call[Any, Any], Any], ViewT]
) -> Answer[ViewT]:
    """Return the answer of who gave a record away: nothing (204) where he does not see it now."""
    react(call.session)
    if not allowed(call.principal, Verb.READ, record):
        return Answer(None, status=HTTPStatus.NO_CONTENT)
    return Answer(view(call, record))


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

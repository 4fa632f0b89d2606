"""What an error of the database says: whether it is away, and whether trying again may help."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_SHUT_DOWN = frozenset({"57P01", "57P02", "57P03"})  # by an operator, by a crash, while starting


def is_away(error: SQLAlchemyError) -> bool:
    """Say whether there is no connection to the database any more, or none to be had.

    An error of a statement is none such: that comes back however often the database is asked.
    """
    if isinstance(error, PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    state = _state(error)
    if state is None:  # made by the driver: a server says what is wrong
        return isinstance(error, OperationalError | InterfaceError)
    return state.startswith("08") or state in _SHUT_DOWN


def _state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None) or None

"""What a new customer has where nobody said anything."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.connections.models import Connection
from hub.money import CURRENCIES
from hub.remembering import Remembered
from hub.settings import get_settings

_SAID = (
    select(
        Connection.settings["default_currency"].astext.label("chosen"),
        Connection.account["base_currency"].astext.label("of_books"),
    )
    .where(Connection.numbering_owner, Connection.deleted_at.is_(None))
    .limit(1)
)


def currency_of_new(session: Session) -> str:
    """Return the currency of a new customer for whom none was given (domain.md invariant 2).

    It is the default of the connection that gives customers their numbers, or else that of the
    books behind it; the base currency where there is no such connection, or it says nothing.
    """
    return _OF_BOOKS.current(session) or get_settings().currency


def _currency_of_books(session: Session) -> str | None:
    owner = session.execute(_SAID).one_or_none()
    said = (owner.chosen, owner.of_books) if owner else ()
    codes = (code.strip().upper() for code in said if code)
    return next((code for code in codes if code in CURRENCIES), None)


_OF_BOOKS = Remembered(_currency_of_books, Connection)

"""The mail server of this installation, one conversation for each worker process."""

from dataclasses import dataclass
from datetime import timedelta

from connectors.mail.smtp import SmtpMailer
from hub.errors import PermanentError, PostponedError
from hub.i18n import N_
from hub.mail.trying import WAITS_FOR_SERVER
from hub.ports import Mailer
from hub.settings import get_settings
from workers.chain import checkpoint

HELD_FOR = timedelta(minutes=10)
"""Held mail looks again by itself after so long; the first mail that goes out releases the rest."""

NO_SERVER = N_("No mail server is set.")


@dataclass(slots=True)
class _Opened:
    mailer: Mailer | None = None
    may_wait: bool = True  # mail may be waiting since before this process began


_opened = _Opened()


def mailer() -> Mailer:
    """Return the mailer of ``HUB_SMTP_URL``, opened once in this process.

    Raises:
        PostponedError: there is none, or the setting is wrong: mail waits.
    """
    if _opened.mailer is None:
        url = get_settings().smtp_url
        if url is None:
            raise held(NO_SERVER)
        try:
            _opened.mailer = SmtpMailer(url.get_secret_value(), checkpoint=checkpoint)
        except PermanentError as error:
            raise held(str(error)) from error
    return _opened.mailer


def use(other: Mailer | None) -> None:
    """Send by another mailer in this process; None goes back to the setting."""
    _opened.mailer = other
    _opened.may_wait = True


def may_wait() -> bool:
    """Say once, after a mail went out, whether others may wait for just that.

    Each process finds out what it held back itself, and what was there when it began: asking the
    database at every mail would be a statement for nothing.
    """
    asked, _opened.may_wait = _opened.may_wait, False
    return asked


def held(reason: str) -> PostponedError:
    """Return what puts mail off until a server takes it."""
    _opened.may_wait = True
    return PostponedError(reason, HELD_FOR, WAITS_FOR_SERVER)

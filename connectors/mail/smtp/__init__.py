"""SMTP: hands messages to a mail server, byte for byte.

API:   RFC 5321 (SMTP), 3207 (STARTTLS), 4954 (AUTH), 1870 (SIZE), 6152 (8BITMIME), 6531 (SMTPUTF8).
Auth:  user and password of the URL, never over an unencrypted line to another machine unless the
       URL says ``?starttls=0``.
Notes: the reply to the final dot settles a message: 2xx taken, 4xx and 5xx not. Only a connection
       that breaks between that dot and its reply leaves it unknown, so the protocol is driven step
       by step: smtplib's own `sendmail` cannot say where it broke.
"""

import smtplib
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from connectors.mail import refuse_unsendable
from connectors.mail.smtp.delivering import CHECKPOINTS, deliver
from connectors.mail.smtp.opening import open_conversation, read_url
from connectors.mail.smtp.replies import SYSTEM, is_positive, readable
from hub.errors import PermanentError, RejectedError
from hub.ports import Declaration, OutgoingMail, SettingField

__all__ = ["CHECKPOINTS", "DECLARATION", "TIMEOUT_S", "SmtpMailer", "connect"]

TIMEOUT_S = 10.0  # for each step: a server that is silent longer is not there

DECLARATION = Declaration(
    name=SYSTEM,
    kind="mail",
    title="SMTP",
    settings=(
        SettingField(
            "url",
            "Mail server",
            required=True,
            secret=True,
            help="smtp://user:password@host:587?starttls=1 or smtps://user:password@host:465.",
        ),
    ),
    documentation=(
        "smtp://host:25 speaks unencrypted, ?starttls=1 encrypts after the greeting, smtps:// from "
        "the start. Write special characters of user and password percent-encoded."
    ),
)


class SmtpMailer:
    """Sends mail over one connection that is kept from message to message; for one thread.

    Args:
        url: see `connectors.mail.smtp.opening.read_url`.
        timeout_s: how long each step may take.
        acceptance_timeout_s: how long the server may take over the reply to the final dot; when it
            takes longer nobody knows whether it took the message. RFC 5321 4.5.3.2.6 would wait ten
            minutes.
        context: whom to trust; None trusts what the machine trusts.
        checkpoint: called with each name of `CHECKPOINTS` on passing it, so that a test can break
            off exactly there.

    Raises:
        PermanentError: the URL is wrong.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = TIMEOUT_S,
        acceptance_timeout_s: float = TIMEOUT_S,
        context: ssl.SSLContext | None = None,
        checkpoint: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._server = read_url(url)
        self._timeout_s = timeout_s
        self._acceptance_timeout_s = acceptance_timeout_s
        self._context = context or ssl.create_default_context()
        self._checkpoint = checkpoint
        self._smtp: smtplib.SMTP | None = None

    def send(self, mail: OutgoingMail) -> str:
        """See `hub.ports.Mailer.send`; a message that no server could take is refused unsent."""
        refuse_unsendable(SYSTEM, mail)
        smtp = self._conversation()
        reusable = False
        try:
            answer = deliver(smtp, mail, self._acceptance_timeout_s, self._checkpoint)
            reusable = True
        except RejectedError:  # of this message only: the next may use the connection
            reusable = True
            raise
        finally:
            if not reusable:  # no QUIT: the server may take it for a line of the message
                self._smtp = None
                smtp.close()
        return answer

    def test(self) -> str:
        """See `hub.ports.Mailer.test`."""
        self._checkpoint("before_connect")
        smtp = open_conversation(self._server, self._timeout_s, self._context)
        greeting = readable(smtp.ehlo_resp or smtp.helo_resp or b"")
        _quit(smtp)
        return greeting

    def close(self) -> None:
        """End the connection, politely where it still listens; sending opens another."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            _quit(smtp)

    def _conversation(self) -> smtplib.SMTP:
        """Return the kept connection if it still answers, else a new one.

        RSET asks that, and clears what a refused message has left behind. Nothing of the new
        message is sent before it is known, so this never sends a message twice.
        """
        if self._smtp is not None:
            with suppress(smtplib.SMTPException):  # it went stale
                code, _ = self._smtp.docmd("RSET")
                if is_positive(code):
                    return self._smtp
            self.close()
        self._checkpoint("before_connect")
        self._smtp = open_conversation(self._server, self._timeout_s, self._context)
        return self._smtp


def connect(settings: Mapping[str, Any], secrets: Mapping[str, str], http: Any) -> SmtpMailer:  # noqa: ARG001 - every connector's signature; mail needs no HTTP
    """Return a mailer for the connection's ``url``; makes no call.

    Raises:
        PermanentError: the URL is missing or wrong.
    """
    if not secrets.get("url"):
        raise PermanentError(SYSTEM, "The setting url is missing.")
    return SmtpMailer(secrets["url"])


def _quit(smtp: smtplib.SMTP) -> None:
    with suppress(smtplib.SMTPException):
        smtp.quit()
    smtp.close()

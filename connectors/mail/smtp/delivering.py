"""One message over an open conversation, step by step: it is always known how far it got."""

import re
import smtplib
from collections.abc import Callable

from connectors.mail.smtp.replies import SYSTEM, is_positive, readable, refusal
from hub.errors import (
    ConnectorError,
    RejectedError,
    RemoteFieldError,
    TransientError,
    UnknownOutcomeError,
)
from hub.ports import OutgoingMail

CHECKPOINTS = (
    "before_connect",
    "after_mail",
    "after_rcpt",
    "before_final_dot",
    "after_final_dot",
    "after_250",
)
"""What a mailer reports to its `checkpoint`, in this order."""

_CHUNK_BYTES = 65_536  # a socket's time-out bounds one whole send: large messages go in parts
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


def deliver(
    smtp: smtplib.SMTP,
    mail: OutgoingMail,
    acceptance_timeout_s: float,
    checkpoint: Callable[[str], None],
) -> str:
    """Hand one message over and return the server's answer; the port's errors say what else."""
    _expect("sender", *_command(smtp, f"MAIL FROM:<{mail.sender}>{_parameters(smtp, mail)}"))
    checkpoint("after_mail")
    _expect("recipient", *_command(smtp, f"RCPT TO:<{mail.recipient}>"))
    checkpoint("after_rcpt")
    code, text = _command(smtp, "DATA")
    if code != 354:  # noqa: PLR2004 - RFC 5321 4.3.2: start mail input
        raise refusal("message", code, text)
    _write(smtp, _LEADING_DOT.sub(b"..", mail.raw))
    checkpoint("before_final_dot")
    code, text = _finish(smtp, acceptance_timeout_s, checkpoint)
    if not is_positive(code):
        raise _after_the_dot(code, text)
    checkpoint("after_250")
    return f"{code} {readable(text)}".strip()


def _finish(
    smtp: smtplib.SMTP, timeout_s: float, checkpoint: Callable[[str], None]
) -> tuple[int, bytes]:
    """Send the final dot and read what becomes of it: from here on a silence is unknown."""
    usual_s = smtp.sock.gettimeout() if smtp.sock else None
    try:
        smtp.send(b".\r\n")
        checkpoint("after_final_dot")
        _set_timeout(smtp, timeout_s)
        reply = smtp.getreply()
    except smtplib.SMTPException as error:
        raise _unknown(str(error)) from error
    _set_timeout(smtp, usual_s)
    return reply


def _command(smtp: smtplib.SMTP, command: str) -> tuple[int, bytes]:
    try:
        return smtp.docmd(command)
    except smtplib.SMTPException as error:
        raise _broken(error) from error


def _write(smtp: smtplib.SMTP, content: bytes) -> None:
    try:
        for start in range(0, len(content), _CHUNK_BYTES):
            smtp.send(content[start : start + _CHUNK_BYTES])
    except smtplib.SMTPException as error:
        raise _broken(error) from error


def _expect(field: str, code: int, text: bytes) -> None:
    if not is_positive(code):
        raise refusal(field, code, text)


def _parameters(smtp: smtplib.SMTP, mail: OutgoingMail) -> str:
    """Return what MAIL must announce, refusing what this server cannot carry."""
    parameters = ""
    if smtp.has_extn("size"):
        parameters += f" SIZE={len(mail.raw)}"
    if not mail.raw.isascii():
        if not smtp.has_extn("8bitmime"):
            raise _unable("message", "it has 8-bit text")
        parameters += " BODY=8BITMIME"
    if not (mail.sender + mail.recipient).isascii():
        if not smtp.has_extn("smtputf8"):
            field = "sender" if mail.recipient.isascii() else "recipient"
            raise _unable(field, "its address is not ASCII")
        parameters += " SMTPUTF8"
    return parameters


def _after_the_dot(code: int, text: bytes) -> ConnectorError:
    if 400 <= code < 600:  # noqa: PLR2004 - RFC 5321 4.2.1: negative completion
        return refusal("message", code, text)
    return _unknown(f"{code} {readable(text)}")


def _broken(error: smtplib.SMTPException) -> TransientError:
    return TransientError(
        SYSTEM, "The connection broke before the message was sent: {reason}.", reason=str(error)
    )


def _unknown(reason: str) -> UnknownOutcomeError:
    return UnknownOutcomeError(
        SYSTEM,
        "The message was sent, but no answer came; it may have been taken: {reason}.",
        reason=reason,
    )


def _unable(field: str, problem: str) -> RejectedError:
    return RejectedError(
        SYSTEM,
        "This mail server cannot carry the {field}: {problem}.",
        (RemoteFieldError(field, "unsupported", problem),),
        field={"text": field},
        problem=problem,
    )


def _set_timeout(smtp: smtplib.SMTP, timeout_s: float | None) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(timeout_s)

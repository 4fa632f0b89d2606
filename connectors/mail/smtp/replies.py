"""What an SMTP server's replies mean to us."""

from connectors import replies
from hub.errors import (
    AuthenticationError,
    ConnectorError,
    MalformedReplyError,
    PermanentError,
    RejectedError,
    RemoteFieldError,
    TransientError,
)

SYSTEM = "smtp"
_AUTHENTICATION = frozenset({530, 534, 535, 538})  # RFC 4954 6, RFC 3207 4
_LONGEST_TEXT = 500


def is_positive(code: int) -> bool:
    """Say whether a reply's code means yes."""
    return 200 <= code < 300  # noqa: PLR2004 - RFC 5321 4.2.1: positive completion


def refusal(field: str, code: int, text: bytes) -> ConnectorError:
    """Return the error of a reply that refuses `field`: sender, recipient or message."""
    words = readable(text)
    if 400 <= code < 500:  # noqa: PLR2004 - RFC 5321 4.2.1: transient negative completion
        return TransientError(
            SYSTEM, "Not now, says the mail server: {code} {text}", code=code, text=words
        )
    if code in _AUTHENTICATION:
        return authentication_refusal(code, text)
    if 500 <= code < 600:  # noqa: PLR2004 - RFC 5321 4.2.1: permanent negative completion
        return RejectedError(
            SYSTEM,
            "The mail server refuses the {field}: {code} {text}",
            (RemoteFieldError(field, str(code), words),),
            field={"text": field},
            code=code,
            text=words,
        )
    return MalformedReplyError(
        SYSTEM,
        "An answer out of place at the {field}: {code} {text}",
        field={"text": field},
        code=code,
        text=words,
    )


def greeting_refusal(code: int, text: bytes) -> ConnectorError:
    """Return the error of a server that does not want to speak with us."""
    words = readable(text)
    if 500 <= code < 600:  # noqa: PLR2004 - RFC 5321 4.2.1: permanent negative completion
        return PermanentError(
            SYSTEM, "The mail server refuses our connection: {code} {text}", code=code, text=words
        )
    return TransientError(
        SYSTEM, "The mail server takes no connections now: {code} {text}", code=code, text=words
    )


def authentication_refusal(code: int, text: bytes) -> ConnectorError:
    """Return the error of a log-in that failed."""
    words = readable(text)
    if 400 <= code < 500:  # noqa: PLR2004 - RFC 4954 6: 454, temporary authentication failure
        return TransientError(
            SYSTEM,
            "The mail server cannot check passwords now: {code} {text}",
            code=code,
            text=words,
        )
    return AuthenticationError(
        SYSTEM, "The mail server refuses user and password: {code} {text}", code=code, text=words
    )


def readable(text: bytes) -> str:
    """Return a reply's words on one line, bounded, without control characters."""
    return replies.readable(text, _LONGEST_TEXT)

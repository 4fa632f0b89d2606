"""Mail: what every way of sending it refuses before it connects.

A message leaves as the bytes it was made of, so those bytes must already be what SMTP carries:
lines that end with CRLF. A bare CR or LF is read by some servers as the end of a message ("SMTP
smuggling"), an address with a line break as another command.
"""

import re
import unicodedata

from hub.errors import RejectedError, RemoteFieldError
from hub.ports import OutgoingMail

_BARE_LINE_BREAK = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_LONGEST_ADDRESS = 254  # RFC 5321 4.5.3.1.3: a path of 256 with its angle brackets
_NEVER_BARE = frozenset('<>()[],;:\\"')


def refuse_unsendable(system: str, mail: OutgoingMail) -> None:
    """Refuse a message whose addresses or bytes could mean something else to a server.

    Raises:
        RejectedError: its `errors` name sender, recipient or message.
    """
    if mail.sender:  # an empty one is the null reverse path of RFC 5321: bounces go nowhere
        _refuse_address(system, "sender", mail.sender)
    _refuse_address(system, "recipient", mail.recipient)
    if _BARE_LINE_BREAK.search(mail.raw) or b"\0" in mail.raw:
        raise _refusal(system, "message", "it has a bare CR or LF, or a NUL")
    if not mail.raw.endswith(b"\r\n"):
        raise _refusal(system, "message", "it does not end with CRLF")


def _refuse_address(system: str, field: str, address: str) -> None:
    local, _, domain = address.rpartition("@")
    if not local or not domain or len(address.encode("utf-8", "replace")) > _LONGEST_ADDRESS:
        raise _refusal(system, field, "it is not a mail address")
    for character in address:
        # C is every control, format, surrogate and unassigned character; Z every kind of space.
        if unicodedata.category(character)[0] in "CZ" or character in _NEVER_BARE:
            raise _refusal(system, field, "it has a character that no bare mail address has")


def _refusal(system: str, field: str, problem: str) -> RejectedError:
    return RejectedError(
        system,
        "The {field} is refused before sending: {problem}.",
        (RemoteFieldError(field, "unsendable", problem),),
        field={"text": field},
        problem=problem,
    )

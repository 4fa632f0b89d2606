"""Mailboxes: a name and an address, checked once, safe in a header and in a calendar."""

import re
from dataclasses import dataclass
from email.utils import parseaddr

from hub.errors import ValidationError
from hub.i18n import N_
from workers.rendering.safe_text import one_line

MAX_ADDRESS_LENGTH = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets

# RFC 5322 dot-atom on both sides: no quoting, no comments, no white space, nothing to inject.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Someone who sends or receives mail; `name` may be empty, and is cleaned to one line."""

    name: str
    address: str

    def __post_init__(self) -> None:
        """Clean the name; write an international domain in its ASCII form.

        Raises:
            ValidationError: the address is none that mail can be sent to.
        """
        object.__setattr__(self, "name", one_line(self.name))
        object.__setattr__(self, "address", _checked(self.address))

    @classmethod
    def of(cls, text: str) -> "Mailbox":
        """Read ``Hub <hub@example.com>`` or a bare address, as in a setting.

        Raises:
            ValidationError: it holds no address.
        """
        name, address = parseaddr(text)
        return cls(name, address)

    @property
    def domain(self) -> str:
        """Return the part after the @."""
        return self.address.rpartition("@")[2]


def _checked(address: str) -> str:
    local, _, domain = address.rpartition("@")
    try:
        ascii_address = f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        ascii_address = ""
    looks_encoded = "=?" in local  # RFC 2047: a reader might decode it into something else
    if (
        looks_encoded
        or len(ascii_address) > MAX_ADDRESS_LENGTH
        or not _ADDRESS.fullmatch(ascii_address)
    ):
        message = N_("{address} is not a mail address.")
        raise ValidationError.of("/email", "email.invalid", message, address=repr(address[:80]))
    return ascii_address

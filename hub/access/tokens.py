"""API tokens: ``hub_<prefix>_<secret><checksum>`` (reliability.md R-59).

The secret carries 256 bits, so a plain SHA-256 of the token is safe to store. The checksum turns
typing errors and other people's tokens away without a look into the database.
"""

import hashlib
import hmac
import secrets
import string
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from uuid import UUID

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from hub.access.callers import speaking
from hub.access.models import ApiToken, User
from hub.access.principals import Principal

Network = IPv4Network | IPv6Network

MARK = "hub"
PREFIX_LENGTH = 8
SECRET_LENGTH = 43  # 62 ** 43 > 2 ** 256
CHECKSUM_LENGTH = 6  # 62 ** 6 > 2 ** 32
LAST_USED_PRECISION = timedelta(minutes=1)
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_LENGTH = len(MARK) + 1 + PREFIX_LENGTH + 1 + SECRET_LENGTH + CHECKSUM_LENGTH


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made: `text` is shown once and never stored."""

    text: str
    prefix: str
    hash: bytes

    def __repr__(self) -> str:
        """Keep the secret out of logs."""
        return f"NewToken({self.prefix})"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a good token stands for, and until when; None means without end.

    `networks` are those from which it holds, everywhere where None; `request_rate` is its own.
    """

    principal: Principal
    token_id: UUID
    expires_at: datetime | None
    networks: tuple[Network, ...] | None = None
    request_rate: int | None = None

    def holds_at(self, address: IPv4Address | IPv6Address | None) -> bool:
        """Say whether it may be used from an address; from an unknown one only if from anywhere."""
        if self.networks is None:
            return True
        return address is not None and any(address in network for network in self.networks)


def generate() -> NewToken:
    """Make a token of 256 random bits."""
    prefix = _random(PREFIX_LENGTH)
    body = f"{MARK}_{prefix}_{_random(SECRET_LENGTH)}"
    text = body + _checksum(body)
    return NewToken(text, prefix, digest(text))


def digest(text: str) -> bytes:
    """Return what is stored of a token."""
    return hashlib.sha256(text.encode()).digest()


def is_well_formed(text: str) -> bool:
    """Say whether a text can be a token at all: form and checksum, no look-up."""
    return (
        len(text) == _LENGTH
        and text.isascii()
        and text.startswith(f"{MARK}_")
        and hmac.compare_digest(_checksum(text[:-CHECKSUM_LENGTH]), text[-CHECKSUM_LENGTH:])
    )


def verify(session: Session, text: str, now: datetime) -> Credential | None:
    """Return what a token stands for; None where it is unknown, expired, revoked or its user gone.

    Notes the use of the token, at most once a minute.
    """
    if not is_well_formed(text):
        return None
    prefix = text[len(MARK) + 1 :][:PREFIX_LENGTH]
    row = session.execute(_LOOK_UP, {"prefix": prefix}).one_or_none()
    if row is None or not hmac.compare_digest(row.ApiToken.hash, digest(text)):
        return None
    token, user = row.ApiToken, row.User
    if token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= now):
        return None
    _note_use(session, token.id, token.last_used_at, now)
    return Credential(
        speaking(session, user, token),
        token.id,
        token.expires_at,
        None if token.networks is None else tuple(map(ip_network, token.networks)),
        token.request_rate,
    )


_LOOK_UP = (
    select(ApiToken, User)
    .join(User, User.id == ApiToken.user_id)
    .where(
        ApiToken.prefix == bindparam("prefix"),
        ApiToken.deleted_at.is_(None),
        User.active,
        User.deleted_at.is_(None),
    )
)


def _note_use(
    session: Session, token_id: UUID, last_used_at: datetime | None, now: datetime
) -> None:
    stale = now - LAST_USED_PRECISION
    if last_used_at is not None and last_used_at > stale:
        return
    # Past the unit of work: the use of a token is no change of the record.
    session.execute(
        update(ApiToken)
        .where(
            ApiToken.id == token_id,
            or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= stale),
        )
        .values(last_used_at=now)
        .execution_options(synchronize_session=False)
    )


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(body: str) -> str:
    rest, characters = zlib.crc32(body.encode()), []
    for _ in range(CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(_ALPHABET))
        characters.append(_ALPHABET[digit])
    return "".join(reversed(characters))

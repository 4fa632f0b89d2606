"""What settings must be; each rule says so in a sentence that begins behind the setting's name.

None tells the value, which may hold a secret.
"""

import base64
import re
from email.utils import parseaddr
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from hub.calendar_time import check_zone
from hub.countries import COUNTRIES
from hub.errors import ValidationError
from hub.i18n import LANGUAGES
from hub.mail_kinds import DeliveryKind
from hub.money import CURRENCIES

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;.]+(\.[^@\s<>,;.]+)*")
_LOCALE = re.compile(rf"({'|'.join(LANGUAGES)})([-_][A-Za-z]{{2}})?")
_KEY_BYTES = 32  # AES-256


def postgres_url(value: SecretStr) -> SecretStr:
    """Return the address of a PostgreSQL.

    Raises:
        ValueError: it is none; so in all that follow.
    """
    parts = _split(value.get_secret_value())
    if parts is None or parts.scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise ValueError(
            "must be the address of a PostgreSQL, for example"
            " postgresql://hub:secret@db.example:5432/hub"
        )
    return value


def redis_url(value: SecretStr) -> SecretStr:
    """Return the address of a Redis or Valkey."""
    parts = _split(value.get_secret_value())
    if parts is None or parts.scheme not in {"redis", "rediss", "unix", "redis+socket"}:
        raise ValueError(
            "must be the address of a Redis or Valkey, for example"
            " redis://:secret@redis.example:6379/0"
        )
    return value


def smtp_url(value: SecretStr) -> SecretStr:
    """Return the address of a mail server."""
    parts = _split(value.get_secret_value())
    if parts is None or parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError(
            "must be the address of a mail server, for example"
            " smtp://user:password@mail.example:587?starttls=1"
        )
    return value


def web_address(value: str) -> str:
    """Return the address of a page."""
    parts = _split(value)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(
            "must be an address that begins with https:// or http://, for example"
            " https://hub.example.com"
        )
    return value


def master_key(value: SecretStr) -> SecretStr:
    """Return a key or, while one takes the place of another, two."""
    keys = [part for part in re.split(r"[\s,]+", value.get_secret_value()) if part]
    if not keys or not all(_is_key(each) for each in keys):
        raise ValueError(
            "must be 32 bytes in base64, or two such by comma, for example what"
            " `openssl rand -base64 32` prints"
        )
    return value


def language(value: str) -> str:
    """Return a language that there are words of."""
    if not _LOCALE.fullmatch(value):
        raise ValueError(f"must be a language of {', '.join(LANGUAGES)}, for example da")
    return value


def zone(value: str) -> str:
    """Return a time zone."""
    try:
        return check_zone(value)
    except ValidationError:
        raise ValueError("must be a time zone of IANA, for example Europe/Copenhagen") from None


def currency(value: str) -> str:
    """Return the code of a currency."""
    if value not in CURRENCIES:
        raise ValueError("must be a currency code of ISO 4217, for example DKK")
    return value


def country(value: str) -> str:
    """Return the code of a country."""
    if value not in COUNTRIES:
        raise ValueError("must be a country code of ISO 3166-1, for example DK")
    return value


def mail_address(value: str) -> str:
    """Return a mail address."""
    if not _ADDRESS.fullmatch(value):
        raise ValueError("must be a mail address, for example admin@example.com")
    return value


def mailbox(value: str) -> str:
    """Return a mail address, with or without a name."""
    if not _ADDRESS.fullmatch(parseaddr(value)[1]):
        raise ValueError(
            "must be a mail address, with or without a name, for example Hub <hub@example.com>"
        )
    return value


def mail_kinds(value: str) -> str:
    """Return kinds of mail, by comma."""
    kinds = [kind.value for kind in DeliveryKind]
    if not {name.strip() for name in value.split(",")} <= {*kinds, ""}:
        raise ValueError(
            f"must be kinds of mail by comma, of {', '.join(kinds)}, for example report,alert"
        )
    return value


def log_level(value: str) -> str:
    """Return how much is logged, in capitals."""
    if value.upper() not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}, for example INFO")
    return value.upper()


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        _ = parts.port  # which is read only now
    except ValueError:
        return None
    return parts if "://" in address else None


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == _KEY_BYTES
    except ValueError:
        return False

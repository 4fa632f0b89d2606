"""A connection's secrets: sealed in its row, opened for the call that needs them."""

import hashlib
import json
import secrets as random_secrets
from collections.abc import Mapping, Sequence
from uuid import UUID

from hub import sealing
from hub.connections.models import Connection
from hub.errors import AuthenticationError
from hub.i18n import N_
from hub.master_keys import MasterKey, SealError


def open_secrets(connection: Connection) -> dict[str, str]:
    """Return a connection's secrets in the clear, for the call that needs them.

    Raises:
        AuthenticationError: another master key sealed them, so they must be entered anew.
    """
    if connection.secrets is None:
        return {}
    try:
        plain = sealing.unseal(connection.secrets, place(connection.id))
    except SealError as error:
        raise AuthenticationError(
            connection.connector,
            N_("They were sealed with another master key, and do not open. Nobody was called."),
        ) from error
    opened: dict[str, str] = json.loads(plain)
    return opened


def usable_secrets(connection: Connection) -> dict[str, str]:
    """Return a connection's secrets in the clear; none where another master key sealed them.

    For whoever sets them anew: what cannot be opened is as good as never entered.
    """
    try:
        return open_secrets(connection)
    except AuthenticationError:
        return {}


def do_open(sealed: bytes, connection_id: UUID, keys: Sequence[MasterKey]) -> bool:
    """Say whether a connection's sealed secrets open with one of some master keys."""
    try:
        sealing.unseal(sealed, place(connection_id), keys=keys)
    except SealError:
        return False
    return True


def new_hook_secret(connection: Connection) -> str:
    """Make the secret path segment of a connection's hook address; shown once, kept as a hash."""
    secret = random_secrets.token_urlsafe(24)
    connection.hook_secret_hash = hashlib.sha256(secret.encode()).digest()
    return secret


def hook_secret_fits(connection: Connection, secret: str) -> bool:
    """Say whether a path segment is the connection's hook secret, in constant time."""
    if connection.hook_secret_hash is None:
        return False
    given = hashlib.sha256(secret.encode()).digest()
    return random_secrets.compare_digest(given, connection.hook_secret_hash)


def store_secrets(connection: Connection, secrets: Mapping[str, str]) -> None:
    """Seal all of a connection's secrets anew."""
    connection.secrets = sealing.seal(json.dumps(dict(secrets)).encode(), place(connection.id))


def place(connection_id: UUID) -> str:
    """Return for which place a connection's secrets are sealed."""
    return f"connection.secrets:{connection_id}"

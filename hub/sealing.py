"""Sealing secrets: AES-256-GCM envelopes bound to the row they belong to (reliability.md R-61).

A sealed value holds its own data key, itself sealed under the installation's master key, so that a
change of master key re-seals keys and not values. The place (table, column, row) is authenticated:
a ciphertext copied into another row does not open.
"""

import base64
import secrets
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import HubError
from hub.settings import get_settings

_VERSION = b"\x01"
_NONCE_BYTES = 12
_KEY_BYTES = 32
_SEALED_KEY_BYTES = _KEY_BYTES + 16  # with GCM's tag


class SealError(HubError):
    """A sealed value does not open: another master key, another row, or a damaged value."""


def seal(plain: bytes, place: str) -> bytes:
    """Seal a value for one place, such as ``connection.secrets:<id>``."""
    data_key = secrets.token_bytes(_KEY_BYTES)
    key_nonce, nonce = secrets.token_bytes(_NONCE_BYTES), secrets.token_bytes(_NONCE_BYTES)
    sealed_key = AESGCM(_master_key()).encrypt(key_nonce, data_key, place.encode())
    body = AESGCM(data_key).encrypt(nonce, plain, place.encode())
    return _VERSION + key_nonce + sealed_key + nonce + body


def unseal(sealed: bytes, place: str, *, master_key: str | None = None) -> bytes:
    """Open a sealed value in its place.

    Args:
        sealed: what `seal` gave.
        place: for which it was sealed.
        master_key: in base64; that of the settings where it is None.

    Raises:
        SealError: as said there.
    """
    key = _master_key() if master_key is None else _read_key(master_key)
    if not sealed.startswith(_VERSION):
        raise SealError(f"the value sealed for {place} does not open: its form is unknown")
    start = len(_VERSION)
    key_nonce = sealed[start : start + _NONCE_BYTES]
    start += _NONCE_BYTES
    sealed_key = sealed[start : start + _SEALED_KEY_BYTES]
    start += _SEALED_KEY_BYTES
    nonce, body = sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :]
    try:
        data_key = AESGCM(key).decrypt(key_nonce, sealed_key, place.encode())
        return AESGCM(data_key).decrypt(nonce, body, place.encode())
    except (InvalidTag, ValueError) as error:
        raise SealError(f"the value sealed for {place} does not open") from error


@cache
def _master_key() -> bytes:
    setting = get_settings().master_key
    if setting is None:
        raise SealError("HUB_MASTER_KEY is not set")
    return _read_key(setting.get_secret_value())


def _read_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise SealError("HUB_MASTER_KEY is not base64") from error
    if len(key) != _KEY_BYTES:
        raise SealError(f"HUB_MASTER_KEY must hold {_KEY_BYTES} bytes in base64")
    return key

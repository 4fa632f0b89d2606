"""Sealing secrets: AES-256-GCM envelopes bound to the row they belong to (reliability.md R-61).

A sealed value holds its own data key, itself sealed under the installation's master key, so that a
change of master key re-seals keys and not values. The id of that master key stands in front. The
place (table, column, row) is authenticated: a ciphertext copied into another row does not open.
"""

import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.master_keys import ID_BYTES, KEY_BYTES, MasterKey, SealError, master_keys

_VERSION = b"\x02"
_FIRST_VERSION = b"\x01"  # without the key's id
_NONCE_BYTES = 12
_SEALED_KEY_BYTES = KEY_BYTES + 16  # with GCM's tag


def seal(plain: bytes, place: str) -> bytes:
    """Seal a value for one place, such as ``connection.secrets:<id>``."""
    data_key, nonce = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(_NONCE_BYTES)
    body = AESGCM(data_key).encrypt(nonce, plain, place.encode())
    return _envelope(data_key, place) + nonce + body


def unseal(sealed: bytes, place: str, *, keys: Sequence[MasterKey] | None = None) -> bytes:
    """Open a sealed value in its place.

    Args:
        sealed: what `seal` gave.
        place: for which it was sealed.
        keys: those of this process where it is None.

    Raises:
        SealError: as said there.
    """
    data_key, rest = _open_envelope(sealed, place, master_keys() if keys is None else keys)
    nonce, body = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
    try:
        return AESGCM(data_key).decrypt(nonce, body, place.encode())
    except (InvalidTag, ValueError) as error:
        raise _shut(place) from error


def reseal(sealed: bytes, place: str) -> bytes:
    """Return a sealed value under the key that seals now; the value itself is not opened.

    Raises:
        SealError: none of the keys of this process opens it.
    """
    data_key, rest = _open_envelope(sealed, place, master_keys())
    return _envelope(data_key, place) + rest


def present_mark() -> bytes:
    """Return how every value begins that is sealed under the key that seals now."""
    return _VERSION + master_keys()[0].id


def _envelope(data_key: bytes, place: str) -> bytes:
    key, nonce = master_keys()[0], secrets.token_bytes(_NONCE_BYTES)
    return _VERSION + key.id + nonce + AESGCM(key.secret).encrypt(nonce, data_key, place.encode())


def _open_envelope(sealed: bytes, place: str, keys: Sequence[MasterKey]) -> tuple[bytes, bytes]:
    """Return the data key, and what stands behind the envelope."""
    if sealed.startswith(_VERSION):
        start = len(_VERSION) + ID_BYTES
        keys = [key for key in keys if key.id == sealed[len(_VERSION) : start]]
    elif sealed.startswith(_FIRST_VERSION):
        start = len(_FIRST_VERSION)
    else:
        raise SealError(f"the value sealed for {place} does not open: its form is unknown")
    nonce, start = sealed[start : start + _NONCE_BYTES], start + _NONCE_BYTES
    sealed_key, rest = (
        sealed[start : start + _SEALED_KEY_BYTES],
        sealed[start + _SEALED_KEY_BYTES :],
    )
    for key in keys:
        try:
            return AESGCM(key.secret).decrypt(nonce, sealed_key, place.encode()), rest
        except (InvalidTag, ValueError):
            continue  # of the first version nobody knows which key it was
    raise _shut(place)


def _shut(place: str) -> SealError:
    return SealError(f"the value sealed for {place} does not open")

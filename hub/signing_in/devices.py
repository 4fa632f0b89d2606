"""A mark for devices on which somebody has signed in: his own attempts are counted apart there.

Whoever guesses at an account from elsewhere uses up the account's attempts and not those of its
owner, who is so never locked out (OWASP, "Device cookies"). The mark is signed and not stored; it
opens nothing.
"""

import hmac
import secrets
from uuid import UUID

from hub.master_keys import MasterKey, master_keys
from hub.signing_in.secrets import as_text, derived

_PURPOSE = "device cookie"


def mark_device(user_id: UUID) -> str:
    """Return a new mark for a device that a user has just signed in on."""
    nonce = secrets.token_urlsafe(16)
    return f"{user_id.hex}.{nonce}.{_signature(master_keys()[0], user_id, nonce)}"


def known_device(mark: str | None, user_id: UUID | None) -> str | None:
    """Return what a device's attempts are counted by; None where it is none of this user's."""
    if mark is None or user_id is None:
        return None
    owner, _, rest = mark.partition(".")
    nonce, _, signature = rest.partition(".")
    if owner != user_id.hex:
        return None
    given = signature.encode("utf-8", "replace")
    signed = any(
        hmac.compare_digest(_signature(key, user_id, nonce).encode(), given)
        for key in master_keys()
    )
    return nonce if signed else None


def _signature(key: MasterKey, user_id: UUID, nonce: str) -> str:
    signing = derived(key.secret, _PURPOSE)
    return as_text(
        hmac.digest(signing, f"{user_id.hex}.{nonce}".encode("utf-8", "replace"), "sha256")
    )

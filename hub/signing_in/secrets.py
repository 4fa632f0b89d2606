"""Secrets of 256 bits that we hand out once and know by their SHA-256 alone.

They begin with ``hub_`` and what they are, so that logs blot them out wherever they turn up.
"""

import base64
import hashlib
import hmac
import secrets

_BYTES = 32


def make_secret(kind: str) -> str:
    """Make a secret, such as ``hub_ticket_…``."""
    return f"hub_{kind}_{secrets.token_urlsafe(_BYTES)}"


def digest(secret: str) -> bytes:
    """Return what is stored of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def derived(secret: str | bytes, purpose: str) -> bytes:
    """Return another secret that follows from one and does not lead back to it."""
    key = secret if isinstance(secret, bytes) else secret.encode("utf-8", "replace")
    return hmac.digest(key, purpose.encode(), "sha256")


def as_text(value: bytes) -> str:
    """Return bytes as cookies and headers carry them."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

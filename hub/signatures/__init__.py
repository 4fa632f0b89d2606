"""Signatures of webhooks: who may say what, checked over the raw bytes before any parsing.

A scheme is data; a connector names one in its declaration.
"""

from hub.signatures.checking import Verified, new_secret, sign, verify
from hub.signatures.identity import deduplication_id, is_ping
from hub.signatures.refusals import Refusal, SignatureRefusedError
from hub.signatures.schemes import NONE, SCHEMES, STANDARD_WEBHOOKS, Scheme

__all__ = [
    "NONE",
    "SCHEMES",
    "STANDARD_WEBHOOKS",
    "Refusal",
    "Scheme",
    "SignatureRefusedError",
    "Verified",
    "deduplication_id",
    "is_ping",
    "new_secret",
    "sign",
    "verify",
]

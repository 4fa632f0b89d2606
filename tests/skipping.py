"""On CI no test is left out in silence: one that is fails, unless its reason stands here."""

import os
import re
from collections.abc import Mapping

ON_CI = os.environ.get("CI") == "true"

ALLOWED: Mapping[str, str] = {
    r"only root ": "CI may run as somebody without rights",
    r"that the account nobody could run": "root's Python may lie where nobody else may look",
    r"npm could not fetch": "npm's registry is not ours: CI is not red because it is away",
}
"""Reasons for leaving a test out, as patterns, each with why it may be one on CI."""


def is_allowed(reason: str) -> bool:
    """Say whether a test may be left out for a reason on CI."""
    return any(re.search(pattern, reason) for pattern in ALLOWED)


def complaint(reason: str) -> str:
    """Return what is said of a test that was left out and should not have been."""
    return f"left out on CI: {reason}. Provide what it needs, or list the reason in {__name__}."

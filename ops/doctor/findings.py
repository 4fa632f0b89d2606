"""A finding: what was looked at, how it is, and how to mend it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a thing is: `FAIL` keeps Hub from working, `WARN` will be missed sooner or later."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's answer; `remedy` is empty where nothing needs mending."""

    level: Level
    subject: str
    message: str
    remedy: str = ""


def ok(subject: str, message: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(Level.OK, subject, message)


def warn(subject: str, message: str, remedy: str) -> Finding:
    """Return a finding that something should be mended."""
    return Finding(Level.WARN, subject, message, remedy)


def fail(subject: str, message: str, remedy: str) -> Finding:
    """Return a finding that something must be mended."""
    return Finding(Level.FAIL, subject, message, remedy)

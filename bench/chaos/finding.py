"""One line of the report: a figure beside what it must be."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `wanted` says in words what is right."""

    mark: str
    what: str
    found: object
    wanted: str
    is_right: bool

    def line(self) -> str:
        """Return the line."""
        sign = "ok " if self.is_right else "BAD"
        return f"{sign}  {self.mark:<5} {self.what:<62} {self.found!s:>8}   {self.wanted}"


def none_of(mark: str, what: str, found: Sequence[str] | int | None) -> Finding:
    """Return a finding of which there may be none; a few are shown."""
    count = found if isinstance(found, int) else len(found or ())
    examples = "" if isinstance(found, int) or not found else f"  {list(found)[:3]}"
    return Finding(mark, what, count, f"0{examples}", count == 0)


def exactly(mark: str, what: str, found: object, wanted: object) -> Finding:
    """Return a finding that must be as wanted."""
    return Finding(mark, what, found, str(wanted), found == wanted)


def at_most(mark: str, what: str, found: float, most: float) -> Finding:
    """Return a finding that has an upper bound."""
    return Finding(mark, what, found, f"at most {most:g}", found <= most)

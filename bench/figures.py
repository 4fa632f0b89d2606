"""What a benchmark reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report.

    `values` are the rounds of ours, `peer` those of the other side in the same rounds; the ratio is
    that of the medians.
    """

    name: str
    values: Sequence[float]
    unit: str
    peer: Sequence[float] = ()
    against: str = "–"
    goal: str = "–"

    def line(self) -> str:
        """Return the line, fields parted by two blanks or more."""
        ours = median(self.values)
        spread = f"[{min(self.values):.4g}–{max(self.values):.4g}]" if len(self.values) > 1 else ""
        ratio = f"{ours / median(self.peer):.3g}×" if self.peer else "–"
        other = f"{self.against} {median(self.peer):.4g}" if self.peer else self.against
        return (
            f"{self.name:<52}{ours:>9.4g} {self.unit:<11}{spread:<16}{ratio:>8}  "
            f"{other:<46}  {self.goal}"
        )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0..1) of the values lie; the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

"""What speaks for two records being the same, and what against, in words for people."""

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """One observation.

    `field` is the field compared, as a customer's fields are called; `kind` is a stable code (same,
    similar, contained, partial, different, qualified, sister, unit); `text` is an English source of
    the catalogues with `params`, neither with personal data; `weight` is the natural log-odds that
    the observation adds, below zero where it speaks against.
    """

    field: str
    kind: str
    text: str
    weight: float
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """Return it as JSON carries it."""
        return {
            "field": self.field,
            "kind": self.kind,
            "text": self.text,
            "params": dict(self.params),
            "weight": round(self.weight, 2),
        }

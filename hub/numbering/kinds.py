"""Which kinds of records have numbers of ours, and how those look until somebody says else."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.i18n import N_


@dataclass(frozen=True, slots=True)
class NumberedKind:
    """A kind of records with numbers; `label` is an English source text.

    `is_optional` says that its records can do without: whether they are numbered is set.
    """

    label: str
    prefix: str = ""
    minimum_digits: int = 1
    gapless: bool = True
    is_optional: bool = False


KINDS: Mapping[str, NumberedKind] = {
    # The books may give them theirs, so ours are asked for; nobody waits for another's commit.
    "customer": NumberedKind(N_("Customers"), gapless=False, is_optional=True),
    "lead": NumberedKind(N_("Leads"), prefix="L-", minimum_digits=4),
    "opportunity": NumberedKind(N_("Opportunities"), prefix="O-", minimum_digits=4),
}
"""By the entity of the records."""

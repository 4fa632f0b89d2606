"""Numbers that people know records by: customer 10001, lead L-0042."""

from hub.numbering.kinds import KINDS, NumberedKind
from hub.numbering.models import NumberSequence
from hub.numbering.services import allocate, allocate_many, preview, sortable
from hub.numbering.settings import configure, ensure

__all__ = [
    "KINDS",
    "NumberSequence",
    "NumberedKind",
    "allocate",
    "allocate_many",
    "configure",
    "ensure",
    "preview",
    "sortable",
]

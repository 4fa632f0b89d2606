"""Numbers that people know records by: customer 10001, lead L-0042."""

from hub.numbering.models import NumberSequence
from hub.numbering.services import allocate, preview, sortable
from hub.numbering.settings import configure, ensure

__all__ = ["NumberSequence", "allocate", "configure", "ensure", "preview", "sortable"]

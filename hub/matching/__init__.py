"""Duplicate detection: keys written with each record, candidates found and scored with reasons.

A mechanism: it knows parties and ids, not whose they are.
"""

from hub.matching.candidates import Candidate, find
from hub.matching.evidence import Evidence
from hub.matching.index import remove, write, write_many
from hub.matching.names import same_name
from hub.matching.parties import Party
from hub.matching.scoring import FORBID, WARN

__all__ = [
    "FORBID",
    "WARN",
    "Candidate",
    "Evidence",
    "Party",
    "find",
    "remove",
    "same_name",
    "write",
    "write_many",
]

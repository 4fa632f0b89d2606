"""Duplicate detection: keys written with each record, candidates found and scored with reasons.

A mechanism: it knows parties and ids, not whose they are.
"""

from hub.matching.agreeing import COMPARED_FIELDS, MEETING_FIELDS
from hub.matching.candidates import Candidate, find, met
from hub.matching.comparing import RULES, Comparable
from hub.matching.evidence import Evidence
from hub.matching.fingerprints import Fingerprint, is_new_evidence
from hub.matching.holding import hold
from hub.matching.index import (
    are_outdated,
    mark_checked,
    outdated,
    remove,
    remove_many,
    unchecked,
    write,
    write_many,
)
from hub.matching.names import same_name
from hub.matching.pairs import Pair, compare_pairs, find_agreeing, find_pairs
from hub.matching.parties import Party
from hub.matching.preparing import Prepared, prepare, prepare_facts, write_new
from hub.matching.scoring import FORBID, WARN
from hub.matching.sureness import Judgement, judge
from hub.matching.telling import Identity, having, identities_of

__all__ = [
    "COMPARED_FIELDS",
    "FORBID",
    "MEETING_FIELDS",
    "RULES",
    "WARN",
    "Candidate",
    "Comparable",
    "Evidence",
    "Fingerprint",
    "Identity",
    "Judgement",
    "Pair",
    "Party",
    "Prepared",
    "are_outdated",
    "compare_pairs",
    "find",
    "find_agreeing",
    "find_pairs",
    "having",
    "hold",
    "identities_of",
    "is_new_evidence",
    "judge",
    "mark_checked",
    "met",
    "outdated",
    "prepare",
    "prepare_facts",
    "remove",
    "remove_many",
    "same_name",
    "unchecked",
    "write",
    "write_many",
    "write_new",
]

"""What a pair looked like when somebody decided over it, without keeping what it said."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b

from hub.matching.comparing import Comparable
from hub.matching.evidence import Evidence

Fingerprint = Mapping[str, str]
"""For each field compared, a digest of what the two records said of it."""

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "name": ("words", "sisters", "qualifiers", "forms"),
    "cvr": ("number", "vat"),
    "ean": ("ean",),
    "p_number": ("p_number",),
    "phone": ("phone",),
    "email": ("email",),
    "website": ("domains",),
    "address": ("house", "street"),
    "postcode": ("postcode",),
    "city": ("city",),
    "country": ("country",),
}


def fingerprint(first: Comparable, second: Comparable) -> dict[str, str]:
    """Return the fingerprint of a pair; the same whichever comes first.

    It is made of the normalised facts, so that another spelling of the same changes nothing.
    """
    return {
        field: _digest(first, second, attributes)
        for field, attributes in _FIELDS.items()
        if any(getattr(party, name) for party in (first, second) for name in attributes)
    }


def is_new_evidence(before: Fingerprint, now: Fingerprint, evidence: Iterable[Evidence]) -> bool:
    """Say whether something speaks for the pair that did not when the fingerprint was taken.

    A changed field that speaks against it, or says nothing, is no reason to ask people again.
    """
    return any(
        item.weight > 0 and before.get(item.field) != now.get(item.field) for item in evidence
    )


def _digest(first: Comparable, second: Comparable, attributes: tuple[str, ...]) -> str:
    sides = sorted(repr([getattr(party, name) for name in attributes]) for party in (first, second))
    return blake2b("\0".join(sides).encode(), digest_size=8).hexdigest()

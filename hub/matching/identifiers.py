"""What registration, VAT, EAN and production unit numbers say: knowledge, not weights."""

from dataclasses import dataclass

from hub.i18n import N_
from hub.matching.comparing import Comparable
from hub.matching.evidence import Evidence

SURE = 3.0  # 0.95: a second record is refused
OPEN = 1.0  # 0.73: identifiers disagree, a person decides
AGAINST = -3.0  # 0.05: they are two


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the sum of all weights is held between, None being without bound, and why."""

    least: float | None
    most: float | None
    evidence: tuple[Evidence, ...]


def of_identifiers(first: Comparable, second: Comparable) -> Bounds:
    """Compare identifiers.

    The same registration number is the same company, another is another. EAN and production unit
    numbers go below it: units of a municipality or chain share one registration number, so another
    unit is another record, and one unit under two registration numbers is for a person to see.
    """
    company = _company(first, second)
    unit = _agreement(first.ean, second.ean) + _agreement(first.p_number, second.p_number)
    evidence = tuple(_evidence(first, second, company))
    if company < 0:
        return Bounds(None, OPEN if unit > 0 else AGAINST, evidence)
    if unit < 0:
        return Bounds(None, AGAINST, evidence)
    if _agreement(first.ean, second.ean) < 0 or _agreement(first.p_number, second.p_number) < 0:
        return Bounds(None, OPEN, evidence)
    if company > 0 or unit > 0:
        return Bounds(SURE, None, evidence)
    return Bounds(None, None, evidence)


def _company(first: Comparable, second: Comparable) -> int:
    number = _agreement(first.number, second.number)
    if number:
        return number
    vat = _agreement(first.vat, second.vat)
    # A company may have VAT numbers of several countries: only two of one country say anything.
    return vat if vat > 0 or first.vat[:2] == second.vat[:2] else 0


def _agreement(first: str, second: str) -> int:
    """Return 1 where both are known and the same, -1 where they differ, else 0."""
    if not first or not second:
        return 0
    return 1 if first == second else -1


def _evidence(first: Comparable, second: Comparable, company: int) -> list[Evidence]:
    found = []
    if company > 0:
        found.append(Evidence("cvr", "same", N_("The registration numbers are the same."), SURE))
    elif company < 0:
        found.append(Evidence("cvr", "different", N_("The registration numbers differ."), AGAINST))
    for field, one, other in (
        ("ean", first.ean, second.ean),
        ("p_number", first.p_number, second.p_number),
    ):
        agreement = _agreement(one, other)
        if agreement > 0:
            found.append(Evidence(field, "same", _SAME_UNIT[field], SURE))
        elif agreement < 0:
            found.append(Evidence(field, "unit", _OTHER_UNIT[field], AGAINST))
    return found


_SAME_UNIT = {
    "ean": N_("The EAN numbers are the same."),
    "p_number": N_("The production unit numbers are the same."),
}
_OTHER_UNIT = {
    "ean": N_("The EAN numbers differ: another unit."),
    "p_number": N_("The production unit numbers differ: another unit."),
}

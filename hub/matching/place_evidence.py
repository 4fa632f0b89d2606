"""What addresses say."""

from rapidfuzz.distance import JaroWinkler

from hub.i18n import N_
from hub.matching.comparing import Comparable
from hub.matching.evidence import Evidence
from hub.matching.frequencies import Frequencies
from hub.matching.keys import site_key

_SAME_STREET = 0.87  # Jaro-Winkler of the streets' names


def of_places(first: Comparable, second: Comparable, known: Frequencies) -> list[Evidence]:
    """Compare street, house, postcode or city, and country; nothing where one is not known."""
    found = []
    if first.street and second.street:
        found.append(_of_streets(first, second, known))
    if first.postcode and first.postcode == second.postcode:
        found.append(Evidence("postcode", "same", N_("The postcodes are the same."), 0.7))
    else:
        if first.postcode and second.postcode:
            weight = -0.3 if _are_exchanged(first.postcode, second.postcode) else -1.0
            found.append(Evidence("postcode", "different", N_("The postcodes differ."), weight))
        if first.city and first.city == second.city:
            found.append(Evidence("city", "same", N_("The cities are the same."), 0.4))
    if first.country and second.country and first.country != second.country:
        found.append(Evidence("country", "different", N_("The countries differ."), -3.0))
    return found


def _of_streets(first: Comparable, second: Comparable, known: Frequencies) -> Evidence:
    if not _same_street(first.street, second.street):
        return Evidence("address", "different", N_("The addresses differ."), -3.0)
    if not first.house or not second.house:
        return Evidence("address", "similar", N_("The streets are the same."), 1.0)
    if first.house != second.house:
        text = N_("They are in different houses of a street.")
        return Evidence("address", "nearby", text, _nearby(first.house, second.house))
    # An office hotel is the address of hundreds.
    site = site_key(first, second)
    weight = known.worth(5.0, 0.45, 2.0, site) if site is not None else 4.0
    return Evidence("address", "same", N_("The addresses are the same."), weight)


def _nearby(first: str, second: str) -> float:
    return -0.5 if _are_exchanged(first, second) else -1.0


def _are_exchanged(first: str, second: str) -> bool:
    """Say whether two numbers have the same digits in another order, as slips of fingers do."""
    return len(first) > 1 and sorted(first) == sorted(second)


def _same_street(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    if set(first) & set(second):
        return True
    similar: float = JaroWinkler.similarity("".join(first), "".join(second))
    return similar >= _SAME_STREET

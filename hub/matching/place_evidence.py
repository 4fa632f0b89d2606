"""What addresses say."""

from rapidfuzz.distance import JaroWinkler

from hub.i18n import N_
from hub.matching.comparing import Comparable
from hub.matching.evidence import Evidence
from hub.matching.frequencies import Frequencies, worth
from hub.matching.keys import Key, address_value

_SAME_STREET = 0.87  # Jaro-Winkler of the streets' names


def of_places(first: Comparable, second: Comparable, known: Frequencies) -> list[Evidence]:
    """Compare street, house, postcode, else city, and country; nothing where one is not known."""
    found = []
    if first.street and second.street:
        found.append(_of_streets(first, second, known))
    if first.postcode and second.postcode:
        if first.postcode == second.postcode:
            found.append(Evidence("postcode", "same", N_("The postcodes are the same."), 0.7))
        else:
            found.append(Evidence("postcode", "different", N_("The postcodes differ."), -1.0))
    elif first.city and first.city == second.city:
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
        return Evidence("address", "different", text, -2.2)
    # An office hotel is the address of hundreds.
    weight = min(
        worth(5.0, 0.45, 2.0, Key("address", address_value(party)), known)
        for party in (first, second)
    )
    return Evidence("address", "same", N_("The addresses are the same."), weight)


def _same_street(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    if set(first) & set(second):
        return True
    similar: float = JaroWinkler.similarity("".join(first), "".join(second))
    return similar >= _SAME_STREET

"""What telephone numbers, mail addresses and domains say, weighed by how many records have them."""

from hub.i18n import N_
from hub.matching.comparing import Comparable
from hub.matching.evidence import Evidence
from hub.matching.frequencies import Frequencies
from hub.matching.keys import Key

BEST_DOMAIN = 3.5
"""The weight of a domain that only these two use."""

_DIFFERENT = -0.7  # many have several


def of_contacts(first: Comparable, second: Comparable, known: Frequencies) -> list[Evidence]:
    """Compare telephone numbers and mail addresses; nothing where one is not known."""
    found = []
    if first.phone and second.phone:
        if first.phone == second.phone:
            weight = known.worth(4.2, 0.9, 0.5, Key("phone", first.phone))
            found.append(
                Evidence("phone", "same", N_("The telephone numbers are the same."), weight)
            )
        else:
            found.append(
                Evidence("phone", "different", N_("The telephone numbers differ."), _DIFFERENT)
            )
    if first.email and second.email:
        if first.email == second.email:
            weight = known.worth(4.5, 0.9, 0.5, Key("email", first.email))
            found.append(Evidence("email", "same", N_("The mail addresses are the same."), weight))
        else:
            found.append(
                Evidence("email", "different", N_("The mail addresses differ."), _DIFFERENT)
            )
    return found


def of_domains(
    first: Comparable, second: Comparable, known: Frequencies, *, name_weight: float
) -> list[Evidence]:
    """Compare domains, unless the mail address says the same already.

    A company's domain is mostly its name: beside an agreeing name (`name_weight` above zero) it is
    the same observation once more, and adds only what it is worth beyond it.
    """
    if first.email and first.email == second.email:
        return []
    shared = sorted(set(first.domains) & set(second.domains))
    if not shared:
        return []
    weight = max(known.worth(BEST_DOMAIN, 0.9, 0.0, Key("domain", domain)) for domain in shared)
    if name_weight > 0:
        weight = max(weight - name_weight, 0.2 * weight)
    return [Evidence("website", "same", N_("They use the same domain."), weight)]

"""In which fields two parties say the same, whatever else they say."""

from collections.abc import Callable, Mapping

from hub.matching.comparing import Comparable
from hub.matching.folding import skeleton
from hub.matching.keys import Key, keys_of
from hub.matching.name_evidence import say_the_same

Same = Callable[[Comparable, Comparable], bool]


def _both(attribute: str) -> Same:
    def same(first: Comparable, second: Comparable) -> bool:
        value = getattr(first, attribute)
        return bool(value) and bool(value == getattr(second, attribute))

    return same


def _numbers(first: Comparable, second: Comparable) -> bool:
    return _both("number")(first, second) or _both("vat")(first, second)


def _domains(first: Comparable, second: Comparable) -> bool:
    return not set(first.domains).isdisjoint(second.domains)


def _addresses(first: Comparable, second: Comparable) -> bool:
    return (
        _both("house")(first, second)
        and bool(first.street and second.street)
        and skeleton(first.street[0]) == skeleton(second.street[0])
    )


_SAME: Mapping[str, Same] = {
    "name": say_the_same,
    "cvr": _numbers,
    "ean": _both("ean"),
    "p_number": _both("p_number"),
    "phone": _both("phone"),
    "email": _both("email"),
    "website": _domains,
    "address": _addresses,
    "postcode": _both("postcode"),
    "city": _both("city"),
    "country": _both("country"),
}
COMPARED_FIELDS = tuple(_SAME)
"""The fields that are compared, as a customer's fields are called."""

_KINDS: Mapping[str, frozenset[str]] = {
    "name": frozenset({"name"}),
    "cvr": frozenset({"number", "vat"}),
    "ean": frozenset({"ean"}),
    "p_number": frozenset({"p_number"}),
    "phone": frozenset({"phone"}),
    "email": frozenset({"email"}),
    "website": frozenset({"domain"}),
    "address": frozenset({"address"}),
}
MEETING_FIELDS = tuple(_KINDS)
"""Those that have keys: at least one of them is needed to find who agrees in some fields."""


def agreeing(first: Comparable, second: Comparable) -> tuple[str, ...]:
    """Return the fields in which two parties say the same."""
    return tuple(field for field, same in _SAME.items() if same(first, second))


def meeting_keys(party: Comparable, field: str) -> list[Key]:
    """Return the keys by which others that say the same in a field are met; none without one."""
    kinds = _KINDS.get(field, frozenset())
    return [key for key in keys_of(party) if key.kind in kinds]

"""The keys of a party: two parties that share none are never compared.

So the keys decide what can be found at all, and what it costs. Every fact that nearly identifies is
a key. A name is one by its distinctive words together, and by each of them with the beginning of
another, which meets names of which one word is misspelt or missing; of a name of one such word its
beginning and the place.

A single word is no key to meet by, for too many share it and a pair with nothing else in common is
none; it is kept to know how common it is.
"""

from dataclasses import dataclass
from hashlib import blake2b
from itertools import permutations

from hub.matching.comparing import Comparable
from hub.matching.folding import skeleton
from hub.matching.words import GENERIC

MOST_WORDS = 6  # of a name; what is longer differs early enough
MOST_PAIRED = 3
PREFIX = 3
PLACE_PREFIX = 4
STREET_PREFIX = 4
MEETS = 1
DECIDES = 2

_COUNTED = frozenset({"word"})
_DECIDING = frozenset({"number", "vat", "ean", "p_number"})


@dataclass(frozen=True, slots=True)
class Key:
    """One key: what kind of fact it is of, and the fact."""

    kind: str
    value: str

    @property
    def _flags(self) -> int:
        if self.kind in _DECIDING:
            return MEETS | DECIDES
        return 0 if self.kind in _COUNTED else MEETS

    def digest(self, entity: str) -> int:
        """Return the signed 64-bit number the key is stored as.

        Its last bit says that records which share the key are compared (`MEETS`), the one before
        that they are compared however many they are (`DECIDES`).
        """
        made = blake2b(f"{entity}\0{self.kind}\0{self.value}".encode(), digest_size=8).digest()
        return int.from_bytes(made, "big", signed=True) & ~3 | self._flags


def keys_of(party: Comparable) -> list[Key]:
    """Return a party's keys, each once."""
    found = [
        Key(kind, value)
        for kind, value in (
            ("number", party.number),
            ("vat", party.vat),
            ("ean", party.ean),
            ("p_number", party.p_number),
            ("phone", party.phone),
            ("email", party.email),
        )
        if value
    ]
    found += [Key("domain", domain) for domain in party.domains]
    found += _of_name(party)
    address = address_key(party)
    if address is not None:
        found.append(address)
        if party.postcode:
            found.append(Key("site", f"{party.postcode}|{address.value}"))
    return list(dict.fromkeys(found))


def name_key(party: Comparable) -> Key:
    """Return the key of the whole name, its words in any order."""
    return _whole("name", party.words)


def word_key(word: str) -> Key:
    """Return the key that counts a word."""
    return Key("word", skeleton(word))


def address_key(party: Comparable) -> Key | None:
    """Return the key of house and street, None where either is not known."""
    if not party.house or not party.street:
        return None
    return Key("address", f"{party.house}|{skeleton(party.street[0])[:STREET_PREFIX]}")


def site_key(first: Comparable, second: Comparable) -> Key | None:
    """Return the narrowest key of place that two parties of one address share."""
    address = address_key(first)
    if address is None or address != address_key(second):
        return None
    if first.postcode and first.postcode == second.postcode:
        return Key("site", f"{first.postcode}|{address.value}")
    return address


def _of_name(party: Comparable) -> list[Key]:
    if not party.words:
        return []
    telling = [word for word in party.words[:MOST_WORDS] if word not in GENERIC and len(word) > 1]
    bones = [skeleton(word) for word in telling]
    found = [_whole("core", telling or party.words), _whole("name", party.words)]
    found += [Key("word", word) for word in bones]
    found += [
        Key("near", f"{word}|{other[:PREFIX]}")
        for word, other in permutations(dict.fromkeys(bones[:MOST_PAIRED]), 2)
    ]
    if party.postcode and len(telling) <= 1:
        first = skeleton((telling or list(party.words))[0])
        found.append(Key("place", f"{party.postcode}|{first[:PLACE_PREFIX]}"))
    return found


def _whole(kind: str, words: list[str] | tuple[str, ...]) -> Key:
    return Key(kind, " ".join(sorted(skeleton(word) for word in words)))

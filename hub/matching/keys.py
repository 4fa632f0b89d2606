"""The keys of a party: two parties that share none are never compared.

So the keys decide what can be found at all, and what it costs. Every fact that nearly identifies is
a key; a name gives one for each distinctive word, for each two words together and, where the place
is known, for the beginning of a word there, which also meets a misspelt name.
"""

from dataclasses import dataclass
from hashlib import blake2b
from itertools import combinations

from hub.matching.comparing import Comparable
from hub.matching.folding import skeleton
from hub.matching.words import GENERIC

_MOST_WORDS = 6
_MOST_PAIRED = 4
_PREFIX = 4


@dataclass(frozen=True, slots=True)
class Key:
    """One key: what kind of fact it is of, and the fact."""

    kind: str
    value: str

    def digest(self, entity: str) -> int:
        """Return the signed 64-bit number the key is stored as."""
        made = blake2b(f"{entity}\0{self.kind}\0{self.value}".encode(), digest_size=8).digest()
        return int.from_bytes(made, "big", signed=True)


def keys_of(party: Comparable) -> list[Key]:
    """Return a party's keys, each once."""
    bones = [skeleton(word) for word in party.words[:_MOST_WORDS]]
    telling = [skeleton(w) for w in party.words[:_MOST_WORDS] if w not in GENERIC and len(w) > 1]
    found = [
        Key(kind, value)
        for kind, value in (
            ("number", party.number),
            ("vat", party.vat),
            ("ean", party.ean),
            ("p_number", party.p_number),
            ("phone", party.phone),
            ("email", party.email),
            ("name", name_value(party)),
        )
        if value
    ]
    found += [Key("domain", domain) for domain in party.domains]
    found += [Key("word", word) for word in telling]
    found += [
        Key("words", "|".join(sorted(pair)))
        for pair in combinations(dict.fromkeys(telling[:_MOST_PAIRED]), 2)
    ]
    if party.postcode:
        found += [
            Key("place", f"{party.postcode}|{word[:_PREFIX]}") for word in bones[:_MOST_PAIRED]
        ]
    address = address_value(party)
    if address:
        found.append(Key("address", address))
    return list(dict.fromkeys(found))


def name_value(party: Comparable) -> str:
    """Return the whole distinctive name as a key's value, in any order of its words."""
    return " ".join(sorted(skeleton(word) for word in party.words))


def address_value(party: Comparable) -> str:
    """Return house and street as a key's value; empty where either is not known."""
    if not party.house or not party.street:
        return ""
    return f"{party.house}|{skeleton(party.street[0])[:_PREFIX]}"

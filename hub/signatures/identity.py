"""What a delivery is called, so that a second copy is recognised."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from hub.signatures.schemes import Scheme, scheme_named

_LONGEST_ID = 200  # of an id that becomes a key: longer ones are hashed


def deduplication_id(scheme: str, headers: Mapping[str, str], body: bytes) -> str:
    """Return what makes a second copy of a delivery recognisable: its id, else a hash of its body.

    Call it only once the delivery is believed: the id is the sender's word.
    """
    named = named_id(scheme_named(scheme), headers, body)
    if named is None:
        return "sha256:" + hashlib.sha256(body).hexdigest()
    if len(named) > _LONGEST_ID or not named.isprintable():
        return "sha256-id:" + hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()
    return named


def is_ping(scheme: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Tell whether this is a vendor's unsigned greeting: answered 200, never stored or imported."""
    rules = scheme_named(scheme)
    return (
        rules.ping is not None
        and rules.ping.fullmatch(body) is not None
        and not headers.get(rules.header)
        and not headers.get(rules.topic_header)
    )


def named_id(rules: Scheme, headers: Mapping[str, str], body: bytes) -> str | None:
    """Return the sender's own name for a delivery, None where it gives none."""
    if rules.id_header:
        return headers.get(rules.id_header) or None
    if not rules.id_fields:
        return None
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):  # not JSON, or too deep to be a delivery: it has no id
        return None
    names = [_item_name(item, rules.id_fields) for item in _items(rules, content)]
    return " ".join(name for name in names if name) if names and all(names) else None


def _items(rules: Scheme, content: object) -> list[object]:
    if not rules.id_items:
        return [content]
    items = content.get(rules.id_items) if isinstance(content, dict) else None
    return items if isinstance(items, list) else []


def _item_name(item: object, fields: Sequence[str]) -> str | None:
    values = [item.get(field) for field in fields] if isinstance(item, dict) else []
    texts = [value for value in values if isinstance(value, str) and value]
    return "/".join(texts) if texts and len(texts) == len(fields) else None

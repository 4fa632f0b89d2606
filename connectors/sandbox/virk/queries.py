"""The part of Elasticsearch's query language that clients of Virk use.

Texts are indexed as lower-case words. ``match`` analyses what is asked for, ``term`` and ``prefix``
do not: capitals find nothing there. An unknown field finds nothing; an unknown clause is refused.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.sandbox import Json

_WORD = re.compile(r"\w+")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "gte": lambda value, bound: value >= bound,
    "gt": lambda value, bound: value > bound,
    "lte": lambda value, bound: value <= bound,
    "lt": lambda value, bound: value < bound,
}


class QueryError(Exception):
    """The query has a clause that is not known."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A document found, with how well it fits."""

    document: Json
    score: float


def found(documents: Iterable[Json], query: Json) -> list[Hit]:
    """Return the documents that fit, the best first.

    Raises:
        QueryError: a clause is not known.
    """
    scored = [Hit(content, _score({"Vrvirksomhed": content}, query)) for content in documents]
    hits = [hit for hit in scored if hit.score > 0]
    return sorted(hits, key=lambda hit: -hit.score)


def ordered(hits: list[Hit], sort: Any) -> list[Hit]:
    """Return hits in the order asked for; without one, as they come."""
    clauses = sort if isinstance(sort, list) else [sort] if sort else []
    for clause in reversed(clauses):
        (field, how), *_ = (clause if isinstance(clause, dict) else {clause: "asc"}).items()
        if field in ("_score", "_doc"):
            continue
        direction = how["order"] if isinstance(how, dict) else how
        hits = sorted(
            hits, key=lambda hit, name=field: _sortable(hit, name), reverse=direction == "desc"
        )
    return hits


def only(content: Any, wanted: Any, path: str = "") -> Any:
    """Return the parts of a document that ``_source`` names: true, false or a list of paths."""
    if wanted is True:
        return content
    if wanted is False:
        return {}
    paths = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(content, list):
        return [only(item, paths, path) for item in content]
    kept = {}
    for name, value in content.items():
        here = f"{path}.{name}" if path else name
        if any(here == want or here.startswith(f"{want}.") for want in paths):
            kept[name] = value
        elif isinstance(value, (dict, list)) and any(want.startswith(f"{here}.") for want in paths):
            kept[name] = only(value, paths, here)
    return kept


def _score(content: Json, query: Json) -> float:
    """Return how well a document fits a query: 0 for not at all."""
    if len(query) != 1:
        raise QueryError("a query has exactly one clause")
    ((clause, body),) = query.items()
    if clause not in _CLAUSES:
        raise QueryError(f"no [query] registered for [{clause}]")
    return _CLAUSES[clause](content, body)


def _bool(content: Json, body: Json) -> float:
    must = [_score(content, query) for query in _listed(body.get("must"))]
    filters = [_score(content, query) for query in _listed(body.get("filter"))]
    refused = [_score(content, query) for query in _listed(body.get("must_not"))]
    should = [_score(content, query) for query in _listed(body.get("should"))]
    needed = body.get("minimum_should_match", 1 if should and not (must or filters) else 0)
    if not all(must) or not all(filters) or any(refused) or sum(map(bool, should)) < int(needed):
        return 0.0
    return sum(must) + sum(should) or 1.0


def _match(content: Json, body: Json) -> float:
    values, text, options = _asked(content, body)
    words = _words(text)
    best = 0.0
    for value in values:
        present = [word for word in words if word in _words(value)]
        if len(present) == len(words) or (present and options.get("operator") != "and"):
            # As with the real engine, a match within fewer words counts for more.
            best = max(best, len(present) / (1 + len(_words(value))))
    return best * float(options.get("boost", 1))


def _match_phrase(content: Json, body: Json) -> float:
    values, text, options = _asked(content, body)
    words = _words(text)
    for value in values:
        there = _words(value)
        starts = range(len(there) - len(words) + 1)
        if words and any(there[start : start + len(words)] == words for start in starts):
            return float(options.get("boost", 1)) * len(words) / (1 + len(there))
    return 0.0


def _term(content: Json, body: Json) -> float:
    values, wanted, _ = _asked(content, body, "value")
    return float(any(_is(value, wanted) for value in values))


def _terms(content: Json, body: Json) -> float:
    ((field, wanted),) = body.items()
    return float(any(_is(value, one) for value in _values(content, field) for one in wanted))


def _prefix(content: Json, body: Json) -> float:
    values, start, _ = _asked(content, body, "value")
    return float(any(word.startswith(str(start)) for value in values for word in _words(value)))


def _range(content: Json, body: Json) -> float:
    ((field, bounds),) = body.items()
    values = [_comparable(value) for value in _values(content, field)]
    limits = [(_COMPARE[name], _comparable(bound)) for name, bound in bounds.items()]
    return float(
        any(
            all(type(value) is type(bound) and fits(value, bound) for fits, bound in limits)
            for value in values
        )
    )


def _exists(content: Json, body: Json) -> float:
    return float(bool(_values(content, body["field"])))


def _nested(content: Json, body: Json) -> float:
    return _score(content, body["query"])  # nested lists are included in the parent as well


def _match_all(_content: Json, _body: Json) -> float:
    return 1.0


_CLAUSES: dict[str, Callable[[Json, Json], float]] = {
    "bool": _bool,
    "match": _match,
    "match_phrase": _match_phrase,
    "match_all": _match_all,
    "term": _term,
    "terms": _terms,
    "prefix": _prefix,
    "range": _range,
    "exists": _exists,
    "nested": _nested,
}


def _asked(content: Json, body: Json, key: str = "query") -> tuple[list[Any], Any, Json]:
    """Return the values of the field, what is asked of it, and the options beside."""
    ((field, asked),) = body.items()
    options: Json = asked if isinstance(asked, dict) else {key: asked}
    return _values(content, field), options[key], options


def _values(content: Any, field: str) -> list[Any]:
    """Return all values of a dotted path, through lists; none for null, as an index has none."""
    if isinstance(content, list):
        return [value for item in content for value in _values(item, field)]
    if not field:
        return [] if content is None else [content]
    if not isinstance(content, dict):
        return []
    name, _, rest = field.partition(".")
    return _values(content.get(name), rest)


def _listed(clauses: Any) -> list[Json]:
    return clauses if isinstance(clauses, list) else [clauses] if clauses else []


def _words(value: Any) -> list[str]:
    return _WORD.findall(str(value).lower())


def _is(value: Any, wanted: Any) -> bool:
    if isinstance(value, (bool, int, float)):
        return str(value).lower() == str(wanted).lower()
    return str(wanted) in _words(value)


def _comparable(value: Any) -> Any:
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return moment.timestamp()
    return float(value) if isinstance(value, int) else value


def _sortable(hit: Hit, field: str) -> Any:
    values = _values({"Vrvirksomhed": hit.document}, field)
    return _comparable(values[0]) if values else float("inf")

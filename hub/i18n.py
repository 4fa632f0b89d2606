"""Words for people: English sources, catalogues for the rest, numbers and dates by locale.

A catalogue is ``hub/locales/<language>.po``; it is read as it is, with no compile step. Texts to be
translated later are marked with `N_` where they stand.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache, lru_cache
from operator import itemgetter
from pathlib import Path

from babel.core import Locale, UnknownLocaleError, negotiate_locale
from babel.dates import format_datetime
from babel.messages.pofile import read_po

SOURCE = "en"
LANGUAGES = ("en", "da")
_DIRECTORY = Path(__file__).parent / "locales"
_NAMES = frozenset(
    {"entity", "state", "wanted", "verb", "mode", "field_class", "kind", "catalogue"}
)
"""Parameters whose values are names of ours, such as ``registry_lookup`` or ``due_sent``."""
_PHRASES = frozenset({"expected", "problem", "rule", "step"})
"""Parameters whose values are parts of a sentence, such as ``a list`` or ``must be a number``."""
_QUALITY = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")
_WEIGHT = itemgetter(1)
_COUNTED = re.compile(r"([a-z_]+) \((\d+)\)(, (?=[a-z])|$)")
"""What a count of records by kind is made of, such as ``lead (1), note (2)``."""


def N_(message: str) -> str:  # noqa: N802 - gettext's own name, known to every extraction tool
    """Mark an English source text for the catalogues; returns it unchanged."""
    return message


@lru_cache(maxsize=256)
def language_of(preferred: str | None) -> str:
    """Return the language we have that suits a locale or an Accept-Language value best.

    Weights are those of RFC 9110, section 12.4.2; 0 rules a language out.
    """
    weighed = [_weighed(part) for part in (preferred or "").split(",")]
    wanted = [tag for tag, weight in sorted(weighed, key=_WEIGHT, reverse=True) if weight > 0]
    return negotiate_locale(wanted, list(LANGUAGES), sep="_") or SOURCE


def _weighed(part: str) -> tuple[str, float]:
    tag, *parameters = (each.strip().lower() for each in part.split(";"))
    weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    return tag.replace("-", "_"), float(weight) if _QUALITY.fullmatch(weight) else 0.0


def locale_of(preferred: str | None) -> Locale:
    """Return the babel locale for formatting; of what is no locale that of our best language."""
    try:
        return Locale.parse((preferred or SOURCE).replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale.parse(language_of(preferred))


def translate(
    preferred: str | None, message: str, params: Mapping[str, object] | None = None
) -> str:
    """Return `message` in the reader's language with its parameters filled in.

    A text without a translation stays English: better a foreign word than none. A parameter that is
    itself {text, params}, such as `hub.errors.HubError.words`, is translated likewise, or each of a
    list of them, and so are names of ours, such as `entity` for a record and `state` for a state,
    counts of kinds, and phrases that finish a sentence. An instant is told to the second, in its
    own zone.
    """
    text = _catalogue(language_of(preferred)).get(message, message)
    if not params:
        return text
    said = text.format(**{name: _spoken(preferred, name, value) for name, value in params.items()})
    return said[:1].upper() + said[1:] if text.startswith("{entity}") else said


def _spoken(preferred: str | None, name: str, value: object) -> object:
    if isinstance(value, str):
        return _named(preferred, name, value)
    if isinstance(value, Mapping) and "text" in value:
        return translate(preferred, value["text"], value.get("params"))
    if isinstance(value, datetime):
        return format_datetime(value, "medium", tzinfo=value.tzinfo, locale=locale_of(preferred))
    if isinstance(value, list):
        return "; ".join(str(_spoken(preferred, name, each)) for each in value)
    return value


def _named(preferred: str | None, name: str, value: str) -> str:
    if name in _NAMES:
        return translate(preferred, value.replace("_", " "))
    if name in _PHRASES:
        return translate(preferred, value)
    if name == "what" and not _COUNTED.sub("", value):
        return _COUNTED.sub(
            lambda kind: f"{_named(preferred, 'entity', kind[1])} ({kind[2]}){kind[3]}", value
        )
    return value


@cache
def _catalogue(language: str) -> dict[str, str]:
    path = _DIRECTORY / f"{language}.po"
    if language == SOURCE or not path.exists():
        return {}
    with path.open("rb") as stream:
        catalogue = read_po(stream, locale=language)
    return {str(entry.id): str(entry.string) for entry in catalogue if entry.id and entry.string}

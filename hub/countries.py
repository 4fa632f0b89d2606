"""The countries there are."""

from babel.core import get_global

_NOWHERE = "ZZ"
COUNTRIES = frozenset(
    code for code in get_global("territory_languages") if len(code) == len(_NOWHERE)
) - {_NOWHERE}
"""The codes of ISO 3166-1 alpha-2, reserved ones too, as CLDR lists them."""

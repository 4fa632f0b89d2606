"""Numbers that somebody else gave: their form and their check digits, by scheme.

The rules are those of python-stdnum, which names the source of each. A Danish CVR number, an EAN
and a P-number have fields of their own.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from stdnum.exceptions import ValidationError as NumberError
from stdnum.util import get_cc_module

SCHEMES: Mapping[str, str] = {
    "at_firmenbuch": "at.businessid",
    "be_ondernemingsnummer": "be.vat",
    "ch_uid": "ch.uid",
    "de_handelsregister": "de.handelsregisternummer",
    "ee_registrikood": "ee.registrikood",
    "es_cif": "es.cif",
    "fi_ytunnus": "fi.ytunnus",
    "fr_siren": "fr.siren",
    "fr_siret": "fr.siret",
    "gb_utr": "gb.utr",
    "is_kennitala": "is_.kennitala",
    "it_iva": "it.iva",
    "lei": "lei",
    "no_orgnr": "no.orgnr",
    "pl_regon": "pl.regon",
    "se_orgnr": "se.orgnr",
    "us_ein": "us.ein",
}
"""By the name of a scheme, which begins with its country, the rule that its numbers follow."""

_BETWEEN = re.compile(r"[\s.\-/]")
_GREECE = {"EL": "GR", "XI": "GB"}  # as VAT numbers call Greece, and Northern Ireland


def valid(scheme: str, number: str) -> str:
    """Return a number of a scheme in its compact form.

    Raises:
        KeyError: there is no such scheme.
        ValueError: its form or its check digits are wrong.
    """
    return _validated(import_module(f"stdnum.{SCHEMES[scheme]}"), number)


def valid_vat(number: str, country: str) -> str:
    """Return a VAT number in capitals, without blanks and marks.

    It is held to the rule of the country that it begins with, else of the one named; of a country
    without a rule that we know it may be anything.

    Raises:
        ValueError: its form or its check digits are wrong.
    """
    compact = _BETWEEN.sub("", number).upper()
    if compact.startswith("GR"):  # the Union writes Greece EL (Directive 2006/112/EC, art. 215)
        compact = f"EL{compact[2:]}"
    rule = _vat_rule(compact[:2]) or _vat_rule(country.upper())
    if rule is not None:
        _validated(rule, compact)
    return compact


def _validated(rule: Any, number: str) -> str:
    try:
        return str(rule.validate(number))
    except NumberError as error:
        raise ValueError(str(error)) from error


@cache
def _vat_rule(country: str) -> Any:
    if not re.fullmatch("[A-Z]{2}", country):
        return None
    return get_cc_module(_GREECE.get(country, country).lower(), "vat")

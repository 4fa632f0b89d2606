"""What a lead's fields must be, whoever gives them."""

from collections.abc import Mapping
from typing import Any

from hub.customers.likeness import clean_alike, refuse_finer

AS_CUSTOMERS = {
    "company": "name", "person": "legal_name", "job": "industry", "mobile": "phone",
    "referrer": "legal_name", "description": "note",
    **{
        name: name
        for name in (
            "email", "phone", "website", "address", "postcode", "city", "region", "country",
            "industry", "cvr", "currency", "external_ref",
        )
    },
}  # fmt: skip
"""The fields that keep the rule of a customer's field, and of which one."""

AMOUNTS = ("net_potential_value",)


def clean(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields in their stored form; only those given are looked at.

    Raises:
        ValidationError: names every broken rule.
    """
    return clean_alike(fields, AS_CUSTOMERS, AMOUNTS)


def refuse_unpayable(fields: Mapping[str, Any], currency: str) -> None:
    """Pass amounts that can be paid in the lead's currency.

    Raises:
        ValidationError: ``precision``: one is finer than the currency's minor unit.
    """
    refuse_finer(fields, AMOUNTS, currency)

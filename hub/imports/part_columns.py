"""The columns of the contact and the addresses that a row names beside its customer."""

from collections.abc import Mapping, Sequence

from hub.i18n import N_
from hub.imports.columns import ImportColumn, Meaning

CONTACT_COLUMNS: tuple[ImportColumn, ...] = (
    ImportColumn(
        "contact.name", N_("Contact's name"),
        ("contact", "contact person", "contact name", "kontakt", "kontaktperson", "att"),
        in_template=False,
    ),
    ImportColumn(
        "contact.first_name", N_("Contact's first name"), ("contact first name",),
        explanation=N_("A person there; further rows of the same customer name further ones."),
        example="Signe",
    ),
    ImportColumn(
        "contact.last_name", N_("Contact's last name"), ("contact last name",), example="Prøve"
    ),
    ImportColumn(
        "contact.job", N_("Contact's job"), ("contact job", "job title", "stilling", "titel"),
        in_template=False,
    ),
    ImportColumn(
        "contact.office_phone", N_("Contact's phone"), ("contact phone", "direkte telefon"),
        example="+45 70 00 00 08",
    ),
    ImportColumn(
        "contact.mobile", N_("Contact's mobile"), ("contact mobile",), in_template=False
    ),
    ImportColumn(
        "contact.email", N_("Contact's email"), ("contact email", "contact mail"),
        example="signe@nordlys.example",
    ),
)  # fmt: skip


def _address_columns(
    kind: str, labels: Mapping[str, str], *, names: Sequence[str]
) -> tuple[ImportColumn, ...]:
    """Return the columns of an address of a kind; `names` are what files call it."""
    return tuple(
        ImportColumn(
            f"{kind}.{field}", label,
            tuple(f"{name} {word}" for name in names for word in _ADDRESS_WORDS[field]),
            Meaning.COUNTRY if field == "country" else Meaning.TEXT,
            in_template=field in {"address", "postcode", "city"},
        )
        for field, label in labels.items()
    )  # fmt: skip


_ADDRESS_WORDS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "navn"), "attention": ("attention", "att"),
    "address": ("address", "street", "adresse"),
    "postcode": ("postcode", "zip", "zip code", "postal code", "postnr", "postnummer"),
    "city": ("city", "town", "by"), "country": ("country", "land"), "ean": ("ean",),
    "email": ("email", "mail"),
}  # fmt: skip

ADDRESS_COLUMNS = (
    *_address_columns(
        "billing",
        {
            "name": N_("Billing name"), "attention": N_("Billing attention"),
            "address": N_("Billing address"), "postcode": N_("Billing postcode"),
            "city": N_("Billing city"), "country": N_("Billing country"),
            "ean": N_("Billing EAN"), "email": N_("Billing email"),
        },
        names=("billing", "bill to", "invoice", "faktura", "fakturering"),
    ),
    *_address_columns(
        "shipping",
        {
            "name": N_("Shipping name"), "attention": N_("Shipping attention"),
            "address": N_("Shipping address"), "postcode": N_("Shipping postcode"),
            "city": N_("Shipping city"), "country": N_("Shipping country"),
            "email": N_("Shipping email"),
        },
        names=("shipping", "ship to", "delivery", "levering"),
    ),
)  # fmt: skip

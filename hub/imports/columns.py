"""The columns that an import understands, and by which headers it knows them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.i18n import LANGUAGES, N_, translate
from hub.parsing import normalised_header

CUSTOMERS = "customers"


class Meaning(StrEnum):
    """How the cells of a column are read."""

    TEXT = "text"
    DECIMAL = "decimal"
    COUNTRY = "country"
    ROLES = "roles"
    KIND = "kind"
    USER = "user"
    BOOLEAN = "boolean"
    WORD = "word"  # one of a catalogue, by its code or its label
    WORDS = "words"  # several, with commas between
    DATE = "date"
    INSTANT = "instant"
    KEYED = "keyed"  # texts under keys: `se_orgnr: 5560360793, lei: …`


@dataclass(frozen=True, slots=True)
class ImportColumn:
    """A column; `label` and `explanation` are English sources, `synonyms` headers of others.

    A column outside the `template` is understood and not offered. One whose own name files use for
    other things (`is_vague`) is known by its synonyms alone, or where somebody says so. `refine`
    makes of what a cell means what is kept; it raises `ValidationError`.
    """

    key: str
    label: str
    synonyms: tuple[str, ...] = ()
    meaning: Meaning = Meaning.TEXT
    required: bool = False
    explanation: str = ""
    example: str = ""
    choices: tuple[str, ...] = ()
    in_template: bool = True
    catalogue: str = ""
    is_vague: bool = False
    refine: Callable[[Any], Any] | None = None


CUSTOMER_COLUMNS: tuple[ImportColumn, ...] = (
    ImportColumn(
        "external_ref", N_("External reference"),
        ("id", "external id", "external ref", "reference", "ekstern reference", "eksternt id",
         "kunde id", "customer id", "record id", "løbenummer"),
        explanation=N_("Your own id of the customer: the next import finds it again by it."),
        example="4711",
    ),
    ImportColumn(
        "name", N_("Name"),
        ("company", "company name", "customer", "customer name", "organisation", "organization",
         "firma", "firmanavn", "virksomhed", "virksomhedsnavn", "kunde", "kundenavn", "navn",
         "account name", "debitor", "debitornavn"),
        required=True,
        explanation=N_("Needed, unless there is a CVR number or a first and last name."),
        example="Nordlys Testværk ApS",
    ),
    ImportColumn(
        "cvr", N_("CVR number"),
        ("cvr", "cvr nr", "cvrnr", "cvr nummer", "cvrnummer", "cvr no", "se nr", "company number",
         "registration number", "organisation number", "org nr"),
        explanation=N_("Eight digits; the check digit is looked at."), example="99000007",
    ),
    ImportColumn(
        "ean", N_("EAN"), ("ean nr", "ean nummer", "ean no", "gln", "gln nummer", "ean lokation"),
        explanation=N_("Thirteen digits; tells units of one CVR number apart."),
        example="5790000000005",
    ),
    ImportColumn(
        "p_number", N_("P-number"), ("p nr", "p nummer", "pnr", "p no", "produktionsenhed"),
        in_template=False,
    ),
    ImportColumn(
        "vat_no", N_("VAT number"),
        ("vat", "vat no", "vat nr", "vat id", "moms nr", "momsnummer", "moms nummer"),
        in_template=False,
    ),
    ImportColumn(
        "registrations", N_("Registration numbers"), ("registreringsnumre",), Meaning.KEYED,
        in_template=False,
    ),
    ImportColumn("legal_name", N_("Legal name"), ("juridisk navn",), in_template=False),
    ImportColumn(
        "first_name", N_("First name"), ("given name", "forename", "fornavn"), in_template=False
    ),
    ImportColumn(
        "last_name", N_("Last name"), ("surname", "family name", "efternavn"), in_template=False
    ),
    ImportColumn(
        "address", N_("Address"),
        ("street", "street address", "address 1", "address line 1", "adresse", "adresse 1", "vej",
         "gade", "gadenavn", "vejnavn"),
        explanation=N_("Street and house number; further lines below one another."),
        example="Prøvevej 12B",
    ),
    ImportColumn(
        "address_2", N_("Address, second line"),
        ("address 2", "address line 2", "adresse 2", "adresselinje 2", "c o"), in_template=False,
    ),
    ImportColumn(
        "postcode", N_("Postcode"),
        ("zip", "zip code", "postal code", "post code", "postnr", "postnummer", "post nr"),
        example="8000",
    ),
    ImportColumn(
        "city", N_("City"), ("town", "suburb", "by", "bynavn", "postdistrikt"), example="Aarhus C"
    ),
    ImportColumn(
        "region", N_("Region"), ("state", "province", "county", "landsdel"), in_template=False
    ),
    ImportColumn(
        "country", N_("Country"), ("country code", "land", "landekode"), Meaning.COUNTRY,
        explanation=N_("Two letters, or the country's name in English or Danish."), example="DK",
    ),
    ImportColumn(
        "phone", N_("Phone"),
        ("telephone", "phone number", "tel", "tlf", "tlf nr", "telefon", "telefonnummer",
         "telefon nr", "mobil", "mobile"),
        example="+45 70 00 00 07",
    ),
    ImportColumn(
        "email", N_("Email"), ("e mail", "mail", "mail address", "email address", "mailadresse"),
        example="info@nordlys.example",
    ),
    ImportColumn(
        "website", N_("Website"), ("web", "www", "url", "homepage", "hjemmeside", "webside"),
        example="nordlys.example",
    ),
    ImportColumn(
        "handles", N_("Names in networks"), ("handles", "social media", "sociale medier"),
        Meaning.KEYED, in_template=False,
    ),
    ImportColumn(
        "refuses_calls", N_("Refuses calls"), ("do not call", "no calls", "må ikke ringes op"),
        Meaning.BOOLEAN, in_template=False,
    ),
    ImportColumn(
        "refuses_email", N_("Refuses email"),
        ("do not email", "no email", "opted out", "unsubscribed", "frameldt", "ingen mail"),
        Meaning.BOOLEAN, in_template=False,
    ),
    ImportColumn(
        "kind", N_("Kind"), ("type", "customer type", "kundetype"), Meaning.KIND,
        choices=("organisation", "person"), in_template=False,
    ),
    ImportColumn(
        "roles", N_("Roles"), ("role", "rolle", "roller"), Meaning.ROLES,
        explanation=N_("Prospect, customer or supplier, or several with a comma between."),
        example="prospect",
    ),
    ImportColumn("industry", N_("Industry"), ("branche", "sector", "branch"), example="Handel"),
    ImportColumn(
        "qualification", N_("Qualification"), ("kvalifikation",), Meaning.WORD,
        in_template=False, catalogue="qualifications",
    ),
    ImportColumn(
        "value_class", N_("Value class"), ("rating", "kundeværdi"), Meaning.WORD,
        in_template=False, catalogue="value_classes",
    ),
    ImportColumn(
        "source", N_("Source"), ("lead source", "kundekilde", "leadkilde"), Meaning.WORD,
        in_template=False, catalogue="sources", is_vague=True,
    ),
    ImportColumn(
        "follow_up_method", N_("Way of following up"), (), Meaning.WORD, in_template=False,
        catalogue="follow_up_methods",
    ),
    ImportColumn(
        "classifications", N_("Classifications"),
("classification", "klassifikation"), Meaning.WORDS, in_template=False, catalogue="classifications",
    ),
    ImportColumn(
        "owner_user_id", N_("Owner"),
        ("owner email", "sales person", "salesperson", "sælger", "ansvarlig", "kundeansvarlig"),
        Meaning.USER, explanation=N_("The mail address of a user of Hub."), in_template=False,
    ),
    ImportColumn("currency", N_("Currency"), ("currency code", "valuta"), example="DKK"),
    ImportColumn(
        "terms_code", N_("Terms code"),
        ("payment terms", "terms", "betalingsbetingelse", "betalingsbetingelser"), Meaning.WORD,
        in_template=False, catalogue="terms_codes",
    ),
    ImportColumn(
        "price_list", N_("Price list"), ("pricelist", "prisgruppe"), Meaning.WORD,
        in_template=False, catalogue="price_lists",
    ),
    ImportColumn(
        "tax_group", N_("Tax group"), ("vat group", "vat zone", "momszone"), Meaning.WORD,
        in_template=False, catalogue="tax_groups",
    ),
    ImportColumn(
        "customer_group", N_("Customer group"), ("group", "kundegruppe", "debitorgruppe"),
        in_template=False,
    ),
    ImportColumn(
        "credit_limit", N_("Credit limit"),
        ("credit max", "kredit max", "kreditmaksimum", "kreditmax"),
        Meaning.DECIMAL, in_template=False,
    ),
    ImportColumn(
        "iban", N_("IBAN"), ("iban nr", "iban nummer", "iban no", "iban number"), in_template=False
    ),
    ImportColumn("bic", N_("BIC"), ("swift", "bic swift", "swift code"), in_template=False),
    ImportColumn(
        "bank_account", N_("Bank account"),
        ("account number", "bankkonto", "kontonummer", "reg og konto"), in_template=False,
    ),
    ImportColumn(
        "mail_routes", N_("Mail routes"), ("mail routing",), Meaning.KEYED, in_template=False
    ),
    ImportColumn(
        "note", N_("Note"), ("notes", "comment", "comments", "remarks", "bemærkning",
                             "bemærkninger", "kommentar", "notat"),
        example="",
    ),
)  # fmt: skip

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

COLUMNS: Mapping[str, tuple[ImportColumn, ...]] = {
    CUSTOMERS: (*CUSTOMER_COLUMNS, *CONTACT_COLUMNS, *ADDRESS_COLUMNS)
}
"""What can be imported."""


def header_key(header: str) -> str:
    """Return a header for comparison: letters and digits only, words parted by one space."""
    folded = normalised_header(header)
    return " ".join("".join(c if c.isalnum() else " " for c in folded).split())


def columns_by_header(
    entity_name: str, added: Sequence[ImportColumn] = ()
) -> dict[str, ImportColumn]:
    """Return the columns of an entity by all headers they are known by, in any language of ours."""
    found: dict[str, ImportColumn] = {}
    for column in (*COLUMNS[entity_name], *added):
        names = set(column.synonyms)
        if not column.is_vague:
            names |= {column.key, column.label}
            names |= {translate(language, column.label) for language in LANGUAGES}
        for name in names:
            found.setdefault(header_key(name), column)
    return found

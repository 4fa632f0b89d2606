"""The columns of files of leads."""

from hub.i18n import N_
from hub.imports.columns import ImportColumn, Meaning

LEAD_COLUMNS: tuple[ImportColumn, ...] = (
    ImportColumn(
        "external_ref", N_("External reference"),
        ("id", "external id", "external ref", "reference", "ekstern reference", "eksternt id",
         "lead id", "record id", "løbenummer"),
        explanation=N_("Your own id of the lead: the next import finds it again by it."),
        example="4711",
    ),
    ImportColumn(
        "company", N_("Company"),
        ("company name", "account", "account name", "customer", "customer name", "organisation",
         "organization", "firma", "firmanavn", "virksomhed", "virksomhedsnavn", "kunde",
         "kundenavn"),
        required=True, explanation=N_("Needed, unless there is a person."),
        example="Nordlys Testværk ApS",
    ),
    ImportColumn(
        "person", N_("Person"),
        ("name", "full name", "contact", "contact name", "contact person", "navn", "fulde navn",
         "kontakt", "kontaktperson"),
        explanation=N_("Whom you talk to."), example="Ida Prøve",
    ),
    ImportColumn(
        "first_name", N_("First name"), ("given name", "forename", "fornavn"), in_template=False
    ),
    ImportColumn(
        "last_name", N_("Last name"), ("surname", "family name", "efternavn"), in_template=False
    ),
    ImportColumn("job", N_("Job"), ("job title", "position", "titel"), example="Indkøber"),
    ImportColumn(
        "cvr", N_("CVR number"),
        ("cvr nr", "cvrnr", "cvr nummer", "cvrnummer", "cvr no", "se nr", "company number",
         "registration number", "organisation number", "org nr"),
        explanation=N_("Eight digits; the check digit is looked at."), example="99000007",
    ),
    ImportColumn(
        "email", N_("Email"), ("e mail", "mail", "mail address", "email address", "mailadresse"),
        example="info@nordlys.example",
    ),
    ImportColumn(
        "phone", N_("Phone"),
        ("telephone", "phone number", "tel", "tlf", "tlf nr", "telefon", "telefonnummer",
         "telefon nr"),
        example="+45 70 00 00 07",
    ),
    ImportColumn(
        "mobile", N_("Mobile"), ("mobile phone", "cell", "mobil", "mobilnummer"), in_template=False
    ),
    ImportColumn(
        "website", N_("Website"), ("web", "www", "url", "homepage", "hjemmeside", "webside"),
        in_template=False,
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
        "industry", N_("Industry"), ("branche", "sector", "branch"), in_template=False
    ),
    ImportColumn(
        "program", N_("Lead program"), ("program", "campaign", "kampagne"), Meaning.WORD,
        explanation=N_("A word of the catalogue, by its code or its label."),
        catalogue="programs",
    ),
    ImportColumn(
        "source", N_("Lead source"), ("source", "kilde", "leadkilde"), Meaning.WORD,
        explanation=N_("A word of the catalogue, by its code or its label."),
        example="trade_show", catalogue="sources",
    ),
    ImportColumn(
        "referrer", N_("Referrer"), ("referred by", "referral", "anbefalet af", "henvist af"),
        in_template=False,
    ),
    ImportColumn(
        "net_potential_value", N_("Potential value"),
        ("value", "amount", "potential", "værdi", "beløb", "potentiale"), Meaning.DECIMAL,
        example="45000.00",
    ),
    ImportColumn("currency", N_("Currency"), ("currency code", "valuta"), in_template=False),
    ImportColumn(
        "est_conversion_on", N_("Expected conversion"),
        ("expected close", "close date", "forventet lukning", "forventet dato"), Meaning.DATE,
        in_template=False,
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
        "owner_user_id", N_("Owner"),
        ("owner email", "sales person", "salesperson", "sælger", "ansvarlig"), Meaning.USER,
        explanation=N_("The mail address of a user of Hub."), in_template=False,
    ),
    ImportColumn(
        "description", N_("Description"),
        ("note", "notes", "comment", "comments", "message", "remarks", "bemærkning",
         "bemærkninger", "kommentar", "notat", "besked", "beskrivelse"),
    ),
)  # fmt: skip

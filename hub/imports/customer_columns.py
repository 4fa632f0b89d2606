"""The columns of files of customers."""

from hub.i18n import N_
from hub.imports.columns import ImportColumn, Meaning

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
         "telefon nr"),
        example="+45 70 00 00 07",
    ),
    ImportColumn(
        "mobile", N_("Mobile"), ("mobile phone", "cell", "mobil", "mobilnummer"), in_template=False
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
        "shipping_method", N_("Shipping method"), ("delivery method", "leveringsmåde"),
        Meaning.WORD, in_template=False, catalogue="shipping_methods",
    ),
    ImportColumn(
        "shipping_instructions", N_("Shipping instructions"),
        ("delivery instructions", "leveringsanvisning"), in_template=False,
    ),
    ImportColumn(
        "payment_processor", N_("Payment processor"), ("payment provider", "betalingsudbyder"),
        Meaning.WORD, in_template=False, catalogue="payment_processors",
    ),
    ImportColumn(
        "portal_login", N_("May sign in to a portal"), ("portal access", "portaladgang"),
        Meaning.BOOLEAN, in_template=False,
    ),
    ImportColumn(
        "customer_group", N_("Customer group"), ("group", "kundegruppe", "debitorgruppe"),
        in_template=False,
    ),
    ImportColumn(
        "credit_limit", N_("Credit limit"),
        ("credit max", "kredit max", "kredit maks", "kreditmax", "kreditmaks", "kreditmaksimum",
         "kreditgrænse"),
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

"""Composed companies: none of them exists, and none has a registration number."""

from typing import Any

_NAMES = (
    "Birkely Tømrer", "Fjordens Fiskehus", "Havnens Motorværksted", "Lindegårdens Gartneri",
    "Mosevang Maskinudlejning", "Stjernens Bageri", "Engdalens Elservice", "Klintens Keramik",
    "Søbakkens Cykler", "Rævehøj Revision", "Tårnby Tagdækning", "Uglens Boghandel",
    "Vestkystens Vindsejl", "Ørnereden Arkitekter", "Ådalens Økologi", "Kastanje Kontormøbler",
    "Dronningens Dørgreb", "Enghavens Isværk", "Granskovens Savværk", "Hyben Hudpleje",
    "Isbjergs Køleteknik", "Jættestuens Grus", "Kløverbladets Foder", "Lærkens Rengøring",
    "Muslingens Vodbinderi", "Nøddekærets Trævarer", "Oddens Optik", "Pilens Pakhus",
    "Røgeriets Delikatesser", "Skovmærkets Planteskole", "Tidsels Tekstiltryk", "Vadehavets Ure",
)  # fmt: skip
_PLACES = (
    ("Prøvevej", "8000", "Aarhus C"), ("Eksempelgade", "5000", "Odense C"),
    ("Mønsterstræde", "9000", "Aalborg"), ("Skitsevej", "6700", "Esbjerg"),
    ("Udkastet", "2100", "København Ø"), ("Forlægget", "4000", "Roskilde"),
)  # fmt: skip
_FORMS = ("ApS", "A/S", "I/S", "v/Prøve Jensen")
_INDUSTRIES = ("Håndværk", "Detailhandel", "Produktion", "Rådgivning", "Landbrug")


def sample_customers(owners: list[str]) -> list[dict[str, Any]]:
    """Return a few dozen customers, every third of them a prospect, divided among `owners`."""
    return [
        {
            "name": f"{name} {_FORMS[number % len(_FORMS)]}",
            "roles": ["prospect"] if number % 3 == 0 else ["customer"],
            "address": f"{_PLACES[number % len(_PLACES)][0]} {number + 1}",
            "postcode": _PLACES[number % len(_PLACES)][1],
            "city": _PLACES[number % len(_PLACES)][2],
            "country": "DK",
            "phone": f"+45 70 10 {number // 10:02} {number % 10}0",
            "email": f"kontakt@firma{number + 1}.example",
            "industry": _INDUSTRIES[number % len(_INDUSTRIES)],
            "external_ref": f"sample-{number + 1}",
            "owner_user_id": owners[number % len(owners)],
        }
        for number, name in enumerate(_NAMES)
    ]


CUSTOMERS_IN_ECONOMIC: list[dict[str, Any]] = [
    {"customerNumber": 5001, "name": "Gammel Aftale ApS", "zip": "7100", "city": "Vejle",
     "address": "Prøvevej 101", "email": "bogholderi@gammelaftale.example"},
    {"customerNumber": 5002, "name": "Trofast Kunde A/S", "zip": "8600", "city": "Silkeborg",
     "address": "Eksempelgade 7", "telephoneAndFaxNumber": "70200002"},
    {"customerNumber": 5003, "name": "Kontant Handel I/S", "zip": "4700", "city": "Næstved",
     "address": "Udkastet 15", "paymentTerms": {"paymentTermsNumber": 5}},
]  # fmt: skip
"""What stands in the accounting system before Hub is connected to it."""

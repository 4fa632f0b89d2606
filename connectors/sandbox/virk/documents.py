"""From an invented company to its document in the register, with history and metadata."""

from connectors.sandbox import Json


def document(company: Json) -> Json:
    """Return what stands under ``Vrvirksomhed`` for a company of ``companies.json``."""
    stamped = _Stamper(company)
    code, short, long = company["form"]
    name = stamped({"navn": company["name"]})
    form = stamped(
        {
            "virksomhedsformkode": code,
            "kortBeskrivelse": short,
            "langBeskrivelse": long,
            "ansvarligDataleverandoer": "E&S",
        }
    )
    industry = stamped(
        {"branchekode": company["industry"][0], "branchetekst": company["industry"][1]}
    )
    place = _place(company, stamped)
    status = company.get("status")
    number = int(company["number"])
    return {
        "cvrNummer": number,
        "regNummer": [],
        "brancheAnsvarskode": 0,
        "reklamebeskyttet": company["protected"],
        "navne": [name],
        "binavne": [],
        "postadresse": [],
        "beliggenhedsadresse": [place],
        "telefonNummer": stamped.contact(
            company.get("phone"), secret=company.get("phone_secret", False)
        ),
        "telefaxNummer": [],
        "elektroniskPost": stamped.contact(company.get("email")),
        "hjemmeside": stamped.contact(company.get("website")),
        "obligatoriskEmail": [],
        "livsforloeb": [stamped({})],
        "hovedbranche": [industry],
        "bibranche1": [],
        "bibranche2": [],
        "bibranche3": [],
        "status": [],
        "virksomhedsstatus": [stamped({"status": status})] if status else [],
        "virksomhedsform": [form],
        "aarsbeskaeftigelse": [],
        "kvartalsbeskaeftigelse": [],
        "maanedsbeskaeftigelse": [],
        "attributter": [],
        "penheder": [stamped({"pNummer": unit}) for unit in company["p_numbers"]],
        "deltagerRelation": [],
        "fusioner": [],
        "spaltninger": [],
        "virksomhedMetadata": {
            "nyesteNavn": name,
            "nyesteVirksomhedsform": form,
            "nyesteBeliggenhedsadresse": place,
            "nyesteHovedbranche": industry,
            "nyesteBibranche1": None,
            "nyesteBibranche2": None,
            "nyesteBibranche3": None,
            "nyesteStatus": None,
            # The register lists secret ones here too, without saying so.
            "nyesteKontaktoplysninger": [
                company[kind] for kind in ("phone", "email", "website") if company.get(kind)
            ],
            "antalPenheder": len(company["p_numbers"]),
            "nyesteAarsbeskaeftigelse": None,
            "nyesteKvartalsbeskaeftigelse": None,
            "nyesteMaanedsbeskaeftigelse": None,
            "sammensatStatus": status or ("Ophørt" if company.get("ended") else "Aktiv"),
            "stiftelsesDato": company["started"],
            "virkningsDato": company["started"],
        },
        "samtId": 7,
        "fejlRegistreret": False,
        "dataAdgang": 0,
        "enhedsNummer": 4_000_000_000 + number % 1_000_000,
        "enhedstype": "VIRKSOMHED",
        "sidstIndlaest": company["updated"],
        "sidstOpdateret": company["updated"],
        "fejlVedIndlaesning": False,
        "naermesteFremtidigeDato": None,
        "fejlBeskrivelse": None,
        "virkningsAktoer": None,
    }


class _Stamper:
    """Adds to an entry since when it is valid, until when, and when it was last changed."""

    def __init__(self, company: Json) -> None:
        self._since = company["started"]
        self._until = company.get("ended")
        self._changed = company["updated"]

    def __call__(self, entry: Json) -> Json:
        period = {"gyldigFra": self._since, "gyldigTil": self._until}
        return entry | {"periode": period, "sidstOpdateret": self._changed}

    def contact(self, value: str | None, *, secret: bool = False) -> list[Json]:
        """Return the list of one way to reach the company, empty where there is none."""
        return [self({"kontaktoplysning": value, "hemmelig": secret})] if value else []


def _place(company: Json, stamped: _Stamper) -> Json:
    code, municipality = company.get("municipality", (0, ""))
    return stamped(
        {
            "landekode": "DK",
            "fritekst": None,
            "vejkode": 1234,
            "kommune": stamped({"kommuneKode": code, "kommuneNavn": municipality}),
            "husnummerFra": company["house"],
            "husnummerTil": company.get("house_to"),
            "bogstavFra": company.get("letter"),
            "bogstavTil": None,
            "etage": company.get("floor"),
            "sidedoer": company.get("door"),
            "conavn": company.get("care_of"),
            "postboks": None,
            "vejnavn": company["street"],
            "bynavn": company.get("locality"),
            "postnummer": company["postcode"],
            "postdistrikt": company["city"],
            "adresseId": None,
            "sidstValideret": None,
        }
    )

"""From a document of Virk's register to a company record.

A document keeps its history: of each list the entry that counts is the register's own choice under
``virksomhedMetadata`` (``nyeste…``), else the last one still valid (``gyldigTil`` null), else the
one that began last. Of telephone, mail and website only a valid entry counts, never a secret one.
"""

from datetime import date, datetime

from connectors.registries import COPENHAGEN, Part, status_of
from hub.ports import CompanyRecord, CompanyStatus


def company_of(document: Part, seen_at: datetime) -> CompanyRecord:
    """Return the company of a ``Vrvirksomhed`` as it stands at `seen_at`.

    Raises:
        MalformedReplyError: a field is not as documented; the message names it.
    """
    chosen = document.part("virksomhedMetadata")
    name = _counting(document, chosen, "nyesteNavn", "navne")
    if name is None:
        raise document.unknown("navne", "a list with a name")
    industry = _counting(document, chosen, "nyesteHovedbranche", "hovedbranche")
    form = _counting(document, chosen, "nyesteVirksomhedsform", "virksomhedsform")
    place = _counting(document, chosen, "nyesteBeliggenhedsadresse", "beliggenhedsadresse")
    place = place or _last(document.parts("postadresse"))
    ended_on = _ended_on(document)
    text = _status_text(document, chosen)
    return CompanyRecord(
        registration_number=document.required("cvrNummer").zfill(8),
        country="DK",
        name=name.required("navn"),
        status=_status(document, text, ended_on, seen_at.astimezone(COPENHAGEN).date()),
        status_text=text,
        address_lines=_lines(place) if place else (),
        postcode=_postcode(place) if place else None,
        city=place.text("postdistrikt") if place else None,
        phone=_contact(document, "telefonNummer"),
        email=_contact(document, "elektroniskPost"),
        website=_contact(document, "hjemmeside"),
        industry_code=industry.text("branchekode") if industry else None,
        industry=industry.text("branchetekst") if industry else None,
        legal_form=(form.text("langBeskrivelse") or form.text("kortBeskrivelse")) if form else None,
        started_on=_started_on(document, chosen),
        ended_on=ended_on,
        marketing_protected=document.flag("reklamebeskyttet"),
        p_numbers=tuple(unit.required("pNummer") for unit in _valid(document.parts("penheder"))),
    )


def _counting(document: Part, chosen: Part | None, newest: str, history: str) -> Part | None:
    own_choice = chosen.part(newest) if chosen else None
    return own_choice or _last(document.parts(history))


def _last(entries: list[Part]) -> Part | None:
    valid = _valid(entries)
    if valid:
        return valid[-1]
    return max(entries, key=_began_on, default=None)


def _valid(entries: list[Part]) -> list[Part]:
    return [entry for entry in entries if _period(entry).text("gyldigTil") is None]


def _period(entry: Part) -> Part:
    period = entry.part("periode")
    if period is None:
        raise entry.unknown("periode", "an object")
    return period


def _began_on(entry: Part) -> date:
    return _period(entry).day("gyldigFra") or date.min


def _contact(document: Part, kind: str) -> str | None:
    usable = [
        entry for entry in _valid(document.parts(kind)) if not entry.flag("hemmelig", absent=False)
    ]
    return usable[-1].text("kontaktoplysning") if usable else None


def _status_text(document: Part, chosen: Part | None) -> str | None:
    entry = _last(document.parts("virksomhedsstatus"))
    return (entry.text("status") if entry else None) or (
        chosen.text("sammensatStatus") if chosen else None
    )


def _status(document: Part, text: str | None, ended_on: date | None, today: date) -> CompanyStatus:
    if ended_on is not None and ended_on <= today:
        return CompanyStatus.DISSOLVED
    if text is None and document.parts("livsforloeb"):  # a sole trader has no other sign of life
        return CompanyStatus.ACTIVE
    return status_of(text)


def _ended_on(document: Part) -> date | None:
    lives = document.parts("livsforloeb")
    if not lives or _valid(lives):
        return None
    return max(day for life in lives if (day := _period(life).day("gyldigTil")))


def _started_on(document: Part, chosen: Part | None) -> date | None:
    founded = chosen.day("stiftelsesDato") if chosen else None
    starts = [
        day for life in document.parts("livsforloeb") if (day := _period(life).day("gyldigFra"))
    ]
    return founded or min(starts, default=None)


def _lines(place: Part) -> tuple[str, ...]:
    """Return the lines above postcode and city, as they are written in Denmark."""
    free = place.text("fritekst")  # foreign addresses have nothing else
    care_of, box = place.text("conavn"), place.text("postboks")
    lines = (
        f"c/o {care_of}" if care_of else None,
        _street(place),
        place.text("bynavn"),
        f"Postboks {box}" if box else None,
        *(free.splitlines() if free else ()),
    )
    return tuple(line.strip() for line in lines if line and line.strip())


def _street(place: Part) -> str | None:
    street = place.text("vejnavn")
    if street is None:
        return None
    house = (place.text("husnummerFra") or "") + (place.text("bogstavFra") or "")
    to = (place.text("husnummerTil") or "") + (place.text("bogstavTil") or "")
    if house and to:
        house = f"{house}-{to}"
    floor, door = place.text("etage"), place.text("sidedoer")
    level = " ".join(part for part in (_floor(floor), door.lower() if door else None) if part)
    return ", ".join(part for part in (f"{street} {house}".strip(), level) if part)


def _floor(floor: str | None) -> str | None:
    return f"{floor.lower()}." if floor else None


def _postcode(place: Part) -> str | None:
    text = place.text("postnummer")
    return text.zfill(4) if text else None

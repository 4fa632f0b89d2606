"""Which catalogues there are, what Hub brings for each, and who uses their words."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.i18n import N_


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A catalogue; `label` and those of the `first` entries are English source texts."""

    name: str
    label: str
    first: Mapping[str, str] = field(default_factory=dict)


CATALOGUES: Mapping[str, Catalogue] = {
    each.name: each
    for each in (
        Catalogue("programs", N_("Lead programs")),
        Catalogue("sources", N_("Lead sources"), {
            "cold_call": N_("Cold call"),
            "advert": N_("Advertisement"),
            "trade_show": N_("Trade show"),
            "website": N_("Website"),
            "referral": N_("Referral"),
            "shop": N_("Web shop"),
        }),
        Catalogue("lost_reasons", N_("Reasons for losing"), {
            "price": N_("Price"),
            "competitor": N_("Went to a competitor"),
            "no_need": N_("No need"),
            "no_budget": N_("No budget"),
            "timing": N_("Wrong time"),
            "no_answer": N_("No answer"),
        }),
        Catalogue("competitors", N_("Competitors")),
        Catalogue("note_types", N_("Note types"), {
            "note": N_("Note"),
            "call": N_("Call"),
            "meeting": N_("Meeting"),
            "mail": N_("Mail"),
            "visit": N_("Visit"),
            "order": N_("Order"),
            "complaint": N_("Complaint"),
        }),
        Catalogue("activity_categories", N_("Categories of activities"), {
            "follow_up": N_("Follow-up"),
            "demonstration": N_("Demonstration"),
            "negotiation": N_("Negotiation"),
            "internal": N_("Internal"),
        }),
        Catalogue("activity_outcomes", N_("Outcomes of activities"), {
            "reached": N_("Reached"),
            "not_reached": N_("Not reached"),
            "call_back": N_("Wants to be called back"),
            "agreed": N_("Agreed"),
            "declined": N_("Declined"),
        }),
        Catalogue("qualifications", N_("Qualifications"), {
            "cold": N_("Cold"),
            "warm": N_("Warm"),
            "hot": N_("Hot"),
        }),
        Catalogue("value_classes", N_("Value classes"), {"a": "A", "b": "B", "c": "C"}),
        Catalogue("follow_up_methods", N_("Ways of following up"), {
            "phone": N_("By phone"),
            "mail": N_("By mail"),
            "visit": N_("By visit"),
        }),
        Catalogue("classifications", N_("Classifications")),
        Catalogue("price_lists", N_("Price lists")),
        Catalogue("terms_codes", N_("Terms codes"), {
            "prepaid": N_("Paid in advance"),
            "net8": N_("Net 8 days"),
            "net14": N_("Net 14 days"),
            "net30": N_("Net 30 days"),
            "month_30": N_("Current month and 30 days"),
        }),
        Catalogue("tax_groups", N_("Tax groups"), {
            "domestic": N_("Domestic"),
            "eu": N_("Within the EU"),
            "abroad": N_("Abroad"),
            "exempt": N_("Exempt from tax"),
        }),
        Catalogue("shipping_methods", N_("Shipping methods"), {
            "carrier": N_("By carrier"),
            "parcel_shop": N_("To a parcel shop"),
            "own_transport": N_("By our own transport"),
            "collected": N_("Collected"),
        }),
        Catalogue("payment_processors", N_("Payment processors")),
        Catalogue("contact_roles", N_("Roles of contacts"), {
            "decides": N_("Decides"),
            "buys": N_("Buys"),
            "pays": N_("Pays"),
            "uses": N_("Uses it"),
            "technician": N_("Technician"),
        }),
        Catalogue("handle_kinds", N_("Networks"), {
            "linkedin": "LinkedIn",
            "skype": "Skype",
            "wechat": "WeChat",
            "whatsapp": "WhatsApp",
            "x": "X",
            "facebook": "Facebook",
            "instagram": "Instagram",
        }),
    )
}  # fmt: skip
"""All of them, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """Where words of a catalogue stand: a column of a model, text or text[].

    `keyed` says that they are the keys of its texts (`hub.customers.keyed`).

    `is_open` tells a record's open rows from its closed ones, where it has both (C23, C26).
    """

    model: type[Any]
    column: ColumnElement[Any] | InstrumentedAttribute[Any]
    is_open: ColumnElement[bool] | InstrumentedAttribute[bool] | None = None
    keyed: bool = False


@dataclass(frozen=True, slots=True)
class Further:
    """What an installation adds while it runs: catalogues, and where words of some stand."""

    catalogues: Callable[[Session], Iterable[Catalogue]]
    uses: Callable[[Session, str], Iterable[Use]]


_FURTHER: list[Further] = []
_USES: dict[str, list[Use]] = {name: [] for name in CATALOGUES}


def declare_use(name: str, use: Use) -> None:
    """Say that records keep words of a catalogue: they are counted, and hold what they keep."""
    if all(known.column is not use.column for known in _USES[name]):
        _USES[name].append(use)


def uses_of(session: Session, name: str) -> Iterator[Use]:
    """Return who keeps words of a catalogue."""
    yield from _USES.get(name, ())
    for further in _FURTHER:
        yield from further.uses(session, name)


def declare_further(further: Further) -> None:
    """Have catalogues and uses beside the declared ones; `hub.rules` connects it."""
    if further not in _FURTHER:
        _FURTHER.append(further)


def all_catalogues(session: Session) -> Mapping[str, Catalogue]:
    """Return the declared catalogues and those that the installation has added, by name."""
    added = (each for further in _FURTHER for each in further.catalogues(session))
    return {**CATALOGUES, **{each.name: each for each in added}}

"""Files of leads: previewed, applied, met again, taken back."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.clock import utcnow
from hub.configuration import services as configuration
from hub.db import transaction
from hub.duplicates.models import DupCandidate
from hub.entry_policies.policy import Duplicates, EntryPolicy, EntryRule
from hub.errors import ValidationError
from hub.imports.models import ImportState
from hub.imports.options import MatchKey, OnMatch
from hub.leads import services as leads
from hub.leads.models import Lead
from hub.ledger.tasks import TaskName
from tests.hub.imports.uploads import (
    actions,
    apply,
    customers,
    lines,
    outcomes,
    reasons,
    rows,
    run,
    undo,
    upload,
)
from tests.people import make_user

pytestmark = pytest.mark.usefixtures("database")


def uploaded(*parts: str, **options: Any) -> UUID:
    return upload(lines(*parts), name="emner.csv", entity="leads", **options)


def imported(*parts: str, **options: Any) -> UUID:
    job = uploaded(*parts, **options)
    apply(job)
    return job


def living() -> list[Lead]:
    with transaction() as session:
        query = select(Lead).where(Lead.deleted_at.is_(None)).order_by(Lead.sort_number)
        return list(session.scalars(query))


def make_lead(**fields: Any) -> Lead:
    with transaction() as session:
        return leads.create(session, fields, now=utcnow())


def change(lead: Lead, **fields: Any) -> None:
    with transaction() as session:
        leads.update(session, session.get_one(Lead, lead.id), fields)


def test_a_danish_file_becomes_leads_that_are_nobodys() -> None:
    job = uploaded(
        "Firma;Fornavn;Efternavn;Mobil;Adresse;Adresse 2;Land;Kilde;Værdi;Forventet dato;Besked",
        "Vibens Vogne ApS;Ida;Prøve;33 12 12 13;Kajen 1;2. tv.;Danmark;Messe;45.000,50;01-03-2027;"
        "Vil have tilbud",
        ";;;;;;;;;;",
    )
    before = living()

    done = apply(job)

    assert (actions(job), before) == (["create"], [])
    assert done.counters == {"items": 1, "create": 1, "done": 1}
    [lead] = living()
    assert (lead.name, lead.company, lead.person, lead.mobile, lead.address) == (
        "Vibens Vogne ApS", "Vibens Vogne ApS", "Ida Prøve", "+4533121213", "Kajen 1\n2. tv.",
    )  # fmt: skip
    assert (lead.country, lead.source, lead.net_potential_value, lead.est_conversion_on) == (
        "DK", "trade_show", Decimal("45000.5000"), date(2027, 3, 1),
    )  # fmt: skip
    assert (lead.description, lead.channel, lead.owner_user_id, lead.currency) == (
        "Vil have tilbud", "import", None, "DKK",
    )  # fmt: skip
    assert (lead.state, lead.is_open) == ("pending_qualification", True)
    assert customers() == []


def test_a_lead_comes_in_without_the_phones_that_cannot_be_read() -> None:
    job = imported(
        "Firma;Telefon;Mobilnummer;Kontaktperson", "Lommen;312 555 0142;ring senere;Ida Prøve"
    )

    [item] = rows(job)
    assert (item.action, [(e["code"], e["column"]) for e in item.errors or ()]) == (
        "create", [("left_out", "Mobilnummer"), ("left_out", "Telefon")],
    )  # fmt: skip
    assert (item.after or {}) == {"company": "Lommen", "person": "Ida Prøve"}


def test_each_row_that_cannot_come_in_says_why_and_the_rest_goes_in() -> None:
    job = imported(
        "Firma;Kontaktperson;CVR;Mail;Kilde;Sælger",
        "Lommen;;;;;",
        ";;99000007;;;",
        "Viben;;99000008;;;",
        "Viben;;;ingen mail;;",
        "Viben;;;;Ukendt kilde;",
        "Viben;;;;;nobody@hub.example",
        ";Ida Prøve;;;;",
    )

    assert [(item.action, reasons(item)) for item in rows(job)] == [
        ("create", []),
        ("refuse", ["required"]),
        ("refuse", ["check_digit"]),
        ("refuse", ["format"]),
        ("refuse", ["unknown"]),
        ("refuse", ["unknown_user"]),
        ("create", []),
    ]
    assert [lead.name for lead in living()] == ["Lommen", "Ida Prøve"]


def test_an_amount_finer_than_its_currency_is_refused_with_its_row_and_says_so_beforehand() -> None:
    make_lead(company="Ternen", external_ref="4", currency="JPY")
    job = uploaded(
        "id;Firma;Valuta;Værdi",
        "1;Lommen;JPY;100,55", "2;Viben;;7,5555", "3;Alken;KWD;7,5", "4;Ternen;;7,5",
    )  # fmt: skip

    assert [(item.action, reasons(item)) for item in rows(job)] == [
        ("refuse", ["precision"]), ("refuse", ["precision"]), ("create", []),
        ("refuse", ["precision"]),
    ]  # fmt: skip


def test_the_same_file_again_makes_nothing_twice() -> None:
    file = ("id;Firma;Tlf", "1;Lommen;70000001", ";Viben;70000002", ";Viben;70000002")
    imported(*file)

    again = imported(*file)

    assert [(item.action, reasons(item)) for item in rows(again)] == [
        ("skip", ["unchanged"]),
        ("skip", ["unchanged"]),
        ("skip", ["same_as_row"]),
    ]
    assert [lead.name for lead in living()] == ["Lommen", "Viben"]


def test_a_row_fills_what_is_empty_and_writes_over_nothing_unless_told_to() -> None:
    lead = make_lead(company="Lommen", external_ref="1", phone="70000001")
    file = ("id;Firma;Tlf;By", "1;Lommen ApS;70000009;Struer")

    first = imported(*file)
    filled = living()[0]
    second = imported(*file, overwrite=True)
    third = uploaded(*file, on_match=OnMatch.SKIP)

    assert [reasons(item) for job in (first, second, third) for item in rows(job)] == [
        ["kept"], [], ["already_here"],
    ]  # fmt: skip
    assert (filled.id, filled.company, filled.phone, filled.city) == (
        lead.id, "Lommen", "+4570000001", "Struer",
    )  # fmt: skip
    [written] = living()
    assert (written.company, written.name, written.phone) == (
        "Lommen ApS", "Lommen ApS", "+4570000009",
    )  # fmt: skip


def test_whose_a_lead_is_that_is_here_no_file_changes() -> None:
    with transaction() as session:
        anna = make_user(session, "anna@hub.example")
    lead = make_lead(company="Lommen", external_ref="1")

    job = imported(
        "id;Firma;Sælger", "1;Lommen;anna@hub.example", "2;Viben;anna@hub.example", overwrite=True
    )

    assert [reasons(item) for item in rows(job)] == [["kept"], []]
    assert [(each.name, each.owner_user_id) for each in living()] == [
        ("Lommen", lead.owner_user_id), ("Viben", anna.id),
    ]  # fmt: skip


def test_what_an_import_did_is_taken_back_but_for_what_was_changed_since() -> None:
    known = make_lead(company="Lommen", external_ref="1")
    file = ("id;Firma;By;Værdi", "1;Lommen;Struer;10,5", "2;Viben;;", "3;Gøgen;;", ";Terne;;")
    job = imported(*file)
    change(living()[2], city="Odense")

    undone = undo(job)
    left = living()
    again = imported(*file)

    assert undone.state is ImportState.UNDONE
    assert outcomes(rows(job)) == ["undone", "undone", "kept", "undone"]
    assert [(lead.id, lead.name, lead.city, lead.net_potential_value) for lead in left] == [
        (known.id, "Lommen", None, None), (left[1].id, "Gøgen", "Odense", None),
    ]  # fmt: skip
    assert actions(again) == ["update", "create", "skip", "create"]


def test_what_the_installation_asks_of_leads_is_asked_of_rows() -> None:
    make_lead(company="Lommen", phone="70000001")
    rules = [
        EntryRule(entity="lead", field="source", required=True),
        EntryRule(entity="lead", field="phone", duplicates=Duplicates.FORBID),
    ]
    with transaction() as session:
        configuration.replace(
            session, EntryPolicy(rules=rules), expected_version=configuration.OF_DEFAULTS
        )

    job = imported(
        "Firma;Tlf;Kilde",
        "Viben;70000002;Messe",
        "Gøgen;70000001;Messe",
        "Ternen;70000003;",
        "Alken;70000002;Messe",
    )

    assert [(item.action, item.outcome, reasons(item)) for item in rows(job)] == [
        ("create", "done", []),
        ("refuse", "skipped", ["duplicate_value"]),
        ("refuse", "skipped", ["required"]),
        ("create", "failed", ["duplicate_value"]),
    ]


def test_leads_of_two_files_that_may_be_one_are_found_to_be_so() -> None:
    said = "Vibens Vogne ApS;33121213;ida@viben.example;Struer"
    imported("id;Firma;Tlf;Mail;By", f"1;{said}")

    imported("id;Firma;Tlf;Mail;By", f"2;{said}")
    run(TaskName.FIND_DUPLICATES)

    with transaction() as session:
        [pair] = session.scalars(select(DupCandidate)).all()
    assert {pair.a_id, pair.b_id} == {lead.id for lead in living()}


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"roles": ("customer",)}, "/roles"),
        ({"match": (MatchKey.CVR,), "explicit_match": True}, "/match"),
    ],
)
def test_wishes_that_make_no_sense_of_leads_are_refused(
    options: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        uploaded("Firma", "Lommen", **options)

    assert [error.pointer for error in refused.value.errors] == [pointer]

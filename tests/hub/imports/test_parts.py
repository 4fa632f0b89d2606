"""Files whose rows name a contact and addresses beside their customer."""

from typing import Any

import pytest
from sqlalchemy import select

from hub.customers import contacts as contact_services
from hub.customers.models import Address, Contact, Customer
from hub.db import transaction
from hub.imports.models import ImportState
from tests.hub.imports.uploads import (
    actions,
    customers,
    import_file,
    lines,
    outcomes,
    reasons,
    rows,
    undo,
    upload,
)

pytestmark = pytest.mark.usefixtures("database")

HEADER = "id;Navn;Kontaktperson;Contact email;Faktura adresse;Faktura postnr;Shipping city"
ROW = "1;Nordlys;Signe Prøve;signe@Nordlys.example;Havnen 3;8000;Skagen"


def people() -> list[Any]:
    with transaction() as session:
        query = select(Contact).where(Contact.deleted_at.is_(None)).order_by(Contact.id)
        return [(c.first_name, c.last_name, c.email, c.is_main) for c in session.scalars(query)]


def places() -> list[Any]:
    with transaction() as session:
        query = select(Address).where(Address.deleted_at.is_(None)).order_by(Address.id)
        return [
            (a.kind, a.address, a.postcode, a.city, a.country, a.is_default)
            for a in session.scalars(query)
        ]


SIGNE = ("Signe", "Prøve", "signe@nordlys.example", True)
BO = ("Bo", "By", "bo@nordlys.example", False)


def test_a_row_brings_its_contact_and_its_addresses_and_undone_takes_them_away() -> None:
    job = import_file(lines(HEADER, ROW, "2;Sydlys;;;;;"))

    came = people(), places()
    undone = undo(job.id)

    assert came == ([SIGNE], [
        ("billing", "Havnen 3", "8000", None, "DK", True),
        ("shipping", None, None, "Skagen", "DK", True),
    ])  # fmt: skip
    assert (undone.state, outcomes(rows(job.id))) == (ImportState.UNDONE, ["undone", "undone"])
    assert (customers(), people(), places()) == ([], [], [])


def test_further_rows_of_a_customer_name_further_contacts_and_the_same_one_once() -> None:
    import_file(
        lines(
            HEADER, ROW, "1;Nordlys;Bo By;bo@nordlys.example;;;",
            "1;Nordlys;Signe P.;signe@nordlys.example;;;Skagen",
        )
    )  # fmt: skip

    assert people() == [SIGNE, BO]
    assert [(kind, city) for kind, _, _, city, *_ in places()] == [
        ("billing", None), ("shipping", "Skagen"),
    ]  # fmt: skip


def test_imported_again_what_is_here_stays_what_it_lacks_is_added_and_the_undo_takes_it_back() -> (
    None
):
    import_file(lines(HEADER, ROW))

    same = import_file(lines(HEADER, ROW))
    more = import_file(
        lines(
            "id;Navn;Contact email;Contact's job;Contact's last name;Kontaktperson",
            "1;Nordlys;signe@nordlys.example;Chef;Andersen;",
            "1;Nordlys;bo@nordlys.example;;;Bo By",
        )
    )  # fmt: skip
    came = people()
    undo(more.id)

    assert [reasons(each) for each in rows(same.id)] == [["unchanged"]]
    assert actions(more.id) == ["update", "skip"]
    assert reasons(rows(more.id)[0]) == ["kept"]
    assert came == [SIGNE, BO]
    assert people() == [SIGNE]
    with transaction() as session:
        assert session.scalars(select(Contact.job).where(Contact.deleted_at.is_(None))).all() == [
            None
        ]


def test_a_contact_that_was_changed_since_keeps_the_undo_from_its_customer() -> None:
    job = import_file(lines(HEADER, ROW))
    with transaction() as session:
        customer, contact = session.scalars(select(Customer)).one(), session.scalars(
            select(Contact)
        ).one()  # fmt: skip
        contact_services.update(session, customer, contact, {"job": "Chef"})

    undo(job.id)

    assert outcomes(rows(job.id)) == ["kept"]
    assert (len(customers()), people(), len(places())) == (1, [SIGNE], 2)


def test_what_breaks_a_rule_is_refused_with_its_column() -> None:
    job = upload(
        lines(
            "Navn;Contact email;Contact's phone;Billing attention;Land",
            "A;nonsense;;;", "B;;70000001;;", "C;;;Anna;", "D;d@nordlys.example;;;",
        )
    )  # fmt: skip

    found = rows(job)
    assert actions(job) == ["refuse", "refuse", "refuse", "create"]
    said = [
        [(each["pointer"], each["code"], each["column"]) for each in row.errors or []]
        for row in found
    ]
    assert said == [
        [("/contact/email", "format", "Contact email")],
        [("/contact/last_name", "required", None)],
        [("/billing/address", "required", None)],
        [],
    ]


def test_beside_a_company_a_first_and_a_last_name_are_its_contact() -> None:
    import_file(lines("Firma;Fornavn;Efternavn", "Nordlys;Anna;Holm", ";Bo;By"))

    assert [(c.name, c.kind) for c in customers()] == [
        ("Nordlys", "organisation"), ("Bo By", "person"),
    ]  # fmt: skip
    assert people() == [("Anna", "Holm", None, True)]

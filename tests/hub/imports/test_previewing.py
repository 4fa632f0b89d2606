from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from hub.access.models import User
from hub.access.roles import Role
from hub.clock import utcnow
from hub.customers import services as customer_services
from hub.customers.models import Customer
from hub.db import transaction
from hub.history.models import Event
from hub.imports.models import ImportState
from hub.imports.options import Apply, MatchKey, OnMatch
from tests.hub.imports.uploads import (
    actions,
    apply,
    customers,
    import_file,
    import_job,
    lines,
    reasons,
    rows,
    upload,
)
from tests.people import make_user

pytestmark = pytest.mark.usefixtures("database")


def make_customer(**fields: Any) -> Customer:
    with transaction() as session:
        return customer_services.create(session, fields, now=utcnow(), check_duplicates=False)


def change_customer(customer_id: UUID, **changes: Any) -> None:
    with transaction() as session:
        customer = customer_services.get(session, customer_id, lock=True)
        customer_services.update(session, customer, changes, now=utcnow())


def test_a_preview_writes_no_customer_and_says_what_would_be_done() -> None:
    known = make_customer(name="Nordlys ApS", external_ref="1", city="Aarhus")
    same = make_customer(name="Kendt A/S", external_ref="3")

    job = upload(
        lines(
            "id;Navn;By;CVR",
            "1;Nordlys ApS;Aarhus;99000007",
            "2;Bølgebryder A/S;Odense;",
            "3;Kendt A/S;;",
            "4;Forkert;;99000008",
        )
    )

    assert actions(job) == ["update", "create", "skip", "refuse"]
    update, create, skip, refuse = rows(job)
    assert (update.record_id, update.before, update.after) == (
        known.id, {"cvr": None}, {"cvr": "99000007"},
    )  # fmt: skip
    assert create.after == {"external_ref": "2", "name": "Bølgebryder A/S", "city": "Odense"}
    assert (skip.record_id, reasons(skip)) == (same.id, ["unchanged"])
    assert [(e["column"], e["code"]) for e in refuse.errors or ()] == [("CVR", "check_digit")]
    assert [item.source["row"] for item in rows(job) if item.source] == [2, 3, 4, 5]
    assert import_job(job).counters == {
        "items": 4, "update": 1, "create": 1, "skip": 1, "refuse": 1,
    }  # fmt: skip
    assert [c.name for c in customers()] == ["Nordlys ApS", "Kendt A/S"]
    assert customers()[0].cvr is None


def test_nothing_is_lost_the_refused_are_listed_and_the_rest_goes_in() -> None:
    job = import_file(lines("Navn;CVR", "Nordlys;99000007", "Forkert;123", "Tre;"))

    assert job.state is ImportState.PARTIAL
    assert job.counters == {
        "items": 3, "create": 2, "refuse": 1, "done": 2, "skipped": 1,
    }  # fmt: skip
    assert [c.name for c in customers()] == ["Nordlys", "Tre"]


def test_a_danish_file_of_excel_is_read_as_it_was_written() -> None:
    text = "Navn;By;Kreditmaksimum;Roller\r\nBølgebryder ApS;Ærøskøbing;1.234,56;Kunde\r\n"

    job = import_file(text.encode("windows-1252"))

    [customer] = customers()
    assert (customer.name, customer.city, str(customer.credit_limit), customer.roles) == (
        "Bølgebryder ApS", "Ærøskøbing", "1234.5600", ["customer"],
    )  # fmt: skip
    assert job.source is not None
    assert (job.source["encoding"], job.source["delimiter"]) == ("cp1252", ";")


def test_an_encoding_that_is_not_recognised_can_be_named() -> None:
    import_file("Navn,By\nŁódź Handel,Łódź\n".encode("iso-8859-2"), encoding="iso-8859-2")

    assert [(c.name, c.city) for c in customers()] == [("Łódź Handel", "Łódź")]


@pytest.mark.parametrize(
    ("content", "options", "state", "code"),
    [
        (b"%PDF-1.4 not a table", {}, ImportState.FAILED, "file.unknown_format"),
        (b"Navn\nX\n", {"encoding": "klingon"}, ImportState.FAILED, "file.unknown_encoding"),
        (b"By;Tlf\nAarhus;1\n", {}, ImportState.ANALYSED, "no_names"),
        (
            b"Navn\nX\n", {"mapping": {"Firma": "name"}}, ImportState.ANALYSED, "unknown_header",
        ),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_imported_says_why(
    content: bytes, options: dict[str, Any], state: ImportState, code: str
) -> None:
    job = import_job(upload(content, **options))

    assert job.state is state
    assert job.message is not None
    assert job.message["code"] == code
    assert job.plan_id is None
    assert customers() == []


def test_a_row_of_another_length_is_refused() -> None:
    job = upload(lines("Navn;By", "Nordlys;Aarhus;8000", "Kort"))

    assert [reasons(item) for item in rows(job)] == [["too_many_cells"], ["too_few_cells"]]


# --- whose row it is --------------------------------------------------------------------------


def test_a_number_is_shared_by_units_that_the_ean_tells_apart() -> None:
    north = make_customer(name="Kommunen, Skole Nord", cvr="99000007", ean="5790000000012")

    job = upload(
        lines(
            "Navn;CVR;EAN;Tlf",
            "Kommunen Skole Nord;99000007;5790000000012;70000001",
            "Kommunen, Skole Syd;99000007;5790000000029;70000002",
            "Kommunen, Forvaltning;99000007;;70000003",
        )
    )

    update, create, refuse = rows(job)
    assert (update.action, update.record_id, update.after) == (
        "update", north.id, {"phone": "+4570000001"},
    )  # fmt: skip
    assert create.action == "create"
    assert (refuse.action, reasons(refuse)) == ("refuse", ["same_number"])


def test_a_mail_address_finds_a_customer_of_the_same_name_only() -> None:
    known = make_customer(name="Nordlys ApS", email="info@nordlys.example")

    job = upload(
        lines(
            "Navn;Mail;By",
            "NORDLYS;Info@Nordlys.example;Aarhus",
            "Revisor Hansen;info@nordlys.example;Odense",
        )
    )

    assert [(item.action, item.record_id) for item in rows(job)] == [
        ("update", known.id),
        ("create", None),
    ]


def test_whoever_chooses_the_mail_address_as_key_may_rely_on_it_alone() -> None:
    known = make_customer(name="Nordlys ApS", email="info@nordlys.example")

    job = upload(
        lines("Navn;Mail;By", "Nyt Navn;info@nordlys.example;Aarhus"), match=(MatchKey.EMAIL,),
        explicit_match=True,
    )  # fmt: skip

    [item] = rows(job)
    assert (item.action, item.record_id, item.after) == ("update", known.id, {"city": "Aarhus"})
    assert reasons(item) == ["kept"]


def test_one_that_is_surely_the_same_is_met_though_it_is_spelt_otherwise() -> None:
    known = make_customer(
        name="Nordlys Testværk ApS", phone="70000007", address="Prøvevej 12B", postcode="8000"
    )

    job = upload(
        lines("Navn;Adresse;Postnr;Tlf;By", "NORDLYS TESTVÆRK;Prøvevej 12 B;8000;70000007;Aarhus")
    )

    [item] = rows(job)
    assert (item.action, item.record_id) == ("update", known.id)
    assert item.after == {"city": "Aarhus"}


PLACE = {"address": "Prøvevej 12", "postcode": "8000", "city": "Aarhus"}


@pytest.mark.parametrize(("here", "row", "column", "why"), [
    (
        {"email": "signe@gmail.example"}, "Person;anden@gmail.example;70000456", "email",
        "the mail addresses differ",
    ),
    ({"phone": "70000123"}, "Person;;70000456", "phone", "the telephone numbers differ"),
    (
        {"email": "signe@gmail.example", "phone": "70000123"},
        "Person;anden@gmail.example;70000456", "email",
        "mail addresses and telephone numbers differ",
    ),
    (
        {"email": "a@nordlys.example"}, "Virksomhed;b@andet.example;70000456", "email",
        "the mail addresses differ",
    ),
])  # fmt: skip
def test_one_of_a_customers_name_and_place_who_is_reached_otherwise_is_a_new_one_and_says_why(
    here: dict[str, str], row: str, column: str, why: str
) -> None:
    kind = "person" if row.startswith("Person") else "organisation"
    known = make_customer(name="Signe Prøvestein", kind=kind, **PLACE, **here)

    job = upload(
        lines(
            "Navn;Adresse;Postnr;By;Kundetype;Mail;Tlf",
            f"Signe Prøvestein;Prøvevej 12;8000;Aarhus;{row}",
        )
    )

    [item] = rows(job)
    assert item.action == "create"
    [reason] = item.errors or []
    assert (reason["code"], reason["pointer"]) == ("may_be_same", f"/{column}")
    assert why in reason["message"]
    assert reason["params"] == {"other": "Signe Prøvestein", "customer_id": str(known.id)}


@pytest.mark.parametrize("row", [
    "Person;;", "Person;anden@gmail.example;70000123", "Person;signe@gmail.example;70000456",
])  # fmt: skip
def test_one_of_a_customers_name_and_place_is_that_one_where_nothing_or_the_other_says_so(
    row: str,
) -> None:
    reached = {"email": "signe@gmail.example", "phone": "70000123"}
    known = make_customer(name="Signe Prøvestein", kind="person", **PLACE, **reached)

    job = upload(
        lines(
            "Navn;Adresse;Postnr;By;Kundetype;Mail;Tlf",
            f"Signe Prøvestein;Prøvevej 12;8000;Aarhus;{row}",
        )
    )

    [item] = rows(job)
    assert (item.action, item.record_id) == ("skip", known.id)


def test_a_company_is_met_by_name_and_place_though_its_row_has_another_telephone_number() -> None:
    known = make_customer(name="Nordlys Testværk ApS", phone="70000007", **PLACE)

    job = upload(
        lines(
            "Navn;Adresse;Postnr;By;Tlf;Mail",
            "Nordlys Testværk;Prøvevej 12;8000;Aarhus;70000008;info@nordlys.example",
        )
    )

    [item] = rows(job)
    assert (item.action, item.record_id) == ("update", known.id)
    assert (item.after, reasons(item)) == ({"email": "info@nordlys.example"}, ["kept"])


def test_rows_of_one_name_and_place_with_mail_addresses_of_their_own_stay_apart() -> None:
    file = lines(
        "Navn;Adresse;Postnr;Mail;Tlf",
        "Signe Prøvestein;Prøvevej 12;8000;signe@gmail.example;70000123",
        "Signe Prøvestein;Prøvevej 12;8000;;",
        "Signe Prøvestein;Prøvevej 12;8000;anden@andet.example;70000456",
        "Signe Prøvestein;Prøvevej 12;8000;anden@andet.example;70000456",
    )

    first, again = import_file(file), import_file(file)

    assert actions(first.id) == ["create", "skip", "create", "skip"]
    assert [(c.email, c.phone) for c in customers()] == [
        ("signe@gmail.example", "+4570000123"), ("anden@andet.example", "+4570000456"),
    ]  # fmt: skip
    assert reasons(rows(first.id)[2]) == ["may_be_same"]
    assert (rows(first.id)[2].errors or [])[0]["params"]["row"] == "2"
    assert again.counters == {"items": 4, "skip": 4, "skipped": 4}


def test_a_reference_finds_its_customer_however_that_is_reached_by_now() -> None:
    import_file(
        lines(
            "id;Navn;Adresse;Postnr;Mail", "7;Signe Prøvestein;Prøvevej 12;8000;signe@gmail.example"
        )
    )

    import_file(
        lines(
            "id;Navn;Adresse;Postnr;Mail", "7;Signe Prøvestein;Prøvevej 12;8000;anden@gmail.example"
        )
    )

    [customer] = customers()
    assert customer.email == "anden@gmail.example"


def test_rows_of_one_customer_are_one_and_fill_what_the_first_lacks() -> None:
    job = import_file(
        lines(
            "id;Navn;Tlf;Mail;By",
            "1;Nordlys Testværk ApS;70000007;info@nordlys.example;",
            "2;Bølgebryder A/S;;;Odense",
            ";Nordlys Testværk;70000007;info@nordlys.example;Aarhus",
            "1;Nordlys Testværk ApS;70000007;info@nordlys.example;Viborg",
        )
    )

    assert actions(job.id) == ["create", "create", "skip", "skip"]
    nordlys, bryder = customers()
    assert (nordlys.external_ref, nordlys.name, nordlys.city) == (
        "1", "Nordlys Testværk ApS", "Aarhus",
    )  # fmt: skip
    assert bryder.city == "Odense"
    third, fourth = rows(job.id)[2:]
    assert [e["params"] for e in third.errors or ()] == [{"row": "2", "fields": "city"}]
    assert [e["params"] for e in fourth.errors or ()] == [{"row": "2"}]


@pytest.mark.parametrize("said", [
    ";;", ";;info@nordlys.example", "99000007;;", "99000007;5790000000012;info@nordlys.example",
])  # fmt: skip
@pytest.mark.parametrize("match", [
    {}, {"match": (MatchKey.CVR, MatchKey.EMAIL), "explicit_match": True},
])  # fmt: skip
def test_rows_of_one_file_with_references_of_their_own_are_never_one(
    said: str, match: dict[str, Any]
) -> None:
    file = lines(
        "id;Navn;By;CVR;EAN;Mail", f"v1;Nordlys Testværk;Aarhus;{said}",
        f"v2;Nordlys Testværk;Aarhus;{said}", f";Nordlys Testværk;Aarhus;{said}",
    )  # fmt: skip

    first, again = import_file(file, **match), import_file(file, **match)

    assert actions(first.id)[:2] == ["create", "create"]
    assert [c.external_ref for c in customers()][:2] == ["v1", "v2"]
    assert actions(again.id)[:2] == ["skip", "skip"]
    if not match:
        [reason] = rows(first.id)[1].errors or []
        assert (reason["code"], reason["pointer"]) == ("may_be_same", "/external_ref")
        assert "has a reference of its own" in reason["message"]
        assert reason["params"] == {"other": "Nordlys Testværk", "row": "2"}


def test_a_reference_of_its_own_tells_apart_who_else_has_a_number() -> None:
    job = upload(
        lines(
            "id;Navn;CVR", "1;Nordlys Belysning;99000007", "2;Bølgebryder;99000007", ";Ø;99000007"
        )
    )

    assert [(item.action, reasons(item)) for item in rows(job)] == [
        ("create", []), ("create", ["may_be_same"]), ("refuse", ["same_number"]),
    ]  # fmt: skip


def test_a_reference_tells_nobody_apart_from_who_has_none_and_says_how_to_go_on() -> None:
    make_customer(name="Trial Tal", cvr="99000007")

    job = upload(lines("id;Navn;CVR", "T-7;Bølgebryder;99000007", ";Nordlys;99000007"))

    told = [(item.errors or [])[0]["message"] for item in rows(job)]
    assert [reasons(item) for item in rows(job)] == [["same_number"], ["same_number"]]
    assert "give it its own where they are two, or choose match=cvr" in told[0]
    assert "an EAN, or a reference of its own, must tell the two apart" in told[1]


@pytest.mark.parametrize("mail", ["", "info@nordlys.example"])
def test_a_customer_with_another_reference_is_no_rows_but_by_its_number(mail: str) -> None:
    known = make_customer(
        name="Nordlys Testværk", external_ref="1", email=mail or None, cvr="99000007", **PLACE
    )

    job = upload(
        lines(
            "id;Navn;Adresse;Postnr;By;Mail;CVR",
            f"2;Nordlys Testværk;Prøvevej 12;8000;Aarhus;{mail};",
            f"3;Nordlys Testværk;Prøvevej 12;8000;Aarhus;{mail};99000007",
        )
    )

    new, same = rows(job)
    assert (new.action, reasons(new)) == ("create", ["may_be_same"])
    [reason] = new.errors or []
    assert reason["pointer"] == "/external_ref"
    assert reason["params"] == {"other": "Nordlys Testværk", "customer_id": str(known.id)}
    assert (same.action, same.record_id) == ("skip", known.id)


@pytest.mark.parametrize(("one", "other"), [
    ("Andelsbo Pilely Afdeling 3 Blok 4", "Andelsbo Pilely Afdeling 4 Blok 3"),
    ("Andelsbo Pilely Afdeling 3 Blok 4", "Andelsbo Pilely Blok 3 Afdeling 4"),
    ("Elhandel 2 4", "Elhandel 4 2"),
    ("Bageri 1 1", "Bageri 1"),
    ("Elmely 1/2", "Elmely 12"),
])  # fmt: skip
def test_rows_whose_numbers_are_not_the_same_in_the_same_order_are_two_customers(
    one: str, other: str
) -> None:
    job = import_file(lines("Navn;By;Tlf", f"{one};Vejle;70000001", f"{other};Vejle;70000001"))

    assert actions(job.id) == ["create", "create"]
    assert [c.name for c in customers()] == [one, other]


def test_a_row_without_any_key_is_known_again_when_the_file_comes_again() -> None:
    file = lines("Navn;By", "Hansen;Aarhus", "Hansen;Odense", "Hansen;Viborg")
    first = import_file(file)

    again = import_file(file)

    assert first.counters["done"] == 3
    assert again.counters == {"items": 3, "skip": 3, "skipped": 3}
    assert len(customers()) == 3


def test_a_row_whose_customer_was_deleted_makes_a_new_one_and_is_known_by_it() -> None:
    file = lines("Navn;By", "Hansen;Aarhus")
    import_file(file)
    with transaction() as session:
        [old] = session.scalars(select(Customer))
        customer_services.delete(session, old, now=utcnow())

    second, third = import_file(file), import_file(file)

    assert (actions(second.id), actions(third.id)) == (["create"], ["skip"])
    assert len(customers()) == 1


def test_one_that_may_be_a_customer_we_have_is_made_and_the_row_says_so() -> None:
    known = make_customer(name="Nordlys Testværk ApS", city="Aarhus")

    job = upload(lines("Navn;By", "Nordlys Testværk;Aarhus"))

    [item] = rows(job)
    assert (item.action, reasons(item)) == ("create", ["may_be_same"])
    assert (item.errors or [])[0]["params"] == {
        "other": "Nordlys Testværk ApS",
        "customer_id": str(known.id),
    }


def test_the_reference_of_a_deleted_customer_is_free_for_a_new_one() -> None:
    gone = make_customer(name="Væk", external_ref="9")
    with transaction() as session:
        customer_services.delete(session, session.get_one(Customer, gone.id), now=utcnow())

    job = upload(lines("id;Navn", "9;Væk"))

    assert [(item.action, reasons(item)) for item in rows(job)] == [("create", [])]


# --- what may be changed ----------------------------------------------------------------------


def test_a_value_typed_by_hand_stays_and_one_that_an_import_gave_is_renewed() -> None:
    import_file(lines("id;Navn;By;Tlf", "1;Nordlys;Aarhus;70000001"))
    [made] = customers()
    change_customer(made.id, city="Odense")

    job = import_file(lines("id;Navn;By;Tlf", "1;Nordlys ApS;Viborg;70000002"))

    [customer] = customers()
    assert (customer.name, customer.city, customer.phone) == (
        "Nordlys ApS", "Odense", "+4570000002",
    )  # fmt: skip
    [item] = rows(job.id)
    assert [e["params"] for e in item.errors or ()] == [{"fields": "city"}]


def test_overwriting_lets_the_file_win_but_never_changes_the_currency() -> None:
    make_customer(name="Typed", city="Odense", external_ref="1", currency="DKK")

    job = import_file(lines("id;Navn;By;Valuta", "1;Nordlys;Aarhus;EUR"), overwrite=True)

    [customer] = customers()
    assert (customer.name, customer.city, customer.currency) == ("Nordlys", "Aarhus", "DKK")
    assert reasons(rows(job.id)[0]) == ["kept"]


def test_known_customers_may_be_left_alone() -> None:
    make_customer(name="Nordlys", external_ref="1")

    job = import_file(lines("id;Navn;By", "1;Nordlys;Aarhus", "2;Ny;Odense"), on_match=OnMatch.SKIP)

    assert [(i.action, reasons(i)) for i in rows(job.id)] == [
        ("skip", ["already_here"]),
        ("create", []),
    ]
    assert customers()[0].city is None


def test_new_customers_get_what_the_import_says_and_nobody_owns_them_unless_it_does() -> None:
    with transaction() as session:
        anna = User(email="anna@hub.example", name="Anna", roles=[Role.ADMINISTRATOR])
        session.add(anna)
        session.flush()

    import_file(lines("Navn", "Uden ejer"))
    import_file(
        lines("Navn;Rolle", "Med ejer;", "Leverandør;leverandør"),
        owner_user_id=anna.id, roles=("customer",), currency="EUR",
    )  # fmt: skip

    assert [(c.owner_user_id, c.roles, c.currency, c.channel) for c in customers()] == [
        (None, ["prospect"], "DKK", "import"),
        (anna.id, ["customer"], "EUR", "import"),
        (anna.id, ["supplier"], "EUR", "import"),
    ]


def test_whose_a_customer_is_already_no_file_changes() -> None:
    with transaction() as session:
        anna, bo = (make_user(session, f"{name}@hub.example") for name in ("anna", "bo"))
    import_file(lines("Id;Navn;Sælger", "1;Nordlys;anna@hub.example", "2;Havn;"))

    job = import_file(
        lines("Id;Navn;By;Sælger", "1;Nordlys;Ry;bo@hub.example", "2;Havn;Ry;bo@hub.example"),
        overwrite=True,
    )

    assert [(c.city, c.owner_user_id) for c in customers()] == [("Ry", anna.id), ("Ry", None)]
    assert [reasons(row) for row in rows(job.id)] == [["kept"], ["kept"]]
    assert bo.id not in {c.owner_user_id for c in customers()}


def test_one_who_has_left_since_the_preview_gets_no_customer() -> None:
    with transaction() as session:
        anna, bo = (make_user(session, f"{name}@hub.example") for name in ("anna", "bo"))
    job = upload(lines("Navn;Sælger", "Nordlys;anna@hub.example", "Havn;bo@hub.example"))
    with transaction() as session:
        session.get_one(User, anna.id).active = False

    apply(job)

    assert [(c.name, c.owner_user_id) for c in customers()] == [("Havn", bo.id)]
    assert [(row.outcome, reasons(row)) for row in rows(job)] == [
        ("failed", ["inactive_user"]), ("done", []),
    ]  # fmt: skip


def test_every_field_that_a_row_may_say_is_kept() -> None:
    import_file(lines("Navn;IBAN;Kreditmaksimum;Note", "Nordlys;DK50 0040 0440 1162 43;500;ringer"))
    import_file(lines("Navn;IBAN", "Nordlys;GB29 NWBK 6016 1331 9268 19"), overwrite=True)

    [made] = customers()
    assert (made.iban, made.note) == ("GB29NWBK60161331926819", "ringer")
    assert made.credit_limit == Decimal(500)


# --- going on by itself -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "rows_", "state"),
    [
        (Apply.NO, ("Nordlys;",), ImportState.PLANNED),
        (Apply.IF_CLEAN, ("Nordlys;",), ImportState.DONE),
        (Apply.IF_CLEAN, ("Nordlys;", "Forkert;123"), ImportState.PLANNED),
        (Apply.GOOD_ROWS, ("Nordlys;", "Forkert;123"), ImportState.PARTIAL),
    ],
)
def test_an_import_goes_on_by_itself_as_it_was_told(
    wanted: Apply, rows_: tuple[str, ...], state: ImportState
) -> None:
    job = upload(lines("Navn;CVR", *rows_), apply=wanted)

    assert import_job(job).state is state
    assert len(customers()) == (0 if state is ImportState.PLANNED else 1)


def test_the_events_of_an_import_name_its_plan() -> None:
    job = import_file(lines("Navn", "Nordlys"))

    with transaction() as session:
        events = session.scalars(select(Event).where(Event.subject_type == "customer")).all()
    assert [(e.type, e.cause_kind, e.cause_id) for e in events] == [
        ("customer.created", "import", str(job.plan_id))
    ]


def test_a_preview_made_again_follows_the_new_wishes(database: Engine) -> None:
    from hub.imports import services
    from hub.imports.options import Options
    from hub.ledger.tasks import TaskName
    from tests.hub.imports.uploads import run

    job = upload(lines("Firma;Alias", "Nordlys;Lys"))
    former = import_job(job).plan_id
    with transaction() as session:
        services.plan_again(
            session,
            services.get(session, job, lock=True),
            Options(mapping={"Alias": "name", "Firma": "legal_name"}),
        )
    run(TaskName.ANALYSE_FILE)
    apply(job)

    assert import_job(job).plan_id != former
    assert [(c.name, c.legal_name) for c in customers()] == [("Lys", "Nordlys")]


def test_words_of_catalogues_and_texts_under_keys_are_read_and_what_is_unknown_is_told() -> None:
    import_file(
        lines(
            "Navn;Betalingsbetingelser;Value class;Registration numbers;Frameldt;Lead source",
            "Nordlys;Netto 14 dage;A;se_orgnr: 556036-0793, no_orgnr:988077917;ja;trade_show",
        )
    )
    refused = upload(
        lines("Navn;Betalingsbetingelser;Registration numbers", "Havn;når som helst;mars:1")
    )

    [made] = customers()
    assert (made.terms_code, made.value_class, made.source) == ("net14", "a", "trade_show")
    assert made.registrations == ["no_orgnr:988077917", "se_orgnr:5560360793"]
    assert made.refuses_email is True
    [row] = rows(refused)
    assert [(e["pointer"], e["code"], e["column"]) for e in row.errors or []] == [
        ("/terms_code", "unknown", "Betalingsbetingelser"),
        ("/registrations/mars", "unknown", "Registration numbers"),
    ]


def test_a_limit_that_cannot_be_paid_in_its_currency_is_refused_in_the_preview() -> None:
    make_customer(name="Kendt A/S", external_ref="3", currency="JPY")

    job = upload(
        lines("id;Navn;Kreditmaksimum;Valuta", "1;Nordlys;500,5051;DKK", "2;Havn;500,50;DKK",
              "3;Kendt A/S;10,5;", "4;Yen;10,5;JPY")
    )  # fmt: skip

    assert [(row.action, reasons(row)) for row in rows(job)] == [
        ("refuse", ["precision"]), ("create", []), ("refuse", ["precision"]),
        ("refuse", ["precision"]),
    ]  # fmt: skip

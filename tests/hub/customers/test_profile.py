"""A customer's profile: words of catalogues, numbers of schemes, bank, names in networks."""

from typing import Any

import pytest
from sqlalchemy import Engine, select

from hub import catalogues
from hub.catalogues import CATALOGUES
from hub.catalogues.models import CatalogueEntry
from hub.clock import utcnow
from hub.customers import bulk, contacts, numbers, services
from hub.customers.models import Contact, Customer
from hub.customers.rules import clean
from hub.db import transaction
from hub.errors import ValidationError
from hub.origin import CauseKind
from tests.people import make_customer

pytestmark = pytest.mark.usefixtures("database")
PROFILE: dict[str, Any] = {
    "qualification": "warm", "value_class": "a", "source": "trade_show", "terms_code": "net14",
    "follow_up_method": "phone", "tax_group": "eu", "refuses_calls": True,
    "registrations": {"se_orgnr": "556036-0793", "lei": "2138 00KUD8LAJWSQ9D15"},
    "handles": {"skype": "anna.holm"}, "bic": "ndea dk kk", "bank_account": "2191  7771234567",
    "vat_no": "SE 556036079301",
}  # fmt: skip


def broken(**fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused:
        clean(fields)
    return [(error.pointer, error.code) for error in refused.value.errors]


def refused_by(act: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused, transaction() as session:
        act(session)
    return [(error.pointer, error.code) for error in refused.value.errors]


def update(customer: Customer, **changes: Any) -> Customer:
    with transaction() as session:
        known = services.get(session, customer.id, lock=True)
        return services.update(session, known, changes, now=utcnow())


def add_entry(catalogue: str, code: str) -> CatalogueEntry:
    with transaction() as session:
        return catalogues.services.create(
            session, CATALOGUES[catalogue], {"code": code, "label": code}
        )


def test_a_profile_is_kept_in_its_stored_form() -> None:
    with transaction() as session:
        made = make_customer(session, **PROFILE)

    assert made.registrations == ["lei:213800KUD8LAJWSQ9D15", "se_orgnr:5560360793"]
    assert (made.handles, made.mail_routes, made.classifications) == (["skype:anna.holm"], [], [])
    assert (made.bic, made.bank_account, made.vat_no) == (
        "NDEADKKK", "2191 7771234567", "SE556036079301",
    )  # fmt: skip
    assert (made.terms_code, made.refuses_calls, made.refuses_email) == ("net14", True, False)


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"vat_no": "DK99000008"}, [("/vat_no", "check_digit")]),
        ({"vat_no": "99000008"}, [("/vat_no", "check_digit")]),
        ({"vat_no": "99000008", "country": "DE"}, [("/vat_no", "check_digit")]),
        ({"vat_no": "EL094259217"}, [("/vat_no", "check_digit")]),
        ({"bic": "NDEA"}, [("/bic", "format")]),
        ({"bank_account": "2191_777"}, [("/bank_account", "format")]),
        ({"registrations": {"lei": "213800"}}, [("/registrations/lei", "check_digit")]),
        ({"registrations": {"mars": "1"}}, [("/registrations/mars", "unknown")]),
        ({"handles": {"skype": " "}}, [("/handles/skype", "format")]),
        ({"mail_routes": {"poem": "billing"}}, [("/mail_routes/poem", "unknown")]),
        ({"mail_routes": {"invoice": "contact"}}, [("/mail_routes/invoice", "unknown")]),
        ({"mail_routes": {"invoice": "billing:1"}}, [("/mail_routes/invoice", "unknown")]),
    ],
)  # fmt: skip
def test_a_broken_rule_names_the_field_and_the_rule(
    fields: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    assert broken(**fields) == errors


@pytest.mark.parametrize(
    ("number", "country", "kept"),
    [
        ("el 094 259 216", "DK", "EL094259216"),
        ("99000007", "DK", "99000007"),
        ("NO 995 525 828 MVA", "DK", "NO995525828MVA"),
        ("12-345", "US", "12345"),  # no rule is known there
    ],
)
def test_a_vat_number_keeps_the_rule_of_its_country(number: str, country: str, kept: str) -> None:
    assert clean({"vat_no": number, "country": country})["vat_no"] == kept


def test_every_scheme_has_a_rule() -> None:
    for scheme in numbers.SCHEMES:
        with pytest.raises(ValueError, match=r"."):
            numbers.valid(scheme, "0")


def test_a_word_that_no_catalogue_has_is_refused_for_one_and_for_many() -> None:
    wrong = {"name": "Nordlys", "terms_code": "never", "handles": {"icq": "1"}}
    found = [("/handles/icq", "unknown"), ("/terms_code", "unknown")]
    in_sets = [("/handles", "unknown"), ("/terms_code", "unknown")]

    assert refused_by(lambda session: services.create(session, wrong, now=utcnow())) == found
    assert in_sets == refused_by(
        lambda session: bulk.create_many(
            session, [clean(wrong)], prepared=[None], channel="import", origin=CauseKind.IMPORT,
            source="x", now=utcnow(),
        )
    )  # fmt: skip


def test_what_is_retired_is_kept_and_not_given_again() -> None:
    entry = add_entry("classifications", "key_account")
    with transaction() as session:
        has = make_customer(session, classifications=["key_account"])
        lacks = make_customer(session, "Skarv ApS")
    with transaction() as session:
        catalogues.services.change(session, session.get_one(CatalogueEntry, entry.id),
                                   {"active": False})  # fmt: skip

    assert update(has, city="Ry", classifications=["key_account"]).city == "Ry"
    with pytest.raises(ValidationError) as refused:
        update(lacks, classifications=["key_account"])
    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/classifications", "retired")]


def test_a_patch_of_texts_under_keys_changes_those_it_names() -> None:
    with transaction() as session:
        made = make_customer(session, handles={"skype": "anna", "wechat": "anna1"})

    patched = update(made, handles={"skype": None, "x": "@anna"})
    assert patched.handles == ["wechat:anna1", "x:@anna"]
    assert update(patched, handles=None).handles == []


def test_a_switch_cannot_be_emptied(database: Engine) -> None:
    with transaction() as session:
        made = make_customer(session)
    with pytest.raises(ValidationError) as refused:
        update(made, refuses_email=None)
    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/refuses_email", "required")]


def test_a_registration_number_and_a_handle_are_found_by_quick_search() -> None:
    with transaction() as session:
        made = make_customer(session, **PROFILE)

    for word in ("5560360793", "anna.holm"):
        assert word.replace(".", "") in made.search_text.replace(" ", "").replace(".", "")


def test_entries_that_customers_and_contacts_keep_are_counted() -> None:
    with transaction() as session:
        customer = make_customer(session, **PROFILE)
        contacts.create(session, customer, {"last_name": "Holm", "roles": ["pays", "buys"],
                                            "handles": {"skype": "b"}})  # fmt: skip

    with transaction() as session:
        everything = {
            (name, code): {each: found.total for each, found in counted.items()}
            for name, codes in {"contact_roles": ["pays", "uses"], "handle_kinds": ["skype", "x"],
                                "terms_codes": ["net14"]}.items()
            for code, counted in catalogues.services.count(
                session, name, codes, lambda model: model.id.is_not(None)
            ).items()
        }  # fmt: skip
    assert everything == {
        ("contact_roles", "pays"): {"customers": 1},
        ("handle_kinds", "skype"): {"customers": 1},
        ("terms_codes", "net14"): {"customers": 1},
    }


def test_a_contact_has_roles_an_address_and_names_in_networks() -> None:
    with transaction() as session:
        customer = make_customer(session)
        contacts.create(session, customer, {
            "first_name": "Ida", "job": "Indkøber", "roles": ["pays", "buys"],
            "address": "Vej 1\n8000 Aarhus", "handles": {"wechat": "ida"}, "fax": "33121213",
        })  # fmt: skip
    with transaction() as session:
        made = session.scalars(select(Contact)).one()
        assert (made.roles, made.handles) == (["buys", "pays"], ["wechat:ida"])
        assert (made.address, made.fax) == ("Vej 1\n8000 Aarhus", "+4533121213")

    assert refused_by(
        lambda session: contacts.create(
            session, session.get_one(Customer, customer.id),
            {"last_name": "B", "roles": ["dreams"], "handles": {"icq": "1"}},
        )
    ) == [("/handles/icq", "unknown"), ("/roles", "unknown")]  # fmt: skip

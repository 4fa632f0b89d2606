"""What stands in e-conomic and breaks a rule here: nothing is lost, and nothing diverges unsaid."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.clock import utcnow
from hub.connections import declarations, services
from hub.connections.models import Conflict, ExternalLink, LinkState
from hub.customers.models import AccountingState, Customer
from hub.db import transaction
from hub.errors import ValidationError
from hub.i18n import translate
from hub.sync import mapping, resolving
from tests.workers.bookkeeping import Office, customer, link_of, push

WORDS = "ring til Bo: 12 34 56 78 lok. 4"
HERE, EDITED = "+4511111111", "+4522222222"


@pytest.fixture
def made(office: Office) -> UUID:
    """Return a customer whose phone is words in e-conomic, as a pull has found."""
    made = office.create(name="Telefonsvarer ApS", phone=HERE)
    office.change(number_of(made), telephoneAndFaxNumber=WORDS)
    office.pull()
    return made


def number_of(customer_id: UUID) -> int:
    return int(customer(customer_id).ref_no or 0)


def conflicts() -> list[Conflict]:
    with transaction() as session:
        return list(session.scalars(select(Conflict).order_by(Conflict.id)))


def decide(choice: str) -> None:
    with transaction() as session:
        conflict = session.scalars(select(Conflict).where(Conflict.state == "open")).one()
        resolving.resolve(session, conflict, choice, now=utcnow())
    push()


def let_win(office: Office, policy: str) -> None:
    with transaction() as session:
        connection = services.get(session, office.connection_id)
        fields = {f["name"]: f for f in declarations.get(session, "economic")["fields"]}
        pairs = [{**pair, "on_conflict": policy} for pair in mapping.DEFAULT_PAIRS]
        mapping.replace(session, connection, pairs, fields)


def said_of(customer_id: UUID, language: str) -> str | None:
    message = customer(customer_id).accounting_message
    return translate(language, message["text"], message["params"]) if message else None


def test_it_is_told_on_the_customer_in_the_readers_language(office: Office, made: UUID) -> None:
    told = customer(made)

    assert (told.phone, told.accounting_state) == (HERE, AccountingState.LINKED)
    assert told.accounting_message is not None
    assert told.accounting_message["code"] == "unreadable_there"
    assert told.accounting_message["link"] == f"/api/v1/customers/{made}#/phone"
    assert said_of(made, "en") == (
        "What stands in e-conomic cannot be taken in here and is left there:"
        f" Telephone: This is not a phone number. (“{WORDS}”)"
    )
    assert said_of(made, "da") == (
        "Det, der står i e-conomic, kan ikke læses her og bliver stående der:"
        f" Telefon: Dette er ikke et telefonnummer. (»{WORDS}«)"
    )


def test_it_is_told_until_it_can_be_read_again(office: Office, made: UUID) -> None:
    office.edit(made, city="Ribe")
    assert said_of(made, "en") is not None

    office.change(number_of(made), telephoneAndFaxNumber=HERE)
    office.pull()

    assert (customer(made).phone, customer(made).accounting_message) == (HERE, None)


def test_an_edit_of_another_field_leaves_it_as_it_stands_there(office: Office, made: UUID) -> None:
    office.edit(made, city="Ribe")

    there = office.there(number_of(made))
    assert (there["city"], there["telephoneAndFaxNumber"]) == ("Ribe", WORDS)
    assert conflicts() == []


def test_an_edit_of_the_field_here_is_a_conflict_with_what_stands_there(
    office: Office, made: UUID
) -> None:
    office.edit(made, phone=EDITED)

    [conflict] = conflicts()
    assert (conflict.field, conflict.base, conflict.local, conflict.remote) == (
        "phone", HERE, EDITED, WORDS,
    )  # fmt: skip
    assert link_of(made).state is LinkState.DIVERGED
    assert office.there(number_of(made))["telephoneAndFaxNumber"] == WORDS
    assert customer(made).phone == EDITED


def test_ours_is_sent_once_a_person_chooses_it(office: Office, made: UUID) -> None:
    office.edit(made, phone=EDITED)

    decide("local")

    assert office.there(number_of(made))["telephoneAndFaxNumber"] == EDITED
    [conflict] = conflicts()
    assert (conflict.state, conflict.remote) == ("resolved", WORDS)
    assert (link_of(made).state, customer(made).accounting_message) == (LinkState.LINKED, None)
    office.edit(made, phone=HERE)
    assert office.there(number_of(made))["telephoneAndFaxNumber"] == HERE


def test_theirs_cannot_be_chosen_and_nothing_changes(office: Office, made: UUID) -> None:
    office.edit(made, phone=EDITED)

    with pytest.raises(ValidationError) as refused:
        decide("remote")

    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/choice", "unreadable")]
    assert [conflict.state for conflict in conflicts()] == ["open"]
    assert customer(made).phone == EDITED


def test_where_ours_is_to_win_it_is_sent_and_what_stood_there_is_kept(
    office: Office, made: UUID
) -> None:
    let_win(office, "local")

    office.edit(made, phone=EDITED)

    assert office.there(number_of(made))["telephoneAndFaxNumber"] == EDITED
    [kept] = conflicts()
    assert (kept.state, kept.chosen, kept.base, kept.local, kept.remote) == (
        "resolved", "local", HERE, EDITED, WORDS,
    )  # fmt: skip
    assert (link_of(made).state, customer(made).accounting_message) == (LinkState.LINKED, None)


def test_where_theirs_is_to_win_a_person_is_asked_since_it_cannot_be_taken(
    office: Office, made: UUID
) -> None:
    let_win(office, "remote")

    office.edit(made, phone=EDITED)

    assert [(c.state, c.remote) for c in conflicts()] == [("open", WORDS)]


def test_it_is_found_by_the_push_too_where_no_pull_came_between(office: Office) -> None:
    made = office.create(name="Uden Hentning ApS", phone=HERE, ean="5790000000005")
    office.change(number_of(made), telephoneAndFaxNumber=WORDS, ean="579000000000X")

    office.edit(made, phone=EDITED)

    assert [(c.field, c.remote) for c in conflicts()] == [("phone", WORDS)]
    assert "579000000000X" in (said_of(made, "en") or "")
    assert customer(made).ean == "5790000000005"


def test_one_taken_in_with_it_says_so_and_an_edit_here_asks(office: Office) -> None:
    office.enter(8, name="Kun Derovre ApS", telephoneAndFaxNumber=WORDS, country="Danmark")
    office.pull()
    with transaction() as session:
        taken_in = session.scalars(select(Customer)).one()

    assert (taken_in.phone, taken_in.accounting_state) == (None, AccountingState.LINKED)
    assert WORDS in (said_of(taken_in.id, "en") or "")
    office.edit(taken_in.id, phone=EDITED)
    assert [(c.base, c.local, c.remote) for c in conflicts()] == [(None, EDITED, WORDS)]
    assert office.there(8)["telephoneAndFaxNumber"] == WORDS


def test_one_joined_by_a_push_says_so_too(office: Office) -> None:
    there: dict[str, Any] = {"corporateIdentificationNumber": "99000007"}
    office.enter(7, name="Nordlys Testværk ApS", telephoneAndFaxNumber=WORDS, **there)

    silent = office.create(name="Nordlys Testværk ApS", cvr="99000007")
    push()

    assert number_of(silent) == 7
    assert WORDS in (said_of(silent, "en") or "")
    assert conflicts() == []


def test_of_a_field_that_not_everybody_is_shown_the_value_is_not_told(office: Office) -> None:
    made = office.create(name="Fortroligt ApS", credit_limit="100")
    with transaction() as session:
        connection = services.get(session, office.connection_id)
        fields = {f["name"]: f for f in declarations.get(session, "economic")["fields"]}
        mapping.replace(
            session, connection,
            [{"local": "name", "remote": "name"}, {"local": "iban", "remote": "website"}], fields,
        )  # fmt: skip
    office.change(number_of(made), website="ingen konto")

    office.pull()

    assert (said_of(made, "en") or "").endswith("is left there: Website")


def test_what_was_filled_in_here_when_it_was_taken_in_is_not_sent_there(office: Office) -> None:
    office.enter(8, name="Uden Land ApS")
    office.pull()
    office.change(8, name="Nyt Navn ApS", city="Ribe")
    office.pull()
    push()
    with transaction() as session:
        taken_in = session.scalars(select(Customer)).one()
        link = session.scalars(select(ExternalLink)).one()

    assert (taken_in.name, taken_in.city, taken_in.country) == ("Nyt Navn ApS", "Ribe", "DK")
    assert link.base["country"] == {"here": "DK", "there": None}
    assert office.writes("PUT") == []

    office.edit(taken_in.id, country="SE")
    assert office.there(8)["country"] == "Sverige"
    assert link_of(taken_in.id).base["country"] == "SE"


def test_a_country_entered_there_later_is_taken_over(office: Office) -> None:
    office.enter(8, name="Uden Land ApS")
    office.pull()

    office.change(8, country="Sverige")
    office.pull()

    with transaction() as session:
        assert session.scalars(select(Customer)).one().country == "SE"

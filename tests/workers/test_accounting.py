"""Customers to and from e-conomic's sandbox, task by task."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, true, update

from connectors.accounting.economic.system import EconomicSystem
from hub import sealing
from hub.clock import utcnow
from hub.connections import declarations, health, services
from hub.connections.models import (
    CallLog,
    Conflict,
    Connection,
    ConnectionState,
    LinkState,
    Run,
)
from hub.customers import services as customers
from hub.customers.listing import CUSTOMERS
from hub.customers.models import AccountingState, Customer
from hub.db import transaction
from hub.errors import ValidationError
from hub.history.models import Event
from hub.ledger import claims
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from hub.listing import Reader, page, parse_parameters
from hub.origin import ActorKind, CauseKind, Origin
from hub.plans.models import PlanItem
from hub.ports import CustomerPage
from hub.problems import services as problems
from hub.problems.models import Problem, ProblemKind, ProblemState
from hub.sync import mapping, resolving, runs
from tests.people import make_user
from tests.workers.bookkeeping import Office, customer, dead_jobs, link_of, push
from workers import chain
from workers.chain import drain
from workers.tasks import accounting

CVR = "99000007"
NOW = utcnow()


def test_a_customer_is_created_there_under_a_number_we_reserved(office: Office) -> None:
    office.enter(41, name="Står Der Allerede ApS")

    made = customer(office.create(name="Ny Kunde ApS", city="Ribe"))

    assert (made.ref_no, made.accounting_state) == ("42", AccountingState.LINKED)
    assert office.there(42)["name"] == "Ny Kunde ApS"
    assert office.there(42)["city"] == "Ribe"
    assert link_of(made.id).state is LinkState.LINKED


def test_whom_nobody_can_have_made_is_not_asked_for_before(office: Office) -> None:
    made = customer(office.create(name="Ny Kunde ApS"))

    with transaction() as session:
        calls = list(session.scalars(select(CallLog).order_by(CallLog.at, CallLog.id)))
    asked = [(call.method, call.url.rpartition("/")[2].partition("?")[0]) for call in calls]
    assert asked == [("GET", "customers"), ("POST", "customers")]  # which number, and the customer
    assert made.accounting_state is AccountingState.LINKED


@pytest.mark.parametrize(("country", "zone"), [("DK", 1), ("DE", 2), ("NO", 3)])
def test_the_vat_zone_follows_the_country(office: Office, country: str, zone: int) -> None:
    made = customer(office.create(name="Zone ApS", country=country))

    assert office.there(made.ref_no)["vatZone"]["vatZoneNumber"] == zone


def test_a_terms_code_becomes_payment_terms_and_none_the_default(office: Office) -> None:
    with transaction() as session:
        connection = services.get(session, office.connection_id)
        fields = {f["name"]: f for f in declarations.get(session, "economic")["fields"]}
        pairs = [
            {**pair, "transform": {"kind": "table", "table": {"net30": "3"}}}
            if pair["remote"] == "payment_terms"
            else pair
            for pair in mapping.DEFAULT_PAIRS
        ]
        mapping.replace(session, connection, pairs, fields)

    with_code = customer(office.create(name="Netto Tredive ApS", terms_code="net30"))
    without = customer(office.create(name="Uden Kode ApS"))
    assert (with_code.accounting_message, without.accounting_message) == (None, None)

    assert office.there(with_code.ref_no)["paymentTerms"]["paymentTermsNumber"] == 3
    assert office.there(without.ref_no)["paymentTerms"]["paymentTermsNumber"] == 1


def test_a_terms_code_without_an_entry_is_told_on_the_customer_until_it_has_one(
    office: Office,
) -> None:
    made = customer(office.create(name="Netto Fjorten ApS", terms_code="net14"))

    assert made.accounting_state is AccountingState.LINKED
    assert made.accounting_message == {
        "code": "no_table_entry",
        "text": "{field} in {system} does not follow: the mapping has no entry for “{value}”.",
        "params": {"system": "e-conomic", "field": {"text": "Payment terms"}, "value": "net14"},
        "link": f"/api/v1/connections/{office.connection_id}/mapping",
    }
    assert office.there(made.ref_no)["paymentTerms"]["paymentTermsNumber"] == 1

    office.edit(made.id, terms_code=None)
    push()

    assert customer(made.id).accounting_message is None


def test_a_new_customer_has_the_currency_of_the_connection_here_and_there(office: Office) -> None:
    with transaction() as session:
        connection = services.get(session, office.connection_id)
        services.update(session, connection, {"settings": {"default_currency": "EUR"}})

    made = customer(office.create(name="Euro ApS"))

    assert made.currency == "EUR"
    assert office.there(made.ref_no)["currency"] == "EUR"


def test_a_number_taken_meanwhile_is_answered_with_the_next(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.enter(10, name="Den Sidste ApS")
    with transaction() as session:
        session.execute(update(Connection).values(number_high=10))
    # Somebody takes 11 after the highest number was read: our own counter stands behind it.
    original = office.books.create_customer
    taken = False

    def create(body: dict[str, Any]) -> dict[str, Any]:
        nonlocal taken
        if body["name"] == "Vores ApS" and not taken:
            taken = True
            original({**body, "name": "En Anden ApS"})
        return original(body)

    monkeypatch.setattr(office.books, "create_customer", create)

    made = customer(office.create(name="Vores ApS"))

    assert made.ref_no == "12"
    assert office.there(11)["name"] == "En Anden ApS"
    assert office.there(12)["name"] == "Vores ApS"


def test_one_that_stands_there_with_number_ean_and_name_is_linked_and_not_made_again(
    office: Office,
) -> None:
    office.enter(7, name="NORDLYS TESTVÆRK APS", corporateIdentificationNumber=CVR)

    made = customer(office.create(name="Nordlys Testværk ApS", cvr=CVR))

    assert (made.ref_no, made.accounting_state) == ("7", AccountingState.LINKED)
    assert office.writes("POST") == []


def test_another_unit_of_the_same_number_is_created(office: Office) -> None:
    office.enter(
        7, name="Prøvekøbing Kommune", corporateIdentificationNumber=CVR, ean="5790000000005"
    )

    made = customer(office.create(name="Prøvekøbing Kommune", cvr=CVR, ean="5790000000012"))

    assert made.ref_no == "8"
    assert office.there(7)["ean"] == "5790000000005"


def test_the_same_number_under_another_name_waits_for_a_person(office: Office) -> None:
    office.enter(7, name="Helt Andet Firma A/S", corporateIdentificationNumber=CVR)

    made = customer(office.create(name="Nordlys Testværk ApS", cvr=CVR))

    assert made.accounting_state is AccountingState.HELD
    assert made.accounting_message is not None
    assert made.accounting_message["code"] == "same_number_there"
    assert made.accounting_message["params"]["number"] == "7"
    assert office.writes("POST") == []
    assert [job.subject_id for job in dead_jobs()] == [made.id]


def test_one_that_is_another_customer_of_ours_there_stands_in_nobodys_way(office: Office) -> None:
    first = customer(office.create(name="Nordlys Testværk ApS", cvr=CVR))

    second = customer(office.create(name="Nordlys Afdeling Syd", cvr=CVR, ean="5790000000012"))
    third = customer(office.create(name="Nordlys Afdeling Nord", cvr=CVR))

    assert [each.ref_no for each in (first, second, third)] == ["1", "2", "3"]
    assert third.accounting_state is AccountingState.LINKED


def test_a_second_one_of_a_number_is_made_once_somebody_allows_it(office: Office) -> None:
    office.enter(7, name="Helt Andet Firma A/S", corporateIdentificationNumber=CVR)
    held = office.create(name="Nordlys Testværk ApS", cvr=CVR)
    assert customer(held).accounting_state is AccountingState.HELD

    with transaction() as session:
        resolving.make_there(
            session, session.get_one(Customer, held), office.connection_id, reason="En afdeling"
        )
    push()

    made = customer(held)
    assert (made.ref_no, made.accounting_state) == ("8", AccountingState.LINKED)
    assert made.accounting_message is None
    assert office.there(8)["corporateIdentificationNumber"] == CVR
    assert told_of(held, "customer.second_wanted") == [
        {"connection_id": str(office.connection_id), "reason": "En afdeling"}
    ]


def test_a_second_one_needs_a_reason(office: Office) -> None:
    held = office.create(name="Nordlys Testværk ApS", roles=["prospect"])

    with transaction() as session, pytest.raises(ValidationError) as refused:
        resolving.make_there(
            session, session.get_one(Customer, held), office.connection_id, reason=" "
        )

    assert [error.pointer for error in refused.value.errors] == ["/reason"]


def test_one_deleted_there_is_made_anew_where_somebody_asks_for_it(office: Office) -> None:
    made = office.create(name="Slettet ApS")
    office.books.delete_customer(1)
    office.edit(made, city="Ribe")
    assert link_of(made).state is LinkState.ORPHANED

    with transaction() as session:
        resolving.make_there(
            session,
            session.get_one(Customer, made),
            office.connection_id,
            reason="Slettet ved fejl",
        )
    push()

    assert customer(made).accounting_state is AccountingState.LINKED
    assert link_of(made).remote_id == "1"
    assert office.there(1)["city"] == "Ribe"


def test_one_linked_by_hand_gets_the_number_it_has_there(office: Office) -> None:
    office.enter(51, name="Der I Forvejen ApS")
    made = office.create(name="Der I Forvejen ApS", roles=["prospect"])

    with transaction() as session:
        resolving.link_by_hand(session, session.get_one(Customer, made), office.connection_id, "51")
    push()

    assert customer(made).ref_no == "51"
    assert customer(made).accounting_state is AccountingState.LINKED


def test_a_number_that_nobody_has_there_is_told_and_can_be_mended(office: Office) -> None:
    office.enter(51, name="Der I Forvejen ApS")
    made = office.create(name="Der I Forvejen ApS", roles=["prospect"])

    def link(number: str) -> None:
        with transaction() as session:
            chosen = session.get_one(Customer, made)
            resolving.link_by_hand(session, chosen, office.connection_id, number)
        push()

    link("99999")
    failed = customer(made)
    assert failed.accounting_state is AccountingState.FAILED
    assert failed.accounting_message is not None
    assert failed.accounting_message["code"] == "not_there"
    assert failed.accounting_message["params"]["number"] == "99999"

    link("51")
    assert customer(made).accounting_state is AccountingState.LINKED
    assert customer(made).ref_no == "51"


def told_of(customer_id: UUID, kind: str) -> list[Any]:
    """Return what events of a type say of a customer."""
    with transaction() as session:
        return list(
            session.scalars(
                select(Event.data).where(Event.subject_id == customer_id, Event.type == kind)
            )
        )


def found_by(question: str) -> list[UUID]:
    """Return whom quick search finds."""
    with transaction() as session:
        reader = Reader(now=utcnow(), zone="Europe/Copenhagen")
        query = parse_parameters(CUSTOMERS, [("q", question)], reader)
        return [row.id for row in page(session, query, true()).rows]


def test_a_customer_is_found_by_the_number_it_got_there(office: Office) -> None:
    pushed = office.create(name="Ny Kunde ApS")
    office.enter(70042, name="Kun Derovre ApS")
    office.pull()

    with transaction() as session:
        pulled = session.scalars(select(Customer).where(Customer.name == "Kun Derovre ApS")).one()
    assert found_by(str(customer(pushed).ref_no)) == [pushed]
    assert found_by("70042") == [pulled.id]


def test_an_edit_sends_the_changed_fields_and_keeps_what_is_only_known_there(
    office: Office,
) -> None:
    made = customer(office.create(name="Kun Byen ApS", city="Ribe"))
    office.change(int(made.ref_no or 0), publicEntryNumber="123", barred=True)

    office.edit(made.id, city="Varde")

    there = office.there(made.ref_no)
    assert (there["city"], there["publicEntryNumber"], there["barred"]) == ("Varde", "123", True)


def test_a_mobile_number_goes_there_and_comes_back(office: Office) -> None:
    made = customer(office.create(name="På Farten ApS", phone="70000001", mobile="20000001"))
    there = office.there(made.ref_no)
    assert (there["telephoneAndFaxNumber"], there["mobilePhone"]) == ("+4570000001", "+4520000001")

    office.change(int(made.ref_no or 0), mobilePhone="20 00 00 02")
    office.pull()

    changed = customer(made.id)
    assert (changed.phone, changed.mobile) == ("+4570000001", "+4520000002")
    assert office.there(made.ref_no)["mobilePhone"] == "20 00 00 02"


def test_an_emptied_field_is_emptied_there(office: Office) -> None:
    made = customer(office.create(name="Tømmes ApS", city="Ribe", phone="70000001"))

    office.edit(made.id, phone=None)

    assert "telephoneAndFaxNumber" not in office.there(made.ref_no)
    assert office.there(made.ref_no)["city"] == "Ribe"


def test_a_customer_deleted_there_is_shown_as_gone_and_not_made_again(office: Office) -> None:
    made = customer(office.create(name="Slettes Derovre ApS"))
    office.books.delete_customer(int(made.ref_no or 0))

    office.edit(made.id, city="Varde")

    gone = customer(made.id)
    assert gone.accounting_state is AccountingState.FAILED
    assert gone.accounting_message is not None
    assert gone.accounting_message["code"] == "gone_there"
    assert link_of(made.id).state is LinkState.ORPHANED
    assert len(office.writes("POST")) == 1


def test_a_first_pull_makes_what_is_missing_and_joins_what_is_the_same(office: Office) -> None:
    with transaction() as session:
        session.execute(update(Connection).values(outgoing_held=True))
    known = office.create(name="Nordlys Testværk ApS", cvr=CVR)
    with transaction() as session:
        session.execute(update(Connection).values(outgoing_held=False))
        session.execute(update(Job).values(state=JobState.CANCELLED))
    office.enter(7, name="Nordlys Testværk ApS", corporateIdentificationNumber=CVR, zip="8000")
    office.enter(8, name="Kun Derovre ApS", email="info@derovre.example")

    office.pull()

    joined = customer(known)
    assert (joined.ref_no, joined.postcode) == ("7", "8000")
    with transaction() as session:
        made = session.scalars(select(Customer).where(Customer.name == "Kun Derovre ApS")).one()
        run = session.scalars(select(Run)).one()
    assert (made.ref_no, made.email, made.roles, made.channel) == (
        "8",
        "info@derovre.example",
        ["customer"],
        "accounting",
    )
    assert run.state == "succeeded"
    assert run.counters == {
        "seen": 2, "created": 1, "updated": 0, "linked": 1, "conflicted": 0, "failed": 0,
        "unchanged": 0,
    }  # fmt: skip
    office.pull()
    assert office.writes("PUT") == []


def test_a_pull_that_fails_ends_its_run_and_its_replay_goes_on_with_that(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.enter(8, name="Kun Derovre ApS")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patched:
        patched.setattr(runs, "take_in", fail)
        office.pull()
    with transaction() as session:
        failed = session.scalars(select(Run)).one()
        session.execute(update(Job).values(state=JobState.QUEUED, finished_at=None))
    drain(TaskName.PULL_CUSTOMERS)

    assert failed.error is not None
    assert (failed.state, failed.error["words"]["params"]) == ("failed", {"name": "RuntimeError"})
    with transaction() as session:
        run = session.scalars(select(Run)).one()
    assert (run.state, run.error, run.counters["created"]) == ("succeeded", None, 1)


def test_a_value_that_breaks_a_rule_here_stays_there_and_is_reported(office: Office) -> None:
    made = customer(office.create(name="Skæv Mail ApS", email="god@mail.example"))
    office.change(int(made.ref_no or 0), email="a@mail.example b@mail.example", city="Ribe")

    office.pull()

    merged = customer(made.id)
    assert (merged.email, merged.city) == ("god@mail.example", "Ribe")
    with transaction() as session:
        item = session.scalars(select(PlanItem).where(PlanItem.action == "update")).one()
    assert item.errors is not None
    assert [error["pointer"] for error in item.errors] == ["/email"]
    assert office.there(made.ref_no)["email"] == "a@mail.example b@mail.example"


def test_a_customer_missing_from_a_complete_sweep_is_gone(office: Office) -> None:
    made = customer(office.create(name="Væk Ved Optælling ApS"))
    with transaction() as session:
        session.execute(
            text(
                "update external_link set created_at = created_at - interval '1 hour',"
                " last_in_at = last_in_at - interval '1 hour'"
            )
        )
    office.books.delete_customer(int(made.ref_no or 0))

    office.pull()

    assert link_of(made.id).state is LinkState.ORPHANED
    assert customer(made.id).accounting_state is AccountingState.FAILED


def an_hour_later() -> None:
    with transaction() as session:
        session.execute(
            text(
                "update external_link set created_at = created_at - interval '1 hour',"
                " last_in_at = last_in_at - interval '1 hour'"
            )
        )


def open_problems() -> list[tuple[ProblemKind, int]]:
    with transaction() as session:
        assert problems.refresh(session, utcnow())
        found = session.scalars(select(Problem).where(Problem.state == ProblemState.OPEN))
        return [(each.kind, each.count) for each in found]


def call_roll() -> None:
    """Go through who is there, as every night."""
    with transaction() as session:
        enqueue(session, TaskName.CALL_ROLL)
    drain(TaskName.CALL_ROLL)


def test_who_was_deleted_there_is_found_by_a_pull_that_somebody_asks_for(office: Office) -> None:
    made, other = office.create(name="Slettet ApS"), office.create(name="Står Der ApS")
    office.pull()
    an_hour_later()
    office.books.delete_customer(int(customer(made).ref_no or 0))

    office.pull()
    drain(TaskName.CALL_ROLL)

    gone = customer(made)
    assert (link_of(made).state, gone.accounting_state) == (
        LinkState.ORPHANED, AccountingState.FAILED,
    )  # fmt: skip
    assert (gone.accounting_message or {})["code"] == "gone_there"
    assert customer(other).accounting_state is AccountingState.LINKED
    assert told_of(made, "customer.gone_there") == [
        {"connection_id": str(office.connection_id), "remote_id": gone.ref_no}
    ]
    assert told_of(other, "customer.gone_there") == []


def test_who_is_gone_there_is_one_problem_until_each_is_made_anew_or_unlinked(
    office: Office,
) -> None:
    first, second = office.create(name="Slettet ApS"), office.create(name="Også Slettet ApS")
    third = office.create(name="Bliver Slettet Her ApS")
    an_hour_later()
    for each in (first, second, third):
        office.books.delete_customer(int(customer(each).ref_no or 0))
    call_roll()
    all_gone = open_problems()

    with transaction() as session:
        resolving.make_there(
            session, session.get_one(Customer, first), office.connection_id, reason="Ved en fejl"
        )
    push()
    with transaction() as session:
        session.execute(update(Customer).where(Customer.id == third).values(deleted_at=utcnow()))
    one_left = open_problems()
    with transaction() as session:
        resolving.cut(session, session.merge(link_of(second)))

    assert all_gone == [(ProblemKind.GONE_THERE, 3)]
    assert one_left == [(ProblemKind.GONE_THERE, 1)]
    assert open_problems() == []
    assert customer(first).accounting_state is AccountingState.LINKED


def test_a_nightly_look_makes_nobody_here_and_calls_no_connection_that_rests(
    office: Office,
) -> None:
    made = office.create(name="Slettet ApS")
    an_hour_later()
    office.books.delete_customer(int(customer(made).ref_no or 0))
    office.enter(70, name="Kun Derovre ApS")
    with transaction() as session:
        session.execute(update(Connection).values(state=ConnectionState.PAUSED))
    call_roll()
    resting = link_of(made).state
    with transaction() as session:
        session.execute(update(Connection).values(state=ConnectionState.ACTIVE, outgoing_held=True))
    call_roll()
    held = link_of(made).state
    with transaction() as session:
        session.execute(update(Connection).values(outgoing_held=False))

    call_roll()

    assert (resting, held) == (LinkState.LINKED, LinkState.LINKED)
    assert link_of(made).state is LinkState.ORPHANED
    with transaction() as session:
        assert session.scalars(select(Customer.name)).all() == ["Slettet ApS"]
    assert dead_jobs() == []


def test_a_sweep_that_was_cut_off_takes_nothing_for_gone_that_it_saw_before(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounting, "PAGE", 1)
    made = [office.create(name=f"Optalt {number} ApS") for number in range(3)]
    with transaction() as session:
        session.execute(text("update external_link set created_at = created_at - interval '1 h'"))
        session.execute(update(Connection).values(cursor=None))
    with monkeypatch.context() as patched:
        patched.setattr(chain, "is_stopping", lambda: True)
        office.pull()

    drain(TaskName.PULL_CUSTOMERS)

    with transaction() as session:
        [pulled] = session.scalars(select(Job).where(Job.task == TaskName.PULL_CUSTOMERS))
    assert (pulled.state, pulled.attempt) == (JobState.SUCCEEDED, 1)
    assert {link_of(each).state for each in made} == {LinkState.LINKED}


def test_a_refused_value_names_its_field_and_a_mended_one_goes_through(office: Office) -> None:
    office.books.customer_groups.pop(1)

    made = customer(office.create(name="Gruppe Mangler ApS"))

    assert made.accounting_state is AccountingState.FAILED
    assert made.accounting_message is not None
    assert made.accounting_message["link"] == (
        f"/api/v1/connections/{office.connection_id}#/settings/default_customer_group"
    )
    [dead] = dead_jobs()
    assert dead.error is not None
    assert dead.error["class"] == "RejectedError"
    with transaction() as session:
        connection = services.get(session, office.connection_id)
        services.update(session, connection, {"settings": {"default_customer_group": 2}})
        enqueue(
            session, TaskName.PUSH_CUSTOMER,
            connection_id=office.connection_id, customer_id=made.id,
        )  # fmt: skip
    drain(TaskName.PUSH_CUSTOMER)

    assert customer(made.id).accounting_state is AccountingState.LINKED
    assert office.there(customer(made.id).ref_no)["customerGroup"]["customerGroupNumber"] == 2


def test_credentials_that_another_master_key_sealed_revoke_the_connection_and_hold_the_work(
    office: Office,
) -> None:
    with transaction() as session:
        services.get(session, office.connection_id).secrets = sealing.seal(b"{}", "another place")

    office.create(name="Nordlys Testværk ApS")

    with transaction() as session:
        connection = services.get(session, office.connection_id)
        assert connection.state is ConnectionState.REVOKED
        assert "master key" in (connection.message or {})["params"]["reason"]["text"]
    assert (office.books.requests, dead_jobs()) == ([], [])


def let_the_newest_win(office: Office) -> None:
    with transaction() as session:
        connection = services.get(session, office.connection_id)
        fields = {f["name"]: f for f in declarations.get(session, "economic")["fields"]}
        pairs = [{**pair, "on_conflict": "newest"} for pair in mapping.DEFAULT_PAIRS]
        mapping.replace(session, connection, pairs, fields)


@pytest.mark.parametrize(
    ("there_by", "wanted"), [(timedelta(hours=1), "Ribe"), (-timedelta(hours=1), "Varde")]
)
@pytest.mark.parametrize("way", ["push", "pull"])
def test_of_two_edits_of_one_field_the_newest_wins_where_the_mapping_says_so(
    office: Office, there_by: timedelta, wanted: str, way: str
) -> None:
    let_the_newest_win(office)
    made = customer(office.create(name="To Byer ApS", city="Tønder"))
    office.pull()
    with transaction() as session:  # an edit that the push has not got to yet
        customers.update(session, session.get_one(Customer, made.id), {"city": "Varde"}, now=NOW)
    office.books.offset += there_by
    office.change(int(made.ref_no or 0), city="Ribe")
    if way == "pull":
        with transaction() as session:
            session.execute(update(Connection).values(cursor=None))
        office.pull()
    push()

    assert (customer(made.id).city, office.there(made.ref_no)["city"]) == (wanted, wanted)
    with transaction() as session:
        assert session.scalars(select(Conflict)).all() == []


class KilledError(BaseException):
    """Ends a body as a kill does: nothing that follows is done."""


def edit_and_die_after_sending(
    office: Office, monkeypatch: pytest.MonkeyPatch, customer_id: UUID, **fields: Any
) -> None:
    """Edit a customer, send that, and end before it is noted that it was sent."""

    def die(place: str) -> None:
        if place == "after_update":
            raise KilledError

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(accounting, "checkpoint", die)
        office.edit(customer_id, **fields)


def let_leases_run_out() -> None:
    with transaction() as session:
        session.execute(
            update(Job)
            .where(Job.state == JobState.RUNNING)
            .values(lease_until=text("clock_timestamp() - interval '1 s'"))
        )
        claims.return_lapsed(session)


def open_conflicts() -> list[Conflict]:
    with transaction() as session:
        return list(session.scalars(select(Conflict).where(Conflict.state == "open")))


def test_a_value_of_ours_whose_sending_was_not_noted_is_no_edit_of_theirs(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = office.create(name="Dræbt ApS", city="Ribe")
    number = customer(made).ref_no
    edit_and_die_after_sending(office, monkeypatch, made, city="Varde")
    assert office.there(number)["city"] == "Varde"

    office.edit(made, city="Esbjerg")
    let_leases_run_out()
    push()

    assert open_conflicts() == []
    assert office.there(number)["city"] == "Esbjerg"
    assert customer(made).city == "Esbjerg"
    assert link_of(made).intent is None


def test_a_value_found_to_have_arrived_is_what_both_agree_on_from_then_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = office.create(name="Fundet ApS", city="Ribe")
    edit_and_die_after_sending(office, monkeypatch, made, city="Varde")
    let_leases_run_out()
    drain(TaskName.PUSH_CUSTOMER)
    assert (link_of(made).base["city"], link_of(made).intent) == ("Varde", None)

    office.edit(made, city="Esbjerg")

    assert open_conflicts() == []
    assert office.there(customer(made).ref_no)["city"] == "Esbjerg"


def test_a_pull_takes_such_a_value_for_our_own_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = office.create(name="Hentet ApS", city="Ribe")
    number = customer(made).ref_no
    edit_and_die_after_sending(office, monkeypatch, made, city="Varde")
    with transaction() as session:
        customers.update(
            session, customers.get(session, made, lock=True), {"city": "Esbjerg"}, now=utcnow()
        )

    office.pull()

    assert open_conflicts() == []
    assert customer(made).city == "Esbjerg"
    let_leases_run_out()
    push()
    assert office.there(number)["city"] == "Esbjerg"


def test_a_page_that_was_read_before_we_sent_something_takes_nothing_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = office.create(name="Havn ApS", city="Ribe")
    read, sent = EconomicSystem.customers, [made]

    def read_then_send(
        system: EconomicSystem, cursor: Mapping[str, Any] | None, limit: int
    ) -> CustomerPage:
        page = read(system, cursor, limit)
        while sent:
            office.books.offset += timedelta(seconds=5)
            office.edit(sent.pop(), city="Esbjerg")
        return page

    monkeypatch.setattr(EconomicSystem, "customers", read_then_send)
    office.pull()
    office.edit(made, city="Varde")

    assert (customer(made).city, open_conflicts()) == ("Varde", [])
    assert office.there(customer(made).ref_no)["city"] == "Varde"


def test_an_edit_of_theirs_after_a_sending_that_was_not_noted_is_still_an_edit(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = office.create(name="Begge ApS", city="Ribe")
    number = customer(made).ref_no
    edit_and_die_after_sending(office, monkeypatch, made, city="Varde")
    office.change(int(number or 0), city="Tønder")

    office.edit(made, city="Esbjerg")
    let_leases_run_out()
    push()

    [conflict] = open_conflicts()
    assert (conflict.local, conflict.remote) == ("Esbjerg", "Tønder")
    assert office.there(number)["city"] == "Tønder"


def acting(user_id: UUID) -> Origin:
    return Origin(ActorKind.USER, user_id, user_id)


def who_changed(customer_id: UUID, field: str) -> list[tuple[UUID | None, CauseKind]]:
    with transaction() as session:
        found = session.scalars(
            select(Event)
            .where(Event.subject_id == customer_id, Event.changes.has_key(field))
            .order_by(Event.id)
        )
        return [(event.user_id, event.cause_kind) for event in found]


def test_what_changed_there_is_nobodys_change_here_whoever_asked_for_the_pull(
    office: Office,
) -> None:
    made = office.create(name="Hentet ApS")
    office.change(int(customer(made).ref_no or 0), city="Ribe")
    office.enter(70, name="Kun Derovre ApS")
    with transaction() as session:
        mette = make_user(session, name="Mette Holm").id

    with transaction(acting(mette)) as session:
        health.request_pull(session, services.get(session, office.connection_id))
    drain(TaskName.PULL_CUSTOMERS)

    assert who_changed(made, "city") == [(None, CauseKind.ACCOUNTING)]
    assert customer(made).updated_by is None
    with transaction() as session:
        taken_in = session.scalars(select(Customer).where(Customer.ref_no == "70")).one()
    assert who_changed(taken_in.id, "name") == [(None, CauseKind.ACCOUNTING)]
    assert taken_in.created_by is None


def test_what_changed_there_is_nobodys_change_here_whoever_had_something_sent(
    office: Office,
) -> None:
    made = office.create(name="Sendt ApS")
    office.change(int(customer(made).ref_no or 0), city="Ribe")
    with transaction() as session:
        mette = make_user(session, name="Mette Holm").id

    with transaction(acting(mette)) as session:
        customers.update(session, customers.get(session, made, lock=True), {"phone": "70101010"},
                         now=NOW)  # fmt: skip
    push()

    assert customer(made).city == "Ribe"
    assert who_changed(made, "city") == [(None, CauseKind.ACCOUNTING)]
    assert who_changed(made, "phone") == [(mette, CauseKind.REQUEST)]

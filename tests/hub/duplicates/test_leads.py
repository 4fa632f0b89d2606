"""Leads that are there twice, and leads that are customers already."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from hub import matching
from hub.access.callers import principal_of
from hub.access.roles import Role
from hub.clock import utcnow
from hub.configuration import replace
from hub.customers.refusing import DuplicateLeave
from hub.duplicates import services as duplicates
from hub.duplicates.looking_up import find_like
from hub.duplicates.models import DupState
from hub.duplicates.raising import close_vanished
from hub.duplicates.scanning import ask_for_scan
from hub.entry_policies.enforcing import warnings_of
from hub.entry_policies.policy import Duplicates, EntryPolicy
from hub.errors import ConflictError, ValidationError
from hub.history.recording import _REACTIONS, react, when_changed
from hub.leads import services as leads
from tests.hub.duplicates.making import make_customer, make_lead, pairs, scan, sides
from tests.people import make_user

NOW = utcnow()
PHONE = "+4533123456"


@pytest.fixture
def reacting() -> Any:
    before = list(_REACTIONS.get("lead", ()))
    _REACTIONS["lead"] = []
    when_changed("lead", duplicates.react)
    yield
    _REACTIONS["lead"] = before


def forbid(session: Session) -> None:
    policy = EntryPolicy(alike_leads=Duplicates.FORBID)
    replace(session, policy, expected_version=1)


@pytest.mark.parametrize("whole", [True, False])
def test_a_scan_pairs_leads_with_leads_and_with_customers(session: Session, whole: bool) -> None:
    customer = make_customer(session, phone=PHONE)
    one, other = make_lead(session, phone=PHONE), make_lead(session, mobile=PHONE)
    make_lead(session, "Alene ApS")

    done = scan(session, whole=whole, batch=1)

    expected = {
        frozenset(ids)
        for ids in ((one.id, other.id), (one.id, customer.id), (other.id, customer.id))
    }
    assert sides(session) == expected
    assert (done.seen, done.raised) == (4, 3)
    kinds = {frozenset((row.a_entity, row.b_entity)) for row in pairs(session)}
    assert kinds == {frozenset({"lead"}), frozenset({"lead", "customer"})}
    assert all(row.agrees == ["name", "phone", "country"] for row in pairs(session))


def test_a_changed_customer_meets_the_leads(session: Session) -> None:
    lead = make_lead(session, phone=PHONE)
    scan(session, whole=False)
    customer = make_customer(session, phone=PHONE)

    scan(session, whole=False)

    assert sides(session) == {frozenset((lead.id, customer.id))}


def test_a_scan_of_leads_alone_looks_at_no_customer(session: Session) -> None:
    make_customer(session, phone=PHONE)
    one, other = make_lead(session, phone=PHONE), make_lead(session, phone=PHONE)

    done = scan(session, entities=["lead"])

    assert sides(session) == {frozenset((one.id, other.id))}
    assert done.seen == 2


def test_a_pair_of_both_kinds_has_one_score_however_it_is_met(session: Session) -> None:
    customer = make_customer(session, phone=PHONE, email="kontakt@nordlys.dk")
    lead = make_lead(session, phone=PHONE)

    [from_lead] = matching.find_pairs(session, "lead", [lead.id], among="customer")
    [from_customer] = matching.find_pairs(session, "customer", [customer.id], among="lead")
    known = matching.compare_pairs(session, "lead", [(lead.id, customer.id)], among="customer")
    ready = matching.prepare("customer", matching.Party(name=lead.company, phone=PHONE))
    [live] = matching.find(session, "customer", ready, own="lead")

    assert from_lead == from_customer == next(iter(known.values()))
    assert live.score > matching.FORBID
    assert {from_lead.first_entity, from_lead.second_entity} == {"lead", "customer"}


def test_what_many_leads_say_too_says_little_of_a_lead_and_a_customer(session: Session) -> None:
    make_customer(session, "Strandby Kaffe", phone=PHONE)
    one = make_lead(session, "Strandby Kafferi", phone=PHONE)
    [alone] = matching.find_pairs(session, "lead", [one.id], among="customer")
    for name in ("Ørsund Fisk", "Lillebro Byg", "Hegnsholt Auto", "Vangede Tand"):
        make_lead(session, name, phone=PHONE)

    among_many = matching.find_pairs(session, "lead", [one.id], among="customer", least=0.01)

    assert among_many[0].score < alone.score


def test_a_lead_of_a_customer_takes_no_part(session: Session) -> None:
    customer = make_customer(session, phone=PHONE)
    leads.create(session, {"customer_id": customer.id, "company": "Nordlys", "phone": PHONE},
                 now=NOW)  # fmt: skip

    assert scan(session).seen == 1
    assert pairs(session) == []


def test_a_lead_that_becomes_a_customers_is_no_pair_any_more(
    session: Session, reacting: None
) -> None:
    customer = make_customer(session, "Helt Andet ApS")
    one, other = make_lead(session, phone=PHONE), make_lead(session, phone=PHONE)
    scan(session)

    leads.update(session, other, {"customer_id": customer.id})
    react(session)

    assert [row.state for row in pairs(session)] == [DupState.OBSOLETE]
    assert matching.find(session, "lead", matching.Party(name=one.company), exclude=one.id) == []


def test_a_deleted_lead_is_no_pair_any_more(session: Session, reacting: None) -> None:
    make_lead(session, phone=PHONE)
    other = make_lead(session, phone=PHONE)
    scan(session)

    leads.delete(session, other, now=NOW)
    react(session)

    assert [row.state for row in pairs(session)] == [DupState.OBSOLETE]


def test_a_dismissed_pair_of_a_lead_and_a_customer_stays_so(session: Session) -> None:
    make_customer(session, phone=PHONE)
    make_lead(session, phone=PHONE)
    scan(session)
    [row] = pairs(session)
    user = make_user(session, "anna@hub.example")

    duplicates.dismiss(session, row.id, reason="a franchise", by=user.id, now=NOW)
    scan(session)

    [row] = pairs(session)
    assert (row.state, row.reason) == (DupState.DISMISSED, "a franchise")


def test_leads_that_were_there_before_get_their_keys(session: Session) -> None:
    one, other = make_lead(session, phone=PHONE), make_lead(session, phone=PHONE)
    session.execute(text("delete from match_key"))
    session.execute(text("delete from match_party"))

    scan(session, whole=False)

    assert sides(session) == {frozenset((one.id, other.id))}


def test_a_new_lead_is_told_of_what_is_surely_there_already(session: Session) -> None:
    customer = make_customer(session, phone=PHONE)
    one = make_lead(session, phone=PHONE)

    other = make_lead(session, phone=PHONE)

    told = {(each.existing_entity, each.existing_id) for each in warnings_of(session, other)}
    assert told == {("customer", customer.id), ("lead", one.id)}
    assert {each.code for each in warnings_of(session, other)} == {"duplicate"}
    assert min(each.score or 0 for each in warnings_of(session, other)) >= matching.FORBID


def test_where_the_policy_forbids_it_a_second_lead_is_refused(session: Session) -> None:
    forbid(session)
    customer = make_customer(session, phone=PHONE)

    with pytest.raises(ConflictError) as refused:
        make_lead(session, phone=PHONE)

    assert refused.value.code == "duplicate"
    candidates: Any = refused.value.details["candidates"]
    [candidate] = candidates
    assert (candidate["entity"], candidate["id"]) == ("customer", str(customer.id))
    make_lead(session, "Alene ApS")


def test_with_leave_a_second_lead_is_made_and_the_two_are_remembered(
    session: Session, reacting: None
) -> None:
    forbid(session)
    customer = make_customer(session, phone=PHONE)
    fields = {"company": "Nordlys Belysning ApS", "phone": PHONE}

    with pytest.raises(ValidationError, match="/reason"):
        leads.create(session, fields, now=NOW, allow_duplicate=DuplicateLeave("  "))
    lead = leads.create(session, fields, now=NOW, allow_duplicate=DuplicateLeave("a franchise"))
    react(session)
    scan(session)

    [row] = pairs(session)
    assert {row.a_id, row.b_id} == {lead.id, customer.id}
    assert (row.state, row.reason) == (DupState.DISMISSED, "a franchise")


def test_where_all_is_allowed_nobody_is_told(session: Session) -> None:
    replace(session, EntryPolicy(alike_leads=Duplicates.ALLOW), expected_version=1)
    make_lead(session, phone=PHONE)

    assert warnings_of(session, make_lead(session, phone=PHONE)) == []


# Fields chosen by people.


def by_fields(session: Session, *fields: str, **wanted: Any) -> set[frozenset[UUID]]:
    scan(session, fields=fields, **wanted)
    return sides(session)


def test_a_scan_by_a_field_pairs_those_that_say_the_same_there(session: Session) -> None:
    one = make_lead(session, "Ørsund Fisk", email="Post@Mail.example")
    other = make_lead(session, "Lillebro Byg", email="post@mail.example")
    customer = make_customer(session, "Hegnsholt Auto", email="post@mail.example")
    make_lead(session, "Vangede Tand", email="tand@mail.example")

    found = by_fields(session, "email")

    assert found == {
        frozenset(ids)
        for ids in ((one.id, other.id), (one.id, customer.id), (other.id, customer.id))
    }
    assert all(float(row.score) < matching.WARN for row in pairs(session))


def test_of_several_fields_all_must_be_the_same(session: Session) -> None:
    one = make_lead(session, "Strandby Kaffe ApS", postcode="8000")
    other = make_lead(session, "Kaffe Strandby", postcode="8000")
    make_lead(session, "Strandby Kaffe", postcode="2100")
    make_lead(session, "Strandby Kaffe")

    assert by_fields(session, "name", "postcode") == {frozenset((one.id, other.id))}


def test_of_many_that_agree_each_is_paired_with_the_nearest(session: Session) -> None:
    names = [f"Firma{chr(ord('a') + n // 26)}{chr(ord('a') + n % 26)}" for n in range(40)]
    made = [make_lead(session, name, phone=PHONE) for name in names]

    found = by_fields(session, "phone")

    assert len(found) == 10 * 30 + sum(range(10))
    met, front = {made[0].id}, {made[0].id}
    while front:
        front = {each for ids in found if ids & front for each in ids} - met
        met |= front
    assert met == {lead.id for lead in made}


def test_a_pair_by_a_field_stays_while_the_two_agree_there(session: Session) -> None:
    one = make_lead(session, "Ørsund Fisk", email="post@mail.example")
    make_lead(session, "Lillebro Byg", email="post@mail.example")
    by_fields(session, "email")

    assert close_vanished(session, [one.id], []) == 0
    leads.update(session, one, {"email": "fisk@mail.example"})
    assert scan(session, whole=False).made_obsolete == 1

    [row] = pairs(session)
    assert row.state is DupState.OBSOLETE


def test_a_scan_by_fields_leaves_what_is_unchecked_to_the_other(session: Session) -> None:
    one = make_lead(session, phone=PHONE)
    other = make_lead(session, phone=PHONE)
    by_fields(session, "email")

    scan(session, whole=False)

    assert sides(session) == {frozenset((one.id, other.id))}


def test_a_scan_by_fields_leaves_a_dismissal_as_it_is(session: Session) -> None:
    make_lead(session, phone=PHONE)
    make_lead(session, phone=PHONE)
    scan(session)
    user = make_user(session, "anna@hub.example")
    duplicates.dismiss(session, pairs(session)[0].id, reason="two", by=user.id, now=NOW)

    by_fields(session, "phone")

    assert [row.state for row in pairs(session)] == [DupState.DISMISSED]


@pytest.mark.parametrize(
    ("wanted", "pointer", "code"),
    [
        ({"fields": ["shoe_size"]}, "/fields/0", "unknown"),
        ({"entities": ["customer", "note"]}, "/entities/1", "unknown"),
        ({"fields": ["city", "country"]}, "/fields", "too_common"),
    ],
)
def test_a_scan_by_what_tells_nobody_apart_is_refused(
    session: Session, wanted: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        ask_for_scan(session, by=uuid4(), **wanted)

    [error] = refused.value.errors
    assert (error.pointer, error.code) == (pointer, code)


def test_what_is_like_a_lead_is_found_as_everything_stands(session: Session) -> None:
    customer = make_customer(session, phone=PHONE)
    lead = make_lead(session, phone=PHONE)
    of_customer = leads.create(session, {"customer_id": customer.id}, now=NOW)
    user = make_user(session, "anna@hub.example", role=Role.ADMINISTRATOR)
    principal = principal_of(session, user)

    assert [like.record for like in find_like(session, principal, lead)] == [customer]
    assert [like.record for like in find_like(session, principal, customer)] == [lead]
    assert find_like(session, principal, of_customer) == []

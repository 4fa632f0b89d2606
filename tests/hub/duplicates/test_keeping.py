"""What Hub fills in by itself does not take back what people decided over pairs."""

from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from hub import matching
from hub.access.models import User
from hub.access.roles import Role
from hub.autofill import services as autofill
from hub.clock import utcnow
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.duplicates import services as duplicates
from hub.duplicates.keeping import decisions_kept
from hub.duplicates.models import DupCandidate, DupState
from hub.duplicates.raising import raise_pairs
from hub.ports import CompanyRecord, CompanyStatus
from tests.hub.duplicates.making import ENTITY, look, make_customer, make_lead, pairs

NOW = utcnow()
NUMBER = "99000007"
COMPANY = CompanyRecord(
    registration_number=NUMBER,
    country="DK",
    name="Nordlys Testværk ApS",
    status=CompanyStatus.ACTIVE,
    address_lines=("Nørregade 12",),
    postcode="8000",
    city="Aarhus C",
    phone="33123456",
)


@pytest.fixture
def by(session: Session) -> UUID:
    user = User(email="anna@example.com", name="Anna", roles=[Role.ADMINISTRATOR])
    session.add(user)
    session.flush()
    return user.id


def make_dismissed(session: Session, by: UUID) -> tuple[Customer, Customer]:
    """Return two customers of one number, the second made on purpose, and filled by now."""
    one = customers.create(session, {"cvr": NUMBER}, now=NOW)
    autofill.fill(session, one.id, "cvrapi", COMPANY, now=NOW)
    other = customers.create(
        session, {"cvr": NUMBER, "ean": "5790000000005"}, now=NOW, check_duplicates=False
    )
    duplicates.remember_allowed(session, one.id, other.id, reason="Another unit", by=by, now=NOW)
    return one, other


def test_the_fill_that_a_create_asked_for_leaves_its_pair_dismissed(
    session: Session, by: UUID
) -> None:
    one, other = make_dismissed(session, by)

    autofill.fill(session, other.id, "cvrapi", COMPANY, now=NOW)
    [row] = look(session, one.id, other.id)

    assert (row.state, row.reason, row.decided_by, row.decided_at) == (
        DupState.DISMISSED, "Another unit", by, NOW,
    )  # fmt: skip
    assert row.score == 1
    assert "phone" in row.agrees


def test_a_fill_of_the_first_of_the_two_leaves_it_dismissed_too(session: Session, by: UUID) -> None:
    one, other = make_dismissed(session, by)
    autofill.fill(session, other.id, "cvrapi", COMPANY, now=NOW)
    moved = CompanyRecord(
        registration_number=NUMBER, country="DK", name="Nordlys Testværk ApS",
        status=CompanyStatus.ACTIVE, postcode="8200", city="Aarhus N", phone="33123457",
    )  # fmt: skip

    for each in (one, other):
        autofill.fill(session, each.id, "cvrapi", moved, now=NOW)
        look(session, one.id, other.id)

    [row] = pairs(session)
    assert row.state is DupState.DISMISSED


def test_what_somebody_typed_before_a_fill_opens_the_pair_all_the_same(
    session: Session, by: UUID
) -> None:
    one, other = make_dismissed(session, by)
    for customer in (one, other):
        customers.update(session, customer, {"email": "kontakt@nordlys.dk"}, now=NOW)

    autofill.fill(session, other.id, "cvrapi", COMPANY, now=NOW)
    [row] = look(session, one.id, other.id)

    assert row.state is DupState.OPEN


def test_what_somebody_types_after_a_fill_opens_the_pair(session: Session, by: UUID) -> None:
    one, other = make_dismissed(session, by)
    autofill.fill(session, other.id, "cvrapi", COMPANY, now=NOW)
    for customer in (one, other):
        customers.update(session, customer, {"phone": "+4587654321"}, now=NOW)

    [row] = look(session, one.id, other.id)

    assert row.state is DupState.OPEN


def test_a_pair_of_a_lead_and_a_customer_stays_dismissed_too(session: Session, by: UUID) -> None:
    customer = make_customer(session, "Nordlys Testværk ApS")
    lead = make_lead(session, "Nordlys Testværk ApS", phone="+4533123456")
    duplicates.remember_allowed(
        session, lead.id, customer.id, reason="A sister", by=by, now=NOW,
        entities=("lead", "customer"),
    )  # fmt: skip

    with decisions_kept(session, customer.id):
        customer.phone = "+4533123456"
        customers.refresh_derived(session, customer, {"phone"})
    raise_pairs(session, matching.find_pairs(session, ENTITY, [customer.id], among="lead"))

    [row] = pairs(session)
    assert (row.state, "phone" in row.agrees) == (DupState.DISMISSED, True)


def test_other_rules_of_comparing_are_no_new_evidence(session: Session, by: UUID) -> None:
    one, other = make_dismissed(session, by)
    [row] = pairs(session)
    row.rule_version = matching.RULES - 1
    row.fingerprint = dict.fromkeys(row.fingerprint or {}, "of other rules")
    session.flush()

    look(session, one.id, other.id)

    [row] = pairs(session)
    assert (row.state, row.rule_version) == (DupState.DISMISSED, matching.RULES)
    for customer in (one, other):
        customers.update(session, customer, {"email": "kontakt@nordlys.dk"}, now=NOW)
    look(session, one.id, other.id)
    assert session.get_one(DupCandidate, row.id).state is DupState.OPEN

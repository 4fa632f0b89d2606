"""Customers are listed by index, and found however a mail address is written."""

from typing import Any

import pytest
from sqlalchemy import select, text, true
from sqlalchemy.orm import Session

from hub.customers.listing import CONTACTS, CUSTOMERS
from hub.listing import Query, Reader, page, parse_parameters
from hub.listing.predicates import conditions_met
from tests.people import NOW, make_customer

READER = Reader(now=NOW, zone="Europe/Copenhagen")


def plan_of(session: Session, query: Query[Any]) -> str:
    """Return how PostgreSQL would look for what a query asks, if it can use an index at all."""
    wanted = select(query.listing.model.id).where(conditions_met(query.conditions))
    sql = wanted.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    session.execute(text("set local enable_seqscan = off"))
    return "\n".join(session.scalars(text(f"explain {sql}".replace(":", "\\:"))))


def names(session: Session, parameter: str, value: str) -> list[str]:
    query = parse_parameters(CUSTOMERS, [(parameter, value)], READER)
    return [customer.name for customer in page(session, query, true()).rows]


@pytest.mark.parametrize(
    ("parameter", "value", "index"),
    [
        ("email", "Info@Nordlys.example", "ix_customer_email"),
        ("email.contains", "nordlys", "ix_customer_search"),
        ("phone", "+4570000001", "ix_customer_search"),
        ("phone.contains", "700000", "ix_customer_search"),
        ("cvr", "99000007", "ix_customer_cvr"),
        ("cvr.contains", "9900", "ix_customer_search"),
        ("name", "Nordlys ApS", "ix_customer_search"),
    ],
)
def test_what_identifies_a_customer_is_looked_up_in_an_index(
    session: Session, parameter: str, value: str, index: str
) -> None:
    query = parse_parameters(CUSTOMERS, [(parameter, value)], READER)

    assert index in plan_of(session, query)


def test_a_contacts_mail_address_is_looked_up_in_an_index(session: Session) -> None:
    query = parse_parameters(CONTACTS, [("email", "Bo@Nordlys.example")], READER)

    assert "ix_contact_email" in plan_of(session, query)


def test_a_customer_is_found_by_parts_of_what_it_is_reached_by(session: Session) -> None:
    make_customer(
        session, "Nordlys ApS", cvr="99000007", phone="70000001", email="aase.holm@oerne.example"
    )
    make_customer(session, "Bølgebryder A/S", cvr="12345674", phone="70000002", email="b@ry.dk")

    found = {
        (parameter, value): names(session, parameter, value)
        for parameter, value in [
            ("email", "AASE.Holm@Oerne.example"),
            ("email.ne", "Aase.Holm@oerne.EXAMPLE"),
            ("email.contains", "se.holm@oe"),
            ("email.contains", "erne"),
            ("email.starts", "aas"),
            ("phone", "+4570000001"),
            ("phone.contains", "0000001"),
            ("phone.starts", "+457"),
            ("cvr", "99000007"),
            ("cvr.contains", "9000"),
            ("cvr.ne", "99000007"),
        ]
    }

    both, first, second = ["Bølgebryder A/S", "Nordlys ApS"], ["Nordlys ApS"], ["Bølgebryder A/S"]
    assert found == {
        ("email", "AASE.Holm@Oerne.example"): first,
        ("email.ne", "Aase.Holm@oerne.EXAMPLE"): second,
        ("email.contains", "se.holm@oe"): first,
        ("email.contains", "erne"): first,
        ("email.starts", "aas"): first,
        ("phone", "+4570000001"): first,
        ("phone.contains", "0000001"): first,
        ("phone.starts", "+457"): both,
        ("cvr", "99000007"): first,
        ("cvr.contains", "9000"): first,
        ("cvr.ne", "99000007"): second,
    }

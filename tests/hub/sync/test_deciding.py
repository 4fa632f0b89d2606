"""Which customer here a remote one is, before anything is linked."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from hub.connections.models import Connection
from hub.ports import RemoteCustomer, Scalar
from hub.sync import mapping, pulling
from tests.people import make_customer

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
CVR = "99000007"
EANS = [f"57900000{n:04}" for n in range(60)]


@pytest.fixture
def connection(session: Session) -> Connection:
    made = Connection(name="e-conomic", connector="economic", kind="accounting")
    session.add(made)
    session.flush()
    return made


def decide(session: Session, connection: Connection, **fields: Scalar) -> dict[str, object]:
    pairs = mapping.pairs_of(session, connection)
    remote = RemoteCustomer(remote_id="7", fields=fields, updated_at=NOW)
    item = pulling.decide(session, connection, pairs, remote, position=0)
    return {"action": item["action"], "record_id": item.get("record_id")}


def with_check_digit(number: str) -> str:
    odd = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(number))
    return number + str(-odd % 10)


def test_the_unit_of_a_municipality_is_found_among_any_number_of_its_like(
    session: Session, connection: Connection
) -> None:
    units = {
        ean: make_customer(session, "Prøvekøbing Kommune", cvr=CVR, ean=ean)
        for ean in map(with_check_digit, EANS)
    }

    for ean in (min(units), max(units)):
        found = decide(
            session, connection,
            name="Prøvekøbing Kommune", corporate_identification_number=CVR, ean=ean,
        )  # fmt: skip
        assert found == {"action": "link", "record_id": units[ean].id}


def test_a_unit_that_is_not_here_is_made_however_many_others_are(
    session: Session, connection: Connection
) -> None:
    make_customer(session, "Prøvekøbing Kommune", cvr=CVR, ean=with_check_digit(EANS[0]))

    found = decide(
        session, connection, name="Prøvekøbing Kommune", corporate_identification_number=CVR,
        ean=with_check_digit(EANS[1]),
    )  # fmt: skip

    assert found == {"action": "create", "record_id": None}


def test_a_mail_address_is_the_same_however_it_is_written(
    session: Session, connection: Connection
) -> None:
    here = make_customer(session, "Nordlys", email="Info@Nordlys.example")

    found = decide(session, connection, name="Nordlys", email="info@nordlys.example")

    assert found == {"action": "link", "record_id": here.id}

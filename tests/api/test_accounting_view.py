"""What a customer says of accounting: what waits, why, since when, and what to do about it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, func, text, update

from connectors import declarations as installed
from hub import outside, reactions
from hub.clock import utcnow
from hub.connections import declarations
from hub.connections.models import Connection, ConnectionState, ExternalLink, LinkState
from hub.customers import services as customers
from hub.customers.models import AccountingState, Customer
from hub.db import new_id, transaction
from hub.ledger.models import Job
from hub.sync import links, pushing, standing
from tests.api.asking import get
from tests.api.client import ApiClient
from tests.api.conftest import Caller

ACTIVE, PAUSED, REVOKED = ConnectionState.ACTIVE, ConnectionState.PAUSED, ConnectionState.REVOKED
REFUSED = {
    "code": "credentials_refused",
    "text": "The other side refuses our credentials: {reason}",
    "params": {"reason": {"text": "Unknown token", "params": {}}},
}


def connect(name: str, state: ConnectionState, **fields: Any) -> UUID:
    with transaction() as session:
        made = Connection(
            id=new_id(), name=name, kind="accounting", state=state, **{"connector": "any"} | fields
        )
        session.add(made)
        return made.id


def connect_installed(state: ConnectionState) -> UUID:
    """Connect e-conomic as it is really declared, so that what changes here is to be sent there."""
    reactions.install()
    with transaction() as session:
        declarations.publish(session, installed())
    return connect("e-conomic", state, connector="economic")


def make_customer(*linked: UUID, name: str = "Nordlys") -> UUID:
    """Make a customer that stands in some systems."""
    with transaction() as session:
        made = customers.create(session, {"name": name}, now=utcnow(), check_duplicates=False)
        for connection_id in linked:
            session.add(
                ExternalLink(
                    connection_id=connection_id, customer_id=made.id, remote_id=str(made.id),
                    state=LinkState.LINKED,
                )
            )  # fmt: skip
            standing.note(made, connection_id, AccountingState.LINKED)
        return made.id


def ask_for_push(customer_id: UUID, connection_id: UUID) -> None:
    with transaction() as session:
        pushing.request(
            session,
            session.get_one(Connection, connection_id),
            session.get_one(Customer, customer_id),
            links.of_customer(session, connection_id, customer_id),
        )


def note(customer_id: UUID, connection_id: UUID, state: AccountingState, code: str) -> None:
    with transaction() as session:
        message = {"code": code, "text": "Told.", "params": {}, "link": "/somewhere"}
        standing.note(session.get_one(Customer, customer_id), connection_id, state, message)


def change(connection_id: UUID, **fields: Any) -> None:
    with transaction() as session:
        session.execute(update(Connection).where(Connection.id == connection_id).values(**fields))


def accounting(
    client: ApiClient, caller: Caller, customer_id: UUID, language: str = "en"
) -> dict[str, Any]:
    answer = client.get(
        f"/api/v1/customers/{customer_id}",
        headers={**caller.headers, "Accept-Language": language},
    )
    assert answer.status_code == 200
    shown: dict[str, Any] = answer.json["accounting"]
    return shown


@pytest.fixture
def statements(database: Engine) -> Iterator[list[str]]:
    said: list[str] = []

    def listen(*call: Any) -> None:
        said.append(call[2])

    event.listen(database, "before_cursor_execute", listen)
    yield said
    event.remove(database, "before_cursor_execute", listen)


def test_a_linked_customer_with_nothing_to_tell_says_nothing(
    client: ApiClient, administrator: Caller
) -> None:
    books = connect("e-conomic", ACTIVE)
    made = make_customer(books)

    assert accounting(client, administrator, made) == {
        "state": "linked", "message": None, "messages": [],
    }  # fmt: skip


def test_a_change_that_is_held_says_why_since_when_and_what_to_do_and_where(
    client: ApiClient, representative: Caller
) -> None:
    books = connect("e-conomic", REVOKED, message=REFUSED)
    made = make_customer(books)
    before = utcnow()
    ask_for_push(made, books)

    shown = accounting(client, representative, made)

    assert shown["state"] == "linked"
    [message] = shown["messages"]
    assert shown["message"] == message
    since = datetime.fromisoformat(message.pop("since"))
    assert before - timedelta(seconds=1) < since <= utcnow()
    assert message == {
        "code": "credentials_refused",
        "text": "What is to be sent to e-conomic waits: The other side refuses our credentials:"
        " Unknown token",
        "link": f"/api/v1/connections/{books}",
        "connection_id": str(books),
        "next_try_at": None,
        "remedy": "Enter new credentials and test the connection; what waits then goes out by"
        " itself.",
    }


def test_it_is_said_in_the_readers_language(client: ApiClient, administrator: Caller) -> None:
    books = connect("e-conomic", PAUSED)
    made = make_customer(books)
    ask_for_push(made, books)

    message = accounting(client, administrator, made, "da")["message"]

    assert message["code"] == "connection_paused"
    assert message["text"] == (
        "Det, der skal sendes til e-conomic, venter: Nogen har sat forbindelsen på pause; ændringer"
        " samles op."
    )
    assert message["remedy"] == "Test eller aktivér forbindelsen; det, der venter, sendes så."


@pytest.mark.parametrize(
    ("state", "codes"),
    [(PAUSED, ["connection_paused"]), (REVOKED, ["connection_revoked"]), (ACTIVE, [])],
)
def test_whoever_changes_a_customer_is_told_at_once_that_it_waits(
    client: ApiClient, administrator: Caller, state: ConnectionState, codes: list[str]
) -> None:
    reactions.install()
    connect("e-conomic", state)
    made = client.post(
        "/api/v1/customers", json={"name": "Nordlys", "roles": ["customer"]},
        headers=administrator.headers,
    )  # fmt: skip
    read = accounting(client, administrator, UUID(made.json["id"]))

    assert [each["code"] for each in made.json["accounting"]["messages"]] == codes
    assert [each["code"] for each in read["messages"]] == codes
    assert read["state"] == ("waiting" if state is ACTIVE else "held")


def test_whoever_changes_a_linked_customer_is_told_at_once_that_the_change_waits(
    client: ApiClient, administrator: Caller
) -> None:
    made = make_customer(connect_installed(PAUSED))
    path, answers = f"/api/v1/customers/{made}", []

    for city in ("Ribe", "Varde"):
        seen = client.get(path, headers=administrator.headers).headers["ETag"]
        headers = {**administrator.headers, "If-Match": seen}
        answers.append(client.patch(path, json={"city": city}, headers=headers))

    for answer in answers:
        assert answer.status_code == 200
        [message] = answer.json["accounting"]["messages"]
        assert (message["code"], answer.json["accounting"]["state"]) == (
            "connection_paused", "linked",
        )  # fmt: skip
    read = accounting(client, administrator, made)["message"]
    assert answers[1].json["accounting"]["message"] == read


def test_what_is_held_until_a_plan_is_looked_at_says_so(
    client: ApiClient, administrator: Caller
) -> None:
    books = connect("e-conomic", ACTIVE, outgoing_held=True)
    made = make_customer(books)
    ask_for_push(made, books)

    message = accounting(client, administrator, made)["message"]

    assert message["code"] == "outgoing_held"
    assert message["remedy"] == "Look at the first plan, then let changes go to the other side."


def test_once_the_connection_works_the_change_is_on_its_way_and_no_word_is_said(
    client: ApiClient, administrator: Caller
) -> None:
    books = connect("e-conomic", PAUSED)
    made = make_customer(books)
    ask_for_push(made, books)
    assert len(accounting(client, administrator, made)["messages"]) == 1

    change(books, state=ACTIVE)

    assert accounting(client, administrator, made)["messages"] == []


def test_a_change_that_could_not_be_sent_says_why_and_when_it_is_tried_again(
    client: ApiClient, administrator: Caller
) -> None:
    books = connect("e-conomic", ACTIVE)
    made = make_customer(books)
    ask_for_push(made, books)
    with transaction() as session:
        words = {"words": {"text": "It answers with {status}.", "params": {"status": 503}}}
        session.execute(
            update(Job).values(
                waits_for=f"calls:{books}", error=words,
                run_at=func.now() + text("interval '90 s'"),
            )
        )  # fmt: skip

    message = accounting(client, administrator, made)["message"]

    assert (message["code"], message["text"]) == (
        "put_off", "What is to be sent to e-conomic waits: It answers with 503.",
    )  # fmt: skip
    assert utcnow() < datetime.fromisoformat(message["next_try_at"])
    assert message["remedy"] == (
        "Nothing yet: it is tried again by itself, and at once when the connection is tested."
    )


def test_while_everything_is_held_a_change_says_so_at_once_and_how_it_is_released(
    client: ApiClient, administrator: Caller
) -> None:
    made = make_customer(connect_installed(ACTIVE))
    with transaction() as session:
        outside.set_held(session, held=True, reason=None)
    path = f"/api/v1/customers/{made}"
    seen = client.get(path, headers=administrator.headers).headers["ETag"]

    answer = client.patch(
        path, json={"city": "Ry"}, headers={**administrator.headers, "If-Match": seen}
    )

    assert answer.status_code == 200, answer.text
    for shown in (answer.json["accounting"], accounting(client, administrator, made)):
        [message] = shown["messages"]
        assert (message["code"], message["next_try_at"]) == ("outside_held", None)
        assert message["text"] == (
            "What is to be sent to e-conomic waits: Calls to outside systems and mails are held"
            " until somebody releases them."
        )
        assert message["link"] == "/api/v1/settings/outside"
        assert message["remedy"].endswith("hub release, or PUT /settings/outside.")


def test_of_several_systems_each_has_its_say_the_worst_first(
    client: ApiClient, administrator: Caller
) -> None:
    books, other, third = (
        connect("e-conomic", ACTIVE), connect("Other", PAUSED), connect("Third", ACTIVE),
    )  # fmt: skip
    made = make_customer(books, other, third)
    note(made, books, AccountingState.LINKED, "no_table_entry")
    note(made, third, AccountingState.FAILED, "refused")
    ask_for_push(made, other)

    shown = accounting(client, administrator, made)

    assert shown["state"] == "failed"
    assert [(each["code"], each["connection_id"]) for each in shown["messages"]] == [
        ("refused", str(third)), ("connection_paused", str(other)), ("no_table_entry", str(books)),
    ]  # fmt: skip
    assert shown["message"] == shown["messages"][0]


def test_why_a_new_customer_waits_is_said_once(client: ApiClient, administrator: Caller) -> None:
    books = connect("e-conomic", PAUSED)
    made = make_customer()
    ask_for_push(made, books)
    note(made, books, AccountingState.HELD, "held")

    shown = accounting(client, administrator, made)

    assert shown["state"] == "held"
    assert [each["code"] for each in shown["messages"]] == ["connection_paused"]


def test_what_an_earlier_version_noted_is_still_told(
    client: ApiClient, administrator: Caller
) -> None:
    connect("e-conomic", ACTIVE)
    made = make_customer()
    with transaction() as session:
        customer = session.get_one(Customer, made)
        customer.accounting_state = AccountingState.FAILED
        customer.accounting_message = {"code": "refused", "text": "No.", "params": {}, "link": "/x"}

    message = accounting(client, administrator, made)["message"]

    assert (message["code"], message["text"], message["connection_id"]) == ("refused", "No.", None)


def test_the_push_of_another_customer_is_no_word_of_this_one(
    client: ApiClient, administrator: Caller
) -> None:
    books = connect("e-conomic", PAUSED)
    made, other = make_customer(books), make_customer(books, name="Bølgebryder")
    ask_for_push(other, books)

    assert accounting(client, administrator, made)["messages"] == []


def test_a_page_of_customers_asks_once_for_all_that_waits(
    client: ApiClient, administrator: Caller, statements: list[str]
) -> None:
    books, other = connect("e-conomic", PAUSED), connect("Other", REVOKED)
    for number in range(4):
        made = make_customer(books, other, name=f"Havn {number}")
        ask_for_push(made, books)
        ask_for_push(made, other)

    def asked(limit: int) -> tuple[int, int]:
        statements.clear()
        items = get(client, administrator, f"/customers?limit={limit}")["items"]
        told = sum(len(each["accounting"]["messages"]) for each in items)
        return told, sum(" job " in " ".join(each.split()) for each in statements)

    assert asked(1) == (2, 1)
    assert asked(4) == (8, 1)


def test_without_an_accounting_system_nothing_is_asked(
    client: ApiClient, administrator: Caller, statements: list[str]
) -> None:
    make_customer()
    get(client, administrator, "/customers?limit=1")
    statements.clear()

    get(client, administrator, "/customers?limit=1")

    assert [each for each in statements if "job" in each] == []

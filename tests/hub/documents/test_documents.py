from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.customers.models import Customer
from hub.documents.models import DocMirror
from hub.documents.services import MOST_ASKED_ONE_BY_ONE, Mirrored, ask_for_evaluation, mirror
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from hub.ports import RemoteDocument
from tests.debts import LONG_AGO, Paper, make_books, owe
from tests.people import make_customer


def mirrored(session: Session) -> list[tuple[str, str, str]]:
    rows = session.scalars(select(DocMirror).order_by(DocMirror.number))
    return [(row.kind.value, f"{row.remaining:f}", row.state.value) for row in rows]


def asked(session: Session) -> list[tuple[str, str | None]]:
    session.commit()
    return [(job.task, job.key) for job in session.scalars(select(Job).order_by(Job.id))]


def test_a_document_is_kept_once_as_it_is_now(session: Session) -> None:
    customer = make_customer(session)

    assert owe(session, customer, Paper("100"), Paper("-30", kind="credit_note")) == Mirrored(
        changed=2, unchanged=0, unknown=0
    )
    assert owe(session, customer, Paper("100"), Paper("-30", kind="credit_note")) == Mirrored(
        changed=0, unchanged=2, unknown=0
    )
    assert owe(session, customer, Paper("0")).changed == 1

    assert mirrored(session) == [
        ("invoice", "0.0000", "settled"), ("credit_note", "-30.0000", "open"),
    ]  # fmt: skip


def test_two_kinds_and_two_systems_may_use_one_number(session: Session) -> None:
    customer = make_customer(session)
    first, second = make_books(session), make_books(session, "Andre bøger")

    for books in (first, second):
        owe(session, customer, Paper(), books=books)
        owe(session, customer, Paper(kind="order"), books=books)

    assert len(mirrored(session)) == 4


def test_what_belongs_to_nobody_here_is_counted_and_left(session: Session) -> None:
    books = make_books(session)
    strange = RemoteDocument(
        "invoice", "7", "nobody", LONG_AGO, LONG_AGO, "DKK", gross=100, remainder=100  # type: ignore[arg-type] # as good as decimals
    )  # fmt: skip

    assert mirror(session, books, [strange]) == Mirrored(changed=0, unchanged=0, unknown=1)
    assert mirrored(session) == []
    assert mirror(session, books, []) == Mirrored(changed=0, unchanged=0, unknown=0)


def test_a_change_asks_for_the_customers_standing_once_and_the_same_again_for_nothing(
    session: Session,
) -> None:
    customer = make_customer(session)

    owe(session, customer, Paper(), Paper())
    assert asked(session) == [("credit.evaluate_customer", str(customer.id))]
    session.execute(Job.__table__.delete())  # type: ignore[attr-defined] # of a table
    owe(session, customer, Paper(), Paper())
    assert asked(session) == []


def test_many_customers_are_one_pass_over_all(session: Session) -> None:
    books = make_books(session)
    ids = [Customer(name="x", currency="DKK") for _ in range(MOST_ASKED_ONE_BY_ONE + 1)]
    session.add_all(ids)
    session.flush()

    ask_for_evaluation(session, books, [each.id for each in ids])

    assert asked(session) == [(TaskName.EVALUATE_CUSTOMERS.value, str(books))]

"""What a customer shows of a push that did not succeed, whatever stopped it."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, true, update

from hub.clock import utcnow
from hub.connections import health, services
from hub.connections.models import Connection, ConnectionGate
from hub.customers.models import AccountingState, Customer
from hub.db import transaction
from hub.i18n import translate
from hub.ledger import claims
from hub.ledger import services as ledger
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from hub.sync import standing
from tests.connectors.sandboxes import fail, steer
from tests.workers.bookkeeping import Office, customer, dead_jobs, push
from workers.chain import drain
from workers.tasks import accounting


def told(made: Customer, language: str = "en") -> str:
    message = made.accounting_message
    assert message is not None
    return translate(language, message["text"], message["params"])


def seen(made: Customer) -> tuple[AccountingState, str]:
    return made.accounting_state, (made.accounting_message or {"code": ""})["code"]


def last_try() -> None:
    """Let what is queued be due, with its last attempt before it."""
    with transaction() as session:
        session.execute(
            update(Job)
            .where(Job.state == JobState.QUEUED)
            .values(run_at=func.now(), attempt=len(claims.DELAYS))
        )
        session.execute(update(ConnectionGate).values(open_until=None, tokens=100))
    drain(TaskName.PUSH_CUSTOMER)


def heal(office: Office, made: UUID) -> Customer:
    """Mend the other side and replay the dead push."""
    steer(office.sandbox, "DELETE", "faults")
    [dead] = dead_jobs()
    with transaction() as session:
        ledger.replay_job(session, true(), dead.id)
    push()
    return customer(made)


def fail_there(office: Office, kind: str, **options: Any) -> None:
    fail(office.sandbox, kind, **options)


def test_a_system_that_does_not_answer_is_waited_for_and_after_the_last_try_it_has_failed(
    office: Office,
) -> None:
    fail_there(office, "status", status=500)

    waiting = customer(office.create(name="Bierer ApS"))

    assert seen(waiting) == (AccountingState.WAITING, "no_answer")
    assert told(waiting) == "e-conomic does not answer: It failed (500)."
    assert told(waiting, "da") == "e-conomic svarer ikke: Den fejlede (500)."

    last_try()

    failed = customer(waiting.id)
    assert seen(failed) == (AccountingState.FAILED, "no_answer")
    assert told(failed) == "e-conomic could not be brought up to date: It failed (500)."
    [dead] = dead_jobs()
    assert (failed.accounting_message or {})["link"] == f"/api/v1/jobs/{dead.id}"
    healed = heal(office, waiting.id)
    assert (healed.accounting_state, healed.accounting_message) == (AccountingState.LINKED, None)
    assert office.there(healed.ref_no)["name"] == "Bierer ApS"


def test_a_reply_that_is_no_json_is_shown(office: Office) -> None:
    fail_there(office, "html")

    waiting = customer(office.create(name="Websiden ApS"))

    assert seen(waiting) == (AccountingState.WAITING, "no_answer")
    assert "an HTML page instead of JSON" in told(waiting)
    last_try()
    assert seen(customer(waiting.id)) == (AccountingState.FAILED, "no_answer")
    assert heal(office, waiting.id).accounting_state is AccountingState.LINKED


def test_that_every_number_was_taken_is_shown(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(accounting, "_find_or_create", lambda *_, **__: None)
        failed = customer(office.create(name="Altid Optaget ApS"))

    assert seen(failed) == (AccountingState.FAILED, "failed")
    assert told(failed) == (
        "e-conomic could not be brought up to date: Every number tried was taken there meanwhile."
    )
    assert heal(office, failed.id).accounting_state is AccountingState.LINKED


def test_a_change_that_cannot_be_sent_is_shown_on_a_linked_customer_too(office: Office) -> None:
    made = office.create(name="Koblet ApS", city="Ribe")
    fail_there(office, "status", status=500)
    office.edit(made, city="Varde")
    # A change that is only late shows nothing: the customer stands there as it did.
    assert seen(customer(made)) == (AccountingState.LINKED, "")

    last_try()

    failed = customer(made)
    assert seen(failed) == (AccountingState.FAILED, "no_answer")
    healed = heal(office, made)
    assert (healed.accounting_state, healed.accounting_message) == (AccountingState.LINKED, None)
    assert office.there(healed.ref_no)["city"] == "Varde"


def test_an_error_of_our_own_is_shown_without_its_words(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise KeyError("the customer's own mail address")

    with monkeypatch.context() as patch:
        patch.setattr(accounting, "_push", break_down)
        failed = customer(office.create(name="Vores Egen Fejl ApS"))

    assert seen(failed) == (AccountingState.FAILED, "internal")
    assert "(KeyError)" in told(failed)
    assert heal(office, failed.id).accounting_state is AccountingState.LINKED


def test_what_another_system_has_to_tell_stays_though_this_one_is_brought_up_to_date(
    office: Office,
) -> None:
    made = office.create(name="To Regnskaber ApS")
    told_there = {"code": "refused", "text": "No such group.", "params": {}, "link": "/there"}
    with transaction() as session:
        other = Connection(name="Other", connector="any", kind="accounting")
        session.add(other)
        session.flush()
        failed = session.get_one(Customer, made)
        standing.note(failed, other.id, AccountingState.FAILED, told_there)
        other_id = other.id

    office.edit(made, city="Ribe")
    office.change(int(customer(made).ref_no or 0), city="Varde")
    office.pull()
    office.pull()

    after = customer(made)
    assert after.city == "Varde"
    assert seen(after) == (AccountingState.FAILED, "refused")
    assert standing.standing_of(after, office.connection_id).state is AccountingState.LINKED
    with transaction() as session:
        standing.forget(session.get_one(Customer, made), other_id)
    assert seen(customer(made)) == (AccountingState.LINKED, "")


def test_held_changes_say_what_they_are_held_for(office: Office) -> None:
    with transaction() as session:
        session.execute(update(Connection).values(outgoing_held=True))

    held = customer(office.create(name="Tilbageholdt ApS"))

    assert seen(held) == (AccountingState.HELD, "held")
    assert told(held) == (
        "It is sent to e-conomic later: Changes are held back until somebody has looked at the"
        " first plan."
    )
    assert (held.accounting_message or {})["link"] == f"/api/v1/connections/{office.connection_id}"
    with transaction() as session:
        connection = services.get(session, office.connection_id)
        services.update(session, connection, {"outgoing_held": False})
    push()
    assert seen(customer(held.id)) == (AccountingState.LINKED, "")


def test_refused_tokens_hold_a_new_customer_and_say_so(office: Office) -> None:
    steer(office.sandbox, "DELETE", "tokens")

    held = customer(office.create(name="Uden Adgang ApS"))

    assert seen(held) == (AccountingState.HELD, "held")
    assert told(held, "da") == (
        "Det sendes til e-conomic senere: Den anden side afviser vores adgangsoplysninger:"
        " Tokenene er ugyldige eller tilbagekaldt."
    )
    with transaction() as session:
        steer(
            office.sandbox, "PUT", "tokens",
            {"app_secret_token": "sandbox-app", "agreement_grant_token": "sandbox-grant"},
        )  # fmt: skip
        connection = services.get(session, office.connection_id, lock=True)
        health.record_test(session, connection, account=None, choices=None, now=utcnow())
    push()
    assert seen(customer(held.id)) == (AccountingState.LINKED, "")


def test_a_refused_value_is_explained_in_our_words_and_theirs_with_the_way_to_the_setting(
    office: Office,
) -> None:
    office.books.customer_groups.pop(1)

    failed = customer(office.create(name="Gruppe Mangler ApS"))

    assert seen(failed) == (AccountingState.FAILED, "refused")
    assert told(failed) == (
        "e-conomic refuses it: Customer group: There is no such group there."
        " (“CustomerGroup '1' not found.”)"
    )
    assert told(failed, "da").startswith(
        "e-conomic afviser den: Kundegruppe: Der er ikke en sådan gruppe der. (»"
    )
    assert (failed.accounting_message or {})["link"] == (
        f"/api/v1/connections/{office.connection_id}#/settings/default_customer_group"
    )


def test_a_refused_value_of_the_customers_own_leads_to_the_customer(office: Office) -> None:
    failed = customer(office.create(name="Egen Gruppe ApS", customer_group="77"))

    assert seen(failed) == (AccountingState.FAILED, "refused")
    assert (failed.accounting_message or {})["link"] == (
        f"/api/v1/customers/{failed.id}#/customer_group"
    )


def test_a_cancelled_push_is_shown(office: Office) -> None:
    with transaction() as session:
        session.execute(update(Connection).values(outgoing_held=True))
    made = office.create(name="Annulleret ApS")
    with transaction() as session:
        queued = session.scalars(select(Job.id).where(Job.state == JobState.QUEUED)).one()

    with transaction() as session:
        ledger.cancel_job(session, true(), queued)

    assert seen(customer(made)) == (AccountingState.FAILED, "cancelled")


def test_a_connection_that_works_again_says_nothing_of_failures_any_more(office: Office) -> None:
    fail_there(office, "status", status=500)
    made = office.create(name="Bierer ApS")
    assert said_of_connection(office) == ("active", 1, "failing")
    steer(office.sandbox, "DELETE", "faults")
    with transaction() as session:
        session.execute(update(ConnectionGate).values(open_until=None, tokens=100))

    push()

    assert customer(made).accounting_state is AccountingState.LINKED
    assert said_of_connection(office) == ("active", 0, None)


def test_a_connection_that_was_paused_for_its_failures_keeps_saying_so(office: Office) -> None:
    with transaction() as session:
        connection = services.get(session, office.connection_id)
        for _ in range(health.PAUSED_AFTER):
            health.record_failure(connection, {"text": "x", "params": {}}, now=utcnow())
        health.record_success(connection, now=utcnow())

    assert said_of_connection(office) == ("paused", 0, "failing")


def said_of_connection(office: Office) -> tuple[str, int, str | None]:
    with transaction() as session:
        connection = services.get(session, office.connection_id)
        code = connection.message["code"] if connection.message else None
        return connection.state.value, connection.failures, code

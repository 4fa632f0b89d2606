"""What registries do to a customer and to a search, whatever happens over there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, func, select, true, update

from connectors import declarations as declared
from connectors.http import ClientFactory
from connectors.sandbox import RunningSandbox
from connectors.sandbox import cvrapi as cvrapi_sandbox
from connectors.sandbox import virk as virk_sandbox
from hub import reactions
from hub.access.roles import Role
from hub.autofill import services as autofill
from hub.autofill.models import RegistryLookup
from hub.clock import utcnow
from hub.connections import declarations, health, holding, services
from hub.connections.models import Connection, ConnectionGate, ConnectionState
from hub.customers import facts
from hub.customers import services as customers
from hub.customers.models import Customer, RegistryState
from hub.db import transaction
from hub.errors import ValidationError
from hub.i18n import translate
from hub.ledger import claims, setbacks
from hub.ledger import services as ledger
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from hub.mail.models import Delivery, DeliveryKind
from hub.problems import services as problems
from hub.problems.models import Problem
from hub.settings import get_settings
from tests.connectors.sandboxes import fail, received, steer
from tests.patience import PATIENCE_S
from tests.people import make_user
from workers import tasks as _registers_the_bodies  # noqa: F401 - imported for that
from workers.chain import drain

NUMBER, NAME = "99000007", "Nordlys Testværk ApS"
NOBODY = "99000082"
HURRY_S = 0.5  # how long a registry may take to answer that is told to be slow


@dataclass
class Registry:
    """A connection to the sandbox of a registry."""

    connector: str
    connection_id: UUID
    sandbox: RunningSandbox

    @property
    def path(self) -> str:
        return f"/api/v1/connections/{self.connection_id}"

    def fail(self, kind: str, **options: Any) -> None:
        if kind == "slow":
            be_patient(HURRY_S)
        fail(self.sandbox, kind, **options)

    def mend(self) -> None:
        be_patient(PATIENCE_S)
        steer(self.sandbox, "DELETE", "faults")

    def steer(self, **switches: Any) -> None:
        steer(self.sandbox, "PATCH", "state", switches)

    def fail_inside_a_200(self) -> None:
        bodies: dict[str, Any] = {
            "cvrapi": {"error": "INTERNAL_ERROR", "t": 0, "version": 6},
            "virk": {"timed_out": True, "_shards": {"failed": 1}, "hits": {"hits": []}},
        }
        self.fail("status", status=200, body=bodies[self.connector])

    def refuse_credentials(self) -> None:
        self.steer(**({"banned": True} if self.connector == "cvrapi" else {"password": "other"}))


def be_patient(seconds: float) -> None:
    """Have registries that are asked from now on answer within so long."""
    defaults = ClientFactory.__call__.__kwdefaults__
    assert defaults is not None
    defaults["timeout_s"] = seconds


def connect(connector: str, name: str | None = None) -> Registry:
    if connector == "cvrapi":
        sandbox = cvrapi_sandbox.serve()
        settings: dict[str, Any] = {"contact": "Nordlys - Hub - it@nordlys.example"}
    else:
        sandbox = virk_sandbox.serve()
        settings = {
            "user": virk_sandbox.USER,
            "password": virk_sandbox.PASSWORD,
            "plain_http": True,
        }
    with transaction() as session:
        connection = services.create(
            session,
            name=name or connector,
            connector=connector,
            settings={"base_url": sandbox.url, **settings},
        )
        health.record_test(session, connection, account=None, choices=None, now=utcnow())
        health.activate(session, connection, now=utcnow())
    return Registry(connector, connection.id, sandbox)


@pytest.fixture
def house(database: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Registry]]:
    """Makes connections to registries."""
    monkeypatch.setenv("HUB_ALLOW_PRIVATE_ADDRESSES", "true")
    defaults = ClientFactory.__call__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "timeout_s", PATIENCE_S)
    get_settings.cache_clear()
    reactions.install()
    with transaction() as session:
        declarations.publish(session, declared())
    made: list[Registry] = []

    def make(connector: str, name: str | None = None) -> Registry:
        made.append(connect(connector, name))
        return made[-1]

    yield make
    for registry in made:
        registry.sandbox.stop()
    get_settings.cache_clear()


@pytest.fixture(params=["cvrapi", "virk"])
def registry(request: pytest.FixtureRequest, house: Callable[..., Registry]) -> Registry:
    return house(str(request.param))


def customer_with(cvr: str = NUMBER, **fields: Any) -> UUID:
    with transaction() as session:
        made = customers.create(
            session, {"cvr": cvr, **fields}, now=utcnow(), check_duplicates=False
        )
        autofill.request(session, made)
    return made.id


def look_up(customer_id: UUID) -> Customer:
    drain(TaskName.LOOK_UP_COMPANY)
    return shown(customer_id)


def shown(customer_id: UUID) -> Customer:
    with transaction() as session:
        return session.get_one(Customer, customer_id)


def search(query: str = "Nordlys", connection_id: UUID | None = None) -> RegistryLookup:
    with transaction() as session:
        lookup, _ = autofill.request_search(session, query, connection_id=connection_id)
    drain(TaskName.SEARCH_COMPANIES)
    return searched(lookup.id)


def searched(lookup_id: UUID) -> RegistryLookup:
    with transaction() as session:
        return session.get_one(RegistryLookup, lookup_id)


def told(message: dict[str, Any] | None, language: str = "en") -> str:
    assert message is not None
    return translate(language, message["text"], message["params"])


def code(message: dict[str, Any] | None) -> str:
    return str((message or {})["code"])


def link(message: dict[str, Any] | None) -> str:
    return str((message or {})["link"])


def jobs(task: TaskName) -> list[Job]:
    with transaction() as session:
        return list(session.scalars(select(Job).where(Job.task == task.value).order_by(Job.id)))


def make_due(*, attempt: int | None = None) -> None:
    """Let the time pass until everything queued is due, with an open gate."""
    with transaction() as session:
        values: dict[str, Any] = {"run_at": func.now()}
        if attempt is not None:
            values["attempt"] = attempt
        session.execute(update(Job).where(Job.state == JobState.QUEUED).values(**values))
        session.execute(
            update(ConnectionGate).values(blocked_until=None, open_until=None, tokens=10)
        )


def require_pause(
    moment: datetime | None, since: datetime, *, least_s: float, most_s: float
) -> None:
    """Require that something waits so long after what was done since then, however long ago."""
    assert moment is not None
    assert since + timedelta(seconds=least_s) <= moment <= utcnow() + timedelta(seconds=most_s)


def replay(job: Job) -> None:
    with transaction() as session:
        ledger.replay_job(session, true(), job.id)


def is_kept(customer: Customer) -> bool:
    """Say whether a customer still is as it was typed: only its number is known."""
    return (customer.name, customer.cvr, customer.name_provisional) == (
        f"CVR {NUMBER}",
        NUMBER,
        True,
    )


def test_a_number_fills_a_customer_and_a_name_finds_candidates(registry: Registry) -> None:
    filled = look_up(customer_with())
    found = search()

    assert (filled.name, filled.registry_state) == (NAME, RegistryState.FILLED)
    assert (filled.registry_message, filled.registry_next_try_at) == (None, None)
    assert (found.state, found.source, found.message) == ("answered", registry.connector, None)
    assert (found.candidates or [])[0]["name"] == NAME


def test_what_was_typed_stays_though_the_registry_agreed_with_it_once(registry: Registry) -> None:
    typed = customer_with(name=NAME, city="Aarhus C", phone="70000001")
    agreed = look_up(typed)
    steer(registry.sandbox, "PATCH", f"companies/{NUMBER}", {
        "name": "Nordlys Flyttet ApS", "city": "Odense C", "phone": "70000099", "postcode": 5000,
    })  # fmt: skip

    with transaction() as session:
        autofill.request(session, customers.get(session, typed))
    renewed = look_up(typed)

    assert (agreed.postcode, renewed.postcode) == ("8000", "5000")  # the registry's own
    assert (renewed.name, renewed.city, renewed.phone) == (NAME, "Aarhus C", "+4570000001")
    with transaction() as session:
        known = facts.provenance(session, customers.get(session, typed))
    assert known["postcode"].origin == "registry"
    assert known.keys().isdisjoint({"name", "city", "phone"})


def test_not_found_is_an_answer_and_says_so(registry: Registry) -> None:
    missed = look_up(customer_with(NOBODY))
    found = search(NOBODY)

    assert (missed.registry_state, code(missed.registry_message)) == (
        RegistryState.FAILED,
        "not_found",
    )
    assert missed.name == f"CVR {NOBODY}"
    assert told(missed.registry_message) == (
        f"The registry {registry.connector} has no company with the number {NOBODY}: correct the"
        " number, or fill the customer in by hand."
    )
    assert told(missed.registry_message, "da") == (
        f"Registret {registry.connector} har ingen virksomhed med nummeret {NOBODY}: Ret nummeret,"
        " eller udfyld kunden manuelt."
    )
    assert link(missed.registry_message) == f"/api/v1/customers/{missed.id}#/cvr"
    assert (found.state, found.candidates) == ("answered", [])
    assert {job.state for job in jobs(TaskName.LOOK_UP_COMPANY)} == {JobState.SUCCEEDED}


def test_a_used_up_quota_lets_a_customer_wait_until_midnight_and_tells_a_search_at_once(
    house: Callable[..., Registry],
) -> None:
    registry, began = house("cvrapi"), utcnow()
    registry.steer(quota=0)

    waiting = look_up(customer_with())
    later = look_up(customer_with())
    found = search()

    assert is_kept(waiting)
    assert (waiting.registry_state, code(waiting.registry_message)) == (
        RegistryState.WAITING,
        "rate_limited",
    )
    require_pause(waiting.registry_next_try_at, began, least_s=0, most_s=25 * 3600)
    assert "The calls of today are used up" in told(waiting.registry_message)
    assert "Dagens kald er brugt op" in told(waiting.registry_message, "da")
    assert link(waiting.registry_message) == f"{registry.path}#/settings/contact"
    # The others are not even sent: the gate knows that the other side asked for a pause, and why.
    assert (found.state, found.next_try_at, code(found.message)) == ("failed", None, "postponed")
    for message in (later.registry_message, found.message):
        assert "does not accept the setting contact: correct that" in told(message)
        assert "accepterer den ikke indstillingen contact: Ret den" in told(message, "da")
        assert link(message) == f"{registry.path}#/settings/contact"
    assert len(received(registry.sandbox)) == 1
    registry.steer(quota=None)
    make_due()
    assert look_up(waiting.id).registry_state is RegistryState.FILLED


def test_a_search_is_told_of_a_used_up_quota(house: Callable[..., Registry]) -> None:
    house("cvrapi").steer(quota=0)

    found = search()

    assert (found.state, code(found.message), found.next_try_at) == (
        "failed",
        "rate_limited",
        None,
    )
    assert "The calls of today are used up" in told(found.message)
    assert [job.state for job in jobs(TaskName.SEARCH_COMPANIES)] == [JobState.SUCCEEDED]


def test_a_registry_that_asks_for_a_pause_is_waited_for_as_long_as_it_says(
    house: Callable[..., Registry],
) -> None:
    registry = house("virk")
    registry.fail("status", status=429, retry_after=120)

    looked_up_at = utcnow()
    waiting = look_up(customer_with())
    make_due()
    searched_at = utcnow()
    found = search()

    assert (waiting.registry_state, code(waiting.registry_message)) == (
        RegistryState.WAITING,
        "rate_limited",
    )
    require_pause(waiting.registry_next_try_at, looked_up_at, least_s=120, most_s=120)
    assert (found.state, code(found.message)) == ("waiting", "rate_limited")
    require_pause(found.next_try_at, searched_at, least_s=120, most_s=120)


def test_refused_credentials_keep_the_customer_until_they_are_mended_and_end_a_search(
    registry: Registry,
) -> None:
    registry.refuse_credentials()
    began = utcnow()

    waiting = look_up(customer_with())
    found = search()
    later = look_up(customer_with())

    setting = "contact" if registry.connector == "cvrapi" else "password"
    for each in (waiting, later):
        assert is_kept(each)
        assert each.registry_state is RegistryState.WAITING
        assert code(each.registry_message) == "held"
        assert "The other side refuses our credentials" in told(each.registry_message)
        assert "afviser vores adgangsoplysninger" in told(each.registry_message, "da")
        assert link(each.registry_message) == f"{registry.path}#/settings/{setting}"
        assert each.registry_next_try_at is not None
        assert each.registry_next_try_at > began + timedelta(seconds=3000)
    assert (found.state, code(found.message), found.next_try_at) == ("failed", "held", None)
    assert link(found.message) == f"{registry.path}#/settings/{setting}"
    with transaction() as session:
        connection = services.get(session, registry.connection_id)
        assert connection.state is ConnectionState.REVOKED

    registry.steer(**{"banned": False} if setting == "contact" else {"password": "sandkasse"})
    with transaction() as session:
        connection = services.get(session, registry.connection_id, lock=True)
        health.record_test(session, connection, account=None, choices=None, now=utcnow())
    assert look_up(waiting.id).registry_state is RegistryState.FILLED
    assert shown(later.id).registry_state is RegistryState.FILLED


def test_a_setting_that_cannot_be_is_named(house: Callable[..., Registry]) -> None:
    registry = house("cvrapi")
    with transaction() as session:
        connection = services.get(session, registry.connection_id)
        services.update(session, connection, {"settings": {"contact": "nobody"}})

    failed = look_up(customer_with())
    found = search()

    assert is_kept(failed)
    assert failed.registry_state is RegistryState.FAILED
    assert link(failed.registry_message) == f"{registry.path}#/settings/contact"
    assert (found.state, link(found.message)) == ("failed", f"{registry.path}#/settings/contact")


def failing(registry: Registry, how: str) -> None:
    if how == "time-out":
        registry.fail("slow", seconds=HURRY_S * 3)
    elif how == "server error":
        registry.fail("status", status=500)
    elif how == "web page":
        registry.fail("html")
    else:
        registry.fail_inside_a_200()


FAILURES = ["time-out", "server error", "failure inside a 200", "web page"]


@pytest.mark.parametrize("how", FAILURES)
def test_what_may_pass_is_waited_for_with_the_next_try(registry: Registry, how: str) -> None:
    failing(registry, how)
    began = utcnow()

    waiting = look_up(customer_with())
    found = search()

    for state, message, next_try_at in (
        (waiting.registry_state, waiting.registry_message, waiting.registry_next_try_at),
        (found.state, found.message, found.next_try_at),
    ):
        assert (state, code(message)) == ("waiting", "no_answer")
        assert told(message).startswith("The registry does not answer: ")
        assert told(message, "da").startswith("Registret svarer ikke: ")
        require_pause(next_try_at, began, least_s=4, most_s=6)
    assert is_kept(waiting)
    registry.mend()
    make_due()
    assert look_up(waiting.id).registry_state is RegistryState.FILLED
    drain(TaskName.SEARCH_COMPANIES)
    answered = searched(found.id)
    assert (answered.state, answered.message, answered.next_try_at) == ("answered", None, None)


def test_after_the_last_try_a_customer_has_failed_and_a_replay_heals_it(
    registry: Registry,
) -> None:
    registry.fail("html")
    identifier = customer_with()
    make_due(attempt=len(claims.DELAYS))

    failed = look_up(identifier)

    assert is_kept(failed)
    assert (failed.registry_state, failed.registry_next_try_at) == (RegistryState.FAILED, None)
    assert told(failed.registry_message) == (
        f"The registry {registry.connector} was asked in vain: It answered 200 with an HTML page"
        " instead of JSON. Ask it again, or fill it in by hand."
    )
    [dead] = jobs(TaskName.LOOK_UP_COMPANY)
    assert dead.state is JobState.DEAD
    assert link(failed.registry_message) == f"/api/v1/jobs/{dead.id}"
    registry.mend()
    replay(dead)
    assert look_up(identifier).registry_state is RegistryState.FILLED


def test_a_search_is_given_up_when_the_next_try_is_too_late_for_whoever_is_on_the_phone(
    registry: Registry,
) -> None:
    registry.fail("status", status=503)
    with transaction() as session:
        lookup, _ = autofill.request_search(session, "Nordlys")
    make_due(attempt=3)

    drain(TaskName.SEARCH_COMPANIES)

    given_up = searched(lookup.id)
    assert (given_up.state, code(given_up.message)) == ("failed", "no_answer")
    assert given_up.next_try_at is None


def test_an_open_breaker_is_waited_for(registry: Registry) -> None:
    began = utcnow()
    with transaction() as session:
        session.add(
            ConnectionGate(
                id=registry.connection_id, tokens=10, open_until=began + timedelta(seconds=30)
            )
        )

    waiting = look_up(customer_with())
    found = search()

    for state, message, next_try_at in (
        (waiting.registry_state, waiting.registry_message, waiting.registry_next_try_at),
        (found.state, found.message, found.next_try_at),
    ):
        assert (state, code(message)) == ("waiting", "postponed")
        assert "The last calls failed" in told(message)
        assert "De sidste kald mislykkedes" in told(message, "da")
        require_pause(next_try_at, began, least_s=30, most_s=31)
    assert received(registry.sandbox) == []


def test_a_paused_registry_holds_the_customer_and_says_which_connection(
    registry: Registry,
) -> None:
    with transaction() as session:
        health.pause(services.get(session, registry.connection_id), now=utcnow())

    waiting = look_up(customer_with())

    assert (waiting.registry_state, code(waiting.registry_message)) == (
        RegistryState.WAITING,
        "held",
    )
    assert f"The connection {registry.connector} is paused." in told(waiting.registry_message)
    assert "er sat på pause" in told(waiting.registry_message, "da")
    assert link(waiting.registry_message) == registry.path


def test_a_revoked_registry_counts_the_customers_that_wait_for_it(registry: Registry) -> None:
    registry.refuse_credentials()
    waiting = [customer_with(), customer_with("99000015")]

    for identifier in waiting:
        assert look_up(identifier).registry_state is RegistryState.WAITING

    with transaction() as session:
        assert problems.refresh(session, utcnow())
        [problem] = session.scalars(select(Problem)).all()
        found = problem.kind, problem.count, problem.detail
        assert found == ("connection_revoked", 2, {"connection_kind": "registry"})
        assert holding.waiting_changes(session, registry.connection_id) == 2
        assert holding.waiting_changes(session, uuid4()) == 0


def test_the_all_clear_of_a_registry_says_how_many_customers_were_looked_up(
    registry: Registry,
) -> None:
    with transaction() as session:
        make_user(session, "anna@nordlys.example", role=Role.ADMINISTRATOR)
    registry.refuse_credentials()
    for cvr in (NUMBER, "99000015"):
        look_up(customer_with(cvr))
    now = utcnow()
    with transaction() as session:
        problems.refresh(session, now)
    with transaction() as session:
        problems.refresh(session, now + timedelta(seconds=11))
    with transaction() as session:
        [first, _] = jobs(TaskName.LOOK_UP_COMPANY)
        session.execute(update(Job).where(Job.id == first.id).values(state="succeeded"))
        session.execute(update(Connection).values(state=ConnectionState.ACTIVE))

    for seconds in (20, 90):
        with transaction() as session:
            problems.refresh(session, now + timedelta(seconds=seconds))

    with transaction() as session:
        recovery = Delivery.kind == DeliveryKind.RECOVERY
        assert session.scalars(select(Delivery).where(recovery)).one().facts["sent"] == 1


def test_a_job_whose_workers_died_leaves_no_customer_waiting(registry: Registry) -> None:
    identifier = customer_with()
    with transaction() as session:
        held = claims.claim(session, TaskName.LOOK_UP_COMPANY, "urgent", timedelta(seconds=60))
        assert held is not None
        session.execute(
            update(Job)
            .where(Job.id == held.id)
            .values(
                lapses=claims.MAX_LAPSES - 1,
                lease_until=func.clock_timestamp() - timedelta(seconds=1),
            )
        )
    with transaction() as session:
        assert claims.return_lapsed(session) == 1

    with transaction() as session:
        assert setbacks.tell_of_lapsed(session) == 1
    with transaction() as session:
        assert setbacks.tell_of_lapsed(session) == 0

    failed = shown(identifier)
    assert (failed.registry_state, code(failed.registry_message)) == (
        RegistryState.FAILED,
        "lapsed",
    )
    assert told(failed.registry_message) == (
        "The registry could not be asked: Its worker died or fell silent 5 times."
    )
    [dead] = jobs(TaskName.LOOK_UP_COMPANY)
    replay(dead)
    assert look_up(identifier).registry_state is RegistryState.FILLED


def test_a_cancelled_look_up_leaves_no_customer_waiting(registry: Registry) -> None:
    identifier = customer_with()
    [queued] = jobs(TaskName.LOOK_UP_COMPANY)

    with transaction() as session:
        ledger.cancel_job(session, true(), queued.id)

    failed = shown(identifier)
    assert (failed.registry_state, code(failed.registry_message)) == (
        RegistryState.FAILED,
        "cancelled",
    )


def test_an_error_of_our_own_is_shown_without_its_words(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise KeyError("the customer's own mail address")

    monkeypatch.setattr(autofill, "fill", break_down)

    failed = look_up(customer_with())

    assert (failed.registry_state, code(failed.registry_message)) == (
        RegistryState.FAILED,
        "internal",
    )
    assert told(failed.registry_message) == (
        "The registry could not be asked: Something went wrong on our side (KeyError); the log"
        " says more."
    )


def test_a_search_asks_the_registry_it_was_made_for(house: Callable[..., Registry]) -> None:
    first, second = house("cvrapi"), house("virk")

    by_itself = search()
    chosen = search(connection_id=second.connection_id)

    assert (by_itself.source, by_itself.connection_id) == ("cvrapi", first.connection_id)
    assert (chosen.source, chosen.connection_id) == ("virk", second.connection_id)
    assert [len(received(each.sandbox)) for each in (first, second)] == [1, 1]


def test_a_search_goes_to_a_registry_at_work_rather_than_to_a_paused_one(
    house: Callable[..., Registry],
) -> None:
    first, second = house("cvrapi"), house("virk")
    with transaction() as session:
        health.pause(services.get(session, first.connection_id), now=utcnow())

    found = search()
    filled = look_up(customer_with())

    assert (found.state, found.connection_id) == ("answered", second.connection_id)
    assert filled.registry_source == "virk"


def test_a_connection_that_is_no_registry_at_work_is_refused(
    house: Callable[..., Registry],
) -> None:
    registry = house("cvrapi")
    with transaction() as session:
        session.execute(update(Connection).values(state=ConnectionState.TESTED))

    with pytest.raises(ValidationError) as refused:
        search(connection_id=registry.connection_id)

    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/connection_id", "unknown")]
    assert jobs(TaskName.SEARCH_COMPANIES) == []


def test_a_registry_taken_away_meanwhile_ends_the_search_and_keeps_the_customer(
    house: Callable[..., Registry],
) -> None:
    registry = house("cvrapi")
    identifier = customer_with()
    with transaction() as session:
        lookup, _ = autofill.request_search(session, "Nordlys")
        services.get(session, registry.connection_id).deleted_at = utcnow()

    drain(TaskName.SEARCH_COMPANIES)
    waiting = look_up(identifier)

    ended = searched(lookup.id)
    assert (ended.state, code(ended.message)) == ("failed", "no_registry")
    assert "No company registry is connected" in told(ended.message)
    assert is_kept(waiting)
    assert (waiting.registry_state, code(waiting.registry_message)) == (
        RegistryState.WAITING,
        "no_registry",
    )
    assert "Intet virksomhedsregister er tilsluttet" in told(waiting.registry_message, "da")
    assert link(waiting.registry_message) == "/api/v1/connections"
    assert waiting.registry_next_try_at is None


def test_a_customer_without_any_registry_is_filled_when_one_is_put_to_work(
    house: Callable[..., Registry],
) -> None:
    identifier = customer_with()
    asked = shown(identifier)
    waiting = look_up(identifier)

    for each in (asked, waiting):
        assert is_kept(each)
        assert (each.registry_state, code(each.registry_message), each.registry_next_try_at) == (
            RegistryState.WAITING,
            "no_registry",
            None,
        )
        assert link(each.registry_message) == "/api/v1/connections"
    house("cvrapi")

    filled = look_up(identifier)

    assert (filled.name, filled.registry_state) == (NAME, RegistryState.FILLED)
    assert filled.registry_message is None


def test_a_customer_put_off_just_as_a_registry_is_put_to_work_is_let_go_soon(
    house: Callable[..., Registry],
) -> None:
    house("cvrapi")
    identifier = customer_with()
    with transaction() as session:
        session.execute(
            update(Job).values(
                run_at=utcnow() + timedelta(days=1), waits_for=holding.waits_for_kind("registry")
            )
        )

    with transaction() as session:
        assert holding.release_stragglers(session) == 1

    assert look_up(identifier).registry_state is RegistryState.FILLED


def used_up(registry: Registry) -> tuple[UUID, UUID]:
    """Have the calls of today used up by one customer, another one waiting behind it."""
    registry.steer(quota=0)
    first, second = customer_with(), customer_with()
    drain(TaskName.LOOK_UP_COMPANY)
    assert [shown(each).registry_state for each in (first, second)] == [RegistryState.WAITING] * 2
    registry.steer(quota=None)
    return first, second


def mend(registry: Registry, how: str) -> None:
    with transaction() as session:
        connection = services.get(session, registry.connection_id, lock=True)
        match how:
            case "another contact":
                contact = {"contact": "Nordlys - Hub - post@nordlys.example"}
                services.update(session, connection, {"settings": contact})
            case "another token":
                services.update(session, connection, {"settings": {"token": "paid for"}})
            case "a test":
                health.request_test(session, connection)
            case _:
                health.pause(connection, now=utcnow())
                health.activate(session, connection, now=utcnow())
    drain(TaskName.TEST_CONNECTION)


@pytest.mark.parametrize("how", ["another contact", "another token", "a test", "an activation"])
def test_whoever_mends_the_connection_has_those_filled_at_once_that_waited_for_tomorrow(
    house: Callable[..., Registry], how: str
) -> None:
    registry = house("cvrapi")
    first, second = used_up(registry)

    mend(registry, how)

    assert look_up(first).registry_state is RegistryState.FILLED
    assert shown(second).registry_state is RegistryState.FILLED


def test_a_name_of_its_own_does_not_have_a_blocked_connection_called(
    house: Callable[..., Registry],
) -> None:
    registry = house("cvrapi")
    first, _ = used_up(registry)

    with transaction() as session:
        connection = services.get(session, registry.connection_id, lock=True)
        services.update(session, connection, {"name": "Another"})

    assert look_up(first).registry_state is RegistryState.WAITING


def test_a_test_that_fails_again_leaves_those_waiting_for_tomorrow(
    house: Callable[..., Registry],
) -> None:
    registry = house("cvrapi")
    first, second = used_up(registry)
    registry.steer(quota=0)

    mend(registry, "a test")

    assert look_up(first).registry_state is RegistryState.WAITING
    assert shown(second).registry_state is RegistryState.WAITING
    assert len(received(registry.sandbox)) == 2


def test_a_new_connection_tries_its_corrected_contact_at_once(
    house: Callable[..., Registry],
) -> None:
    registry = house("cvrapi")
    registry.steer(quota=0)
    with transaction() as session:
        session.execute(update(Connection).values(state=ConnectionState.NEW))
        health.request_test(session, services.get(session, registry.connection_id, lock=True))
    drain(TaskName.TEST_CONNECTION)
    with transaction() as session:
        connection = services.get(session, registry.connection_id)
        assert connection.state is ConnectionState.NEW
        assert "does not accept the setting contact" in told(connection.message)
    registry.steer(quota=None)

    mend(registry, "another contact")

    with transaction() as session:
        connection = services.get(session, registry.connection_id)
        assert (connection.state, connection.message) == (ConnectionState.TESTED, None)


def test_what_failed_is_tried_at_once_when_the_address_is_set_anew(
    house: Callable[..., Registry],
) -> None:
    registry = house("cvrapi")
    registry.fail("down", times=1)
    waiting = look_up(customer_with())
    assert waiting.registry_state is RegistryState.WAITING

    mend(registry, "another contact")

    assert look_up(waiting.id).registry_state is RegistryState.FILLED


IN_DANISH: dict[str, tuple[dict[str, Any], str]] = {
    "time-out": (
        {"kind": "slow", "seconds": HURRY_S * 3},
        "Den svarede ikke: Der kom intet svar i tide.",
    ),
    "hang-up": ({"kind": "down"}, "Den svarede ikke: Forbindelsen blev afbrudt."),
    "half": ({"kind": "truncate"}, "Den svarede ikke: Forbindelsen blev afbrudt."),
    "dropped": ({"kind": "drop_reply"}, "Den svarede ikke: Forbindelsen blev afbrudt."),
    "500": ({"kind": "status", "status": 500}, "Den fejlede (500)."),
    "503": ({"kind": "status", "status": 503}, "Den er ikke tilgængelig (503)."),
    "429": ({"kind": "status", "status": 429}, "Den bad os sætte farten ned (429)."),
    "page": ({"kind": "html"}, "Den svarede 200 med en HTML-side i stedet for JSON."),
    "page and 404": (
        {"kind": "html", "status": 404},
        "Den svarede 404 med en HTML-side i stedet for JSON.",
    ),
    "a text": (
        {"kind": "status", "status": 200},
        "Den svarede 200 med text/plain i stedet for JSON.",
    ),
    "no object": (
        {"kind": "status", "status": 200, "body": [1]},
        "Feltet body i svaret er ikke et objekt.",
    ),
}


@pytest.mark.parametrize("how", IN_DANISH)
def test_a_danish_reader_reads_danish_whatever_the_registry_does(
    registry: Registry, how: str
) -> None:
    fault, said = IN_DANISH[how]
    registry.fail(**fault)

    told_of = look_up(customer_with())

    begun = {
        RegistryState.WAITING: "Registret spørges senere: "
        if how == "429"
        else "Registret svarer ikke: ",
        RegistryState.FAILED: f"Registret {registry.connector} kunne ikke spørges: ",
    }
    assert told(told_of.registry_message, "da") == begun[told_of.registry_state] + said


def test_a_danish_reader_reads_danish_where_nobody_answers(registry: Registry) -> None:
    registry.sandbox.stop()

    waiting = look_up(customer_with())

    assert told(waiting.registry_message, "da") == (
        "Registret svarer ikke: Den kan ikke nås: Der er ingen forbindelse."
    )


def test_one_failed_call_is_one_and_several_are_counted(registry: Registry) -> None:
    registry.fail("html", times=2)
    look_up(customer_with())
    with transaction() as session:
        once = services.get(session, registry.connection_id).message
    look_up(customer_with())
    with transaction() as session:
        twice = services.get(session, registry.connection_id).message

    assert told(once).startswith("The last call failed: It answered 200")
    assert told(once, "da").startswith("Det seneste kald mislykkedes: Den svarede 200")
    assert told(twice).startswith("The last 2 calls failed: ")
    assert told(twice, "da").startswith("De seneste 2 kald mislykkedes: ")


def test_a_search_for_a_number_that_cannot_be_points_at_the_query(registry: Registry) -> None:
    with pytest.raises(ValidationError) as refused:
        search("99000008")

    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/query", "check_digit")]
    assert received(registry.sandbox) == []

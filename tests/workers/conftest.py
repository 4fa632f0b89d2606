"""What tests of the workers share."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from connectors import declarations as declared
from connectors.sandbox import RunningSandbox, serve
from connectors.sandbox.economic import create_app, new_books
from hub import reactions
from hub.clock import utcnow
from hub.connections import declarations, health, services
from hub.db import transaction
from hub.settings import get_settings
from tests.workers.bookkeeping import Office
from tests.workshop import Workshop


@pytest.fixture(scope="session")
def _workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    with Workshop(tmp_path_factory.mktemp("workshop")) as made:
        yield made


@pytest.fixture(scope="module")
def workshop(_workshop: Workshop) -> Iterator[Workshop]:
    """A whole Hub as it is after its start, shared by the tests of a module; mark them `stack`."""
    yield _workshop
    _workshop.begin_again()


@pytest.fixture
def office(database: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("HUB_ALLOW_PRIVATE_ADDRESSES", "true")
    get_settings.cache_clear()
    reactions.install()
    books = new_books(utcnow)
    sandbox: RunningSandbox = serve(create_app(books))
    with transaction() as session:
        declarations.publish(session, declared())
    with transaction() as session:
        connection = services.create(
            session,
            name="e-conomic",
            connector="economic",
            settings={
                "base_url": sandbox.url,
                "app_secret_token": "sandbox-app",
                "agreement_grant_token": "sandbox-grant",
                "default_customer_group": 1,
                "default_payment_terms": 1,
            },
            numbering_owner=True,
            outgoing_held=False,
        )
        health.record_test(session, connection, account=None, choices=None, now=utcnow())
        health.activate(session, connection, now=utcnow())
    yield Office(connection.id, books, sandbox)
    sandbox.stop()
    get_settings.cache_clear()

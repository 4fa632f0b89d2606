"""What may be done with connections."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import Engine

from connectors import declarations as declared
from hub.connections import credentials, declarations, services
from hub.db import transaction
from hub.errors import ConflictError, ValidationError
from hub.ports import Declaration, SettingField
from hub.settings import get_settings

SECRETS = {"app_secret_token": "app", "agreement_grant_token": "grant"}


@pytest.fixture
def connection_id(database: Engine) -> UUID:
    with transaction() as session:
        declarations.publish(session, declared())
    with transaction() as session:
        connection = services.create(
            session,
            name="e-conomic",
            connector="economic",
            settings={"base_url": "https://one.example", **SECRETS},
            numbering_owner=True,
        )
    return connection.id


def test_secrets_do_not_follow_a_connection_to_another_address(connection_id: UUID) -> None:
    moved = {"base_url": "https://two.example"}

    with pytest.raises(ValidationError) as refused, transaction() as session:
        services.update(session, services.get(session, connection_id), {"settings": moved})

    assert [error.pointer for error in refused.value.errors] == ["/settings/agreement_grant_token"]
    with transaction() as session:
        connection = services.get(session, connection_id)
        assert connection.settings["base_url"] == "https://one.example"
    with transaction() as session:
        connection = services.get(session, connection_id)
        services.update(session, connection, {"settings": {**moved, **SECRETS}})
        assert connection.settings["base_url"] == "https://two.example"


def test_a_secret_left_out_stays_and_one_given_replaces(connection_id: UUID) -> None:
    with transaction() as session:
        connection = services.get(session, connection_id)
        services.update(session, connection, {"settings": {"agreement_grant_token": "new"}})

    with transaction() as session:
        connection = services.get(session, connection_id)
        assert credentials.open_secrets(connection) == {
            "app_secret_token": "app",
            "agreement_grant_token": "new",
        }


@pytest.mark.parametrize(
    ("settings", "pointer", "code"),
    [
        ({"colour": "red"}, "/settings/colour", "unknown_field"),
        ({"default_customer_group": "one"}, "/settings/default_customer_group", "type"),
        ({"base_url": 5}, "/settings/base_url", "type"),
    ],
)
def test_a_setting_must_be_one_the_connector_declares(
    connection_id: UUID, settings: dict[str, object], pointer: str, code: str
) -> None:
    with pytest.raises(ValidationError) as refused, transaction() as session:
        services.update(session, services.get(session, connection_id), {"settings": settings})

    assert [(e.pointer, e.code) for e in refused.value.errors] == [(pointer, code)]


def test_one_connection_gives_the_numbers_and_names_are_taken_once(connection_id: UUID) -> None:
    for options, code in (
        ({"name": "another", "numbering_owner": True}, "numbering_owned"),
        ({"name": "e-conomic"}, "taken"),
    ):
        with pytest.raises(ConflictError) as refused, transaction() as session:
            services.create(session, connector="economic", settings={}, **options)
        assert refused.value.code == code
        assert refused.value.details["existing_id"] == str(connection_id)


@pytest.fixture
def contact(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Who calls, said once for all connections."""
    monkeypatch.setenv("HUB_CONTACT", "Nordlys - Hub - it@nordlys.example")
    get_settings.cache_clear()
    yield "Nordlys - Hub - it@nordlys.example"
    get_settings.cache_clear()


def test_the_installations_contact_holds_where_a_connection_has_none(
    connection_id: UUID, contact: str
) -> None:
    with transaction() as session:
        cvrapi = declarations.get(session, "cvrapi")

    assert declarations.missing_settings(cvrapi, {}, {}) == []
    assert declarations.with_stand_ins(cvrapi, {"country": "NO"}) == {
        "country": "NO",
        "contact": contact,
    }
    own = {"contact": "Nordlys - Shop - shop@nordlys.example"}
    assert declarations.with_stand_ins(cvrapi, own) == own


def test_without_any_contact_the_setting_is_missing(connection_id: UUID) -> None:
    with transaction() as session:
        cvrapi = declarations.get(session, "cvrapi")

    assert declarations.missing_settings(cvrapi, {}, {}) == ["contact"]
    assert declarations.with_stand_ins(cvrapi, {"contact": ""}) == {"contact": ""}


def test_a_connector_gets_no_other_setting_of_the_installation(connection_id: UUID) -> None:
    greedy = Declaration(
        "greedy", "registry", "Greedy", settings=(SettingField("key", "Key", stand_in="data_dir"),)
    )
    with transaction() as session:
        declarations.publish(session, [greedy])
        declared_so = declarations.get(session, "greedy")

    assert declarations.with_stand_ins(declared_so, {}) == {}

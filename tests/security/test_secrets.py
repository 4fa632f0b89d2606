"""Secrets of connections: told to nobody, sealed where they lie, bound to their row and key."""

import base64
import json
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select, text

from hub import sealing
from hub.connections import credentials
from hub.connections.models import Connection
from hub.db import transaction
from hub.errors import AuthenticationError
from hub.history.models import Event
from hub.history.recording import REDACTED
from hub.master_keys import SealError, read_keys
from hub.resealing import SEALED
from hub.settings import get_settings
from ops.doctor.database import look_at_database
from ops.doctor.findings import Level
from tests.api.client import ApiClient
from tests.api.conftest import Caller
from tests.hub.hooks.shops import make_shop

SECRET = "canary-f00dcafe-webhook"
ANOTHER_KEY = base64.b64encode(b"another key of thirty-two bytes!").decode()


@pytest.fixture
def connection_id(client: ApiClient) -> UUID:
    return make_shop(webhook_secret=SECRET).connection_id


@pytest.fixture
def another_key(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("HUB_MASTER_KEY", ANOTHER_KEY)
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


def findings(database: Engine, key: str) -> dict[str, tuple[Level, str]]:
    url = database.url.render_as_string(hide_password=False)
    installation = SimpleNamespace(
        postgres=None, database_url=url, environment=lambda: {"HUB_MASTER_KEY": key}
    )
    found = look_at_database(installation)  # type: ignore[arg-type] # as much of one as it reads
    return {each.subject: (each.level, each.message) for each in found}


def present_key() -> str:
    setting = get_settings().master_key
    assert setting is not None
    return setting.get_secret_value()


def test_answers_name_the_secrets_and_never_show_them(
    client: ApiClient, administrator: Caller, connection_id: UUID
) -> None:
    path = f"/api/v1/connections/{connection_id}"
    version = client.get(path, headers=administrator.headers).json["version"]
    changed = client.patch(
        path,
        json={"settings": {"webhook_secret": SECRET + "-2"}},
        headers={**administrator.headers, "If-Match": f'"{version}"'},
    )
    pages = ("/connections", f"/connections/{connection_id}", "/events", "/jobs", "/runs")
    answers = [client.get(f"/api/v1{page}", headers=administrator.headers) for page in pages]

    assert changed.status_code == 200
    assert changed.json["secrets"] == ["webhook_secret"]
    assert {answer.status_code for answer in answers} == {200}
    assert [SECRET in answer.text for answer in (changed, *answers)] == [False] * 6


def test_the_history_says_that_a_secret_changed_and_not_to_what(
    client: ApiClient, connection_id: UUID
) -> None:
    with transaction() as session:
        connection = session.get_one(Connection, connection_id)
        sealed_before = connection.secrets
        credentials.store_secrets(connection, {"webhook_secret": SECRET + "-2"})
        credentials.new_hook_secret(connection)
    with transaction() as session:
        events = select(Event).where(Event.subject_id == connection_id).order_by(Event.id)
        changes = [event.changes or {} for event in session.scalars(events)]

    assert sealed_before is not None
    assert changes[-1]["secrets"] == [REDACTED, REDACTED]
    assert changes[-1]["hook_secret_hash"] == [REDACTED, REDACTED]
    written = json.dumps(changes)
    assert SECRET not in written
    assert sealed_before.hex() not in written


def test_the_row_holds_the_secret_sealed(client: ApiClient, connection_id: UUID) -> None:
    with transaction() as session:
        row = session.scalar(
            text("select c::text from connection c where id = :id"), {"id": connection_id}
        )
        opened = credentials.open_secrets(session.get_one(Connection, connection_id))

    assert opened == {"webhook_secret": SECRET}
    assert row is not None
    assert SECRET not in row
    assert SECRET.encode().hex() not in row


def test_sealed_twice_it_looks_different() -> None:
    assert sealing.seal(b"x", "place") != sealing.seal(b"x", "place")


def test_secrets_copied_into_another_row_do_not_open(
    client: ApiClient, connection_id: UUID
) -> None:
    with transaction() as session:
        original = session.get_one(Connection, connection_id)
        thief = Connection(
            name="thief", connector="woocommerce", kind="shop", secrets=original.secrets
        )
        session.add(thief)
        session.flush()

        with pytest.raises(AuthenticationError, match="another master key"):
            credentials.open_secrets(thief)


def test_a_secret_opens_in_no_other_column_either() -> None:
    one, other = uuid4(), uuid4()
    places = [sealed.place(row) for sealed in SEALED for row in (one, other)]

    for place in places:
        opening = [each for each in places if opens(sealing.seal(b"a secret", place), each)]
        assert opening == [place]
    assert len(set(places)) == 2 * len(SEALED)


def opens(value: bytes, place: str) -> bool:
    try:
        return sealing.unseal(value, place) == b"a secret"
    except SealError:
        return False


@pytest.mark.parametrize("position", [0, 1, 20, 80, -1])
def test_a_changed_byte_is_noticed(position: int) -> None:
    sealed = bytearray(sealing.seal(b"a secret", "place"))
    sealed[position] ^= 1

    with pytest.raises(SealError, match="place does not open"):
        sealing.unseal(bytes(sealed), "place")


def test_the_doctor_says_whether_the_master_key_is_the_right_one(
    database: Engine, connection_id: UUID
) -> None:
    assert findings(database, present_key())["secrets"] == (
        Level.OK, "all open with the master key",
    )  # fmt: skip
    assert findings(database, ANOTHER_KEY)["secrets"] == (
        Level.FAIL, "another master key sealed those of Webshop",
    )  # fmt: skip


def test_a_delivery_under_the_wrong_master_key_is_refused_for_now_and_says_why(
    client: ApiClient, another_key: None
) -> None:
    shop = make_shop(webhook_secret=SECRET)
    with transaction() as session:
        connection = session.get_one(Connection, shop.connection_id)
        connection.secrets = sealing.seal(b'{"webhook_secret": "x"}', "elsewhere")
    sent = shop.hook.delivery("order.created", shop.guest_order())

    answer = client.post(
        f"/hooks/{shop.connection_id}/{shop.path_secret}",
        data=sent.body,
        headers=dict(sent.headers),
    )

    assert (answer.status_code, answer.json["code"]) == (503, "credentials")
    assert "another master key" in answer.json["detail"]
    assert shop.path_secret not in answer.text


@pytest.mark.parametrize("key", ["no base64!", base64.b64encode(b"short").decode()])
def test_a_key_that_is_none_is_named(key: str) -> None:
    with pytest.raises(SealError, match="HUB_MASTER_KEY"):
        read_keys(key)

import sys
from types import ModuleType
from typing import Any

import pytest

from connectors import opening
from connectors.addresses import PublicAddresses, private_allowed
from connectors.http import ClientFactory
from connectors.opening import open_connector
from hub.errors import PermanentError
from hub.ports import Declaration, FieldType, SettingField
from tests.connectors.calling import NotingControl, reply, scripted

DECLARED = Declaration(
    "example",
    "registry",
    "Example",
    settings=(
        SettingField("base_url", "Address", FieldType.URL, default="https://x.example"),
        SettingField("size", "Size", FieldType.INTEGER, default=20),
        SettingField("plain_http", "Plain", FieldType.BOOLEAN, default=False),
        SettingField("token", "Token", secret=True),
    ),
)


class Opened:
    """Keeps what its connector was handed."""

    def __init__(
        self, settings: dict[str, Any], secrets: dict[str, str], http: ClientFactory
    ) -> None:
        self.settings = settings
        self.secrets = secrets
        self.http = http


@pytest.fixture(autouse=True)
def _example(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("example_connector")
    module.DECLARATION = DECLARED  # type: ignore[attr-defined] # that is what makes it one
    module.connect = Opened  # type: ignore[attr-defined] # likewise
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(opening, "load", {"example": module}.__getitem__)


def opened(settings: dict[str, Any], **secrets: str) -> Opened:
    port: Opened = open_connector("example", settings, secrets, NotingControl(), PublicAddresses())
    return port


def test_defaults_fill_in_for_settings_that_are_absent_or_empty() -> None:
    port = opened({"size": 5, "base_url": None}, token="t")

    assert port.settings == {"base_url": "https://x.example", "size": 5, "plain_http": False}
    assert port.secrets == {"token": "t"}


@pytest.mark.parametrize(("value", "allowed"), [(True, True), (False, False), ("true", False)])
def test_plain_http_is_allowed_only_by_the_setting(value: object, *, allowed: bool) -> None:
    policy = opened({"plain_http": value}).http.addresses

    assert isinstance(policy, PublicAddresses)
    assert ("http" in policy.schemes, 80 in policy.ports) == (allowed, allowed)


def test_every_secret_of_the_connection_is_kept_out_of_the_record() -> None:
    control = NotingControl()
    with scripted(reply(body=b'"canary-secret"')) as server:
        url = f"http://127.0.0.1:{server.port}"
        port = open_connector("example", {}, {"token": "canary-secret"}, control, private_allowed())
        port.http(url).call("GET", "/canary-secret")

    assert "canary" not in repr(control.records)
    assert "canary" not in repr(port.http)


def test_an_unknown_connector_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    with pytest.raises(PermanentError):
        open_connector("nothing", {}, {}, NotingControl(), PublicAddresses())

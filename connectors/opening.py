"""Opening a connection: from a connector's name and stored settings to its port, in one call."""

from collections.abc import Mapping
from typing import Any

from connectors.addresses import PublicAddresses
from connectors.http import ClientFactory
from connectors.table import load
from hub.ports import AddressPolicy, CallControl

PLAIN_HTTP = "plain_http"
"""A declared boolean setting of this name, when true, allows http on port 80 for the connection."""


def open_connector(
    name: str,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    control: CallControl,
    addresses: AddressPolicy,
) -> Any:
    """Return the port of a connection; its kind is the declaration's. No call is made yet.

    Args:
        name: the connector's name in the table.
        settings: the connection's values by the names of the declared settings; defaults are
            filled in for absent ones.
        secrets: those declared secret, opened; none of them is ever recorded.
        control: budget, breaker and call log of this connection.
        addresses: what may be called.

    Raises:
        PermanentError: there is no such connector, or a setting it cannot do without is missing
            or wrong; the message names the setting.
    """
    module = load(name)
    filled = {
        field.name: field.default
        for field in module.DECLARATION.settings
        if field.default is not None and not field.secret
    }
    filled.update({key: value for key, value in settings.items() if value is not None})
    if filled.get(PLAIN_HTTP) is True and isinstance(addresses, PublicAddresses):
        addresses = addresses.with_plain_http()
    http = ClientFactory(name, control, addresses, tuple(secrets.values()))
    return module.connect(filled, secrets, http)

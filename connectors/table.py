"""The table of connectors: which there are and where each one lives.

A connector is a module with two names:

- ``DECLARATION``: a `hub.ports.Declaration`, data about itself;
- ``connect(settings, secrets, http)``: returns an object that keeps the port of its kind
  (`CompanyRegistry`, `AccountingSystem`, `Mailer`, `ShopWebhook` or `Mailbox`). `settings` and
  `secrets` hold the values of the declared settings by name (a secret one only in `secrets`; one
  left empty may be absent); `http` is a `connectors.http.ClientFactory`. It makes no call: the
  port's methods do.

Somebody else's package adds one by an entry point in the group ``hub.connectors`` whose name is the
connector's and whose value is such a module. Modules are imported when they are asked for.
"""

import logging
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, runtime_checkable

from hub.errors import PermanentError
from hub.ports import Declaration

logger = logging.getLogger(__name__)

ENTRY_POINTS = "hub.connectors"

BUILT_IN: Mapping[str, str] = {
    "cvrapi": "connectors.registries.cvrapi",
    "virk": "connectors.registries.virk",
    "economic": "connectors.accounting.economic",
    "woocommerce": "connectors.shops.woocommerce",
    "standard_webhooks": "connectors.shops.standard_webhooks",
    "smtp": "connectors.mail.smtp",
    "imap": "connectors.mailboxes.imap",
}


@runtime_checkable
class ConnectorModule(Protocol):
    """What the table expects of a connector's module."""

    DECLARATION: Declaration

    def connect(self, settings: Mapping[str, Any], secrets: Mapping[str, str], http: Any) -> Any:
        """Return the connector's port, made from a connection's settings; makes no call."""
        ...


def load(name: str) -> ConnectorModule:
    """Return the module of a connector, imported.

    Raises:
        PermanentError: there is no connector of that name, or its module is not one.
    """
    if name in BUILT_IN:
        return _checked(name, import_module(BUILT_IN[name]))
    for entry in _others():
        if entry.name == name:
            return _checked(name, entry.load())
    raise PermanentError(name, "There is no such connector.")


def declarations() -> list[Declaration]:
    """Return what every connector says of itself, by name.

    Somebody else's that cannot be imported is left out with a warning: it must not stop the rest.
    """
    found = {name: load(name).DECLARATION for name in BUILT_IN}
    for entry in _others():
        try:
            found[entry.name] = _checked(entry.name, entry.load()).DECLARATION
        except (ImportError, AttributeError, PermanentError):
            logger.warning("connector.unusable", extra={"connector": entry.name}, exc_info=True)
    return [found[name] for name in sorted(found)]


def _others() -> list[EntryPoint]:
    """Return the entry points; none may take the place of a connector of ours."""
    return [entry for entry in entry_points(group=ENTRY_POINTS) if entry.name not in BUILT_IN]


def _checked(name: str, module: object) -> ConnectorModule:
    if not isinstance(module, ConnectorModule) or module.DECLARATION.name != name:
        raise PermanentError(name, "Its module is not a connector.")
    return module

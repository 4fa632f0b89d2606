"""Where a person mends what stops a job that calls another system."""

from collections.abc import Mapping
from uuid import UUID

from hub.connections.holding import connection_of
from hub.errors import ConnectorError, PostponedError
from hub.ledger.setbacks import Setback
from hub.links import record_path


def link(setback: Setback) -> str:
    """Return the path of what is to be mended: a setting, its connection, or else the job itself.

    A setting is a JSON pointer behind the path of its connection (RFC 6901, 6).
    """
    connection_id = _connection(setback)
    setting = setting_named(setback.reason)
    if connection_id is None or (setting is None and setback.waits_for is None):
        return record_path("jobs", setback.job_id)
    return setting_path(connection_id, setting)


def setting_path(connection_id: UUID, setting: str | None) -> str:
    """Return the path of a connection, and of one of its settings where that is known."""
    path = record_path("connections", connection_id)
    return path if setting is None else f"{path}#/settings/{setting}"


def setting_named(words: object) -> str | None:
    """Return the setting that words name, however deep one reason lies within another."""
    if not isinstance(words, Mapping):
        return None
    params = words.get("params")
    if not isinstance(params, Mapping):
        return None
    if isinstance(params.get("setting"), str):
        return str(params["setting"])
    return next((found for each in params.values() if (found := setting_named(each))), None)


def _connection(setback: Setback) -> UUID | None:
    held_for = connection_of(setback.waits_for)
    if isinstance(setback.error, ConnectorError | PostponedError):
        return setback.error.connection_id or held_for
    return held_for

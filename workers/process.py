"""What every process of the workers does as it starts."""

from connectors import declarations as declared
from hub import db, reactions
from hub.connections import declarations
from hub.db import transaction
from hub.errors import HubError
from hub.imports import templates
from hub.settings import get_settings


class NotConfiguredError(HubError):
    """A setting without which the process cannot start is missing."""


def redis_url() -> str:
    """Return where wake-ups travel; ``redis+socket:`` for Redis' own ``unix:`` addresses."""
    url = get_settings().redis_url
    text = url.get_secret_value() if url else "redis://127.0.0.1:6379/0"
    return text.replace("unix://", "redis+socket://", 1)


def start(name: str, *, pool_size: int) -> None:
    """Connect this process to the database.

    Raises:
        NotConfiguredError: there is no HUB_DATABASE_URL.
    """
    del name
    url = get_settings().database_url
    if url is None:
        raise NotConfiguredError("HUB_DATABASE_URL is not set")
    db.connect(url.get_secret_value(), pool_size=pool_size)
    reactions.install()


def publish_connectors() -> None:
    """Tell the rest of Hub which connectors are installed here."""
    with transaction() as session:
        declarations.publish(session, declared())


def ask_for_templates() -> None:
    """Have the templates of imports rendered, where those of this version are not there."""
    with transaction() as session:
        templates.ask_where_outdated(session)

"""Makes this process see the Hub of a benchmark as Hub's own processes see it."""

import os

from sqlalchemy import Engine

from hub import db, reactions
from hub.settings import get_settings
from tests.stack import Stack


def adopt(stack: Stack, *, pool_size: int = 5) -> Engine:
    """Take over the settings of a stack and connect to its database; dispose of it at the end."""
    os.environ.update(stack.environment)
    get_settings.cache_clear()
    reactions.install()
    return db.connect(stack.database_url, pool_size=pool_size)

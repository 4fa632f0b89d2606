"""What a WSGI server serves: ``api.wsgi:app``."""

from flask import Flask

from hub.loading import loading


def make_app() -> Flask:
    """Load the API, connect this process to the database, and return the application.

    Raises:
        SystemExit: no database is set.
    """
    with loading():
        from api.app import create_app
        from hub.db import connect
        from hub.logs import set_up_logging
        from hub.settings import get_settings

        settings = get_settings()
        set_up_logging("api", settings.log_level)
        if settings.database_url is None:
            raise SystemExit("HUB_DATABASE_URL is not set: start Hub with `hub up`, or set it")
        # A connection for every thread: none may wait for another's, since those who repeat an
        # idempotent request wait inside their transactions for the first one to end.
        connect(settings.database_url.get_secret_value(), pool_size=settings.api_threads)
        return create_app()


app = make_app()

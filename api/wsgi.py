"""What a WSGI server serves: ``api.wsgi:app``."""

import gc

from api.app import create_app
from hub.db import connect
from hub.logs import set_up_logging
from hub.settings import get_settings

_settings = get_settings()
set_up_logging("api", _settings.log_level)
if _settings.database_url is None:
    raise SystemExit("HUB_DATABASE_URL is not set: start Hub with `hub up`, or set it")
# A connection for every thread: none may wait for another's, since those who repeat an
# idempotent request wait inside their transactions for the first one to end.
connect(_settings.database_url.get_secret_value(), pool_size=_settings.api_threads)
app = create_app()
gc.collect()
gc.freeze()  # a full collection need not walk through all that was loaded: it took 80 ms

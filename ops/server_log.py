"""How Granian's own lines become lines of Hub's log."""

import logging
from typing import Any

_THREADS_ARE_MEANT = "Configuration allows spawning up to "


class NoFalseAlarm(logging.Filter):
    """Leaves out what Granian warns everybody of who sets threads, as we do on purpose.

    A thread of ours waits for the database most of its time, so that more than there are cores
    serve; how many is HUB_API_THREADS.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a line is to be written."""
        return not record.getMessage().startswith(_THREADS_ARE_MEANT)


def granian_log() -> dict[str, Any]:
    """Return what Granian's `log_dictconfig` takes; it applies it in each of its processes.

    Its lines go where all others do, in place of its own handlers, which write bare text.
    """
    return {
        "formatters": {},
        "handlers": {},
        "filters": {"no_false_alarm": {"()": NoFalseAlarm}},
        "loggers": {"_granian": {"handlers": [], "filters": ["no_false_alarm"], "propagate": True}},
    }

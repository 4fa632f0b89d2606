"""What is shown of jobs and runs: why one failed, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from api.calls import Call
from api.schemas.connections import RunView
from api.schemas.jobs import JobView
from hub.connections.models import Run
from hub.i18n import translate
from hub.ledger.models import Job

_OURS = frozenset({"words", "untold"})  # kept for us to go by, not to be shown


def job_view(call: Call[Any, Any], job: Job) -> JobView:
    """Return a job as the caller sees it."""
    return JobView.model_validate(job).model_copy(update={"error": _told(call, job.error)})


def run_view(call: Call[Any, Any], run: Run) -> RunView:
    """Return a run as the caller sees it."""
    return RunView.model_validate(run).model_copy(update={"error": _told(call, run.error)})


def _told(call: Call[Any, Any], error: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if error is None:
        return None
    told = {name: value for name, value in error.items() if name not in _OURS}
    words = error.get("words")
    if words is not None:
        text = translate(call.language, words["text"], words["params"] or None)
        told["message"] = f"{error['system']}: {text}" if "system" in error else text
    return told

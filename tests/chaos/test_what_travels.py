"""What may be in a job's arguments and in a wake-up: ids, dates and flags (reliability.md R-2)."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import workers.tasks  # noqa: F401 - registers the bodies
from hub.ledger.enqueueing import enqueue
from hub.ledger.tasks import TaskName
from tests.source_trees import parsed
from workers.app import app

ROOT = Path(__file__).parents[2]
OWN = set(inspect.signature(enqueue).parameters) - {"args"}
FLAGS = {"whole", "undo"}
"""Arguments that are neither an id nor a time; each is true or false."""


def calls(*names: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call of these names with where it is."""
    for package in ("hub", "api", "workers", "connectors"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(parsed(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    if name in names:
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_jobs_are_asked_for_with_ids_times_and_flags_only() -> None:
    found = [
        (place, keyword.arg)
        for place, call in calls("enqueue")
        for keyword in call.keywords
        if keyword.arg is not None
        and keyword.arg not in OWN | FLAGS
        and not keyword.arg.endswith(("_id", "_at", "_on"))
    ]

    assert len(list(calls("enqueue"))) > 10
    assert found == []


def test_a_wake_up_carries_nothing_but_the_name_of_its_task() -> None:
    [(_, call)] = calls("send_task")

    assert {keyword.arg for keyword in call.keywords} == {"queue", "producer", "ignore_result"}


def test_the_celery_app_takes_json_only_and_keeps_no_results() -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"
    assert not app.conf.result_backend
    assert app.conf.worker_enable_remote_control is False
    assert app.conf.task_create_missing_queues is False
    assert app.conf.broker_connection_max_retries is None
    assert app.conf.broker_transport_options["socket_timeout"] == 5


def test_no_task_tries_again_by_itself_and_celery_keeps_no_timetable() -> None:
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]

    assert {task.name for task in ours} == {name.value for name in TaskName}
    assert [task.name for task in ours if getattr(task, "autoretry_for", ())] == []
    assert list(calls("apply_async", "add_periodic_task")) == []
    assert app.conf.beat_schedule == {}

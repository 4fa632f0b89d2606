"""What import-linter cannot say."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.db import Base
from hub.history.records import Record
from hub.ledger.tasks import TaskName
from hub.migrations.schema import complete_metadata
from hub.rules import RULES
from tests.source_trees import parsed

ROOT = Path(__file__).parents[1]
PACKAGES = ("hub", "workers", "connectors", "api", "ops")


def sources(*packages: str) -> Iterator[tuple[Path, ast.Module]]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT), parsed(path.read_text(encoding="utf-8"))


def names_imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_only_the_http_client_and_the_relays_ping_reach_for_the_network_libraries() -> None:
    allowed = {
        "requests": {Path("connectors/http.py")},
        "redis": {Path("workers/relay.py")},
        "smtplib": {Path("connectors/mail/smtp")},
    }

    found = [
        f"{path}: {name}"
        for path, tree in sources("hub", "workers", "connectors", "api")
        for name in names_imported(tree)
        for library, places in allowed.items()
        if name.split(".")[0] == library
        and not any(path.is_relative_to(place) for place in places)
        and not path.is_relative_to("connectors/sandbox")
    ]

    assert found == []


FORBIDDEN_CALLS = {"delay", "apply_async", "send_task"}
FORBIDDEN_OF_CELERY = {"AsyncResult", "chord", "group", "chain", "signature", "shared_task"}
FORBIDDEN_ARGUMENTS = {"eta", "countdown", "expires_eta", "retry_backoff", "autoretry_for"}


def names_bound(tree: ast.Module, *packages: str) -> set[str]:
    """Return what a module calls the things that it imports from some packages."""
    bound = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            of = [alias for alias in node.names if alias.name.split(".")[0] in packages]
            bound |= {alias.asname or alias.name.split(".")[0] for alias in of}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in packages:
            bound |= {alias.asname or alias.name for alias in node.names}
    return bound


def root_of(node: ast.expr) -> str:
    """Return the name that a dotted expression begins with."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def work_given_to_celery(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Give out where a module lets Celery itself queue, repeat, delay or chain work."""
    celerys, ours = names_bound(tree, "celery"), names_bound(tree, *PACKAGES)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "celery":
            names = {alias.name for alias in node.names} & FORBIDDEN_OF_CELERY
            yield from ((node.lineno, name) for name in sorted(names))
        elif isinstance(node, ast.Attribute):
            if node.attr in FORBIDDEN_OF_CELERY and root_of(node) in celerys:
                yield node.lineno, node.attr
        elif isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else root_of(called)
            # A function of ours may well be called retry; a task's own method repeats the task.
            repeats = name == "retry" and name != root_of(called) not in ours
            if name in FORBIDDEN_CALLS or repeats:
                yield node.lineno, name
            yield from (
                (node.lineno, keyword.arg)
                for keyword in node.keywords
                if keyword.arg in FORBIDDEN_ARGUMENTS
            )


def test_celery_carries_wake_ups_only_and_only_the_relay_publishes_them() -> None:
    found = [
        f"{path}:{line} {name}"
        for path, tree in sources(*PACKAGES)
        for line, name in work_given_to_celery(tree)
        if (path, name) != (Path("workers/relay.py"), "send_task")
    ]

    assert found == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("push.delay(1)", ["delay"]),
        ("self.retry(exc=error)", ["retry"]),
        ("self.request.task.retry()", ["retry"]),
        ("import celery\ncelery.group(a, b)()", ["group"]),
        ("import celery.canvas as c\nc.chain(a, b)", ["chain"]),
        ("from celery import chord", ["chord"]),
        ("from celery import canvas\ncanvas.chord(a)(b)", ["chord"]),
        ("push(countdown=3)", ["countdown"]),
        ("from hub.problems import retrying\nretrying.retry(session)", []),
        ("match.group(1)", []),
    ],
)
def test_what_is_given_to_celery_is_seen_however_it_is_written(
    source: str, found: list[str]
) -> None:
    assert [name for _, name in work_given_to_celery(ast.parse(source))] == found


def test_each_task_has_one_body_in_the_module_of_its_kind() -> None:
    bodies: dict[str, list[Path]] = {}
    for path, tree in sources("workers/tasks"):
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef):
                continue
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "task":
                    named = decorator.args[0]
                    assert isinstance(named, ast.Attribute)
                    bodies.setdefault(TaskName[named.attr].value, []).append(path)

    assert {name: len(paths) for name, paths in bodies.items()} == {
        task.value: 1 for task in TaskName
    }
    for name, [path] in bodies.items():
        assert path.stem == name.split(".")[0]


@pytest.mark.parametrize("package", ["hub", "api"])
def test_a_service_never_commits(package: str) -> None:
    found = [
        f"{path}:{node.lineno}"
        for path, tree in sources(package)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"commit", "rollback"}
    ]

    assert found == []


def test_no_module_is_named_for_what_it_is_not() -> None:
    vague = {"utils", "helpers", "common", "base", "manager", "misc"}

    assert [
        str(path)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if path.stem in vague
    ] == []


_NOT_FOR_CALLERS = {"Mapping", "Schedule"}
"""Records that no route lists or reads for a caller."""


def test_every_record_has_a_rule_of_who_may_do_what() -> None:
    complete_metadata()
    records = {
        mapper.class_.__name__: mapper.class_
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, Record)
    }

    without = {name for name, model in records.items() if model not in RULES}

    assert without == _NOT_FOR_CALLERS


def test_what_is_locked_is_read_again() -> None:
    found = []
    for path, tree in sources(*PACKAGES):
        found += [
            f"{path}:{node.lineno} {node.func.attr}: use hub.db.locked"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"get", "get_one"}
            and any(keyword.arg == "with_for_update" for keyword in node.keywords)
            and path != Path("hub/db.py")
        ]
        found += [
            f"{path}:{node.lineno} {node.name}: set populate_existing"
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)
            and {"select_of_a_model", "with_for_update"} <= (done := set(what_is_done(node)))
            and "populate_existing" not in done
        ]

    assert found == []


def what_is_done(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.keyword) and node.arg is not None:
            yield node.arg
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", "") == "select"
            and any(isinstance(each, ast.Name) and each.id[0].isupper() for each in node.args)
        ):
            yield "select_of_a_model"

"""A record whose job ends without success says so: with the job, whatever ended that."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, true, update

from hub import files, reactions
from hub.clock import utcnow
from hub.db import transaction
from hub.hooks.models import HookDelivery
from hub.imports import services as imports
from hub.imports.models import ImportJob
from hub.imports.options import Options
from hub.ledger import claims, setbacks
from hub.ledger import services as ledger
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from hub.mail.models import Delivery
from hub.reminders.models import Reminder
from hub.reports import exports, runs
from hub.reports.datasets import DATASETS
from hub.reports.models import Export, FileFormat, ReportRun
from hub.settings import get_settings
from tests.hub.hooks.shops import make_shop
from tests.hub.reports.office import make_report, make_schedule, make_user, reader_of
from tests.workers.mailroom import make_due, make_reminder
from workers import chain
from workers.chain import drain


@pytest.fixture(autouse=True)
def _own_directory(database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "data_dir", tmp_path)
    reactions.install()


def make_export() -> UUID:
    with transaction() as session:
        anna = make_user(session, "Anna")
        made, _ = exports.request(
            session, DATASETS["customers"], query={}, format=FileFormat.CSV, reader=reader_of(anna)
        )
        return made.id


def make_run() -> UUID:
    with transaction() as session:
        anna = make_user(session, "Anna")
        schedule = make_schedule(session, make_report(session, anna), [anna.id])
        [made] = runs.plan(session, schedule.id, utcnow())
        return made.id


def make_invitation() -> UUID:
    make_reminder()
    with transaction() as session:
        return session.scalars(select(Delivery.id)).one()


def make_due_reminder() -> UUID:
    identifier = make_reminder()
    make_due(identifier)
    return identifier


def make_import() -> UUID:
    with transaction() as session:
        made, _ = imports.upload(
            session, files.put(b"Navn\nNordlys\n"), entity_name="customers", file_name="a.csv",
            media_type="text/csv", options=Options(), now=utcnow(),
        )  # fmt: skip
        return made.id


def make_hook_delivery() -> UUID:
    shop = make_shop()
    order = shop.guest_order(email="mette@nordlys.example")
    received = shop.deliver(shop.hook.delivery("order.created", order))
    assert received.delivery_id is not None
    return received.delivery_id


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of record that waits for a task, and its state when nothing comes of that."""

    make: Callable[[], UUID]
    model: type[Any]
    task: TaskName
    state: str
    code: str | None = None


KINDS = [
    Kind(make_export, Export, TaskName.RENDER_EXPORT, "failed"),
    Kind(make_run, ReportRun, TaskName.RENDER_REPORT, "failed"),
    Kind(make_invitation, Delivery, TaskName.SEND_DELIVERY, "failed", "given_up"),
    Kind(make_due_reminder, Reminder, TaskName.SEND_DUE_REMINDER, "failed"),
    Kind(make_import, ImportJob, TaskName.ANALYSE_FILE, "failed"),
    Kind(make_hook_delivery, HookDelivery, TaskName.IMPORT_HOOK, "failed"),
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.model.__name__)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def shown(kind: Kind, identifier: UUID) -> tuple[str, str | None]:
    with transaction() as session:
        record = session.get_one(kind.model, identifier)
        return record.state, (record.message or {}).get("code")


def job_of(kind: Kind) -> UUID:
    with transaction() as session:
        return session.scalars(select(Job.id).where(Job.task == kind.task)).one()


def test_one_whose_job_is_cancelled(kind: Kind) -> None:
    identifier = kind.make()

    with transaction() as session:
        ledger.cancel_job(session, true(), job_of(kind))

    assert shown(kind, identifier) == (kind.state, kind.code or "cancelled")


def test_one_whose_dead_job_is_given_up(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    identifier = kind.make()
    faulty = dataclasses.replace(chain._BODIES[kind.task], body=_fail)
    monkeypatch.setitem(chain._BODIES, kind.task, faulty)
    assert drain(kind.task) == 1

    with transaction() as session:
        ledger.cancel_job(session, true(), job_of(kind), reason="never mind")

    asks_for_nobody = {
        "HookDelivery": ("ignored", "given_up"),
        "Delivery": ("withdrawn", "given_up"),
    }
    left = asks_for_nobody.get(kind.model.__name__, (kind.state, kind.code or "internal"))
    assert shown(kind, identifier) == left


def test_one_whose_workers_die(kind: Kind) -> None:
    identifier = kind.make()
    with transaction() as session:
        job = session.get_one(Job, job_of(kind))
        assert claims.claim(session, job.task, job.queue, timedelta(minutes=1)) is not None
        last = {"lapses": claims.MAX_LAPSES - 1, "lease_until": func.now() - timedelta(seconds=1)}
        session.execute(update(Job).where(Job.id == job.id).values(last))

    with transaction() as session:
        assert claims.return_lapsed(session) == 1
    with transaction() as session:
        assert setbacks.tell_of_lapsed(session) == 1

    assert shown(kind, identifier) == (kind.state, kind.code or "lapsed")


def _fail(job: chain.RunningJob, **arguments: object) -> None:
    raise RuntimeError("a fault of ours")


def test_one_whose_task_has_a_fault(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    identifier = kind.make()
    faulty = dataclasses.replace(chain._BODIES[kind.task], body=_fail)
    monkeypatch.setitem(chain._BODIES, kind.task, faulty)

    assert drain(kind.task) == 1

    assert shown(kind, identifier) == (kind.state, kind.code or "internal")


def test_one_that_cannot_be_told_keeps_none_of_the_others_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = make_export(), make_import()

    def fail(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setitem(setbacks._NOTES, TaskName.RENDER_EXPORT, fail)
    with transaction() as session:
        error = {"class": "Lapsed", "untold": True, "words": {"text": "It died.", "params": {}}}
        session.execute(update(Job).values(state="dead", finished_at=func.now(), error=error))

    with transaction() as session:
        assert setbacks.tell_of_lapsed(session) == 2

    assert shown(KINDS[0], first) == ("waiting", None)
    assert shown(KINDS[4], second) == ("failed", "lapsed")

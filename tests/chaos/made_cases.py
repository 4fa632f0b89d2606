"""Valid requests about what workers have made: previews and imports, runs of reports, webhooks."""

from collections.abc import Mapping
from uuid import UUID

from hub import files
from hub.clock import utcnow
from hub.db import transaction
from hub.files import services as file_rows
from hub.hooks.models import DeliveryState as HookState
from hub.hooks.models import HookDelivery
from hub.imports.models import ImportJob, ImportState
from hub.plans.models import Plan, PlanState
from hub.reports.models import ReportRun, ReportRunState
from tests.chaos.requests import Case, Request
from tests.chaos.scene import Scene

DIGEST = "0" * 64


def _file(name: str) -> UUID:
    with transaction() as session:
        stored = files.put(b"Navn\nNordlys\n")
        return file_rows.keep(session, stored, name=name, media_type="text/csv").id


def _import(scene: Scene, state: ImportState, plan_state: PlanState) -> UUID:
    file_id = _file("kunder.csv")
    with transaction() as session:
        plan = Plan(
            kind="import", state=plan_state, scope={},
            applied_at=utcnow() if plan_state is PlanState.APPLIED else None,
        )  # fmt: skip
        session.add(plan)
        session.flush()
        made = ImportJob(
            entity_name="customers", file_id=file_id, file_name="kunder.csv", state=state,
            plan_id=plan.id, owner_user_id=scene.caller.user_id,
        )  # fmt: skip
        session.add(made)
        session.flush()
        return made.id


def _previewed(scene: Scene) -> UUID:
    return _import(scene, ImportState.PLANNED, PlanState.DRAFT)


def _undone(scene: Scene) -> Request:
    return Request(f"/imports/{_import(scene, ImportState.DONE, PlanState.APPLIED)}/undo")


def _resent(scene: Scene) -> Request:
    schedule, file_id = scene.schedule(), _file("liste.csv")
    with transaction() as session:
        run = ReportRun(
            schedule_id=UUID(schedule["id"]), report_id=UUID(schedule["report_id"]),
            recipient_user_id=scene.caller.user_id, owner_user_id=scene.caller.user_id,
            planned_at=utcnow(), state=ReportRunState.FAILED, as_of=utcnow(), row_count=1,
            total=1, sha256=DIGEST, file_id=file_id,
        )  # fmt: skip
        session.add(run)
        session.flush()
        return Request(f"/report-runs/{run.id}/resend")


def _replayed(scene: Scene) -> Request:
    connection_id, _ = scene.shop()
    with transaction() as session:
        made = HookDelivery(
            connection_id=connection_id, deduplication_id=scene.name(), body=b"{}",
            body_sha256=bytes(32), headers={}, state=HookState.FAILED,
        )  # fmt: skip
        session.add(made)
        session.flush()
        return Request(f"/hook-deliveries/{made.id}/replay")


MADE_CASES: Mapping[str, Case] = {
    "POST /imports/<uuid:import_id>/analysis": lambda s: Request(
        f"/imports/{_previewed(s)}/analysis", {}
    ),
    "POST /imports/<uuid:import_id>/application": lambda s: Request(
        f"/imports/{_previewed(s)}/application"
    ),
    "POST /imports/<uuid:import_id>/undo": _undone,
    "POST /report-runs/<uuid:run_id>/resend": _resent,
    "POST /hook-deliveries/<uuid:delivery_id>/replay": _replayed,
}

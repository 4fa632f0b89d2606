"""/runs"""

from uuid import UUID

from flask import Blueprint

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.presenting_jobs import run_view
from api.schemas.connections import RunView
from hub.access.lookup import get_record
from hub.connections.models import Run
from hub.sync.listing import RUNS

blueprint = Blueprint("runs", __name__)
READ = Permission(Verb.READ, "runs")


@operation(blueprint, "GET", "/runs", permission=READ, listing=RUNS, answer=ListPage[RunView])
def list_runs(call: Call) -> Answer[ListPage[RunView]]:
    """List synchronisations, the newest first."""
    return list_page(call, RUNS, lambda run: run_view(call, run))


@operation(blueprint, "GET", "/runs/<uuid:run_id>", permission=READ, answer=RunView)
def get_run(call: Call, run_id: UUID) -> RunView:
    """Return a synchronisation; what it did is in the items of its plan."""
    return run_view(call, get_record(call.session, call.principal, Verb.READ, Run, run_id))

"""Routes of the tests' own, for what the concepts' routes cannot be made to do."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint
from pydantic import Field
from sqlalchemy import text

from api.operations import PUBLIC, Answer, Call, Permission, Upload, Verb, operation
from api.schemas.fields import Instant, Integer, Line, Whole, broken
from api.schemas.jobs import JobView
from api.schemas.shapes import Body, Patch, Query, View, absent
from hub.errors import ConflictError, ForbiddenError, MergedError, StaleVersionError
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName

blueprint = Blueprint("probe", __name__)
PERMISSION = Permission(Verb.CREATE, "probes")
SURVIVOR = UUID("01900000-0000-7000-8000-000000000001")


class Inner(Body):
    lines: list[Line] = Field(default_factory=list)


class ProbeBody(Body):
    name: Line = "probe"
    count: Integer = 0
    few: Annotated[int, Whole(0, 3)] = 0
    at: Instant | None = None
    inner: Inner | None = None
    free: Any = None


class ProbePatch(Patch):
    name: Line = absent()
    phone: Line | None = absent()


class ProbeQuery(Query):
    limit: int = Field(1, ge=1, le=5)
    text: str | None = None
    many: list[str] = Field(default_factory=list)


class ProbeView(View):
    id: UUID
    state: str
    version: int = 7


@operation(blueprint, "POST", "/echo", permission=PERMISSION, body=ProbeBody, answer=ProbeBody)
def echo(call: Call[ProbeBody]) -> ProbeBody:
    """Return the body."""
    return call.body


@operation(blueprint, "PATCH", "/patch", permission=PERMISSION, body=ProbePatch)
def patch(call: Call[ProbePatch]) -> Answer:
    """Return what is to change, and the version."""
    changes = {**call.body.changes(), "expected": call.expected_version}
    return Answer(ProbeBody(free=changes))


@operation(blueprint, "GET", "/query", permission=PERMISSION, query=ProbeQuery)
def query(call: Call[None, ProbeQuery]) -> ProbeQuery:
    """Return the query."""
    return call.query


@operation(
    blueprint, "POST", "/upload", permission=PERMISSION, body=Upload(("text/csv",), 2 * 1024 * 1024)
)
def upload(call: Call[bytes]) -> ProbeBody:
    """Return the size of the upload."""
    return ProbeBody(count=len(call.body))


@operation(blueprint, "GET", "/language", permission=PUBLIC, opens_transaction=False)
def language(call: Call) -> ProbeBody:
    """Return the language of the caller."""
    return ProbeBody(free=call.language)


def _reload(call: Call[Any, Any], job_id: UUID) -> ProbeView:
    if call.principal.name == "blind":
        raise ForbiddenError("You may not see this any more.")
    job = call.session.get_one(Job, job_id)
    return ProbeView(id=job.id, state=job.state.value)


@operation(
    blueprint, "POST", "/work", permission=PERMISSION, body=ProbeBody, answer=ProbeView,
    status=HTTPStatus.CREATED, reload=_reload,
)  # fmt: skip
def work(call: Call[ProbeBody]) -> Answer[ProbeView]:
    """Ask for a job and show it as the record made."""
    job = enqueue(call.session, TaskName.TIDY_LEDGER, at=call.now)
    return Answer(ProbeView(id=job.id, state="queued"))


@operation(
    blueprint, "POST", "/later", permission=PERMISSION, answer=JobView,
    status=HTTPStatus.ACCEPTED,
)  # fmt: skip
def later(call: Call) -> Answer[JobView]:
    """Ask for a job and nothing else."""
    enqueue(call.session, TaskName.TIDY_LEDGER, key="tidy", at=call.now)
    return Answer()


@operation(blueprint, "GET", "/fail/<string:how>", permission=PERMISSION)
def fail(call: Call, how: str) -> Answer:
    """Fail in a way of the caller's choice."""
    identifier = call.principal.user_id
    match how:
        case "conflict":
            raise ConflictError("taken", "{name} is taken.", details={"id": "7"}, name="It")
        case "stale":
            raise StaleVersionError("probe", identifier, 9)
        case "sql":
            call.session.execute(text("select 'canary-value' from nowhere"))
        case "integrity":
            statement = text(
                "insert into app_user (id, email, name, roles)"
                " select gen_random_uuid(), email, name, roles from app_user"
            )
            call.session.execute(statement)
        case "busy":
            call.session.execute(text("set local statement_timeout = 20"))
            call.session.execute(text("select pg_sleep(5)"))
        case _:
            raise RuntimeError("canary-value")
    return Answer()


@operation(blueprint, "GET", "/merged/<uuid:probe_id>", permission=PERMISSION)
def get_merged(call: Call, probe_id: UUID) -> Answer:
    """Find a record merged."""
    del call
    raise MergedError("probe", probe_id, SURVIVOR)


@operation(blueprint, "POST", "/merged/<uuid:probe_id>", permission=PERMISSION)
def post_merged(call: Call, probe_id: UUID) -> Answer:
    """Find a record merged."""
    del call
    raise MergedError("probe", probe_id, SURVIVOR)


@operation(blueprint, "POST", "/rule", permission=PERMISSION, body=ProbeBody)
def rule(call: Call[ProbeBody]) -> Answer:
    """Break a rule with a message that has parameters."""
    raise broken("never", "Never {word}.", word=call.body.name)

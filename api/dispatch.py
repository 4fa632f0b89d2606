"""What happens to every request.

In this order: who calls, may he at all, is it well formed, was it answered before, are too many
like it under way, the route itself, commit, wait where that is preferred, answer.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Response, request
from pydantic import BaseModel
from pydantic_core import from_json, to_json
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from api.authentication import authenticate
from api.bodies import read_json, refuse_bad_text, refuse_encoded, unsupported_content_type
from api.calls import Answer, Call, Preferences
from api.crowding import take_place
from api.declarations import Operation, Public, Upload
from api.field_classes import left_out, refuse_foreign_fields, without
from api.presenting_jobs import job_view
from api.refusals import malformed
from api.schemas.jobs import JobView
from api.schemas.shapes import Because
from api.validation import read_body, read_query, refuse_parameters
from api.waiting import wait_for
from hub.access import readings
from hub.access.concealing import UnseenError
from hub.access.principals import Principal
from hub.clock import utcnow
from hub.db import transaction
from hub.errors import HubError, NotFoundError
from hub.history.recording import give_reason
from hub.i18n import N_
from hub.idempotency import services as idempotency
from hub.idempotency.services import KeptAnswer
from hub.ledger.enqueueing import enqueued_in
from hub.ledger.models import Job
from hub.origin import ActorKind, CauseKind, Origin
from hub.sharing import blind_matches

logger = logging.getLogger(__name__)

API = "/api/v1"
MOST_LINKS = 20  # a batch may ask for hundreds of jobs; headers have bounds
REQUEST_ID = "hub.request_id"  # where the outermost layer leaves it in the WSGI environment
_JSON = "application/json"


def dispatch(operation: Operation, path: dict[str, Any]) -> Response:
    """Answer the current request of Flask by an operation.

    Raises:
        HubError, SQLAlchemyError, HTTPException: for `api.problems`.
    """
    call, data = _read(operation, path)
    if not operation.opens_transaction:
        return _respond(_render(operation, call, _answer(operation.function(call, **path)), []))
    try:
        return _dispatch(operation, call, data, path)
    except HubError as error:
        if (refusal := _refusal(call, error)) is error:
            raise
        raise refusal from error


def _dispatch(
    operation: Operation, call: Call[Any, Any], data: bytes, path: Mapping[str, Any]
) -> Response:
    scope = _scope(operation, call)
    kept: list[KeptAnswer] = []
    with transaction(_origin(call)) as session:
        call.database = session
        claimed = None
        if scope is not None:
            mark = idempotency.fingerprint(request.path, request.mimetype, data)
            claimed = idempotency.claim(session, scope, mark, call.now)
            if claimed.earlier is not None:
                return _again(operation, call, claimed.earlier)
        if call.caller is not None and _is_expensive(operation):
            take_place(session, call.caller.user_id)
        answer = _answer(operation.function(call, **path))
        if operation.method in {"PATCH", "PUT"}:
            _give_reason(call, answer)
        if claimed is not None:

            def render() -> KeptAnswer:
                kept.append(_render(operation, call, answer, _jobs(answer, session)))
                return kept[0]

            idempotency.keep(session, claimed, render)
    if isinstance(answer, Response):
        return answer
    call.database = None
    jobs = _jobs(answer, session)
    first = kept[0] if kept else _render(operation, call, answer, jobs)
    later = _wait(operation, call, answer, jobs) if jobs and call.preferences.wait_s else None
    response = _respond(later or first)
    if later is not None:
        response.headers["Preference-Applied"] = f"wait={call.preferences.wait_s}"
    return response


def _refusal(call: Call[Any, Any], error: HubError) -> HubError:
    """Return how a call is refused; what it told is noted although it is rolled back."""
    read = {} if call.database is None else readings.noted(call.database)
    if not read and not isinstance(error, UnseenError):
        return error
    with transaction(_origin(call)) as session:
        readings.note_again(session, call.principal, read)
        if not isinstance(error, UnseenError):
            return error
        return blind_matches.tell(session, call.principal, error)


def _read(operation: Operation, path: Mapping[str, Any]) -> tuple[Call[Any, Any], bytes]:
    now = utcnow()
    call: Call[Any, Any] = Call(request, request.environ[REQUEST_ID], now, None, None)
    if not isinstance(operation.permission, Public):
        call.caller = authenticate(request, now)
        request.environ["hub.caller"] = call.caller  # for the log, and the language of problems
        call.caller.require(operation.permission)
    for name, value in path.items():
        if isinstance(value, str):
            refuse_bad_text(f"/{name}", value)
    if operation.needs_version:
        _ = call.expected_version
    if "Prefer" in request.headers:
        call.preferences = Preferences.of(",".join(request.headers.getlist("Prefer")))
    if operation.query is not None:
        call.query = read_query(operation.query, _own_parameters(operation))
    elif operation.listing is None and operation.documented:
        refuse_parameters(request.args)
    data, call.body = _read_body(operation, call.caller)
    return call, data


def _own_parameters(operation: Operation) -> MultiDict[str, str]:
    """Return the parameters of a route itself: all but those of the list that it has besides."""
    if operation.query is None or operation.listing is None:
        return request.args
    own = operation.query.model_fields
    return MultiDict((k, v) for k, v in request.args.items(multi=True) if k in own)


def _read_body(operation: Operation, caller: Principal | None) -> tuple[bytes, Any]:
    if operation.body is None:
        return b"", None
    if isinstance(operation.body, Upload):
        if operation.content_types and request.mimetype not in operation.content_types:
            raise unsupported_content_type(operation.content_types)
        refuse_encoded(request)
        request.max_content_length = operation.body.limit_bytes
        data = request.get_data(cache=False)
        return data, data
    left = getattr(operation.body, "each_alone", "")
    data, value = read_json(request, operation.content_types, left=left)
    body = read_body(operation.body, data, value)
    refuse_foreign_fields(caller, body)
    return data, body


def _give_reason(call: Call[Any, Any], answer: Answer[Any] | Response) -> None:
    """Keep why a record was changed with its event, where that was said."""
    reason = call.query.reason if isinstance(call.query, Because) else None
    changed = answer.subject_id if isinstance(answer, Answer) else None
    if reason is not None and changed is not None:
        give_reason(call.session, {changed}, reason)


def _is_expensive(operation: Operation) -> bool:
    listing = operation.listing
    searches = listing is not None and listing.search is not None and "q" in request.args
    return operation.is_expensive or searches


def _scope(operation: Operation, call: Call[Any, Any]) -> idempotency.Scope | None:
    key = request.headers.get("Idempotency-Key") if operation.method == "POST" else None
    if key is None or call.caller is None:
        return None
    if not operation.keeps_answer:
        raise malformed(
            "idempotency_not_supported",
            N_("This address takes no Idempotency-Key: its answer is not kept."),
        )
    if not 1 <= len(key) <= idempotency.MAX_KEY_LENGTH or not (key.isascii() and key.isprintable()):
        raise malformed(
            "malformed_idempotency_key",
            N_("Idempotency-Key must have 1 to {most} printable ASCII characters."),
            most=idempotency.MAX_KEY_LENGTH,
        )
    return idempotency.Scope(call.caller.user_id, operation.method, operation.path, key)


def _origin(call: Call[Any, Any]) -> Origin:
    caller: Principal | None = call.caller
    if caller is not None:
        return caller.origin(call.request_id)
    return Origin(ActorKind.SYSTEM, cause_kind=CauseKind.REQUEST, cause_id=call.request_id)


def _answer(outcome: Any) -> Answer[Any] | Response:
    return outcome if isinstance(outcome, Answer | Response) else Answer(outcome)


def _jobs(answer: Answer[Any] | Response, session: Session) -> list[UUID]:
    if isinstance(answer, Answer) and answer.jobs is not None:
        return [job.id for job in answer.jobs]
    return [job.id for job in enqueued_in(session)]


def _wait(
    operation: Operation, call: Call[Any, Any], answer: Answer[Any], jobs: Sequence[UUID]
) -> KeptAnswer | None:
    """Return the answer as it is when the work is done; None where the first one is to be given.

    What is committed has succeeded, whatever happens here: the record may be gone, or somebody
    else's, by now, and the database away.
    """
    try:
        if not wait_for(jobs, call.preferences.wait_s or 0):
            return None
        if operation.reload is None or answer.subject_id is None:
            return _render(operation, call, answer, jobs)
        with transaction() as session:
            later = replace(call, database=session, now=utcnow())
            shown = replace(answer, model=operation.reload(later, answer.subject_id))
            return _render(operation, later, shown, jobs)
    except HubError as error:
        logger.info("http.not_shown_again", extra={"reason": error.code})
    except Exception:  # all of them: the first answer stands
        logger.exception("http.not_shown_again")
    return None


def _again(operation: Operation, call: Call[Any, Any], earlier: KeptAnswer) -> Response:
    # The permission was checked before; whether he may still see this very record, its reader
    # says, by raising. What is shown is the first answer all the same, but for fields that
    # are not his to see any more.
    if operation.reload is not None and earlier.subject_id is not None:
        operation.reload(call, earlier.subject_id)
    exclusion = left_out(call.caller, operation.answer)
    if exclusion and earlier.headers.get("Content-Type") == _JSON:
        earlier = replace(earlier, body=to_json(without(from_json(earlier.body), exclusion)))
    response = _respond(earlier)
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _render(
    operation: Operation,
    call: Call[Any, Any],
    answer: Answer[Any] | Response,
    jobs: Sequence[UUID],
) -> KeptAnswer:
    if isinstance(answer, Response):
        return KeptAnswer(answer.status_code, dict(answer.headers), answer.get_data())
    status = answer.status or operation.status
    headers = dict(answer.headers)
    if jobs:
        links = [f'<{API}/jobs/{job}>; rel="job"' for job in jobs[:MOST_LINKS]]
        headers["Link"] = ", ".join([headers["Link"], *links] if "Link" in headers else links)
    model = answer.model
    if status is HTTPStatus.ACCEPTED and jobs:
        headers["Location"] = f"{API}/jobs/{jobs[0]}"
        if model is None:
            model = _job_view(call, jobs[0])
    elif status is HTTPStatus.CREATED:
        if answer.location is not None:
            headers["Location"] = API + answer.location
        elif answer.subject_id is not None:
            headers["Location"] = f"{request.path}/{answer.subject_id}"
    if not isinstance(model, BaseModel):
        return KeptAnswer(int(status), headers, b"")
    version = getattr(model, "version", None)
    if isinstance(version, int):
        headers["ETag"] = f'"{version}"'
    headers["Content-Type"] = _JSON
    exclusion = left_out(call.caller, operation.answer)
    body = type(model).__pydantic_serializer__.to_json(model, exclude=exclusion)
    return KeptAnswer(int(status), headers, body, answer.subject_id)


def _job_view(call: Call[Any, Any], job_id: UUID) -> JobView:
    if call.database is not None:
        job = call.database.get(Job, job_id)
    else:
        with transaction() as session:
            job = session.get(Job, job_id)
    if job is None:
        raise NotFoundError("job", job_id)
    return job_view(call, job)


def _respond(rendered: KeptAnswer) -> Response:
    return Response(rendered.body, rendered.status, dict(rendered.headers))

"""Errors as people and scripts get them: problem+json (RFC 9457), in the reader's language.

The one place that knows which error is which status.
"""

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from flask import Response
from psycopg.errors import (
    DeadlockDetected,
    ExclusionViolation,
    ForeignKeyViolation,
    LockNotAvailable,
    QueryCanceled,
    SerializationFailure,
    UniqueViolation,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from api.problem_codes import type_of
from api.refusals import RefusalError
from hub.errors import (
    AuthenticationError,
    ConflictError,
    DomainError,
    FieldError,
    ForbiddenError,
    MergedError,
    NotFoundError,
    PostponedError,
    StaleVersionError,
    ValidationError,
)
from hub.i18n import N_, translate
from hub.idempotency.services import KeyReusedError
from hub.sharing.blind_matches import TooManyBlindMatchesError

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
logger = logging.getLogger(__name__)

_STATUS_OF = {
    ValidationError: HTTPStatus.UNPROCESSABLE_ENTITY,
    KeyReusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFoundError: HTTPStatus.NOT_FOUND,
    MergedError: HTTPStatus.CONFLICT,
    ConflictError: HTTPStatus.CONFLICT,
    StaleVersionError: HTTPStatus.PRECONDITION_FAILED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
}
TITLES = {
    HTTPStatus.MOVED_PERMANENTLY: N_("Moved"),
    HTTPStatus.BAD_REQUEST: N_("The request cannot be read"),
    HTTPStatus.UNAUTHORIZED: N_("Who are you?"),
    HTTPStatus.FORBIDDEN: N_("Not allowed"),
    HTTPStatus.NOT_FOUND: N_("Not found"),
    HTTPStatus.METHOD_NOT_ALLOWED: N_("This address has no such method"),
    HTTPStatus.CONFLICT: N_("In conflict with what is there"),
    HTTPStatus.PRECONDITION_FAILED: N_("Changed meanwhile"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: N_("Too large"),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: N_("Unknown content type"),
    HTTPStatus.UNPROCESSABLE_ENTITY: N_("Not valid"),
    HTTPStatus.PRECONDITION_REQUIRED: N_("Say which version you change"),
    HTTPStatus.TOO_MANY_REQUESTS: N_("Too many requests"),
    HTTPStatus.INTERNAL_SERVER_ERROR: N_("Our fault"),
    HTTPStatus.SERVICE_UNAVAILABLE: N_("Not available just now"),
}
_BUSY = (LockNotAvailable, QueryCanceled, DeadlockDetected, SerializationFailure)
_STANDS_IN_THE_WAY = (UniqueViolation, ForeignKeyViolation, ExclusionViolation)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error ready to be shown; `message` and those of `errors` are English sources."""

    status: HTTPStatus
    code: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)
    errors: Sequence[FieldError] = ()
    details: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def problem_of(error: Exception) -> Problem:  # noqa: C901, PLR0911 - a table of what is what
    """Return what a caller is told of an error; an unknown one is logged, and told as our fault."""
    match error:
        case RefusalError():
            return Problem(
                error.status, error.code, error.message, error.params, headers=error.headers
            )
        case DomainError():
            return _domain_problem(error)
        case TooManyBlindMatchesError():
            headers = {"Retry-After": str(max(1, math.ceil(error.wait.total_seconds())))}
            status = HTTPStatus.TOO_MANY_REQUESTS
            return Problem(status, error.code, error.message, error.params, headers=headers)
        case PostponedError():
            return _later("postponed", "{reason}", reason=error.words)
        case AuthenticationError():
            return _later("credentials", "{reason}", reason=error.words)
        case HTTPException():
            return _http_problem(error)
        case PoolTimeoutError():
            return _later("busy", N_("All hands are busy; try again."))
        case IntegrityError() if isinstance(error.orig, _STANDS_IN_THE_WAY):
            logger.warning("http.integrity", exc_info=error)
            return Problem(HTTPStatus.CONFLICT, "conflict", N_("Another record stands in the way."))
        case OperationalError() if isinstance(error.orig, _BUSY):
            logger.warning("http.busy", exc_info=error)
            return _later("busy", N_("Others are writing the same just now; try again."))
        case OperationalError() | InterfaceError():
            return _database_down(error)
        case DBAPIError() if error.connection_invalidated:
            return _database_down(error)
        case _:
            logger.error("http.failed", exc_info=error)
            return Problem(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "internal",
                N_("Something went wrong on our side; the log knows it by this request's id."),
            )


def moved(error: MergedError, problem: Problem, path: str) -> Problem:
    """Return the problem of reading a merged record: where its survivor is."""
    location = path.replace(str(error.params["id"]), str(error.survivor_id))
    return replace(problem, status=HTTPStatus.MOVED_PERMANENTLY, headers={"Location": location})


def present(problem: Problem, language: str | None, path: str, request_id: str) -> Response:
    """Return the problem as a response in the reader's language."""
    document = problem_document(problem, language, path, request_id)
    headers = {"Vary": "Accept-Language", **problem.headers}
    # ASCII, since an address or a field name may hold what UTF-8 cannot carry.
    body = json.dumps(document, default=str)
    return Response(body, problem.status, headers, content_type=CONTENT_TYPE)


def problem_document(
    problem: Problem, language: str | None, path: str, request_id: str
) -> dict[str, object]:
    """Return the problem as JSON carries it, for one item of many, in the reader's language."""
    document: dict[str, object] = {
        "type": type_of(problem.code),
        "title": translate(language, TITLES.get(problem.status, problem.status.phrase)),
        "status": int(problem.status),
        "detail": translate(language, problem.message, problem.params),
        "instance": path,
        "code": problem.code,
        "request_id": request_id,
    }
    if problem.errors:
        document["errors"] = [
            {
                "pointer": error.pointer,
                "code": error.code,
                "message": translate(language, error.message, error.params),
            }
            for error in problem.errors
        ]
    if problem.details:
        document["details"] = _translated(language, problem.details)
    return document


def _translated(language: str | None, value: object) -> object:
    """Return details with every kept message {text, params} in the reader's language."""
    match value:
        case Mapping():
            if isinstance(value.get("text"), str) and isinstance(value.get("params"), Mapping):
                words = translate(language, value["text"], value["params"])
                return {**{k: v for k, v in value.items() if k != "params"}, "text": words}
            return {key: _translated(language, item) for key, item in value.items()}
        case list() | tuple():
            return [_translated(language, item) for item in value]
        case _:
            return value


def _domain_problem(error: DomainError) -> Problem:
    status = next(
        (s for kind, s in _STATUS_OF.items() if isinstance(error, kind)), HTTPStatus.CONFLICT
    )
    errors: Sequence[FieldError] = ()
    details: Mapping[str, object] = {}
    headers: Mapping[str, str] = {}
    match error:
        case ValidationError():
            errors = error.errors
        case MergedError():
            details = {"survivor_id": str(error.survivor_id)}
        case StaleVersionError():
            details = {"current_version": error.current}
        case ConflictError():
            details = error.details
            if error.code == "idempotency_key_in_flight":
                headers = {"Retry-After": "1"}
    return Problem(status, error.code, error.message, error.params, errors, details, headers)


def _http_problem(error: HTTPException) -> Problem:
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    kept = {"Allow", "Retry-After", "Location"}
    headers = {name: value for name, value in error.get_headers() if name in kept}
    match status:
        case HTTPStatus.NOT_FOUND:
            return Problem(status, "not_found", N_("There is nothing at this address."))
        case HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = headers.get("Allow", "")
            return Problem(
                status,
                "method_not_allowed",
                N_("This address takes: {allowed}."),
                {"allowed": allowed},
                headers=headers,
            )
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return Problem(status, "too_large", N_("The body is larger than this address takes."))
        case _:
            code = status.phrase.lower().replace(" ", "_")
            return Problem(status, code, TITLES.get(status, status.phrase), headers=headers)


def _database_down(error: Exception) -> Problem:
    logger.warning("http.database_unavailable", exc_info=error)
    return _later(
        "database_unavailable",
        N_(
            "The database does not answer. If this was a write, it may or may not have been kept:"
            " repeat it with the same Idempotency-Key."
        ),
    )


def _later(code: str, message: str, **params: object) -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        code,
        message,
        params,
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )

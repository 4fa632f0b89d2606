"""Puts the application together."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import MethodNotAllowed

from api import documentation, forgetting, front_page, going, health, metrics, ticket_pages
from api.bodies import MAX_BYTES
from api.calls import Call
from api.dispatch import API, REQUEST_ID
from api.observation import ROUTE, Observed
from api.operations import View
from api.problems import moved, present, problem_of
from api.routes import (
    absences,
    access_requests,
    activities,
    activity_upserts,
    acts,
    addresses,
    approvals,
    as_of,
    assignments,
    catalogues,
    checklist,
    coming_settings,
    conflicts,
    connections,
    contacts,
    conversion,
    credit,
    credit_codes,
    custom_fields,
    customer_upserts,
    customers,
    dashboards,
    deliveries,
    documents,
    duplicates,
    events,
    exports,
    grants,
    histories,
    hooks,
    imports,
    jobs,
    lead_upserts,
    leads,
    listings,
    note_templates,
    notes,
    number_sequences,
    objective_templates,
    objectives,
    opportunities,
    opportunity_upserts,
    ownership,
    ownership_requests,
    part_upserts,
    plans,
    pool_acts,
    pools,
    problems,
    protection,
    registry_lookups,
    reminders,
    report_runs,
    reports,
    roles,
    runs,
    schedules,
    sessions,
    settings,
    signing_in,
    summaries,
    teams,
    timelines,
    tokens,
    users,
    workflows,
)
from hub import reactions
from hub.access.principals import Principal
from hub.clock import utcnow
from hub.errors import MergedError

CONCEPTS = (
    checklist,
    customers,
    customer_upserts,
    ownership,
    ownership_requests,
    contacts,
    addresses,
    part_upserts,
    duplicates,
    registry_lookups,
    connections,
    conflicts,
    as_of,
    assignments,
    plans,
    runs,
    users,
    roles,
    teams,
    absences,
    sessions,
    signing_in,
    tokens,
    deliveries,
    notes,
    note_templates,
    activities,
    activity_upserts,
    problems,
    reminders,
    jobs,
    events,
    histories,
    hooks,
    listings,
    exports,
    reports,
    schedules,
    report_runs,
    imports,
    approvals,
    settings,
    coming_settings,
    credit,
    credit_codes,
    documents,
    grants,
    protection,
    access_requests,
    pools,
    pool_acts,
    catalogues,
    custom_fields,
    number_sequences,
    workflows,
    leads,
    lead_upserts,
    timelines,
    conversion,
    objective_templates,
    objectives,
    opportunities,
    opportunity_upserts,
    summaries,
    dashboards,
    acts,
)
PAGES = (front_page, going, health, metrics, documentation, ticket_pages)


class UndeclaredRouteError(RuntimeError):
    """A route was added without `api.operations.operation`, so that it has no permission."""


def create_app() -> Flask:
    """Return the WSGI application; the database is connected by whoever serves it.

    Raises:
        UndeclaredRouteError: as said there.
    """
    reactions.install()
    forgetting.install()
    app = Flask("api", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES
    app.url_map.merge_slashes = False  # an address has one spelling; the others are not found
    for module in CONCEPTS:
        app.register_blueprint(module.blueprint, url_prefix=API)
    for module in PAGES:
        app.register_blueprint(module.blueprint)
    app.register_blueprint(hooks.incoming)
    refuse_undeclared_routes(app)
    app.url_value_preprocessor(_note_route)
    app.register_error_handler(Exception, _problem)
    app.wsgi_app = Observed(app.wsgi_app)  # type: ignore[method-assign]  # Flask's own way to wrap
    return app


def refuse_undeclared_routes(app: Flask) -> None:
    """Pass an application whose every route has a permission.

    Raises:
        UndeclaredRouteError: one has none.
    """
    for rule in app.url_map.iter_rules():
        if not isinstance(app.view_functions[rule.endpoint], View):
            raise UndeclaredRouteError(f"{rule.rule} ({rule.endpoint}) declares no permission")


def _note_route(endpoint: str | None, values: dict[str, object] | None) -> None:
    del endpoint, values
    if request.url_rule is not None:
        request.environ[ROUTE] = request.url_rule.rule


def _problem(error: Exception) -> Response:
    caller: Principal | None = request.environ.get("hub.caller")
    request_id = request.environ[REQUEST_ID]
    call = Call(request, request_id, utcnow(), None, None, caller=caller)
    problem = problem_of(error)
    if isinstance(error, MergedError) and request.method in {"GET", "HEAD"}:
        problem = moved(error, problem, request.path)
    return present(problem, call.language, _shown_path(), request_id)


def _shown_path() -> str:
    """Return the path of the request without a secret part: callers keep problems in their logs."""
    secret = _path_values().get(hooks.SECRET_PART)
    return request.path.replace(secret, "...") if secret else request.path


def _path_values() -> Mapping[str, Any]:
    refusal, adapter = request.routing_exception, current_app.create_url_adapter(request)
    if isinstance(refusal, MethodNotAllowed) and refusal.valid_methods and adapter is not None:
        _, values = adapter.match(method=next(iter(refusal.valid_methods)))
        return values
    return request.view_args or {}

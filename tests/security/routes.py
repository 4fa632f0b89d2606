"""The routes of the API as they are published, and how to call one on a person's own records."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flask import Flask
from pydantic import BaseModel

from api.declarations import Operation, Public, Upload
from api.dispatch import API
from api.operations import View
from hub.access.principals import Permission
from hub.listing import Kind, Listing
from hub.listing.declaration import FACET_KINDS
from tests.api.client import ApiClient, Reply
from tests.security.bodies import Place, body_of, fields_of
from tests.security.possessions import Possessions

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_OTHER_NAMES = {
    "/report-runs/<uuid:run_id>": "report_run_id",
    "/hook-deliveries/<uuid:delivery_id>": "hook_delivery_id",
    "/contacts/by-external-ref/<path:external_ref>": "contact_ref",
    "/addresses/by-external-ref/<path:external_ref>": "address_ref",
    "/leads/by-external-ref/<path:external_ref>": "lead_ref",
    "/activities/by-external-ref/<path:external_ref>": "activity_ref",
    "/opportunities/by-external-ref/<path:external_ref>": "opportunity_ref",
    "/notes/by-external-ref/<path:external_ref>": "note_ref",
    "/reminders/by-external-ref/<path:external_ref>": "reminder_ref",
}
"""Where a path gives an id a name that another kind of record has as well."""

PUBLIC_ROUTES = frozenset({"POST /sessions", "POST /password-resets", "POST /tickets/use"})
"""What anybody may call: how people get in. Anything else has a permission."""

OF_A_SESSION = frozenset({"GET /session", "POST /session/sign-out"})
"""What makes sense by a cookie only."""
OTHER_RECORDS = {
    "DELETE /customers/<uuid:customer_id>": {"customer_id": "spare_customer_id"},
    "DELETE /leads/<uuid:lead_id>": {"lead_id": "spare_lead_id"},
    "DELETE /opportunities/<uuid:opportunity_id>": {"opportunity_id": "lost_opportunity_id"},
    "DELETE /pools/<uuid:pool_id>": {"pool_id": "empty_pool_id"},
    "DELETE /reports/<uuid:report_id>": {"report_id": "unscheduled_report_id"},
    "DELETE /workflows/<uuid:workflow_id>": {"workflow_id": "draft_workflow_id"},
    "POST /connections/<uuid:connection_id>/pause": {"connection_id": "unlinked_connection_id"},
    "POST /customers/<uuid:customer_id>/hold-release": {"customer_id": "held_customer_id"},
    "POST /customers/<uuid:customer_id>/transaction-approvals": {
        "customer_id": "spare_customer_id"
    },
    "POST /customers/<uuid:customer_id>/archiving": {"customer_id": "held_customer_id"},
    "POST /customers/<uuid:customer_id>/taking-up": {"customer_id": "archived_customer_id"},
    "POST /imports/<uuid:import_id>/undo": {"import_id": "applied_import_id"},
    "POST /jobs/<uuid:job_id>/cancellation": {"job_id": "queued_job_id"},
    "POST /opportunities/<uuid:opportunity_id>/closing": {"opportunity_id": "lost_opportunity_id"},
    "POST /plans/<uuid:plan_id>/undo": {"plan_id": "applied_plan_id"},
    "POST /workflows/<uuid:workflow_id>/publication": {"workflow_id": "draft_workflow_id"},
    "POST /workflows/<uuid:workflow_id>/retirement": {"workflow_id": "spare_workflow_id"},
    "PUT /workflows/<uuid:workflow_id>": {"workflow_id": "draft_workflow_id"},
}
"""What is worked on where a route does nothing with the record that all others take."""
DAYS = {Kind.DATE, Kind.DATETIME}
COUNTED = FACET_KINDS - {Kind.TAGS}
QUERIES = {"/customers/<uuid:customer_id>/permissions": "?action=order"}
"""What a route that cannot do without a query is asked."""


@dataclass(frozen=True)
class Route:
    """One documented operation of the API."""

    path: str
    operation: Operation

    def __str__(self) -> str:
        return f"{self.operation.method} {self.path.removeprefix(API)}"

    @property
    def takes_a_reference(self) -> bool:
        """Whether it writes under a reference: who may not see whose it is, is told it is taken."""
        return "external_ref" in self.parameters and self.operation.method == "PUT"

    @property
    def permission(self) -> Permission:
        permission = self.operation.permission
        assert isinstance(permission, Permission)
        return permission

    @property
    def parameters(self) -> dict[str, str]:
        """Its path parameters, each with the kind of record it names."""
        names = {name: name for name in _PARAMETER.findall(self.path)}
        for start, other in _OTHER_NAMES.items():
            if self.path.startswith(API + start):
                names[_PARAMETER.findall(start)[0]] = other
        return names

    @property
    def records(self) -> dict[str, str]:
        """Its path parameters, each with the name of its record among a person's possessions."""
        return {**self.parameters, **OTHER_RECORDS.get(str(self), {})}

    @property
    def model(self) -> type[BaseModel] | None:
        """The model of its JSON body; None where it has none."""
        body = self.operation.body
        return body if isinstance(body, type) and issubclass(body, BaseModel) else None

    def call(
        self,
        client: ApiClient,
        headers: dict[str, str],
        owner: Possessions,
        *,
        query: str = "",
        version: str | None = "1",
        more: Mapping[str, Any] = MappingProxyType({}),
    ) -> Reply:
        """Call it on what belongs to a person.

        Raises:
            KeyError: there is no record for a path parameter, or no body for a model: add one to
                `tests.security.possessions` or above.
        """
        path = self.path
        for name, known_as in self.records.items():
            path = re.sub(rf"<(?:\w+:)?{name}>", owner.paths[known_as], path)
        options: dict[str, Any] = {"headers": dict(headers)}
        if self.operation.needs_version and version is not None:
            options["headers"]["If-Match"] = f'"{version}"'
        if isinstance(self.operation.body, Upload):
            options["data"] = b"name\n"
        elif self.model is not None:
            options["json"] = {**body_of(str(self), self.model, owner.paths), **more}
        query = query or QUERIES.get(self.path.removeprefix(API), "")
        send = getattr(client, self.operation.method.lower())
        reply: Reply = send(path + query, **options)
        return reply


def counted(answer: Reply) -> int:
    """Return how many rows a list, or a summary of one, says there are."""
    if "totals" in answer.json:
        return sum(each["count"] for each in answer.json["totals"])
    return int(answer.json["total"]["count"])


def breakdowns(listing: Listing[Any]) -> list[str]:
    """Return what a summary of a list can be asked to count by, one at a time."""
    plain = [
        each.name
        for each in listing.fields
        if each.facet and each.kind in COUNTED and not each.is_mix
    ]
    days = [f"{each.name}.year" for each in listing.fields if each.kind in DAYS and each.selectable]
    return [f"?by={name}" for name in (*plain, *days)]


def fields_in(route: Route, routes: Sequence[Route]) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Yield every field of a route's body however far in, those of a batch's items too.

    The items of a batch are checked one by one, as what `PUT …/by-external-ref` takes.
    """
    if route.model is None:
        return
    for place, schema in fields_of(route.model):
        yield place, schema
    if not str(route).endswith("/batch"):
        return
    one = f"PUT {route.path.removeprefix(API).removesuffix('/batch')}/by-external-ref/"
    [model] = [each.model for each in routes if str(each).startswith(one)]
    assert model is not None
    for place, schema in fields_of(model):
        yield ("items", 0, "fields", *place), schema


def documented_routes(app: Flask) -> list[Route]:
    """Return every documented route but the public ones, so that a new one is tested by itself."""
    found, public = [], set()
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if isinstance(view, View) and view.operation.documented and rule.rule.startswith(API):
            route = Route(rule.rule, view.operation)
            if isinstance(view.operation.permission, Public):
                public.add(str(route))
            else:
                found.append(route)
    assert public == PUBLIC_ROUTES
    return sorted(found, key=str)

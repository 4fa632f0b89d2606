"""The routes of the API as they are published, and how to call one on a person's own records."""

import re
from collections.abc import Mapping
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
DAYS = {Kind.DATE, Kind.DATETIME}
COUNTED = FACET_KINDS - {Kind.TAGS}
NOBODY = "00000000-0000-7000-8000-000000000000"

ONES_BODIES: dict[str, dict[str, Any]] = {
    "AbsencePatch": {"reason": "leave"},
    "AccessRequest": {"customer_id": "{customer_id}", "level": "write", "reason": "theirs"},
    "ActivityMove": {"to": "in_progress"},
    "ActivityPatch": {"title": "Ring"},
    "ActivityUpsert": {"title": "Ring"},
    "AddressFields": {"kind": "shipping", "city": "Ry"},
    "AddressPatch": {"city": "Ry"},
    "AddressUpsert": {"city": "Ry"},
    "Assignments": {"items": [{"customer_id": NOBODY, "user_id": NOBODY}], "reason": "x"},
    "ClaimRequest": {"customer_ids": [NOBODY]},
    "Closing": {},
    "CodeGiven": {"code": "past_due"},
    "CommentCreate": {"body": "no answer"},
    "ContactFields": {"last_name": "Holm"},
    "ContactPatch": {"last_name": "Holm"},
    "ContactUpsert": {"last_name": "Holm"},
    "ConversionCreate": {"reason": "Klar"},
    "CustomerPatch": {"city": "Ry"},
    "CustomerUpsert": {"city": "Ry"},
    "Decision": {},
    "DecisionsBody": {"customer_ids": [NOBODY], "decision": "approved"},
    "DrawRequest": {"count": 1},
    "Entry": {"customer_ids": [NOBODY], "reason": "x"},
    "Recall": {"customer_ids": [NOBODY], "reason": "x"},
    "DefinitionBody": {
        "name": "Short",
        "states": [
            {"key": "new", "label": "New", "kind": "new"},
            {"key": "won", "label": "Won", "kind": "won"},
        ],
        "transitions": [{"from": "new", "to": "won"}],
    },
    "Dismissal": {"reason": "two shops"},
    "HoldChange": {"reason": "does not pay"},
    "GrantCreate": {"team_id": "{grantees_id}"},
    "GrantPatch": {"level": "read"},
    "LinkCreate": {"connection_id": "{unlinked_connection_id}", "remote_id": "99"},
    "LeadPatch": {"referrer": "Bo"},
    "LeadUpsert": {"referrer": "Bo"},
    "Losing": {"lost_reason": "price"},
    "NoteCreate": {"body": "called"},
    "NotePatch": {"body": "called"},
    "NoteUpsert": {"body": "called"},
    "OpportunityClosing": {},
    "OpportunityPatch": {"next_step": "call"},
    "OpportunityTransition": {"to": "qualification"},
    "OpportunityUpsert": {"next_step": "call"},
    "ProtectionBody": {},
    "Refusal": {"reason": "too dear"},
    "ObjectivePatch": {"name": "Calls"},
    "OfASubject": {"kind": "call", "title": "Ring"},
    "OwnershipChange": {"owner_user_id": "{user_id}", "reason": "leave"},
    "OwnershipRequest": {"entity": "opportunities", "ids": [NOBODY], "reason": "mine"},
    "ReminderCreate": {"title": "call", "on": "2999-01-04"},
    "ReminderPatch": {"title": "call"},
    "Reopening": {},
    "ReminderUpsert": {"title": "call"},
    "ReportPatch": {"name": "Mine"},
    "ResolutionBody": {"choice": "local"},
    "Restoration": {"version": 1},
    "ScheduleCreate": {
        "rule": "FREQ=WEEKLY;BYDAY=MO", "starts_at_local": "2026-01-05T08:00",
        "recipients": {"mode": "each_owner"},
    },
    "SchedulePatch": {"name": "Mine"},
    "Step": {},
    "Taking": {"reason": "mine"},
    "TransitionCreate": {"to": "development"},
    "TokenPatch": {"name": "mine"},
    "TransactionApproval": {"action": "order", "reference": "1", "reason": "first order"},
}  # fmt: skip
"""A good body of each route that works on one record and that representatives may call."""


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
    def permission(self) -> Permission:
        permission = self.operation.permission
        assert isinstance(permission, Permission)
        return permission

    @property
    def parameters(self) -> dict[str, str]:
        """Its path parameters, each with its name among a person's possessions."""
        names = {name: name for name in _PARAMETER.findall(self.path)}
        for start, other in _OTHER_NAMES.items():
            if self.path.startswith(API + start):
                names[_PARAMETER.findall(start)[0]] = other
        return names

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
        for name, known_as in self.parameters.items():
            path = re.sub(rf"<(?:\w+:)?{name}>", owner.paths[known_as], path)
        options: dict[str, Any] = {"headers": dict(headers)}
        if self.operation.needs_version and version is not None:
            options["headers"]["If-Match"] = f'"{version}"'
        body = self.operation.body
        if isinstance(body, Upload):
            options["data"] = b"name\n"
        elif isinstance(body, type) and issubclass(body, BaseModel):
            options["json"] = {
                name: value.format_map(owner.paths) if isinstance(value, str) else value
                for name, value in {**ONES_BODIES.get(body.__name__, {}), **more}.items()
            }
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

"""A good body of each route, out of what one person has."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

Place = tuple[str | int, ...]
"""Where something stands in a body: names of fields, and 0 for the first of a list."""


def _batch(reference: str, **fields: Any) -> dict[str, Any]:
    return {"items": [{"external_ref": reference, "fields": fields}]}


ONES_BODIES: Mapping[str, Mapping[str, Any]] = {
    "POST /activities/batch": _batch("{activity_ref}", title="Ring"),
    "POST /addresses/batch": _batch("{address_ref}", city="Ry"),
    "POST /contacts/batch": _batch("{contact_ref}", last_name="Holm"),
    "POST /customers/batch": _batch("{external_ref}", city="Ry"),
    "POST /leads/batch": _batch("{lead_ref}", referrer="Bo"),
    "POST /notes/batch": _batch("{note_ref}", body="called"),
    "POST /opportunities/batch": _batch("{opportunity_ref}", next_step="call"),
    "POST /reminders/batch": _batch("{reminder_ref}", title="call"),
    "ActivityCreate": {
        "kind": "call", "title": "Ring", "subjects": [{"type": "customer", "id": "{customer_id}"}],
    },
    "AssignmentCreate": {
        "ids": ["{customer_id}"], "set": {"owner_user_id": "{user_id}"}, "reason": "x",
    },
    "ComingCreate": {"effective_at": "2999-01-01T00:00:00Z", "changes": {"grace_days": 3}},
    "CustomerCreate": {"name": "Egernsund Teglværk"},
    "ExportCreate": {"dataset": "customers"},
    "LeadCreate": {"company": "Egernsund Teglværk", "customer_id": "{customer_id}"},
    "LookupCreate": {"query": "Egernsund"},
    "ObjectiveCreate": {
        "name": "Calls", "targets": {"calls": 5}, "starts_on": "2026-01-01", "frequency": "weekly",
    },
    "OpportunityCreate": {"name": "Kran 4", "customer_id": "{customer_id}"},
    "ReportCreate": {"name": "Short", "dataset": "customers"},
    "TokenCreate": {"name": "script", "scopes": ["*"]},
    "AbsenceCreate": {"starts_on": "2999-01-04", "ends_on": "2999-01-05"},
    "AbsencePatch": {"reason": "leave"},
    "AccessRequest": {"customer_id": "{customer_id}", "level": "write", "reason": "theirs"},
    "ActivityMove": {"to": "in_progress"},
    "ActivityPatch": {"title": "Ring"},
    "ActivityUpsert": {"title": "Ring"},
    "AddressFields": {"kind": "shipping", "city": "Ry"},
    "AddressPatch": {"city": "Ry"},
    "AddressUpsert": {"city": "Ry"},
    "Assignments": {
        "items": [{"customer_id": "{waiting_customer_id}", "user_id": "{user_id}"}],
        "reason": "x",
    },
    "ClaimRequest": {"customer_ids": ["{waiting_customer_id}"]},
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
    "DecisionsBody": {"customer_ids": ["{sought_customer_id}"], "decision": "approved"},
    "DrawRequest": {"hands": [{"user_id": "{user_id}", "count": 1}]},
    "Entry": {"customer_ids": ["{customer_id}"], "reason": "x"},
    "Recall": {"customer_ids": ["{drawn_customer_id}"], "reason": "x"},
    "DefinitionBody": {
        "name": "Short",
        "states": [
            {"key": "new", "label": "New", "kind": "new"},
            {"key": "won", "label": "Won", "kind": "won"},
        ],
        "transitions": [{"from": "new", "to": "won"}],
    },
    "EntryCreate": {"code": "fair", "label": "Fair"},
    "Dismissal": {"reason": "two shops"},
    "HoldChange": {"reason": "does not pay"},
    "LifecycleChange": {"reason": "has closed down"},
    "GrantCreate": {"team_id": "{grantees_id}"},
    "GrantPatch": {"level": "read"},
    "LinkCreate": {"connection_id": "{open_connection_id}", "remote_id": "99"},
    "LeadPatch": {"referrer": "Bo"},
    "LeadUpsert": {"referrer": "Bo"},
    "Losing": {"lost_reason": "price"},
    "MappingBody": {"pairs": [{"local": "name", "remote": "name"}]},
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
    "OwnershipRequest": {"entity": "opportunities", "ids": ["{opportunity_id}"], "reason": "mine"},
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


def body_of(route: str, model: type[BaseModel], paths: Mapping[str, str]) -> dict[str, Any]:
    """Return the body of a route, by its own name or its model's, with a person's own ids in it."""
    body = ONES_BODIES.get(route, ONES_BODIES.get(model.__name__, {}))
    return {name: _filled(value, paths) for name, value in body.items()}


def _filled(value: Any, paths: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return value.format_map(paths)
    if isinstance(value, Mapping):
        return {name: _filled(each, paths) for name, each in value.items()}
    return [_filled(each, paths) for each in value] if isinstance(value, list) else value


def fields_of(model: type[BaseModel]) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Yield every field of a body however far in, once, with what its JSON schema says of it."""
    schema = model.model_json_schema()
    found: dict[Place, dict[str, Any]] = {}
    for place, node in _nodes(schema, schema.get("$defs", {}), ()):
        found.setdefault(place, {}).update(node)
    yield from found.items()


def put(body: Any, place: Sequence[str | int], value: Any) -> Any:
    """Return a body with a value in a place; what lies on the way there is made."""
    if not place:
        return value
    first, *further = place
    if isinstance(first, int):
        return [put(body[0] if body else {}, further, value), *(body or ())[1:]]
    inner = body if isinstance(body, Mapping) else {}
    return {**inner, first: put(inner.get(first), further, value)}


def _nodes(
    node: Mapping[str, Any], definitions: Mapping[str, Any], place: Place
) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    if "$ref" in node:
        node = definitions[node["$ref"].rpartition("/")[2]]
    if place:
        yield place, node
    for name, each in node.get("properties", {}).items():
        yield from _nodes(each, definitions, (*place, name))
    if "items" in node:
        yield from _nodes(node["items"], definitions, (*place, 0))
    for each in (*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())):
        yield from _nodes(each, definitions, place)

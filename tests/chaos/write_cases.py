"""One valid request for every route that writes."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

from api.dispatch import API
from connectors.sandbox.woocommerce.composing import Composer
from connectors.sandbox.woocommerce.sending import Hook
from hub.access.roles import Role
from hub.ledger.models import JobState
from hub.mail.models import DeliveryState
from hub.plans.models import PlanState
from tests.api.conftest import make_caller
from tests.chaos.made_cases import MADE_CASES
from tests.chaos.requests import Case, Request
from tests.chaos.scene import ROLES, TOMORROWS, Scene
from tests.chaos.sign_in_cases import SIGN_IN_CASES
from tests.hub.hooks.shops import SECRET

CSV = b"Navn;CVR\nNordlys ApS;99000007\n"


def at(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the header that a change of a record as it is needs."""
    return {"If-Match": f'"{record["version"]}"'}


def _on(kind: str, make: Callable[[Scene], Any], action: str, json: Any = None) -> Case:
    def case(scene: Scene) -> Request:
        made = make(scene)
        identifier = made if isinstance(made, UUID) else made["id"]
        return Request(f"/{kind}/{identifier}/{action}", json)

    return case


def _shared(kind: str, make: Callable[[Scene], Any]) -> Case:
    return lambda s: Request(f"/{kind}/{make(s)['id']}/grants", {"user_id": s.user()["id"]})


def _change(kind: str, make: Callable[[Scene], Any], json: Any = None) -> Case:
    def case(scene: Scene) -> Request:
        made = make(scene)
        if isinstance(made, UUID):
            made = scene.get(f"/{kind}/{made}")
        return Request(f"/{kind}/{made['id']}", json, headers=at(made))

    return case


def _released(scene: Scene) -> Request:
    made = scene.customer()
    path = f"/customers/{made['id']}/protection"
    scene.post(path, {"days": 3})
    return Request(path, headers=at(scene.get(f"/customers/{made['id']}")))


def _access_requested(scene: Scene) -> Request:
    customer, asker = scene.customer(), make_caller(Role.REPRESENTATIVE, f"{uuid4()}@example.com")
    body = {"customer_id": customer["id"], "level": "write", "reason": "Kender dem"}
    return Request("/access-requests", body, headers=asker.headers)


def _ownership_requested(scene: Scene) -> Request:
    wanted = scene.opportunity(free=True)
    asker = make_caller(Role.REPRESENTATIVE, f"{uuid4()}@example.com")
    body = {"entity": "opportunities", "ids": [wanted["id"]], "reason": "Min egn"}
    return Request("/ownership-requests", body, headers=asker.headers)


def _me(scene: Scene) -> Request:
    return Request("/me", {"phone": "12345678"}, headers=at(scene.get("/me")))


def _hook(scene: Scene) -> Request:
    connection_id, secret = scene.shop()
    order = Composer("http://shop.example").order(billing={"email": "a@b.example"})
    sent = Hook("http://unused", SECRET).delivery("order.created", order)
    return Request(f"/hooks/{connection_id}/{secret}", data=sent.body, headers=sent.headers)


def _junk(scene: Scene) -> Request:
    """Take a lead away with what was noted, planned and done about it."""
    lead = scene.lead()
    path = f"/leads/{lead['id']}"
    reminder = {"title": "Ring", "on": "2999-01-04"}
    scene.post(f"{path}/notes", {"body": "Ringede", "reminder": reminder})
    for state in ("planned", "done"):
        scene.post(f"{path}/activities", {"kind": "call", "title": "Ring", "state": state})
    return Request(f"{path}?with_notes=true", headers=at(scene.get(path)))


def _severed(scene: Scene) -> Request:
    link = scene.link()
    return Request(f"/customers/{link.customer_id}/links/{link.id}", headers={"If-Match": '"1"'})


def _linked(scene: Scene) -> Request:
    customer = scene.customer()
    scene.empty_queues()  # that of its creation would do for both
    body = {"connection_id": str(scene.accounting), "remote_id": "4711"}
    return Request(f"/customers/{customer['id']}/links", body)


def _upserted(scene: Scene) -> Request:
    return Request(f"/customers/by-external-ref/{scene.name('web')}", {"name": scene.name()})


def _batch(scene: Scene) -> Request:
    known = scene.customer(external_ref=scene.name("erp"))
    items = [
        {"external_ref": known["external_ref"], "fields": {"city": "Ribe"}},
        {"external_ref": scene.name("erp"), "fields": {"name": scene.name()}},
    ]
    return Request("/customers/batch", {"items": items})


def _part_upserted(kind: str, fields: Mapping[str, Any]) -> Case:
    def case(scene: Scene) -> Request:
        whose = {"customer_id": scene.customer()["id"]}
        path = f"/{kind}/by-external-ref/{scene.name('erp')}"
        scene.empty_queues()  # that of the customer's creation is no part of it
        return Request(path, {**fields, **whose})

    return case


def _parts(kind: str, fields: Mapping[str, Any]) -> Case:
    def case(scene: Scene) -> Request:
        whose = {"customer_id": scene.customer()["id"]}
        scene.empty_queues()
        items = [
            {"external_ref": scene.name("erp"), "fields": {**fields, **whose}} for _ in range(2)
        ]
        return Request(f"/{kind}/batch", {"items": items})

    return case


def _call_about(scene: Scene, **fields: Any) -> dict[str, Any]:
    subjects = [{"type": "customer", "id": scene.customer()["id"]}]
    scene.empty_queues()
    return {**_CALL, "subjects": subjects, **fields}


_CALL = {"kind": "call", "title": "Ring"}
_CONTACT = {"last_name": "Holm"}
_ADDRESS = {"kind": "billing", "city": "Ribe", "email": "faktura@havn.example"}
_NOTE = {"body": "Ringet"}
_REMINDER = TOMORROWS


def _new_connection(scene: Scene) -> Request:
    settings = {"base_url": "https://restapi.e-conomic.com", "app_secret_token": "a",
                "agreement_grant_token": "b"}  # fmt: skip
    return Request(
        "/connections", {"name": scene.name(), "connector": "economic", "settings": settings}
    )


def _new_user(scene: Scene) -> Request:
    email = f"{uuid4().hex}@example.com"
    return Request("/users", {"email": email, "name": "Bo", "roles": ["representative"]})


def _looked_up(scene: Scene) -> Request:
    known = scene.customer(cvr="99000015", allow_duplicate=True, reason="test")
    scene.empty_queues()  # that of its creation would do for both
    return Request(f"/customers/{known['id']}/registry-lookup")


def _given(customer: Mapping[str, Any]) -> Request:
    path = f"/customers/{customer['id']}/credit-code"
    return Request(path, {"code": "past_due"}, headers=at(customer))


def _mapping(scene: Scene) -> Request:
    path = f"/connections/{scene.connection()}/mapping"
    return Request(path, {"pairs": scene.get(path)["pairs"][:3]})


def _new(path: str, json: Mapping[str, Any]) -> Case:
    return lambda _: Request(path, dict(json))


def _in_pool(scene: Scene, act: str, make: Callable[[UUID], UUID], **further: object) -> Request:
    pool_id = scene.pool()
    body = {"customer_ids": [str(make(pool_id))], "reason": "egn", **further}
    return Request(f"/pools/{pool_id}/{act}", body)


def _assigned(scene: Scene) -> Request:
    pool_id = scene.pool(managed=True)
    item = {"customer_id": str(scene.waiting(pool_id)), "user_id": str(scene.caller.user_id)}
    return Request(f"/pools/{pool_id}/assignments", {"items": [item], "reason": "egn"})


def _drawn(scene: Scene) -> Request:
    pool_id = scene.pool()
    scene.waiting(pool_id)
    return Request(f"/pools/{pool_id}/draws", {"count": 1})


def _redrafted(scene: Scene) -> Request:
    draft = scene.workflow()
    changed = {k: v for k, v in scene.short_workflow().items() if k not in {"entity", "code"}}
    return Request(f"/workflows/{draft['id']}", changed, headers=at(draft))


def _dead_job(scene: Scene) -> UUID:
    return scene.job(JobState.DEAD)


def _failed_mail(scene: Scene) -> UUID:
    failed = scene.delivery(DeliveryState.FAILED)
    scene.empty_queues()
    return failed


def _restored(scene: Scene) -> Request:
    seen = scene.get("/settings/sharing")
    answer = scene.client.put(
        f"{API}/settings/sharing",
        json={"reference_hours": 24 + seen["version"]},
        headers={**scene.caller.headers, **at(seen)},
    )
    return Request("/settings/sharing/restoration", {"version": 1}, headers=at(answer.json or {}))


_ANNOUNCED = {"effective_at": "2999-01-01T00:00:00Z", "changes": {"reference_hours": 48}}


def _withdrawn(scene: Scene) -> Request:
    made = scene.post("/settings/sharing/coming", _ANNOUNCED)
    return Request(f"/settings/sharing/coming/{made['id']}", headers=at(made))


CASES: Mapping[str, Case] = {
    **SIGN_IN_CASES,
    **MADE_CASES,
    "POST /customers": lambda s: Request(
        "/customers", {"name": s.name(), "cvr": "99000007", **ROLES}
    ),
    "PATCH /customers/<uuid:customer_id>": _change("customers", Scene.customer, {"city": "Ribe"}),
    "DELETE /customers/<uuid:customer_id>": _change("customers", Scene.customer),
    "POST /customers/<uuid:customer_id>/registry-lookup": _looked_up,
    "POST /customers/batch": _batch,
    "PUT /customers/by-external-ref/<path:external_ref>": _upserted,
    "PUT /contacts/by-external-ref/<path:external_ref>": _part_upserted("contacts", _CONTACT),
    "PUT /notes/by-external-ref/<path:external_ref>": _part_upserted("notes", _NOTE),
    "PUT /reminders/by-external-ref/<path:external_ref>": _part_upserted("reminders", _REMINDER),
    "PUT /activities/by-external-ref/<path:external_ref>": lambda s: Request(
        f"/activities/by-external-ref/{s.name('cal')}", _call_about(s)
    ),
    "POST /activities/batch": lambda s: Request(
        "/activities/batch",
        {"items": [{"external_ref": s.name("cal"), "fields": _call_about(s, state="done")}]},
    ),
    "POST /activities": lambda s: Request("/activities", {**_call_about(s), "reminder": TOMORROWS}),
    "POST /customers/<uuid:customer_id>/activities": _on(
        "customers", Scene.customer, "activities", {**_CALL, "state": "done"}
    ),
    "POST /leads/<uuid:lead_id>/activities": _on("leads", Scene.lead, "activities", _CALL),
    "POST /opportunities/<uuid:opportunity_id>/activities": _on(
        "opportunities", Scene.opportunity, "activities", _CALL
    ),
    "PATCH /activities/<uuid:activity_id>": _change(
        "activities", Scene.activity, {"title": "Skriv", "assignee_ids": []}
    ),
    "DELETE /activities/<uuid:activity_id>": _change("activities", Scene.activity),
    "POST /activities/<uuid:activity_id>/transitions": _on(
        "activities", Scene.activity, "transitions", {"to": "done", "outcome": "agreed"}
    ),
    "POST /activities/<uuid:activity_id>/comments": _on(
        "activities", Scene.activity, "comments", {"body": "Ingen svarede"}
    ),
    "POST /activities/<uuid:activity_id>/reminders": _on(
        "activities", Scene.activity, "reminders", TOMORROWS
    ),
    "POST /note-templates": lambda s: Request(
        "/note-templates", {"name": s.name(), "body": "Ringede til {contact}"}
    ),
    "PATCH /note-templates/<uuid:template_id>": _change(
        "note-templates", Scene.note_template, {"active": False}
    ),
    "POST /absences": lambda _: Request(
        "/absences", {"starts_on": "2026-07-01", "ends_on": "2026-07-14", "reason": "ferie"}
    ),
    "PATCH /absences/<uuid:absence_id>": _change("absences", Scene.absence, {"reason": "kursus"}),
    "DELETE /absences/<uuid:absence_id>": _change("absences", Scene.absence),
    "POST /objectives": lambda _: Request(
        "/objectives",
        {
            "name": "Opkald",
            "targets": {"calls": 5},
            "starts_on": "2026-01-01",
            "ends_on": "2026-12-31",
        },
    ),
    "PATCH /objectives/<uuid:objective_id>": _change(
        "objectives", Scene.objective, {"targets": {"calls": 6}}
    ),
    "DELETE /objectives/<uuid:objective_id>": _change("objectives", Scene.objective),
    "POST /objective-templates": lambda s: Request(
        "/objective-templates", {"name": s.name(), "targets": {"calls": 5}}
    ),
    "PATCH /objective-templates/<uuid:objective_template_id>": _change(
        "objective-templates", Scene.objective_template, {"active": False}
    ),
    "POST /contacts/batch": _parts("contacts", _CONTACT),
    "PUT /addresses/by-external-ref/<path:external_ref>": _part_upserted("addresses", _ADDRESS),
    "POST /addresses/batch": _parts("addresses", _ADDRESS),
    "POST /customers/<uuid:customer_id>/addresses": _on(
        "customers", Scene.customer, "addresses", _ADDRESS
    ),
    "PATCH /addresses/<uuid:address_id>": _change("addresses", Scene.address, {"city": "Ry"}),
    "DELETE /addresses/<uuid:address_id>": _change("addresses", Scene.address),
    "POST /notes/batch": _parts("notes", _NOTE),
    "POST /reminders/batch": _parts("reminders", _REMINDER),
    "POST /customers/<uuid:customer_id>/contacts": _on(
        "customers", Scene.customer, "contacts", {"first_name": "Ida", "is_main": True}
    ),
    "PATCH /contacts/<uuid:contact_id>": _change("contacts", Scene.contact, {"job": "Chef"}),
    "DELETE /contacts/<uuid:contact_id>": _change("contacts", Scene.contact),
    "POST /customers/<uuid:customer_id>/ownership": _on(
        "customers", Scene.customer, "ownership", {"owner_user_id": None, "reason": "Givet fri"}
    ),
    "POST /customers/<uuid:customer_id>/taking": _on(
        "customers", Scene.unowned_customer, "taking", {"reason": "Fra listen"}
    ),
    "POST /duplicates/scan": _new("/duplicates/scan", {}),
    "POST /duplicates/<uuid:duplicate_id>/dismissal": _on(
        "duplicates", Scene.duplicate, "dismissal", {"reason": "To butikker"}
    ),
    "POST /registry-lookups": _new("/registry-lookups", {"query": "Nordlys"}),
    "POST /connections": _new_connection,
    "PATCH /connections/<uuid:connection_id>": _change(
        "connections", Scene.connection, {"settings": {"agreement_grant_token": "c"}}
    ),
    "POST /connections/<uuid:connection_id>/test": _on("connections", Scene.connection, "test"),
    "POST /connections/<uuid:connection_id>/activation": _on(
        "connections", Scene.connection, "activation"
    ),
    "POST /connections/<uuid:connection_id>/pause": _on(
        "connections", lambda s: s.connection(state="active"), "pause"
    ),
    "POST /connections/<uuid:connection_id>/hook-secret": _on(
        "connections", lambda s: s.shop()[0], "hook-secret"
    ),
    "POST /connections/<uuid:connection_id>/first-load": _on(
        "connections", Scene.connection, "first-load"
    ),
    "POST /connections/<uuid:connection_id>/pull": _on("connections", Scene.connection, "pull"),
    "PUT /connections/<uuid:connection_id>/mapping": _mapping,
    "POST /conflicts/<uuid:conflict_id>/resolution": _on(
        "conflicts", Scene.conflict, "resolution", {"choice": "remote"}
    ),
    "POST /customers/<uuid:customer_id>/links": _linked,
    "DELETE /customers/<uuid:customer_id>/links/<uuid:link_id>": _severed,
    "POST /assignments": lambda s: Request(
        "/assignments",
        {"ids": [s.customer()["id"]], "set": {"owner_user_id": None}, "reason": "Givet fri"},
    ),
    "POST /plans/<uuid:plan_id>/application": _on(
        "plans", lambda s: s.plan(PlanState.DRAFT), "application"
    ),
    "POST /plans/<uuid:plan_id>/undo": _on("plans", lambda s: s.plan(PlanState.APPLIED), "undo"),
    "POST /users": _new_user,
    "PATCH /users/<uuid:user_id>": _change("users", Scene.user, {"name": "Bodil"}),
    "PATCH /me": _me,
    "POST /roles": lambda _: Request(
        "/roles", {"code": f"r{uuid4().hex}", "label": "Clerk", "rights": ["*:read"]}
    ),
    "PATCH /roles/<uuid:role_id>": _change("roles", Scene.role, {"label": "Clerks"}),
    "DELETE /roles/<uuid:role_id>": _change("roles", Scene.role),
    "POST /teams": lambda s: Request(
        "/teams", {"name": uuid4().hex, "member_ids": [s.user()["id"]]}
    ),
    "PATCH /teams/<uuid:team_id>": _change("teams", Scene.team, {"member_ids": []}),
    "DELETE /teams/<uuid:team_id>": _change("teams", Scene.team),
    "POST /tokens": _new("/tokens", {"name": "script", "scopes": ["*"]}),
    "POST /tokens/<uuid:token_id>/revocation": _on("tokens", Scene.token, "revocation"),
    "POST /deliveries/<uuid:delivery_id>/resend": _on("deliveries", _failed_mail, "resend"),
    "POST /mail/test": _new("/mail/test", {}),
    "POST /customers/<uuid:customer_id>/notes": _on(
        "customers", Scene.customer, "notes", {"body": "Ringede", "reminder": TOMORROWS}
    ),
    "PATCH /notes/<uuid:note_id>": _change("notes", Scene.note, {"body": "Ringede igen"}),
    "DELETE /notes/<uuid:note_id>": _change("notes", Scene.note),
    "POST /catalogues/<catalogue>/entries": lambda _: Request(
        "/catalogues/sources/entries", {"code": f"s{uuid4().hex}", "label": "Messe"}
    ),
    "PATCH /catalogue-entries/<uuid:entry_id>": _change(
        "catalogue-entries", Scene.entry, {"label": "Messen"}
    ),
    "DELETE /catalogue-entries/<uuid:entry_id>": _change("catalogue-entries", Scene.entry),
    "POST /custom-fields": lambda _: Request(
        "/custom-fields",
        {"entity": "lead", "key": f"k{uuid4().hex}", "type": "choice", "label": "Kæledyr"},
    ),
    "PATCH /custom-fields/<uuid:field_id>": _change(
        "custom-fields", Scene.custom_field, {"active": False}
    ),
    "DELETE /custom-fields/<uuid:field_id>": _change("custom-fields", Scene.custom_field),
    "PATCH /number-sequences/<uuid:sequence_id>": _change(
        "number-sequences", Scene.sequence, {"prefix": "EMNE-", "start": 1}
    ),
    "POST /workflows": lambda s: Request("/workflows", s.short_workflow()),
    "PUT /workflows/<uuid:workflow_id>": _redrafted,
    "DELETE /workflows/<uuid:workflow_id>": _change("workflows", Scene.workflow),
    "POST /workflows/<uuid:workflow_id>/publication": _on(
        "workflows", Scene.workflow, "publication", {}
    ),
    "POST /workflows/<uuid:workflow_id>/default": _on(
        "workflows", lambda s: s.workflow(live=True), "default"
    ),
    "POST /workflows/<uuid:workflow_id>/retirement": _on(
        "workflows", lambda s: s.workflow(live=True), "retirement"
    ),
    "POST /leads": _new("/leads", {"company": "Kranen ApS", "source": "website"}),
    "PUT /leads/by-external-ref/<path:external_ref>": lambda s: Request(
        f"/leads/by-external-ref/{s.name('fair')}", {"company": s.name()}
    ),
    "POST /leads/batch": lambda s: Request(
        "/leads/batch", {"items": [{"external_ref": s.name("fair"), "fields": {"company": "A"}}]}
    ),
    "PATCH /leads/<uuid:lead_id>": _change("leads", Scene.lead, {"city": "Ribe"}),
    "DELETE /leads/<uuid:lead_id>": _junk,
    "POST /leads/<uuid:lead_id>/transitions": _on(
        "leads", Scene.lead_with_errands, "transitions", {"to": "talking"}
    ),
    "POST /leads/<uuid:lead_id>/closing": _on(
        "leads", Scene.lead, "closing", {"set_aside_until": "2999-01-04"}
    ),
    "POST /leads/<uuid:lead_id>/conversion": _on(
        "leads", Scene.lead, "conversion", {"opportunity": {}}
    ),
    "POST /leads/<uuid:lead_id>/conversion-previews": _on(
        "leads", Scene.lead, "conversion-previews", {"opportunity": {}}
    ),
    "POST /leads/<uuid:lead_id>/reopening": _on(
        "leads", lambda s: s.lead(closed=True), "reopening", {}
    ),
    "POST /leads/<uuid:lead_id>/ownership": _on(
        "leads", Scene.lead, "ownership", {"owner_user_id": None, "reason": "Givet fri"}
    ),
    "POST /leads/<uuid:lead_id>/taking": _on(
        "leads", lambda s: s.lead(free=True), "taking", {"reason": "Min egn"}
    ),
    "POST /opportunities": _new("/opportunities", {"name": "Kran 4", "amount": "1200.00"}),
    "PUT /opportunities/by-external-ref/<path:external_ref>": lambda s: Request(
        f"/opportunities/by-external-ref/{s.name('erp')}", {"name": s.name()}
    ),
    "POST /opportunities/batch": lambda s: Request(
        "/opportunities/batch",
        {"items": [{"external_ref": s.name("erp"), "fields": {"name": "A"}}]},
    ),
    "PATCH /opportunities/<uuid:opportunity_id>": _change(
        "opportunities", Scene.opportunity, {"probability": 35}
    ),
    "DELETE /opportunities/<uuid:opportunity_id>": _change("opportunities", Scene.opportunity),
    "POST /opportunities/<uuid:opportunity_id>/transitions": _on(
        "opportunities", Scene.opportunity, "transitions", {"to": "qualification"}
    ),
    "POST /opportunities/<uuid:opportunity_id>/next": _on(
        "opportunities", Scene.opportunity, "next", {}
    ),
    "POST /opportunities/<uuid:opportunity_id>/won": _on(
        "opportunities", Scene.opportunity, "won", {"close": True}
    ),
    "POST /opportunities/<uuid:opportunity_id>/lost": _on(
        "opportunities", Scene.opportunity, "lost", {"lost_reason": "price"}
    ),
    "POST /opportunities/<uuid:opportunity_id>/closing": _on(
        "opportunities", lambda s: s.opportunity(lost=True), "closing", {}
    ),
    "POST /opportunities/<uuid:opportunity_id>/reopening": _on(
        "opportunities", lambda s: s.opportunity(closed=True), "reopening", {}
    ),
    "POST /opportunities/<uuid:opportunity_id>/ownership": _on(
        "opportunities",
        Scene.opportunity,
        "ownership",
        {"owner_user_id": None, "reason": "Givet fri"},
    ),
    "POST /opportunities/<uuid:opportunity_id>/taking": _on(
        "opportunities", lambda s: s.opportunity(free=True), "taking", {"reason": "Min egn"}
    ),
    "POST /opportunities/<uuid:opportunity_id>/notes": _on(
        "opportunities", Scene.opportunity, "notes", {"body": "Ringede", "reminder": TOMORROWS}
    ),
    "POST /opportunities/<uuid:opportunity_id>/reminders": _on(
        "opportunities", Scene.opportunity, "reminders", TOMORROWS
    ),
    "POST /leads/<uuid:lead_id>/notes": _on(
        "leads", Scene.lead, "notes", {"body": "Ringede", "reminder": TOMORROWS}
    ),
    "POST /leads/<uuid:lead_id>/reminders": _on("leads", Scene.lead, "reminders", TOMORROWS),
    "POST /problems/<uuid:problem_id>/retry": _on("problems", Scene.problem, "retry"),
    "POST /customers/<uuid:customer_id>/reminders": _on(
        "customers", Scene.customer, "reminders", TOMORROWS
    ),
    "PATCH /reminders/<uuid:reminder_id>": _change("reminders", Scene.reminder, {"title": "Skriv"}),
    "POST /reminders/<uuid:reminder_id>/done": _on("reminders", Scene.reminder, "done"),
    "POST /reminders/<uuid:reminder_id>/cancellation": _on(
        "reminders", Scene.reminder, "cancellation"
    ),
    "POST /jobs/<uuid:job_id>/replay": _on("jobs", _dead_job, "replay"),
    "POST /jobs/<uuid:job_id>/cancellation": _on(
        "jobs", lambda s: s.job(JobState.QUEUED), "cancellation"
    ),
    "POST /jobs/replays": lambda s: Request("/jobs/replays", {"ids": [str(_dead_job(s))]}),
    "POST /exports": _new("/exports", {"dataset": "customers", "format": "csv"}),
    "POST /reports": _new("/reports", {"name": "Mine", "dataset": "customers", "query": {}}),
    "PATCH /reports/<uuid:report_id>": _change("reports", Scene.report, {"format": "csv"}),
    "DELETE /reports/<uuid:report_id>": _change("reports", Scene.report),
    "POST /reports/<uuid:report_id>/schedules": lambda s: Request(
        f"/reports/{s.report()['id']}/schedules", s.weekly()
    ),
    "PATCH /schedules/<uuid:schedule_id>": _change("schedules", Scene.schedule, {"active": False}),
    "DELETE /schedules/<uuid:schedule_id>": _change("schedules", Scene.schedule),
    "POST /schedules/<uuid:schedule_id>/run-now": _on("schedules", Scene.schedule, "run-now"),
    "POST /imports": lambda _: Request(
        "/imports?entity=customers&name=kunder.csv", data=CSV, headers={"Content-Type": "text/csv"}
    ),
    "POST /hooks/<uuid:connection_id>/<secret>": _hook,
    "POST /approvals/<uuid:approval_id>/approval": _on("approvals", Scene.approval, "approval", {}),
    "POST /approvals/<uuid:approval_id>/refusal": _on(
        "approvals", Scene.approval, "refusal", {"reason": "For dyrt"}
    ),
    "POST /approvals/<uuid:approval_id>/withdrawal": _on(
        "approvals", lambda s: s.approval(own=True), "withdrawal", {}
    ),
    "POST /customers/<uuid:customer_id>/hold": _on(
        "customers", Scene.customer, "hold", {"reason": "Betaler ikke"}
    ),
    "POST /customers/<uuid:customer_id>/archiving": _on(
        "customers", Scene.customer, "archiving", {"reason": "Lukket"}
    ),
    "POST /customers/<uuid:customer_id>/taking-up": _on(
        "customers", Scene.archived_customer, "taking-up", {"reason": "Åbnet igen"}
    ),
    "POST /customers/<uuid:customer_id>/hold-release": _on(
        "customers", Scene.held_customer, "hold-release", {"reason": "Har betalt"}
    ),
    "PUT /customers/<uuid:customer_id>/credit-code": lambda s: _given(s.customer()),
    "POST /customers/<uuid:customer_id>/transaction-approvals": _on(
        "customers",
        Scene.new_account,
        "transaction-approvals",
        {"action": "order", "reference": "1001", "reason": "Første ordre"},
    ),
    "POST /credit-codes": lambda _: Request(
        "/credit-codes", {"code": f"c{uuid4().hex}", "label": "Hold øje", "effect": "warn"}
    ),
    "PATCH /credit-codes/<uuid:code_id>": _change(
        "credit-codes", Scene.credit_code, {"label": "Andet"}
    ),
    "PUT /settings/credit": lambda s: Request(
        "/settings/credit", {"automatic": "past_due"}, headers=at(s.get("/settings/credit"))
    ),
    "PUT /settings/outside": lambda s: Request(
        "/settings/outside", {"held": True}, headers=at(s.get("/settings/outside"))
    ),
    "PUT /settings/portal": lambda s: Request(
        "/settings/portal", {"cart": True}, headers=at(s.get("/settings/portal"))
    ),
    "POST /settings/<string:key>/coming": lambda _: Request("/settings/sharing/coming", _ANNOUNCED),
    "DELETE /settings/<string:key>/coming/<uuid:coming_id>": _withdrawn,
    "PUT /settings/entry": lambda s: Request(
        "/settings/entry",
        {"rules": [{"entity": "customer", "field": "industry", "duplicates": "warn"}]},
        headers=at(s.get("/settings/entry")),
    ),
    "PUT /settings/assignment": lambda s: Request(
        "/settings/assignment",
        {"customers": {"roles": ["administrator"]}},
        headers=at(s.get("/settings/assignment")),
    ),
    "POST /pools": lambda _: Request("/pools", {"name": uuid4().hex, "held_quota": 5}),
    "PATCH /pools/<uuid:pool_id>": _change("pools", Scene.pool, {"daily_quota": 3}),
    "DELETE /pools/<uuid:pool_id>": _change("pools", Scene.pool),
    "POST /pools/<uuid:pool_id>/entries": lambda s: _in_pool(
        s, "entries", lambda _: UUID(s.customer()["id"])
    ),
    "POST /pools/<uuid:pool_id>/recalls": lambda s: _in_pool(s, "recalls", s.held),
    "POST /pools/<uuid:pool_id>/claims": lambda s: _in_pool(s, "claims", s.waiting),
    "POST /pools/<uuid:pool_id>/applications": lambda s: _in_pool(s, "applications", s.waiting),
    "POST /pools/<uuid:pool_id>/decisions": lambda s: _in_pool(
        s, "decisions", s.applied, decision="approved"
    ),
    "POST /pools/<uuid:pool_id>/assignments": _assigned,
    "POST /pools/<uuid:pool_id>/draws": _drawn,
    "POST /customers/<uuid:customer_id>/grants": _shared("customers", Scene.customer),
    "POST /leads/<uuid:lead_id>/grants": _shared("leads", Scene.lead),
    "POST /opportunities/<uuid:opportunity_id>/grants": _shared("opportunities", Scene.opportunity),
    "PATCH /grants/<uuid:grant_id>": _change("grants", Scene.grant, {"level": "write"}),
    "DELETE /grants/<uuid:grant_id>": _change("grants", Scene.grant),
    "POST /access-requests": _access_requested,
    "POST /ownership-requests": _ownership_requested,
    "POST /customers/<uuid:customer_id>/protection": _on(
        "customers", Scene.customer, "protection", {"days": 3}
    ),
    "DELETE /customers/<uuid:customer_id>/protection": _released,
    "PUT /settings/sharing": lambda s: Request(
        "/settings/sharing", {"access_days": 9}, headers=at(s.get("/settings/sharing"))
    ),
    "PUT /settings/opportunities": lambda s: Request(
        "/settings/opportunities",
        {"copies_customer_note": True},
        headers=at(s.get("/settings/opportunities")),
    ),
    "PUT /settings/protection": lambda s: Request(
        "/settings/protection", {"longest_days": 9}, headers=at(s.get("/settings/protection"))
    ),
    "POST /settings/<string:key>/restoration": _restored,
    "PUT /settings/approvals": lambda s: Request(
        "/settings/approvals",
        {"expires_after_days": 30},
        headers=at(s.get("/settings/approvals")),
    ),
}
"""By method and path, as the routes declare them."""

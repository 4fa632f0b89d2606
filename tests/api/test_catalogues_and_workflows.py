"""Catalogues and workflows over HTTP: what an installation says itself, and what holds it."""

import re
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from hub.db import transaction
from hub.leads.models import Lead
from hub.workflow import services
from hub.workflow.models import Workflow
from tests.api.asking import get, post, remove
from tests.api.client import ApiClient
from tests.api.conftest import Caller
from tests.people import make_customer

API = "/api/v1"


def send(
    client: ApiClient, caller: Caller, method: str, path: str, body: Any = None, *,
    status: int = 200, version: int | None = None,
) -> Any:  # fmt: skip
    headers = dict(caller.headers)
    if version is not None:
        headers["If-Match"] = f'"{version}"'
    answer = getattr(client, method)(f"{API}{path}", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json if answer.text else None


def entry_of(client: ApiClient, caller: Caller, name: str, code: str) -> Any:
    path = f"/catalogues/{name}/entries?code={code}"
    [found] = send(client, caller, "get", path)["items"]
    return found


def workflow_of(client: ApiClient, caller: Caller, entity: str, code: str) -> Any:
    path = f"/workflows?entity={entity}&code={code}&status=live"
    [found] = send(client, caller, "get", path)["items"]
    return found


def lead(client: ApiClient, caller: Caller, **fields: Any) -> Any:
    return send(client, caller, "post", "/leads", {"company": "Kranen", **fields}, status=201)


def broken(answer: Any) -> list[tuple[str, str]]:
    return [(each["pointer"], each["code"]) for each in answer["errors"]]


DEFINITION: dict[str, Any] = {
    "entity": "lead",
    "code": "cetec",
    "name": "Kort vej",
    "states": [
        {"key": "pending_qualification", "label": "Ny", "kind": "new"},
        {"key": "talking", "label": "I dialog", "kind": "working", "default_probability": 40},
        {"key": "customer", "label": "Kunde", "kind": "won"},
    ],
    "transitions": [
        {"from": "pending_qualification", "to": "talking"},
        {"from": "talking", "to": "customer", "needs_reason": True},
    ],
}


def test_a_catalogue_lists_its_entries_with_how_many_leads_are_open_and_closed(
    client: ApiClient, administrator: Caller
) -> None:
    lead(client, administrator, source="advert")
    closed = lead(client, administrator, source="advert")
    send(client, administrator, "post", f"/leads/{closed['id']}/closing", {})

    names = {
        each["name"]: each for each in send(client, administrator, "get", "/catalogues")["items"]
    }
    assert names["sources"]["used_by"] == ["customers", "leads", "opportunities"]
    entries = send(client, administrator, "get", "/catalogues/sources/entries")["items"]
    assert [each["code"] for each in entries][:3] == ["cold_call", "advert", "trade_show"]
    assert entries[1]["used_by"] == {"leads": {"total": 2, "open": 1, "closed": 1}}
    assert entries[0]["used_by"] == {}
    assert send(client, administrator, "get", "/catalogues/none/entries", status=404)


def test_an_entry_is_added_renamed_and_retired_and_whoever_has_it_keeps_it(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    body = {"code": "fair_2027", "label": "Messe 2027"}
    path = "/catalogues/sources/entries"
    send(client, representative, "post", path, body, status=403)
    made = send(client, administrator, "post", path, body, status=201)
    taken = send(client, administrator, "post", path, body, status=409)
    assert (taken["code"], taken["details"]["pointer"]) == ("taken", "/code")
    had = lead(client, administrator, source="fair_2027")

    entry = f"/catalogue-entries/{made['id']}"
    retired = send(
        client, administrator, "patch", entry, {"active": False, "label": "Messen"}, version=1
    )
    assert (retired["active"], retired["label"], retired["version"]) == (False, "Messen", 2)
    refused = send(
        client, administrator, "post", "/leads", {"company": "A", "source": "fair_2027"}, status=422
    )
    assert broken(refused) == [("/source", "retired")]
    kept = send(
        client, administrator, "patch", f"/leads/{had['id']}",
        {"source": "fair_2027", "city": "Ry"}, version=1,
    )  # fmt: skip
    assert (kept["source"], kept["city"]) == ("fair_2027", "Ry")


def test_an_entry_in_use_is_not_deleted_and_an_unused_one_leaves_its_code_behind(
    client: ApiClient, administrator: Caller
) -> None:
    keeper = lead(client, administrator, source="advert")
    advert = entry_of(client, administrator, "sources", "advert")
    unused = entry_of(client, administrator, "sources", "cold_call")

    held = send(
        client, administrator, "delete", f"/catalogue-entries/{advert['id']}", version=1, status=409
    )
    assert (held["code"], held["details"]) == (
        "in_use",
        {"count": 1, "kinds": {"lead": 1}, "others": False,
         "blockers": [{"entity": "lead", "id": keeper["id"]}]},
    )  # fmt: skip
    send(
        client, administrator, "delete", f"/catalogue-entries/{unused['id']}", version=1, status=204
    )
    body = {"code": "cold_call", "label": "Igen"}
    assert send(client, administrator, "post", "/catalogues/sources/entries", body, status=409)


def test_notes_have_types_of_the_catalogue(client: ApiClient, administrator: Caller) -> None:
    made = lead(client, administrator)
    path = f"/leads/{made['id']}/notes"

    refused = send(client, administrator, "post", path, {"body": "Hej", "type": "fax"}, status=422)
    assert broken(refused) == [("/type", "unknown")]
    fax = {"code": "fax", "label": "Telefax"}
    send(client, administrator, "post", "/catalogues/note_types/entries", fax, status=201)
    note = send(client, administrator, "post", path, {"body": "Hej", "type": "fax"}, status=201)
    assert note["type_label"] == "Telefax"


def test_the_templates_of_three_systems_are_there_and_cetecs_is_that_of_leads(
    client: ApiClient, administrator: Caller
) -> None:
    live = send(client, administrator, "get", "/workflows?status=live&limit=50")["items"]

    assert sorted((each["entity"], each["code"], each["is_default"]) for each in live) == [
        ("lead", "axelor", False), ("lead", "cetec", True), ("lead", "tracelink", False),
        ("opportunity", "axelor", True), ("opportunity", "cetec", False),
        ("opportunity", "tracelink", False),
    ]  # fmt: skip
    cetec = workflow_of(client, administrator, "lead", "cetec")
    assert [(each["key"], each["kind"]) for each in cetec["states"]] == [
        ("pending_qualification", "new"), ("development", "working"), ("quoting", "working"),
        ("customer", "won"), ("inactive", "parked"),
    ]  # fmt: skip
    assert cetec["states"][3]["forced_probability"] == 100


@pytest.mark.parametrize(("entity", "code"), [("lead", "cetec"), ("opportunity", "axelor")])
def test_a_workflow_is_shown_as_a_picture(
    client: ApiClient, administrator: Caller, entity: str, code: str
) -> None:
    workflow = workflow_of(client, administrator, entity, code)
    path = f"/workflows/{workflow['id']}"

    diagram = send(client, administrator, "get", f"{path}/diagram")
    drawn = client.get(f"{API}{path}/diagram.svg", headers=administrator.headers)

    assert drawn.content_type == "image/svg+xml"
    picture = ET.fromstring(drawn.text)  # noqa: S314 - our own picture
    space = {"s": "http://www.w3.org/2000/svg"}
    texts = [each.text for each in picture.findall(".//s:text", space)]
    assert texts == [each["label"] for each in diagram["nodes"]]
    arrows = picture.findall("s:path", space)
    assert len(arrows) == len(diagram["edges"]) == len(workflow["transitions"])
    width, height = (float(each) for each in picture.attrib["viewBox"].split()[2:])
    ends = [re.findall(r"-?\d+", arrow.attrib["d"]) for arrow in arrows]
    assert all(0 <= float(x) <= width for end in ends for x in end[::2])
    assert all(0 <= float(y) <= height for end in ends for y in end[1::2])
    corners = [(node["x"], node["y"]) for node in diagram["nodes"]]
    assert len(set(corners)) == len(corners)


def test_a_revision_is_drafted_published_and_records_follow_where_they_are_sent(
    client: ApiClient, administrator: Caller
) -> None:
    staying, moving = lead(client, administrator), lead(client, administrator)
    path = f"/leads/{moving['id']}/transitions"
    send(client, administrator, "post", path, {"to": "development"})
    draft = send(client, administrator, "post", "/workflows", DEFINITION, status=201)
    assert (draft["revision"], draft["status"]) == (2, "draft")
    again = send(client, administrator, "post", "/workflows", DEFINITION, status=409)
    assert again["code"] == "draft_exists"
    publication = f"/workflows/{draft['id']}/publication"

    held = send(client, administrator, "post", publication, {}, status=409)
    assert (held["code"], held["details"]) == ("state_in_use", {"states": {"development": 1}})
    wrong = send(
        client, administrator, "post", publication, {"moves": {"development": "x"}}, status=422
    )
    assert broken(wrong) == [("/moves/development", "unknown")]
    live = send(client, administrator, "post", publication, {"moves": {"development": "talking"}})
    assert (live["status"], live["is_default"]) == ("live", True)

    new = lead(client, administrator)
    assert new["state"]["workflow_id"] == live["id"]
    with transaction() as session:
        workflow = session.get_one(Workflow, UUID(live["id"]))
        assert services.follow(session, workflow, limit=1) == 1
        assert services.follow(session, workflow, limit=9) == 1
        assert services.follow(session, workflow, limit=9) == 0
        found = {str(each): session.get_one(Lead, UUID(each)).state
                 for each in (staying["id"], moving["id"])}  # fmt: skip
    assert found == {staying["id"]: "pending_qualification", moving["id"]: "talking"}
    [before] = send(client, administrator, "get", "/workflows?code=cetec&status=retired")["items"]
    assert before["revision"] == 1


def test_a_workflow_counts_the_records_in_each_state_that_the_reader_sees(
    client: ApiClient, administrator: Caller, representative: Caller, private: None
) -> None:
    for caller, number in ((administrator, 2), (representative, 1)):
        for _ in range(number):
            lead(client, caller)

    shown = [workflow_of(client, each, "lead", "cetec")["states"]
             for each in (administrator, representative)]  # fmt: skip

    assert [[state["records"] for state in states] for states in shown] == [
        [3, 0, 0, 0, 0], [1, 0, 0, 0, 0],
    ]  # fmt: skip


def test_a_way_may_ask_for_a_reason_and_a_draft_is_no_live_one(
    client: ApiClient, administrator: Caller
) -> None:
    draft = send(
        client, administrator, "post", "/workflows", {**DEFINITION, "code": "kort"}, status=201
    )
    body = {"company": "A", "workflow": "kort"}
    refused = send(client, administrator, "post", "/leads", body, status=422)
    assert broken(refused) == [("/workflow", "unknown")]
    send(client, administrator, "post", f"/workflows/{draft['id']}/publication", {})
    send(client, administrator, "delete", f"/workflows/{draft['id']}", version=2, status=409)

    made = send(client, administrator, "post", "/leads", body, status=201)
    path = f"/leads/{made['id']}/transitions"
    moved = send(client, administrator, "post", path, {"to": "talking"})
    assert moved["probability"] == 40
    bare = send(client, administrator, "post", path, {"to": "customer"}, status=422)
    assert broken(bare) == [("/reason", "required")]
    won = send(
        client, administrator, "post", path, {"to": "customer", "reason": "Ja", "close": True}
    )
    assert (won["is_open"], won["probability"]) == (False, 100)


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"states": DEFINITION["states"][1:]}, [("/states/0/kind", "initial"),
                                                ("/transitions/0/from", "unknown")]),
        ({"transitions": DEFINITION["transitions"][:1]}, [("/states/2", "unreachable")]),
        ({"transitions": [{"from": "talking", "to": "talking"}]},
         [("/transitions/0/to", "itself")]),
        ({"transitions": [*DEFINITION["transitions"], DEFINITION["transitions"][0]]},
         [("/transitions/2", "repeated")]),
        ({"transitions": [{**DEFINITION["transitions"][0], "guard": "moon"}]},
         [("/transitions/0/guard", "unknown")]),
        ({"entity": "invoice"}, [("/entity", "unknown")]),
    ],
)  # fmt: skip
def test_a_definition_that_cannot_work_is_refused_by_name(
    client: ApiClient, administrator: Caller, change: Any, rules: list[tuple[str, str]]
) -> None:
    answer = send(client, administrator, "post", "/workflows", DEFINITION | change, status=422)

    assert broken(answer) == rules


def test_fixed_states_stay_in_every_revision(client: ApiClient, administrator: Caller) -> None:
    renamed = {
        **DEFINITION,
        "entity": "lead",
        "code": "tracelink",
        "states": [
            {"key": "offer_missing", "label": "Mangler", "kind": "new"},
            {"key": "won", "label": "Hurra", "kind": "won", "fixed": True},
        ],
        "transitions": [{"from": "offer_missing", "to": "won"}],
    }

    answer = send(client, administrator, "post", "/workflows", renamed, status=422)

    assert broken(answer) == [("/states", "fixed"), ("/states", "fixed")]  # won and lost


def test_the_default_is_not_retired_and_another_can_be_the_default(
    client: ApiClient, administrator: Caller
) -> None:
    cetec = workflow_of(client, administrator, "lead", "cetec")
    axelor = workflow_of(client, administrator, "lead", "axelor")

    held = send(client, administrator, "post", f"/workflows/{cetec['id']}/retirement", status=409)
    assert held["code"] == "default"
    send(client, administrator, "post", f"/workflows/{axelor['id']}/default")
    assert lead(client, administrator)["state"]["key"] == "new"
    retired = send(client, administrator, "post", f"/workflows/{cetec['id']}/retirement")
    assert retired["status"] == "retired"


def with_errands(*errands: dict[str, Any], on_way: tuple[dict[str, Any], ...] = ()) -> Any:
    """Return the definition with something to be done on coming to its second state."""
    first, second, third = DEFINITION["states"]
    way, last = DEFINITION["transitions"]
    return {
        **DEFINITION,
        "states": [first, {**second, "on_enter": list(errands)}, third],
        "transitions": [{**way, "on_enter": list(on_way)}, last],
    }


RING = {
    "do": "activity", "kind": "call", "title": "Ring til {name}", "due_in": 2,
    "unit": "working_days", "for": "assignee",
}  # fmt: skip
TELL = {"do": "mail", "title": "{number} er i dialog", "text": "Se den igennem", "for": "manager"}


def test_what_is_done_on_entering_a_state_is_shown_previewed_done_and_logged(
    client: ApiClient, administrator: Caller
) -> None:
    draft = send(client, administrator, "post", "/workflows", with_errands(RING, on_way=(TELL,)),
                 status=201)  # fmt: skip
    assert draft["states"][1]["on_enter"] == [{**RING, "text": None}]
    assert draft["transitions"][0]["on_enter"] == [
        {**TELL, "kind": None, "due_in": None, "unit": "days"}
    ]
    send(client, administrator, "post", f"/workflows/{draft['id']}/publication", {})
    made = lead(client, administrator)
    path = f"/leads/{made['id']}/transitions"

    [target] = send(client, administrator, "get", path)["targets"]
    assert [(each["do"], each["title"], each["user_id"]) for each in target["on_enter"]] == [
        ("activity", "Ring til Kranen", str(administrator.user_id)),
        ("mail", f"{made['number']} er i dialog", str(administrator.user_id)),
    ]
    send(client, administrator, "post", path, {"to": "talking"})

    [move] = send(client, administrator, "get", path)["log"]
    activity, mail = move["done"]
    shown = send(client, administrator, "get", f"/activities/{activity['made']['id']}")
    assert (shown["title"], shown["kind"]) == ("Ring til Kranen", "call")
    assert activity["due_on"] == target["on_enter"][0]["due_on"] == shown["due"]["on"]
    assert mail["made"]["entity"] == "delivery"
    listed = send(client, administrator, "get", "/deliveries?kind=move")["items"]
    assert [each["id"] for each in listed] == [mail["made"]["id"]]


def test_an_idempotent_move_does_what_is_to_be_done_once(
    client: ApiClient, administrator: Caller
) -> None:
    draft = send(client, administrator, "post", "/workflows", with_errands(RING), status=201)
    send(client, administrator, "post", f"/workflows/{draft['id']}/publication", {})
    made = lead(client, administrator)
    headers = {**administrator.headers, "Idempotency-Key": "once"}
    path = f"{API}/leads/{made['id']}/transitions"

    answers = [client.post(path, json={"to": "talking"}, headers=headers) for _ in range(2)]

    assert [each.status_code for each in answers] == [200, 200]
    assert len(send(client, administrator, "get", "/activities")["items"]) == 1


def test_the_picture_tells_what_is_done(client: ApiClient, administrator: Caller) -> None:
    draft = send(client, administrator, "post", "/workflows", with_errands(RING, on_way=(TELL,)),
                 status=201)  # fmt: skip
    path = f"/workflows/{draft['id']}/diagram"

    diagram = send(client, administrator, "get", path)
    drawn = client.get(f"{API}{path}.svg", headers=administrator.headers)

    told = "Activity: Ring til {name} (2 working days, assignee)"
    assert [node["on_enter"] for node in diagram["nodes"]] == [[], [told], []]
    mailed = "Mail: {number} er i dialog (manager)"
    assert [edge["on_enter"] for edge in diagram["edges"]] == [[mailed], []]
    picture = ET.fromstring(drawn.text)  # noqa: S314 - our own picture
    space = {"s": "http://www.w3.org/2000/svg"}
    hints = [each.text for each in picture.findall(".//s:g/s:title", space)]
    assert hints == [mailed, told]
    marks = [each.text for each in picture.findall(".//s:text", space) if each.text == "1"]
    assert len(marks) == 2
    width, height = (float(each) for each in picture.attrib["viewBox"].split()[2:])
    for circle in picture.findall(".//s:circle", space):
        assert 0 < float(circle.attrib["cx"]) < width
        assert 0 < float(circle.attrib["cy"]) < height


@pytest.mark.parametrize(
    ("errand", "fault"),
    [
        ({"do": "dance"}, ("/states/1/on_enter/0/do", "invalid")),
        ({**RING, "due_in": 1000}, ("/states/1/on_enter/0/due_in", "invalid")),
        ({**RING, "for": "nobody"}, ("/states/1/on_enter/0/for", "invalid")),
        ({**RING, "kind": "dance"}, ("/states/1/on_enter/0/kind", "unknown")),
        ({**RING, "title": "{phone}"}, ("/states/1/on_enter/0/title", "placeholder")),
        ({"do": "follow_up", "due_in": 1}, ("/states/1/on_enter/0/do", "unknown")),
    ],
)
def test_what_cannot_be_done_is_refused_field_by_field(
    client: ApiClient, administrator: Caller, errand: dict[str, Any], fault: tuple[str, str]
) -> None:
    answer = send(client, administrator, "post", "/workflows", with_errands(errand), status=422)

    [(pointer, code)] = broken(answer)
    assert pointer == fault[0]
    assert fault[1] in {code, "invalid"}


def test_types_of_notes_are_counted_by_the_notes_and_templates_that_keep_them(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    with transaction() as session:
        customer = make_customer(session, owner_user_id=representative.user_id)
    for kind in ("call", "call", "visit"):
        body = {"body": "a", "type": kind}
        post(client, representative, f"/customers/{customer.id}/notes", body)
    template = {"name": "a", "body": "a", "type": "visit"}
    post(client, administrator, "/note-templates", template)

    entries = get(client, administrator, "/catalogues/note_types/entries")["items"]

    used = {each["code"]: each["used_by"] for each in entries}
    assert {name: each["total"] for name, each in used["call"].items()} == {"notes": 2}
    assert {name: each["total"] for name, each in used["visit"].items()} == {
        "notes": 1, "note-templates": 1,
    }  # fmt: skip
    call = next(each for each in entries if each["code"] == "call")
    assert remove(client, administrator, "/catalogue-entries", call).json["code"] == "in_use"

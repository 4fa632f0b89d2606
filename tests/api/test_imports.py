import io
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from openpyxl import load_workbook

import workers.tasks  # noqa: F401 - registers the bodies
from hub.access.roles import Role
from hub.ledger.tasks import TaskName
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller, narrow
from tests.hub.imports.uploads import customers
from tests.workers.reading.makers import make_workbook
from tests.workers.reading.test_hostile_workbooks import HOSTILE
from tests.workers.reading.test_workbooks import make_sheets
from workers import chain
from workers.chain import drain

FILE = "id;Navn;CVR;Farve\n1;Nordlys ApS;99000007;rød\n2;Forkert;123;blå\n".encode()

FOREIGN = """id,source,name,address,zip,phone
1,a,LUCY SCHOOL,1 N Test St,60601,312 555 0142
2,b,Tømrer Prøve,Prøvevej 2,8000,70 00 00 07
3,b,Lommen,Prøvevej 3,8000,
4,c,HOME DAYCARE,9 W Test Ave,60602,(312) 555-0199
""".encode()
"""A file of two countries, as somebody new sends it: with no option."""


def upload(client: ApiClient, caller: Caller, content: bytes = FILE, **query: Any) -> Reply:
    return client.post(
        "/api/v1/imports",
        headers=caller.headers | {"Content-Type": "text/csv"},
        query_string={"name": "kunder.csv", **query},
        data=content,
    )


def uploaded(client: ApiClient, caller: Caller, content: bytes = FILE, **query: Any) -> str:
    answer = upload(client, caller, content, **query)
    assert answer.status_code == 202, answer.text
    work()
    return str(answer.json["id"])


def work() -> None:
    for task in (
        TaskName.ANALYSE_FILE, TaskName.APPLY_IMPORT, TaskName.UNDO_IMPORT,
        TaskName.RENDER_IMPORT_RESULT,
    ):  # fmt: skip
        drain(task)


def get(client: ApiClient, caller: Caller, path: str, **query: Any) -> Any:
    answer = client.get(f"/api/v1/imports/{path}", headers=caller.headers, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


def post(client: ApiClient, caller: Caller, path: str, **options: Any) -> Reply:
    return client.post(f"/api/v1/imports/{path}", headers=caller.headers, **options)


def test_an_upload_is_previewed_applied_and_taken_back(
    client: ApiClient, administrator: Caller
) -> None:
    answer = upload(client, administrator)
    identifier = answer.json["id"]
    job_path = answer.headers["Location"]
    work()
    planned = get(client, administrator, identifier)
    before = customers()
    applied_answer = post(client, administrator, f"{identifier}/application")
    work()
    applied = get(client, administrator, identifier)
    made = customers()
    undo_answer = post(client, administrator, f"{identifier}/undo")
    work()
    undone = get(client, administrator, identifier)

    assert (answer.status_code, answer.json["state"]) == (202, "uploaded")
    assert job_path.startswith("/api/v1/jobs/")
    assert (planned["state"], planned["counters"]) == (
        "planned", {"items": 2, "create": 1, "refuse": 1},
    )  # fmt: skip
    assert planned["unknown_columns"] == ["Farve"]
    assert planned["source"] == {
        "kind": "csv", "sheet": None, "sheets": [], "header_row": 1, "encoding": "utf-8",
        "delimiter": ";",
    }  # fmt: skip
    assert before == []
    assert (applied_answer.status_code, undo_answer.status_code) == (202, 202)
    assert (applied["state"], applied["counters"]) == (
        "partial", {"items": 2, "create": 1, "refuse": 1, "done": 1, "skipped": 1},
    )  # fmt: skip
    assert [(c.name, c.channel, c.owner_user_id) for c in made] == [("Nordlys ApS", "import", None)]
    assert (undone["state"], customers()) == ("undone", [])


def test_the_rows_say_what_is_done_and_why_in_the_readers_language(
    client: ApiClient, administrator: Caller
) -> None:
    identifier = uploaded(client, administrator)

    items = get(client, administrator, f"{identifier}/rows")["items"]
    refused = get(client, administrator, f"{identifier}/rows", action="refuse")["items"]

    assert [(item["row"], item["action"], item["external_ref"]) for item in items] == [
        (2, "create", "1"),
        (3, "refuse", None),
    ]
    assert items[0]["after"] == {"external_ref": "1", "name": "Nordlys ApS", "cvr": "99000007"}
    assert len(refused) == 1
    assert [(r["pointer"], r["column"]) for r in refused[0]["reasons"]] == [("/cvr", "CVR")]


def test_rows_with_phones_of_another_country_come_in_without_them_and_say_so(
    client: ApiClient, administrator: Caller
) -> None:
    identifier = uploaded(client, administrator, FOREIGN)

    planned = get(client, administrator, identifier)
    left_out = get(client, administrator, f"{identifier}/rows", left_out="true")["items"]
    whole = get(client, administrator, f"{identifier}/rows", left_out="false")["items"]
    post(client, administrator, f"{identifier}/application")
    work()
    applied = get(client, administrator, identifier)
    result = client.get(f"/api/v1/imports/{identifier}/result", headers=administrator.headers)

    told = [
        "Left out, for it is no phone number of DK: 312 555 0142",
        "Left out, for it is no phone number of DK: (312) 555-0199",
    ]
    assert (planned["state"], planned["counters"]) == ("planned", {"items": 4, "create": 4})
    assert [(row["row"], row["action"]) for row in left_out] == [
        (2, "create"), (5, "create"),
    ]  # fmt: skip
    assert [
        (reason["code"], reason["column"], reason["message"])
        for row in left_out
        for reason in row["reasons"]
    ] == [("left_out", "phone", each) for each in told]
    assert [row["row"] for row in whole] == [3, 4]
    assert (applied["state"], applied["counters"]["done"]) == ("done", 4)
    assert [(c.name, c.phone) for c in customers()] == [
        ("LUCY SCHOOL", None), ("Tømrer Prøve", "+4570000007"), ("Lommen", None),
        ("HOME DAYCARE", None),
    ]  # fmt: skip
    sheet = load_workbook(io.BytesIO(result.data)).worksheets[0]
    reasons = [row[-1].value for row in sheet.iter_rows(min_row=2)]
    assert [reason or "" for reason in reasons] == [
        f"phone: {told[0]}", "", "", f"phone: {told[1]}",
    ]  # fmt: skip


def test_the_same_file_again_changes_nothing_and_with_its_country_brings_the_phones(
    client: ApiClient, administrator: Caller
) -> None:
    uploaded(client, administrator, FOREIGN, apply="true")

    again = uploaded(client, administrator, FOREIGN, apply="true")
    as_american = uploaded(client, administrator, FOREIGN, apply="true", country="US")

    assert get(client, administrator, again)["counters"] == {"items": 4, "skip": 4, "skipped": 4}
    rows = get(client, administrator, f"{as_american}/rows")["items"]
    assert [(row["action"], (row["after"] or {}).get("phone")) for row in rows] == [
        ("update", "+13125550142"), ("skip", None), ("skip", None), ("update", "+13125550199"),
    ]  # fmt: skip


def test_the_result_is_a_workbook_with_a_reason_for_each_row(
    client: ApiClient, administrator: Caller
) -> None:
    answer = upload(client, administrator)
    identifier = answer.json["id"]

    too_soon = client.get(f"/api/v1/imports/{identifier}/result", headers=administrator.headers)
    work()
    found = client.get(f"/api/v1/imports/{identifier}/result", headers=administrator.headers)

    assert (too_soon.status_code, too_soon.json["code"]) == (409, "no_result")
    assert found.status_code == 200
    assert found.headers["Content-Disposition"] == 'attachment; filename="kunder-result.xlsx"'
    sheet = load_workbook(io.BytesIO(found.data)).worksheets[0]
    assert [cell.value for cell in sheet[3]][:6] == ["2", "Forkert", "123", "blå", 3, "Refused"]


def test_options_come_with_the_upload(client: ApiClient, administrator: Caller) -> None:
    identifier = uploaded(
        client, administrator, b"Firma,Alias\nNordlys,Lys\n",
        mapping='{"Firma": "legal_name", "Alias": "name"}', roles=["customer", "supplier"],
        owner=str(administrator.user_id), country="se", apply="true",
    )  # fmt: skip

    [customer] = customers()
    assert get(client, administrator, identifier)["state"] == "done"
    assert (customer.name, customer.legal_name, customer.roles, customer.country) == (
        "Lys", "Nordlys", ["customer", "supplier"], "SE",
    )  # fmt: skip
    assert customer.owner_user_id == administrator.user_id


def test_a_preview_can_be_made_again_with_another_mapping(
    client: ApiClient, administrator: Caller
) -> None:
    identifier = uploaded(client, administrator, b"Hvem,By\nNordlys,Aarhus\n")
    wanting = get(client, administrator, identifier)

    answer = post(
        client, administrator, f"{identifier}/analysis", json={"mapping": {"Hvem": "name"}}
    )
    work()
    planned = get(client, administrator, identifier)

    assert (wanting["state"], wanting["message"]["code"]) == ("analysed", "no_names")
    assert answer.status_code == 202
    assert (planned["state"], planned["message"], planned["counters"]) == (
        "planned", None, {"items": 1, "create": 1},
    )  # fmt: skip


TITLED = "Kundeliste pr. 29-11-2026;;\n\nNavn;By;Kreditgrænse\nNordlys ApS;Odense;5000\n".encode()


def test_a_header_below_a_title_is_found_and_the_answer_and_the_result_tell_its_rows(
    client: ApiClient, administrator: Caller
) -> None:
    identifier = uploaded(client, administrator, TITLED, apply="true")

    found = get(client, administrator, identifier)
    [row] = get(client, administrator, f"{identifier}/rows")["items"]
    work()
    result = client.get(f"/api/v1/imports/{identifier}/result", headers=administrator.headers)

    assert (found["state"], found["source"]["header_row"], found["row_count"]) == ("done", 3, 1)
    assert [column["field"] for column in found["columns"]] == ["name", "city", "credit_limit"]
    assert (row["row"], [customer.name for customer in customers()]) == (4, ["Nordlys ApS"])
    sheet = load_workbook(io.BytesIO(result.data)).worksheets[0]
    assert [[cell.value for cell in line][:5] for line in sheet.iter_rows()] == [
        ["Navn", "By", "Kreditgrænse", "Row", "Outcome"],
        ["Nordlys ApS", "Odense", "5000", 4, "Created"],
    ]


def test_what_no_header_tells_is_asked_for_and_said_with_the_preview_made_anew(
    client: ApiClient, administrator: Caller
) -> None:
    content = make_sheets(
        {"Om": [["Udtræk"]], "Data": [["x"], ["Hvem", "Hvor"], ["Ida", "Odense"]]}
    )
    wanting, _ = upload_workbook(client, administrator, content)

    answers = []
    for said in ({"sheet": "data"}, {"sheet": "Data", "header_row": 9}, {"sheet": "Emner"}):
        options = {**said, "mapping": {"Hvem": "name"}} if "header_row" in said else said
        post(client, administrator, f"{wanting['id']}/analysis", json=options)
        work()
        answers.append(get(client, administrator, wanting["id"]))
    place = {"sheet": "Data", "header_row": 2}
    post(
        client, administrator, f"{wanting['id']}/analysis",
        json={**place, "mapping": {"Hvem": "name"}},
    )  # fmt: skip
    work()
    planned = get(client, administrator, wanting["id"])
    [row] = get(client, administrator, f"{wanting['id']}/rows")["items"]

    assert [each["state"] for each in (wanting, *answers)] == ["analysed"] * 4
    nameless = (
        "No header in row 1 of the sheet {} stands for names: say with mapping which one does,"
        " with header_row in which row the headers stand, or with sheet on which of 'Om', 'Data'."
    )
    assert [each["message"]["text"] for each in (wanting, *answers)] == [
        nameless.format("'Om'"),
        nameless.format("'Data'"),
        "Row 9 holds nothing: say as header_row in which row the headers stand.",
        "The workbook has no sheet 'Emner': say as sheet one of 'Om', 'Data'.",
    ]
    assert (planned["state"], planned["message"]) == ("planned", None)
    assert planned["source"] == {
        "kind": "xlsx", **place, "sheets": ["Om", "Data"], "encoding": None, "delimiter": None,
    }  # fmt: skip
    assert {name: planned["options"][name] for name in place} == place
    assert (row["row"], row["after"]["name"]) == (3, "Ida")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"entity": "opportunities"}, "/entity"),
        ({"entity": "leads", "roles": "customer"}, "/roles"),
        ({"mapping": "[1]"}, "/mapping"),
        ({"mapping": '{"a": 1}'}, "/mapping"),
        ({"on_match": "merge"}, "/on_match"),
        ({"apply": "perhaps"}, "/apply"),
        ({"roles": "friend"}, "/roles"),
        ({"match": "name"}, "/match"),
        ({"owner": "nobody"}, "/owner"),
        ({"owner": str(uuid4())}, "/owner"),
        ({"header_row": "0"}, "/header_row"),
        ({"header_row": "1048577"}, "/header_row"),
        ({"header_row": "first"}, "/header_row"),
        ({"sheet": ""}, "/sheet"),
        ({"sheet": "x" * 101}, "/sheet"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_wrong_option_is_named(
    client: ApiClient, administrator: Caller, query: dict[str, Any], pointer: str
) -> None:
    answer = upload(client, administrator, **query)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    listed = client.get("/api/v1/imports", headers=administrator.headers)
    assert listed.json["items"] == []


def test_an_empty_upload_is_refused(client: ApiClient, administrator: Caller) -> None:
    answer = upload(client, administrator, b"")

    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [("/file", "file.empty")]


def test_a_file_that_is_no_table_says_so(client: ApiClient, administrator: Caller) -> None:
    identifier = uploaded(client, administrator, b"%PDF-1.7 nothing to read")

    found = get(client, administrator, identifier)

    assert (found["state"], found["message"]["code"]) == ("failed", "file.unknown_format")


OF_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def upload_workbook(client: ApiClient, caller: Caller, content: bytes) -> Any:
    answer = client.post(
        "/api/v1/imports",
        headers=caller.headers | {"Content-Type": OF_EXCEL},
        query_string={"name": "kunder.xlsx"},
        data=content,
    )
    assert answer.status_code == 202, answer.text
    job = answer.headers["Location"]
    work()
    found = get(client, caller, answer.json["id"])
    return found, client.get(job, headers=caller.headers).json


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (HOSTILE["zip bomb"][0], "file.too_much_unpacked"),
        (HOSTILE["external entity"][0], "file.forbidden_xml"),
        (HOSTILE["far column"][0], "file.too_many_columns"),
        (HOSTILE["encrypted stub"][0], "file.encrypted"),
        (HOSTILE["macro"][0], "file.macro"),
        (lambda: make_workbook([["Navn"], ["=1+1"]]), "file.formula_without_value"),
        (lambda: b"PK\x03\x04 no archive", "file.damaged"),
    ],
    ids=[
        "zip bomb", "external entity", "million columns", "encrypted", "macro", "formula", "no zip",
    ],
)  # fmt: skip
def test_a_hostile_workbook_fails_with_its_reason_in_lists_and_its_job(
    client: ApiClient, administrator: Caller, content: Callable[[], bytes], code: str
) -> None:
    found, job = upload_workbook(client, administrator, content())
    listed = client.get("/api/v1/imports", headers=administrator.headers).json["items"]

    assert (found["state"], found["message"]["code"]) == ("failed", code)
    assert [(each["state"], each["message"]["code"]) for each in listed] == [("failed", code)]
    assert (job["state"], job["result"]) == ("succeeded", {"refused": code})
    assert customers() == []


def test_after_a_file_that_failed_the_mended_one_is_uploaded_and_comes_in(
    client: ApiClient, administrator: Caller
) -> None:
    failed, _ = upload_workbook(client, administrator, make_workbook()[:-1])
    again, _ = upload_workbook(
        client, administrator, make_workbook([["Navn", "CVR"], ["Nordlys ApS", 99000007]])
    )
    applied = post(client, administrator, f"{again['id']}/application")
    work()

    assert (failed["state"], again["state"], applied.status_code) == ("failed", "planned", 202)
    assert again["source"]["kind"] == "xlsx"
    assert [(each.name, each.cvr) for each in customers()] == [("Nordlys ApS", "99000007")]
    assert get(client, administrator, failed["id"])["state"] == "failed"


def test_a_file_in_an_encoding_nobody_recognised_is_read_once_it_is_named(
    client: ApiClient, administrator: Caller
) -> None:
    identifier = uploaded(client, administrator, "Navn\nŁódź\n".encode("cp1250"), encoding="ascii")
    failed = get(client, administrator, identifier)

    post(client, administrator, f"{identifier}/analysis", json={"encoding": "cp1250"})
    work()

    assert (failed["state"], failed["message"]["code"]) == ("failed", "file.encoding")
    again = get(client, administrator, identifier)
    assert (again["state"], again["message"]) == ("planned", None)


def test_how_far_an_import_is_stands_on_its_job_while_it_is_applied(
    client: ApiClient,
    administrator: Caller,
    representative: Caller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = "\n".join(["Firma", *(f"Firma {number}" for number in range(150))]).encode()
    identifier = uploaded(client, administrator, content, entity="leads")
    post(client, administrator, f"{identifier}/application")

    def shown(caller: Caller) -> list[Any]:
        answer = client.get(
            "/api/v1/jobs",
            headers=caller.headers,
            query_string={"subject_id": identifier, "task": "imports.apply_import"},
        )
        return [each["progress"] for each in answer.json["items"]]

    begun = shown(administrator)
    with monkeypatch.context() as patched:
        patched.setattr(chain, "is_stopping", lambda: True)  # a worker ends after its batch
        drain(TaskName.APPLY_IMPORT)
    midway, others = shown(administrator), shown(representative)
    state = get(client, administrator, identifier)["state"]
    done_rows = get(client, administrator, f"{identifier}/rows", outcome="done", limit=500)["items"]
    work()

    assert (begun, others) == ([None], [])
    assert (state, midway) == ("applying", [{"done": 100, "total": 150, "unit": "rows"}])
    assert len(done_rows) == 100
    assert shown(administrator) == [{"done": 150, "total": 150, "unit": "rows"}]
    assert get(client, administrator, identifier)["counters"]["done"] == 150


def test_what_the_state_forbids_is_refused(client: ApiClient, administrator: Caller) -> None:
    identifier = uploaded(client, administrator)

    early = post(client, administrator, f"{identifier}/undo")
    post(client, administrator, f"{identifier}/application")
    work()
    twice = post(client, administrator, f"{identifier}/application")
    again = post(client, administrator, f"{identifier}/analysis", json={})

    assert [(a.status_code, a.json["code"]) for a in (early, twice, again)] == [
        (409, "not_applied"),
        (409, "import_state"),
        (409, "import_state"),
    ]


def test_only_those_who_may_import_do_and_each_sees_his_own(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    identifier = uploaded(client, administrator)
    reader = make_caller(Role.ADMINISTRATOR, "reader@example.com", ("imports:read",))

    assert upload(client, representative).status_code == 403
    assert upload(client, reader).status_code == 403
    listed = client.get("/api/v1/imports", headers=representative.headers)
    one = client.get(f"/api/v1/imports/{identifier}", headers=representative.headers)
    assert (listed.status_code, listed.json["items"]) == (200, [])
    assert one.status_code == 404


def test_templates_are_for_download(client: ApiClient, administrator: Caller) -> None:
    def template(**query: str) -> Reply:
        return client.get(
            "/api/v1/imports/template",
            headers=administrator.headers | {"Accept-Language": "da"},
            query_string=query,
        )

    not_yet = template()
    from hub.db import transaction
    from hub.imports import templates

    with transaction() as session:
        templates.ask_where_outdated(session)
    drain(TaskName.RENDER_IMPORT_TEMPLATES)
    workbook, csv_file = template(entity="customers", format="xlsx"), template(format="csv")

    assert (not_yet.status_code, not_yet.headers["Retry-After"]) == (503, "5")
    assert workbook.headers["Content-Disposition"] == (
        'attachment; filename="customers-skabelon.xlsx"'
    )
    assert csv_file.text.lstrip("\ufeff").startswith("Ekstern reference;Navn;")


def test_the_same_upload_with_one_key_is_one_import(
    client: ApiClient, administrator: Caller
) -> None:
    keyed = Caller(administrator.user_id, administrator.token_id, administrator.token)
    headers = keyed.headers | {"Idempotency-Key": "import-1", "Content-Type": "text/csv"}

    first, second = (client.post("/api/v1/imports", headers=headers, data=FILE) for _ in range(2))

    assert first.json["id"] == second.json["id"]
    assert second.headers["Idempotency-Replayed"] == "true"


def test_a_file_names_others_as_owners_only_where_its_token_lets_it(
    client: ApiClient, representative: Caller
) -> None:
    scopes = ("imports:*", "plans:*", "customers:create", "customers:read", "customers:import")
    without = make_caller(Role.ADMINISTRATOR, "anna@example.com", scopes)
    assigning = make_caller(
        Role.ADMINISTRATOR, "erik@example.com", (*scopes, "customers:assign")
    )  # fmt: skip
    content = b"name;owner\nNordlys ApS;bo@example.com\n"

    said = {}
    for caller in (without, assigning):
        [row] = get(client, caller, f"{uploaded(client, caller, content)}/rows")["items"]
        said[caller] = (row["action"], [each["code"] for each in row["reasons"]])

    assert said == {without: ("refuse", ["field_not_yours"]), assigning: ("create", [])}


def test_a_narrowed_token_reaches_what_it_imported_and_no_other_import(
    client: ApiClient, administrator: Caller
) -> None:
    narrowed = narrow(administrator, {"country": {"eq": "DK"}})
    theirs, its_own = uploaded(client, administrator), uploaded(client, narrowed)
    plans = [get(client, administrator, each)["plan_id"] for each in (theirs, its_own)]

    seen = {
        path: client.get(f"/api/v1/{path}", headers=narrowed.headers).status_code
        for path in (
            f"imports/{theirs}", f"imports/{theirs}/rows", f"plans/{plans[0]}",
            f"imports/{its_own}", f"imports/{its_own}/rows", f"plans/{plans[1]}",
        )
    }  # fmt: skip

    assert list(seen.values()) == [404, 404, 404, 200, 200, 200], seen

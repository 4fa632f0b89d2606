"""The registries' sandboxes against facts that are not ours.

Key sets and types are written down here by hand from the published descriptions of both services;
check digits are compared with the reference vectors.
"""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from connectors.registries import check_number
from connectors.sandbox import cvrapi, virk
from hub.errors import RejectedError
from tests.reference import reference

AGENT = {"User-Agent": "Nordlys - Hub - drift@nordlys.example"}
SEARCH = "/cvr-permanent/virksomhed/_search"
NUMBER = "Vrvirksomhed.cvrNummer"
NAME = "Vrvirksomhed.navne.navn"

Shape = dict[str, Any]
"""What a value must be: types, one shape for the members of an object, or a list of one shape."""

TEXT, WHOLE, TRUTH = (str,), (int,), (bool,)
MAYBE_TEXT = (str, type(None))
UNIT: Shape = {
    "name": TEXT, "address": TEXT, "zipcode": TEXT, "city": TEXT, "cityname": MAYBE_TEXT,
    "protected": TRUTH, "phone": MAYBE_TEXT, "email": MAYBE_TEXT, "fax": MAYBE_TEXT,
    "startdate": MAYBE_TEXT, "enddate": MAYBE_TEXT, "employees": (str, int, type(None)),
    "addressco": MAYBE_TEXT, "industrycode": WHOLE, "industrydesc": TEXT,
}  # fmt: skip
FLAT: Shape = UNIT | {
    "vat": WHOLE, "companycode": WHOLE, "companydesc": TEXT, "creditstartdate": MAYBE_TEXT,
    "creditbankrupt": TRUTH, "creditstatus": MAYBE_TEXT, "owners": [{"name": TEXT}],
    "productionunits": [UNIT | {"pno": WHOLE, "main": TRUTH}], "t": WHOLE, "version": WHOLE,
}  # fmt: skip

PERIOD: Shape = {"gyldigFra": TEXT, "gyldigTil": MAYBE_TEXT}
STAMPED: Shape = {"periode": PERIOD, "sidstOpdateret": TEXT}
CONTACT: Shape = STAMPED | {"kontaktoplysning": TEXT, "hemmelig": TRUTH}
NAMED: Shape = STAMPED | {"navn": TEXT}
FORM: Shape = STAMPED | {
    "virksomhedsformkode": WHOLE, "kortBeskrivelse": TEXT, "langBeskrivelse": TEXT,
    "ansvarligDataleverandoer": TEXT,
}  # fmt: skip
INDUSTRY: Shape = STAMPED | {"branchekode": TEXT, "branchetekst": TEXT}
PLACE: Shape = STAMPED | {
    "landekode": TEXT, "fritekst": MAYBE_TEXT, "vejkode": WHOLE,
    "kommune": STAMPED | {"kommuneKode": WHOLE, "kommuneNavn": TEXT},
    "husnummerFra": WHOLE, "husnummerTil": (int, type(None)), "bogstavFra": MAYBE_TEXT,
    "bogstavTil": MAYBE_TEXT, "etage": MAYBE_TEXT, "sidedoer": MAYBE_TEXT, "conavn": MAYBE_TEXT,
    "postboks": MAYBE_TEXT, "vejnavn": TEXT, "bynavn": MAYBE_TEXT, "postnummer": WHOLE,
    "postdistrikt": TEXT, "adresseId": MAYBE_TEXT, "sidstValideret": MAYBE_TEXT,
}  # fmt: skip
NOTHING: list[Shape] = [{}]
DOCUMENT: Shape = {
    "cvrNummer": WHOLE, "regNummer": NOTHING, "brancheAnsvarskode": WHOLE,
    "reklamebeskyttet": TRUTH, "navne": [NAMED], "binavne": NOTHING, "postadresse": NOTHING,
    "beliggenhedsadresse": [PLACE], "telefonNummer": [CONTACT], "telefaxNummer": NOTHING,
    "elektroniskPost": [CONTACT], "hjemmeside": [CONTACT], "obligatoriskEmail": NOTHING,
    "livsforloeb": [STAMPED], "hovedbranche": [INDUSTRY], "bibranche1": NOTHING,
    "bibranche2": NOTHING, "bibranche3": NOTHING, "status": NOTHING,
    "virksomhedsstatus": [STAMPED | {"status": TEXT}], "virksomhedsform": [FORM],
    "aarsbeskaeftigelse": NOTHING, "kvartalsbeskaeftigelse": NOTHING,
    "maanedsbeskaeftigelse": NOTHING, "attributter": NOTHING,
    "penheder": [STAMPED | {"pNummer": WHOLE}], "deltagerRelation": NOTHING, "fusioner": NOTHING,
    "spaltninger": NOTHING,
    "virksomhedMetadata": {
        "nyesteNavn": NAMED, "nyesteVirksomhedsform": FORM, "nyesteBeliggenhedsadresse": PLACE,
        "nyesteHovedbranche": INDUSTRY, "nyesteBibranche1": (type(None),),
        "nyesteBibranche2": (type(None),), "nyesteBibranche3": (type(None),),
        "nyesteStatus": (type(None),), "nyesteKontaktoplysninger": [TEXT], "antalPenheder": WHOLE,
        "nyesteAarsbeskaeftigelse": (type(None),), "nyesteKvartalsbeskaeftigelse": (type(None),),
        "nyesteMaanedsbeskaeftigelse": (type(None),), "sammensatStatus": TEXT,
        "stiftelsesDato": TEXT, "virkningsDato": TEXT,
    },
    "samtId": WHOLE, "fejlRegistreret": TRUTH, "dataAdgang": WHOLE, "enhedsNummer": WHOLE,
    "enhedstype": TEXT, "sidstIndlaest": TEXT, "sidstOpdateret": TEXT,
    "fejlVedIndlaesning": TRUTH, "naermesteFremtidigeDato": MAYBE_TEXT,
    "fejlBeskrivelse": MAYBE_TEXT, "virkningsAktoer": MAYBE_TEXT,
}  # fmt: skip
HIT: Shape = {
    "_index": TEXT, "_type": TEXT, "_id": TEXT, "_score": (float, int),
    "_source": {"Vrvirksomhed": DOCUMENT},
}  # fmt: skip
ENVELOPE: Shape = {
    "took": WHOLE, "timed_out": TRUTH,
    "_shards": {"total": WHOLE, "successful": WHOLE, "skipped": WHOLE, "failed": WHOLE},
    "hits": {"total": WHOLE, "max_score": (float, int, type(None)), "hits": [HIT]},
}  # fmt: skip


def differences(value: Any, shape: Any, path: str = "") -> list[str]:
    """Return where a value is not of a shape: other members, or another type."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [f"{path}: no object"]
        found = [f"{path}.{name}: only here" for name in value.keys() - shape.keys()]
        found += [f"{path}.{name}: missing" for name in shape.keys() - value.keys()]
        for name in value.keys() & shape.keys():
            found += differences(value[name], shape[name], f"{path}.{name}")
        return found
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{path}: no list"]
        return [d for item in value for d in differences(item, shape[0], f"{path}[]")]
    exact = type(value) in shape
    return [] if exact else [f"{path}: {type(value).__name__}"]


@pytest.fixture
def cvrapi_client() -> FlaskClient:
    return cvrapi.create_app().test_client()


@pytest.fixture
def virk_client() -> FlaskClient:
    return virk.create_app().test_client()


def ask(client: FlaskClient, **query: Any) -> TestResponse:
    return client.get("/api", query_string={"country": "dk", **query}, headers=AGENT)


def search(client: FlaskClient, body: Any, query: str = "") -> TestResponse:
    return client.post(SEARCH + query, json=body, auth=(virk.USER, virk.PASSWORD))


def names(answer: TestResponse) -> list[str]:
    hits = answer.get_json()["hits"]["hits"]
    return [hit["_source"]["Vrvirksomhed"]["navne"][0]["navn"] for hit in hits]


def test_the_checker_of_shapes_tells_differences() -> None:
    shape = {"a": TEXT, "b": [{"c": WHOLE}]}

    assert differences({"a": "x", "b": [{"c": 1}]}, shape) == []
    assert sorted(differences({"a": 1, "b": [{"c": True}], "d": 1}, shape)) == [
        ".a: int",
        ".b[].c: bool",
        ".d: only here",
    ]
    assert differences({"b": {}}, shape) == [".a: missing", ".b: no list"]


def test_cvrapi_answers_every_company_in_the_published_shape(cvrapi_client: FlaskClient) -> None:
    numbers = [each["number"] for each in cvrapi_client.get("/_sandbox/companies").get_json()]
    for number in numbers:
        body = ask(cvrapi_client, vat=number).get_json()
        for name in ("owners", "productionunits"):  # null where there are none
            body[name] = body[name] or []

        assert differences(body, FLAT) == []
    assert len(numbers) == 7


def test_virk_answers_every_company_in_the_published_shape(virk_client: FlaskClient) -> None:
    body = search(virk_client, {"query": {"match_all": {}}}).get_json()

    assert differences(body, ENVELOPE) == []
    assert body["hits"]["total"] == 7


@pytest.mark.parametrize(
    ("query", "headers", "error", "status"),
    [
        ({"vat": "99000082"}, AGENT, "NOT_FOUND", 404),
        ({"vat": "99000008"}, AGENT, "INVALID_VAT", 200),
        ({}, AGENT, "NO_SEARCH", 200),
        ({"vat": "99000007", "country": "se"}, AGENT, "NO_SEARCH", 200),
        ({"vat": "99000007"}, {"User-Agent": "python-requests/2.34"}, "INVALID_UA", 200),
        ({"vat": "99000007"}, {"User-Agent": "a -  - c"}, "INVALID_UA", 200),
    ],
)
def test_cvrapi_tells_failures_in_the_body(
    cvrapi_client: FlaskClient,
    query: dict[str, str],
    headers: dict[str, str],
    error: str,
    status: int,
) -> None:
    answer = cvrapi_client.get("/api", query_string={"country": "dk"} | query, headers=headers)

    assert answer.get_json() == {"error": error, "t": 0, "version": 6}
    assert answer.status_code == status


def test_cvrapi_finds_by_name_phone_unit_or_anything_and_hides_a_secret_phone(
    cvrapi_client: FlaskClient,
) -> None:
    for query in (
        {"name": "nordlys"}, {"phone": "70000001"}, {"produ": "1000000001"},
        {"search": "testværk"}, {"search": "99000007"},
    ):  # fmt: skip
        assert ask(cvrapi_client, **query).get_json()["vat"] == 99000007
    assert ask(cvrapi_client, phone="70000004").status_code == 404


def test_cvrapi_counts_the_quota_down(cvrapi_client: FlaskClient) -> None:
    cvrapi_client.patch("/_sandbox/state", json={"quota": 1})

    assert ask(cvrapi_client, vat="99000007").status_code == 200
    assert ask(cvrapi_client, vat="99000007").get_json()["error"] == "QUOTA_EXCEEDED"


@pytest.mark.parametrize("credentials", [None, ("hub", "wrong"), ("other", virk.PASSWORD)])
def test_virk_refuses_credentials_by_a_web_page(
    virk_client: FlaskClient, credentials: tuple[str, str] | None
) -> None:
    answer = virk_client.post(SEARCH, json={}, auth=credentials)

    assert (answer.status_code, answer.mimetype) == (401, "text/html")
    assert "401 Authorization Required" in answer.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"term": {NUMBER: 99000007}}, 1),
        ({"term": {NUMBER: "99000007"}}, 1),
        ({"terms": {NUMBER: [99000007, "99000015", 1]}}, 2),
        ({"term": {NAME: "nordlys"}}, 2),
        ({"term": {NAME: "Nordlys"}}, 0),
        ({"match": {NAME: "NORDLYS Kommune"}}, 3),
        ({"match": {NAME: {"query": "NORDLYS Kommune", "operator": "and"}}}, 0),
        ({"match_phrase": {NAME: "nordlys testværk"}}, 1),
        ({"match_phrase": {NAME: "testværk nordlys"}}, 0),
        ({"prefix": {NAME: "nord"}}, 2),
        ({"prefix": {NAME: "Nord"}}, 0),
        ({"exists": {"field": "Vrvirksomhed.telefonNummer.kontaktoplysning"}}, 5),
        ({"exists": {"field": "Vrvirksomhed.findesIkke"}}, 0),
        ({"term": {"Vrvirksomhed.findesIkke": 1}}, 0),
        ({"range": {NUMBER: {"gte": 99000015, "lt": 99000031}}}, 2),
        ({"range": {"Vrvirksomhed.sidstOpdateret": {"gte": "2025-11-08T09:00:00Z"}}}, 2),
        ({"range": {"Vrvirksomhed.sidstOpdateret": {"gt": "2025-11-08T09:00:00Z"}}}, 1),
        ({"range": {NAME: {"gte": 5}}}, 0),
        ({"nested": {"path": "Vrvirksomhed.navne", "query": {"term": {NAME: "kommune"}}}}, 1),
        ({"bool": {"must": [{"term": {NAME: "nordlys"}}],
                   "must_not": {"term": {NAME: "ejendomme"}}}}, 1),
        ({"bool": {"filter": [{"term": {NAME: "nordlys"}}],
                   "should": [{"term": {NAME: "kommune"}}]}}, 2),
        ({"bool": {"should": [{"term": {NAME: "kommune"}}, {"term": {NAME: "ejendomme"}}]}}, 2),
        ({"bool": {"should": [{"term": {NAME: "nordlys"}}, {"term": {NAME: "ejendomme"}}],
                   "minimum_should_match": 2}}, 1),
        ({"match_all": {}}, 7),
    ],
)  # fmt: skip
def test_virk_understands_the_queries_that_clients_send(
    virk_client: FlaskClient, query: dict[str, Any], found: int
) -> None:
    answer = search(virk_client, {"query": query}).get_json()

    assert (answer["hits"]["total"], len(answer["hits"]["hits"])) == (found, found)


def test_virk_sorts_pages_and_picks_fields(virk_client: FlaskClient) -> None:
    sort = [{NUMBER: "desc"}]
    second = search(
        virk_client, {"sort": sort, "from": 1, "size": 2, "_source": [NUMBER]}
    ).get_json()

    assert [hit["_source"] for hit in second["hits"]["hits"]] == [
        {"Vrvirksomhed": {"cvrNummer": 99000066}},
        {"Vrvirksomhed": {"cvrNummer": 99000058}},
    ]
    nested = search(virk_client, {"size": 1, "_source": [NAME]}).get_json()["hits"]["hits"][0]
    assert nested["_source"] == {"Vrvirksomhed": {"navne": [{"navn": "Nordlys Testværk ApS"}]}}


def test_virk_refuses_an_unknown_clause_and_too_large_a_window_as_the_real_one_does(
    virk_client: FlaskClient,
) -> None:
    clause = search(virk_client, {"query": {"foo": {}}})
    whole = search(virk_client, {"from": 1, "size": 2999})
    window = search(virk_client, {"from": 1, "size": 3000})

    assert (clause.status_code, clause.get_json()["error"]["type"]) == (400, "parsing_exception")
    assert clause.get_json()["error"]["reason"] == "no [query] registered for [foo]"
    assert whole.status_code == 200
    assert (window.status_code, window.get_json()["status"]) == (500, 500)
    reason = window.get_json()["error"]["root_cause"][0]["reason"]
    assert "must be less than or equal to: [3000] but was [3001]" in reason


def test_virk_scrolls_to_the_end_and_each_identifier_works_once(virk_client: FlaskClient) -> None:
    def go_on(identifier: str) -> TestResponse:
        body = {"scroll": "1m", "scroll_id": identifier}
        return virk_client.post("/_search/scroll", json=body, auth=(virk.USER, virk.PASSWORD))

    page = search(virk_client, {"size": 3, "sort": [{NUMBER: "asc"}]}, "?scroll=1m")
    seen: list[list[str]] = []
    first = page.get_json()["_scroll_id"]
    while names(page):
        seen.append(names(page))
        page = go_on(page.get_json()["_scroll_id"])

    assert [len(part) for part in seen] == [3, 3, 1]
    assert len({name for part in seen for name in part}) == 7
    lapsed = go_on(first)
    assert lapsed.status_code == 404
    cause = lapsed.get_json()["error"]["root_cause"][0]
    assert cause["type"] == "search_context_missing_exception"


def test_a_fault_may_strike_the_questions_for_one_company_alone() -> None:
    client = cvrapi.create_app().test_client()
    fault = {"kind": "status", "status": 503, "times": None, "query": "vat=99000007"}
    client.post("/_sandbox/faults", json=fault)
    agent = {"User-Agent": "Hub - Tests - hub@hub.example"}

    statuses = {
        number: client.get(f"/api?country=dk&vat={number}", headers=agent).status_code
        for number in ("99000007", "99000015")
    }

    assert statuses == {"99000007": 503, "99000015": 200}


def reference_numbers() -> dict[str, dict[str, bool]]:
    path = reference("artifacts", "checksum-vectors", "numbers.json")
    found: dict[str, dict[str, bool]] = json.loads(path.read_text(encoding="utf-8"))["numbers"]
    return found


@pytest.mark.parametrize(("country", "kind"), [("DK", "dk_cvr"), ("NO", "no_orgnr")])
def test_check_digits_agree_with_the_reference_vectors(country: str, kind: str) -> None:
    for number, valid in reference_numbers()[kind].items():
        # A Norwegian number must also begin with 8 or 9, which the vectors do not ask.
        expected = valid and (country == "DK" or number[0] in "89")
        try:
            check_number("any", number, country)
            accepted = True
        except RejectedError:
            accepted = False

        assert (number, accepted) == (number, expected)


@pytest.fixture(params=[cvrapi.create_app, virk.create_app])
def app(request: pytest.FixtureRequest) -> Flask:
    made: Flask = request.param()
    return made


@pytest.mark.parametrize("body", [{}, [], {"kind": "fire"}, {"kind": "down", "colour": "red"}])
def test_a_fault_that_does_not_exist_is_refused(app: Flask, body: Any) -> None:
    client = app.test_client()

    assert client.post("/_sandbox/faults", json=body).status_code == 400
    assert client.get("/_sandbox/faults").get_json() == []


def test_a_fault_strikes_as_often_where_and_how_it_was_planned(app: Flask) -> None:
    client = app.test_client()
    plan = {"kind": "status", "status": 503, "retry_after": 7, "times": 2, "path": "/here"}
    client.post("/_sandbox/faults", json=plan | {"method": "GET", "body": {"why": "planned"}})

    elsewhere = client.get("/there", headers=AGENT)
    other_method = client.put("/here", headers=AGENT)
    struck = [client.get("/here/x", headers=AGENT) for _ in range(3)]

    assert 503 not in (elsewhere.status_code, other_method.status_code)
    assert [answer.status_code == 503 for answer in struck] == [True, True, False]
    assert (struck[0].headers["Retry-After"], struck[0].get_json()) == ("7", {"why": "planned"})
    assert client.get("/_sandbox/faults").get_json() == []


def test_received_requests_are_listed_and_forgotten(app: Flask) -> None:
    client = app.test_client()
    client.post("/somewhere?a=1", data="body", headers=AGENT)

    (seen,) = client.get("/_sandbox/requests").get_json()
    assert (seen["method"], seen["path"], seen["query"], seen["body"]) == (
        "POST", "/somewhere", {"a": "1"}, "body",
    )  # fmt: skip
    client.delete("/_sandbox/requests")
    assert client.get("/_sandbox/requests").get_json() == []


def test_a_switch_that_does_not_exist_is_refused(app: Flask) -> None:
    assert app.test_client().patch("/_sandbox/state", json={"colour": "red"}).status_code == 400


def test_companies_can_be_added_changed_and_removed_and_apps_share_none(app: Flask) -> None:
    client = app.test_client()
    added = client.patch("/_sandbox/companies/99000090", json={"name": "Ny ApS"}).get_json()

    assert (added["number"], added["name"], added["protected"]) == ("99000090", "Ny ApS", False)
    assert client.delete("/_sandbox/companies/99000007").status_code == 204
    numbers = {each["number"] for each in client.get("/_sandbox/companies").get_json()}
    assert "99000090" in numbers
    assert "99000007" not in numbers
    other = cvrapi.create_app().test_client()
    assert ask(other, vat="99000007").status_code == 200

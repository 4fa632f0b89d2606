"""Every write: only its own fields (R-52), and only over the version that was seen (R-53)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import MetaData

from hub.migrations.schema import complete_metadata
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller
from tests.security.bodies import Place, body_of, put
from tests.security.possessions import Possessions, make_possessions
from tests.security.routes import Route, documented_routes, fields_in

SOME = 45  # errors are told up to a bound
FIELDS: Place = ("items", 0, "fields")
"""Where an item of a batch says what it changes."""
OF_THE_SERVER = frozenset(
    {"id", "owner_id", "created_at", "protected", "version", "deleted_at", "updated_by"}
)


@pytest.fixture
def own(client: ApiClient, administrator: Caller) -> Possessions:
    return make_possessions(administrator, "Egernsund")


def columns_of(metadata: MetaData) -> set[str]:
    return {column.name for table in metadata.tables.values() for column in table.columns}


def test_no_write_takes_a_column_that_is_not_its_own_field(
    app: Flask, client: ApiClient, administrator: Caller, own: Possessions
) -> None:
    columns = columns_of(complete_metadata()) | OF_THE_SERVER
    wrong, tried = [], 0
    for route in documented_routes(app):
        if route.model is None:
            continue
        foreign = sorted(columns - set(route.model.model_fields))
        for some in (foreign[at : at + SOME] for at in range(0, len(foreign), SOME)):
            more = dict.fromkeys(some)
            answer = route.call(client, administrator.headers, own, more=more)
            tried += len(some)
            errors = (answer.json or {}).get("errors", [])
            named = {e["pointer"].removeprefix("/") for e in errors if e["code"] == "unknown"}
            if answer.status_code != 422 or not set(some) <= named:
                wrong.append((str(route), answer.status_code, sorted(set(some) - named)[:5]))

    assert tried > 10_000
    assert wrong == []


def objects_in(route: Route, routes: list[Route]) -> Iterator[tuple[Place, set[str]]]:
    """Yield the objects within a body that have fields of their own, with the names of these."""
    for place, schema in fields_in(route, routes):
        if "properties" in schema:
            yield place, set(schema["properties"])
    if str(route).endswith("/batch"):
        found = (place for place, _ in fields_in(route, routes) if place[:3] == FIELDS)
        yield FIELDS, {str(name) for place in found for name in place[3:4]}


def unknown(answer: Reply) -> set[str]:
    """Return the pointers of what a write, or the only item of a batch, does not know."""
    told = answer.json or {}
    if "results" in told:
        [result] = told["results"]
        told = result["problem"] or {}
        return {f"/items/0{e['pointer']}" for e in told["errors"] if e["code"] == "unknown"}
    return {e["pointer"] for e in told.get("errors", ()) if e["code"] == "unknown"}


def test_no_write_takes_a_foreign_column_further_in(
    app: Flask, client: ApiClient, administrator: Caller, own: Possessions
) -> None:
    columns = columns_of(complete_metadata()) | OF_THE_SERVER
    routes = documented_routes(app)
    wrong, tried = [], 0
    for route in routes:
        for place, fields in objects_in(route, routes):
            assert route.model is not None
            foreign = sorted(columns - fields)
            for some in (foreign[at : at + SOME] for at in range(0, len(foreign), SOME)):
                body = body_of(str(route), route.model, own.paths)
                for name in some:
                    body = put(body, (*place, name), None)
                answer = route.call(client, administrator.headers, own, more=body)
                tried += len(some)
                at = "".join(f"/{each}" for each in place)
                unnamed = {f"{at}/{name}" for name in some} - unknown(answer)
                if unnamed:
                    wrong.append(
                        (
                            str(route),
                            place,
                            answer.status_code,
                            answer.text[:300],
                            sorted(unnamed)[:5],
                        )
                    )

    assert wrong == [], "\n".join(map(str, wrong))
    assert tried > 10_000


def needs_version(route: Route) -> bool:
    return route.operation.needs_version


def test_no_record_is_changed_by_somebody_who_does_not_say_which_version_he_saw(
    app: Flask, client: ApiClient, administrator: Caller, own: Possessions
) -> None:
    answers = {}
    for route in filter(needs_version, documented_routes(app)):
        unsaid = route.call(client, administrator.headers, own, version=None)
        stale = route.call(client, administrator.headers, own, version="99")
        answers[str(route)] = (unsaid.status_code, stale.status_code)

    assert len(answers) > 15
    assert {each for each in answers.items() if each[1] != (428, 412)} == set()


def test_of_a_hundred_parallel_edits_one_wins_per_version(
    app: Flask, client: ApiClient, administrator: Caller
) -> None:
    made = client.post(
        "/api/v1/customers", headers=administrator.headers, json={"name": f"Havn {uuid4().hex}"}
    ).json
    path = f"/api/v1/customers/{made['id']}"

    def edit(number: int) -> tuple[int, int]:
        version = 1 + number // 50
        answer = ApiClient(app.test_client()).patch(
            path,
            headers={**administrator.headers, "If-Match": f'"{version}"'},
            json={"city": f"By {number}"},
        )
        return version, answer.status_code

    with ThreadPoolExecutor(8) as pool:
        first = list(pool.map(edit, range(50)))
        second = list(pool.map(edit, range(50, 100)))

    assert sorted(first) == [(1, 200)] + [(1, 412)] * 49
    assert sorted(second) == [(2, 200)] + [(2, 412)] * 49
    assert client.get(path, headers=administrator.headers).json["version"] == 3

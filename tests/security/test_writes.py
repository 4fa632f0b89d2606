"""Every write: only its own fields (R-52), and only over the version that was seen (R-53)."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from flask import Flask
from pydantic import BaseModel
from sqlalchemy import MetaData

from hub.migrations.schema import complete_metadata
from tests.api.client import ApiClient
from tests.api.conftest import Caller
from tests.security.possessions import Possessions, make_possessions
from tests.security.routes import Route, documented_routes

SOME = 50  # errors are told up to a bound
OF_THE_SERVER = frozenset(
    {"id", "owner_id", "created_at", "protected", "version", "deleted_at", "updated_by"}
)


@pytest.fixture
def own(client: ApiClient, administrator: Caller) -> Possessions:
    return make_possessions(administrator, "Egernsund")


def columns_of(metadata: MetaData) -> set[str]:
    return {column.name for table in metadata.tables.values() for column in table.columns}


def fields_of(route: Route) -> set[str]:
    body = route.operation.body
    assert isinstance(body, type)
    assert issubclass(body, BaseModel)
    return set(body.model_fields)


def takes_json(route: Route) -> bool:
    body = route.operation.body
    return isinstance(body, type) and issubclass(body, BaseModel)


def test_no_write_takes_a_column_that_is_not_its_own_field(
    app: Flask, client: ApiClient, administrator: Caller, own: Possessions
) -> None:
    columns = columns_of(complete_metadata()) | OF_THE_SERVER
    wrong, tried = [], 0
    for route in filter(takes_json, documented_routes(app)):
        foreign = sorted(columns - fields_of(route))
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

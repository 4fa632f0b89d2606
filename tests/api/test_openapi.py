import json
import re
from collections import Counter
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from hub.db import transaction
from hub.imports import templates
from hub.ledger.tasks import TaskName
from tests.api.client import ApiClient
from tests.api.conftest import Caller
from tests.lengths import FEW, examples
from workers import tasks as _bodies  # noqa: F401 - registers them
from workers.chain import drain

EXAMPLES = examples(2)  # of each operation and mode
MOST_FILTERS = 8  # of each list, spread over them; `make fuzz`: all
LONG = 255
PARTS = 4  # what is generated for an operation is kept, some ten megabytes, until its test is over
_RESTRICTING = {"enum", "format", "pattern"}


def refuses_what_is_wrong(ctx: Any, response: Any, case: Any) -> bool | None:
    """Do as `negative_data_rejection`, but for what is right once it is sent.

    A number or a truth value where texts are asked for is one in an address, and the token that the
    generator leaves out is sent all the same; the check overlooks both where they come together.
    A wrong item of a batch is refused in its own result.
    """
    if case.path.endswith("/batch") and response.status_code == HTTPStatus.OK:
        return None if response.json()["failed"] else negative_data_rejection(ctx, response, case)
    mutations = getattr(case.meta.phase.data, "mutations", None) or ()
    wrong = {mutation.parameter for mutation in mutations} - {"Authorization"}
    texts = {
        each["name"]
        for each in case.operation.definition.raw.get("parameters", ())
        if _is_text(each["schema"].get("items", each["schema"]))
    }
    return None if wrong and wrong <= texts else negative_data_rejection(ctx, response, case)


def _is_text(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "string" and not schema.keys() & _RESTRICTING


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    missing_required_header,
    refuses_what_is_wrong,
    unsupported_method,
]


@pytest.fixture
def published(document: str) -> Any:
    return json.loads(document)


def test_the_document_names_every_route_with_its_permission(served: Flask, published: Any) -> None:
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in served.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/") and rule.rule != "/api/v1/openapi.json"
    }

    declared = {
        (path, method) for path, methods in published["paths"].items() for method in methods
    }

    assert published["openapi"] == "3.1.0"
    assert declared == routes
    assert ("/api/v1/jobs/{job_id}/replay", "post") in declared
    for methods in published["paths"].values():
        for each in methods.values():
            assert each.get("security") == [] or each["x-permission"].count(":") == 1
            assert each["summary"]


def test_an_operation_tells_its_headers_and_refusals(published: Any) -> None:
    change = published["paths"]["/api/v1/users/{user_id}"]["patch"]
    create = published["paths"]["/api/v1/users"]["post"]

    assert set(change["requestBody"]["content"]) == {
        "application/merge-patch+json", "application/json",
    }  # fmt: skip
    assert {"412", "428", "404", "409", "422"} <= set(change["responses"])
    assert [p["name"] for p in change["parameters"]] == ["user_id", "reason", "If-Match"]
    assert "Link" not in change["responses"]["200"]["headers"]
    assert {p["name"] for p in create["parameters"]} == {"Idempotency-Key", "Prefer"}
    assert {"ETag", "Location"} <= set(create["responses"]["201"]["headers"])
    problem = create["responses"]["409"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/Problem"}


def test_a_success_is_never_told_as_a_problem(published: Any) -> None:
    told = {
        (method, path, status): answer.get("content", {})
        for path, methods in published["paths"].items()
        for method, each in methods.items()
        if method != "parameters"
        for status, answer in each["responses"].items()
        if status.startswith("2")
    }

    assert [each for each, content in told.items() if "application/problem+json" in content] == []
    assert [each for each, content in told.items() if each[2] == "204" and content] == []
    [upsert] = [
        each["put"]["responses"]
        for path, each in published["paths"].items()
        if path.endswith("/customers/by-external-ref/{external_ref}")
    ]
    assert upsert["201"]["content"] == upsert["200"]["content"]
    assert {"ETag", "Location"} <= set(upsert["201"]["headers"])


def test_what_is_made_leads_to_all_that_it_has(published: Any) -> None:
    made = published["paths"]["/api/v1/customers"]["post"]["responses"]["201"]["links"]
    read = published["paths"]["/api/v1/customers/{customer_id}"]["get"]["responses"]["200"]["links"]

    assert made == read
    assert made["get_customer"] == {
        "operationId": "get_customer", "parameters": {"customer_id": "$response.body#/id"},
    }  # fmt: skip
    for name in ("change_customer", "delete_customer"):
        assert made[name]["parameters"] == {
            "customer_id": "$response.body#/id", "If-Match": "$response.header.ETag",
        }  # fmt: skip
    assert {"create_contact", "create_address", "list_customer_leads"} <= made.keys()
    # Of a link of his, and of his protection, this answer tells neither id nor version.
    assert not {"cut_link", "release_protection"} & made.keys()


def test_what_is_made_within_something_is_found_there(published: Any) -> None:
    draw = published["paths"]["/api/v1/pools/{pool_id}/draws"]["post"]["responses"]["201"]["links"]

    assert draw["list_candidates"]["parameters"] == {
        "pool_id": "$request.path.pool_id", "draw_id": "$response.body#/id",
    }  # fmt: skip


def test_what_an_answer_names_can_be_read(published: Any) -> None:
    paths = published["paths"]
    conversion = paths["/api/v1/leads/{lead_id}/conversion"]["post"]["responses"]["201"]["links"]
    objective = paths["/api/v1/objectives"]["post"]["responses"]["201"]["links"]

    assert {name: link["parameters"] for name, link in conversion.items()} == {
        "get_contact": {"contact_id": "$response.body#/contact_id"},
        "get_customer": {"customer_id": "$response.body#/customer_id"},
        "get_plan": {"plan_id": "$response.body#/plan_id"},
    }
    assert "get_note_template" not in objective  # its template_id is that of another kind


def test_every_link_gives_all_that_its_operation_needs(published: Any) -> None:
    operations = {
        each["operationId"]: each for path in published["paths"].values() for each in path.values()
    }
    schemas = published["components"]["schemas"]
    links = 0

    for each in operations.values():
        for answer in each["responses"].values():
            for name, link in answer.get("links", {}).items():
                links += 1
                given = link["parameters"]
                needed = {
                    p["name"] for p in operations[name]["parameters"] if p["in"] != "query"
                    and p.get("required")
                }  # fmt: skip
                assert (link["operationId"], given.keys()) == (name, needed)
                assert "If-Match" not in given or "ETag" in answer["headers"]
                [shown] = answer["content"].values()
                fields = schemas[shown["schema"]["$ref"].rsplit("/", 1)[1]]["properties"]
                pointers = [e.partition("#/")[2] for e in given.values() if "body#/" in e]
                assert all(pointer in fields for pointer in pointers)

    assert links > 500


def test_the_schemas_tell_the_rules(published: Any) -> None:
    schemas = published["components"]["schemas"]

    assert schemas["UserCreate"]["additionalProperties"] is False
    assert schemas["UserCreate"]["properties"]["name"]["maxLength"] == 200
    assert schemas["UserPatch"].get("required", []) == []
    assert "default" not in schemas["UserPatch"]["properties"]["name"]


def test_every_reference_of_the_document_resolves(published: Any) -> None:
    text = json.dumps(published)
    references = {part.partition('"')[0] for part in text.split('"$ref": "#/')[1:]}

    assert references
    for reference in references:
        found = published
        for step in reference.split("/"):
            found = found[step]
        assert isinstance(found, dict)


def test_the_items_of_a_batch_are_described_though_each_is_read_by_itself(published: Any) -> None:
    item = published["components"]["schemas"]["Batch"]["properties"]["items"]["items"]

    assert item["properties"]["external_ref"]["maxLength"] == 255
    assert item["properties"]["fields"]["type"] == "object"
    assert (item["required"], item["additionalProperties"]) == (["external_ref", "fields"], False)


def _operations(app: Flask, document: Any, part: int, mode: GenerationMode) -> list[Any]:
    """Return the operations of every so many-th path of the document, from some part on."""
    paths = dict(list(document["paths"].items())[part::PARTS])
    if FEW:
        for methods in paths.values():
            for each in methods.values():
                each["parameters"] = _some_of(each.get("parameters", []))
        _shorten(document, mode)
    schema = schemathesis.openapi.from_dict({**document, "paths": paths})
    schema.app = app
    # Which characters UTF-8 has takes seconds to try; without a codec only surrogates are left out.
    schema.config.generation.codec = None
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


def _shorten(schema: Any, mode: GenerationMode) -> None:
    """Have no long texts made, nor too long ones: a form and thousands of characters are costly.

    A generator keeps 200 MB of each such field, and takes two seconds for it.
    """
    if isinstance(schema, dict):
        if "pattern" in schema and schema.get("maxLength", 0) > LONG:
            del schema["maxLength"]
            if mode is GenerationMode.POSITIVE:
                schema["maxLength"] = LONG
        for each in schema.values():
            _shorten(each, mode)
    elif isinstance(schema, list):
        for each in schema:
            _shorten(each, mode)


def _some_of(parameters: list[Any]) -> list[Any]:
    """Return the parameters but for most filters of a list, of which there are hundreds."""
    filters = [each for each in parameters if each["in"] == "query" and not each.get("required")]
    step = 1 + len(filters) // MOST_FILTERS
    return [each for each in parameters if each not in filters or filters.index(each) % step == 0]


@pytest.mark.slow
@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_generated_request_breaks_the_server_or_the_document(
    served: Flask,
    client: ApiClient,
    administrator: Caller,
    *,
    published: Any,
    mode: GenerationMode,
    part: int,
) -> None:
    with transaction() as session:
        templates.ask_where_outdated(session)
    drain(TaskName.RENDER_IMPORT_TEMPLATES)  # what a worker does as Hub starts
    broken: list[str] = []
    statuses: Counter[int] = Counter()
    operations = _operations(served, published, part, mode)

    for each in operations:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=FEW,  # the same in every run; of many, new ones
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=each.as_strategy(generation_mode=mode))
        def attack(case: Any) -> None:
            response = case.call_and_validate(headers=administrator.headers, checks=CHECKS)
            statuses[response.status_code // 100] += 1

        try:
            attack()
        except (FailureGroup, Failure) as error:
            broken.append(f"{each.label}: {error}")
        except Unsatisfiable:
            continue  # there is no wrong way to call it

    assert broken == []
    assert (
        statuses[4] * 2 > len(operations) * EXAMPLES
    )  # most ids are unknown, most negative bodies refused
    assert mode is GenerationMode.NEGATIVE or statuses[2] > 0

"""The OpenAPI 3.1 document, made from the declared routes."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.bodies import JSON
from api.calls import MAX_WAIT_S
from api.declarations import Operation, Public, Upload
from api.dispatch import API
from api.links import Links
from api.problem_codes import PROBLEM_CODES, type_of
from api.problems import CONTENT_TYPE, TITLES
from hub.idempotency.services import MAX_KEY_LENGTH
from hub.listing.declaration import Field, Kind, Listing, Operator
from hub.listing.query import HIGHEST_LIMIT, LIMIT

_REFERENCE = "#/components/schemas/{model}"
_Mode = Literal["validation", "serialization"]
_References = Mapping[Any, dict[str, Any]]  # by (model, mode), as pydantic keys them

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "What went wrong (RFC 9457). `code` is stable in every language.",
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "Names the problem by its code, and leads to what that means.",
        },
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "In the reader's language."},
        "instance": {"type": "string"},
        "code": {
            "type": "string",
            "description": "Stable in every language. New ones may come; these there are: "
            + ", ".join(f"`{code}`" for code in PROBLEM_CODES)
            + ".",
        },
        "request_id": {"type": "string", "description": "Finds the request in the log."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "JSON pointer into the body, or /name of a parameter.",
                    },
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
        "details": {"type": "object", "description": "More, depending on the code."},
    },
    "example": {
        "type": type_of("validation"),
        "title": "Not valid",
        "status": 422,
        "detail": "Some fields are not valid.",
        "instance": "/api/v1/users",
        "code": "validation",
        "request_id": "0192f0c1a2b37c4d8e5f60718293a4b5",
        "errors": [{"pointer": "/name", "code": "required", "message": "This field is required."}],
    },
}

_HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {
        "description": 'The version of the record, for If-Match: `"3"`.',
        "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
    },
    "Location": {
        "description": "Where the record, or the job, is.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Link": {
        "description": '`rel="job"`: work that was asked for; `rel="next"`: the next page.',
        "schema": {"type": "string"},
    },
    "Idempotency-Replayed": {
        "description": "`true` where this is the kept answer of an earlier request.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Preference-Applied": {
        "description": "The wait that was granted.",
        "schema": {"type": "string"},
    },
    "X-Request-Id": {
        "description": "Finds the request in the log.",
        "schema": {"type": "string"},
    },
}

_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the record as you read it: a change made meanwhile is not lost.",
    "schema": {"type": "string", "pattern": '^"[1-9][0-9]{0,8}"$'},
    "example": '"3"',
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": (
        "Any text of your own, such as a UUID. The same request with the same key within 24 hours"
        " gets the same answer and has no second effect."
    ),
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_KEY_LENGTH,
        "pattern": "^[ -~]+$",
    },
}
_PREFER = {
    "name": "Prefer",
    "in": "header",
    "description": (
        "`wait=5` holds the answer until the work asked for is done, or five seconds are over"
        f" (RFC 7240); at most {MAX_WAIT_S}."
    ),
    "schema": {"type": "string"},
    "example": "wait=5",
}


def document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """Return the document of some operations.

    Args:
        operations: those to be shown.
        version: of Hub.
    """
    shown = [each for each in operations if each.documented]
    schemas, references = _schemas(shown)
    links = Links(shown)
    paths: dict[str, dict[str, Any]] = {}
    for each in sorted(shown, key=lambda one: (one.path, one.method)):
        path = API + each.documented_path
        paths.setdefault(path, {})[each.method.lower()] = _operation(each, references, links)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hub",
            "version": version,
            "description": (
                "An open integration hub for the customer side of a business. Every call but the"
                " public ones needs a token: `Authorization: Bearer hub_…`."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API token; make one with POST /api/v1/tokens.",
                }
            },
            "schemas": {**schemas, "Problem": PROBLEM_SCHEMA},
            "headers": _HEADERS,
        },
    }


def _schemas(
    operations: Iterable[Operation],
) -> tuple[dict[str, Any], _References]:
    models: dict[tuple[type[BaseModel], _Mode], None] = {}
    for each in operations:
        if isinstance(each.body, type):
            models[each.body, "validation"] = None
        if each.answer is not None:
            models[each.answer, "serialization"] = None
    references, definitions = models_json_schema(list(models), ref_template=_REFERENCE)
    return definitions.get("$defs", {}), references


def _operation(each: Operation, references: _References, links: Links) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "operationId": each.function.__name__,
        "summary": each.summary,
        "tags": [each.path.split("/")[1]],
        "parameters": _parameters(each),
        "responses": _responses(each, references, links),
    }
    if each.description:
        shown["description"] = each.description
    if isinstance(each.permission, Public):
        shown["security"] = []
    else:
        shown["x-permission"] = str(each.permission)
    if isinstance(each.body, Upload):
        kinds = each.body.content_types or ("application/octet-stream",)
        content: dict[str, Any] = {kind: {"schema": {}} for kind in kinds}
        shown["requestBody"] = {
            "required": True,
            "description": each.body.description,
            "content": content,
        }
    elif each.body is not None:
        schema = references[each.body, "validation"]
        shown["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": schema} for kind in each.content_types},
        }
    return shown


def _parameters(each: Operation) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"}
            if kind == "uuid"
            else {"type": "string"},
        }
        for name, kind in each.places.items()
    ]
    if each.query is not None:
        parameters += _query_parameters(each.query)
    if each.listing is not None:
        parameters += _listing_parameters(each.listing)
    if each.needs_version:
        parameters.append(_IF_MATCH)
    if each.method == "POST" and not isinstance(each.permission, Public):
        if each.keeps_answer:
            parameters.append(_IDEMPOTENCY_KEY)
        parameters.append(_PREFER)
    return parameters


def _query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REFERENCE)
    definitions = schema.get("$defs", {})
    parameters = []
    for name, field in schema.get("properties", {}).items():
        parameter: dict[str, Any] = {
            "name": name,
            "in": "query",
            "schema": _inlined(field, definitions),
        }
        if name in schema.get("required", ()):
            parameter["required"] = True
        if "description" in field:
            parameter["description"] = field["description"]
        parameters.append(parameter)
    return parameters


def _inlined(schema: dict[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter: absent is its null, so that branch is left out."""
    branches: list[dict[str, Any]] = [
        b for b in schema.get("anyOf", [schema]) if b.get("type") != "null"
    ]
    merged: dict[str, Any] = {**branches[0]} if len(branches) == 1 else {"anyOf": branches}
    if "$ref" in merged:
        reference = str(merged.pop("$ref"))
        merged = {**definitions[reference.rsplit("/", 1)[1]], **merged}
    if "$ref" in merged.get("items", {}):
        merged["items"] = definitions[str(merged["items"]["$ref"]).rsplit("/", 1)[1]]
    merged.pop("description", None)
    if merged.get("default") is None:
        merged.pop("default", None)
    return merged


def _listing_parameters(listing: Listing[Any]) -> list[dict[str, Any]]:
    sorts = [f.name for f in listing.fields if f.sortable]
    columns = [f.name for f in listing.fields if f.selectable]
    parameters = [
        _listed("sort", {"type": "string"}, f"Comma-separated, `-` turns round: {_words(sorts)}."),
        _listed(
            "fields",
            {"type": "string"},
            "Comma-separated columns, as saved views and exports have them; an unknown one is"
            f" refused, and the records of this answer are whole all the same: {_words(columns)}.",
        ),
        _listed("facets", {"type": "string"}, "Comma-separated fields to count by value."),
        _listed(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": HIGHEST_LIMIT, "default": LIMIT},
            "How many at most.",
        ),
        _listed("cursor", {"type": "string"}, "From the `Link` of the page before."),
    ]
    if listing.search is not None:
        parameters.insert(0, _listed("q", {"type": "string"}, "Quick search."))
    for field in listing.fields:
        parameters += [_comparison(field, operator) for operator in field.allowed]
    return parameters


def _comparison(field: Field, operator: Operator) -> dict[str, Any]:
    name = field.name if operator is Operator.EQ else f"{field.name}.{operator.value}"
    value: dict[str, Any] = {"type": "string"}
    if operator is Operator.EMPTY or field.kind is Kind.BOOLEAN:
        value = {"type": "boolean"}
    elif field.kind is Kind.ENUM:
        value = {"type": "string", "enum": [choice.value for choice in field.choices]}
    return _listed(
        name, {"type": "array", "items": value}, f"{field.label}; several mean any of them."
    )


def _listed(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _words(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _responses(each: Operation, references: _References, links: Links) -> dict[str, Any]:
    others = {**_refusals(each), **each.refusals}
    good = {
        status: meaning for status, meaning in others.items() if status < HTTPStatus.BAD_REQUEST
    }
    good[each.status] = each.status.phrase
    responses = {
        str(int(status)): _success(each, status, good[status], references)
        for status in sorted(good)
    }
    for status in good:
        if following := links.after(each, status):
            responses[str(int(status))]["links"] = following
    for status in sorted(others.keys() - good.keys()):
        responses[str(int(status))] = {
            "description": others[status],
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return responses


def _success(
    each: Operation, status: HTTPStatus, meaning: str, references: _References
) -> dict[str, Any]:
    names = ["X-Request-Id"]
    has_body = status is not HTTPStatus.NO_CONTENT
    if has_body and each.answer is not None and "version" in each.answer.model_fields:
        names.append("ETag")
    if status in {HTTPStatus.CREATED, HTTPStatus.ACCEPTED}:
        names.append("Location")
    if each.method == "POST":
        names += ["Link", "Idempotency-Replayed", "Preference-Applied"]
    elif each.method == "GET" and (each.query is not None or each.listing is not None):
        names.append("Link")
    headers: dict[str, Any] = {n: {"$ref": f"#/components/headers/{n}"} for n in names}
    for name, told in each.headers.items():
        headers[name] = {"description": told, "schema": {"type": "string"}}
    success: dict[str, Any] = {"description": meaning, "headers": headers}
    if has_body and each.answer is not None:
        success["content"] = {JSON: {"schema": references[each.answer, "serialization"]}}
    elif has_body and each.content_type != JSON:
        success["content"] = {kind: {} for kind in each.content_type.split(", ")}
    return success


def _refusals(each: Operation) -> dict[HTTPStatus, str]:
    writes = each.method != "GET"
    wanted = {
        HTTPStatus.BAD_REQUEST: writes,
        HTTPStatus.UNAUTHORIZED: not isinstance(each.permission, Public),
        HTTPStatus.FORBIDDEN: not isinstance(each.permission, Public),
        HTTPStatus.NOT_FOUND: bool(each.places) or writes,
        HTTPStatus.CONFLICT: writes,
        HTTPStatus.PRECONDITION_FAILED: each.needs_version,
        HTTPStatus.PRECONDITION_REQUIRED: each.needs_version,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: each.body is not None,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: each.body is not None,
        HTTPStatus.UNPROCESSABLE_ENTITY: True,
        HTTPStatus.TOO_MANY_REQUESTS: not isinstance(each.permission, Public),
        HTTPStatus.INTERNAL_SERVER_ERROR: True,
        HTTPStatus.SERVICE_UNAVAILABLE: True,
    }
    return {status: TITLES[status] for status, applies in wanted.items() if applies}

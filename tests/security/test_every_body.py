"""R-57, route by route out of the list of routes: no JSON that is none, no text that is none."""

import re
import uuid
from typing import NamedTuple

import pytest
from flask import Flask
from pydantic import BaseModel

from api.bodies import MAX_BYTES
from api.declarations import Operation, Public
from api.dispatch import API
from api.operations import View
from hub.access.roles import Role
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller

DEEP = b'{"a":' * 51 + b"1" + b"}" * 51
MALFORMED = {
    "empty": b"",
    "cut off": b'{"name": "a"',
    "trailing comma": b'{"name": "a",}',
    "single quotes": b"{'name': 'a'}",
    "comment": b'{"name": "a"} // x',
    "two values": b"{} {}",
    "bare word": b"nothing",
    "NaN": b'{"name": NaN}',
    "infinity": b'{"name": Infinity}',
    "minus infinity": b'{"name": [-Infinity]}',
    "too large a number": b'{"name": 1e999}',
    "thousands of digits": b'{"name": ' + b"7" * 5000 + b"}",
    "octal": b'{"name": 017}',
    "repeated name": b'{"name": "a", "name": "b"}',
    "repeated name further in": b'{"x": {"name": "a", "name": "b"}}',
    "not UTF-8": b'{"name": "\xff"}',
    "a surrogate as bytes": b'{"name": "\xed\xa0\x80"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "a line break in a text": b'{"name": "a\nb"}',
    "NUL in a text": b'{"name": "a\x00b"}',
    "too deep": DEEP,
    "much too deep": b"[" * 100_000,
}
TEXTS = {
    "NUL": (b'{"name": "a\\u0000b"}', "nul_character"),
    "half a pair": (b'{"name": ["\\ud800"]}', "lone_surrogate"),
    "the other half": (b'{"x": {"name": "\\udfff"}}', "lone_surrogate"),
}


class Answered(NamedTuple):
    status: int
    code: str
    errors: list[str]


def operations(app: Flask) -> list[tuple[str, Operation]]:
    """Return every operation that takes JSON, the public ones too, by its path."""
    found = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if rule.rule.startswith(API) and isinstance(view, View):
            body = view.operation.body
            if isinstance(body, type) and issubclass(body, BaseModel):
                path = re.sub(r"<uuid:\w+>", str(uuid.uuid4()), rule.rule)
                found.append((re.sub(r"<\w+(:\w+)?>", "x", path), view.operation))
    return found


def send(
    client: ApiClient, path: str, operation: Operation, caller: Caller, body: bytes
) -> Answered:
    headers = {**caller.headers, "If-Match": '"1"', "Content-Type": "application/json"}
    if isinstance(operation.permission, Public):
        del headers["Authorization"]
    answer = getattr(client, operation.method.lower())(path, headers=headers, data=body)
    codes = [error["code"] for error in answer.json.get("errors", ())]
    assert answer.content_type == "application/problem+json"
    return Answered(answer.status_code, answer.json["code"], codes)


@pytest.fixture
def caller(client: ApiClient) -> Caller:
    return make_caller(Role.ADMINISTRATOR, "anna@example.com")


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_is_no_json_is_refused_everywhere(
    app: Flask, client: ApiClient, caller: Caller, kind: str
) -> None:
    found = operations(app)
    wrong = [
        (operation.method, path, answer)
        for path, operation in found
        for answer in (send(client, path, operation, caller, MALFORMED[kind]),)
        if answer.status != 400
    ]

    assert len(found) > 35
    assert wrong == []


@pytest.mark.parametrize("kind", TEXTS)
def test_what_is_no_text_is_named_with_its_field_everywhere(
    app: Flask, client: ApiClient, caller: Caller, kind: str
) -> None:
    body, code = TEXTS[kind]
    wrong = [
        (operation.method, path, answer)
        for path, operation in operations(app)
        for answer in (send(client, path, operation, caller, body),)
        if answer != Answered(422, "validation", [code])
    ]

    assert wrong == []


def test_more_than_a_mebibyte_is_refused_everywhere(
    app: Flask, client: ApiClient, caller: Caller
) -> None:
    body = b'{"name": "' + b"x" * MAX_BYTES + b'"}'
    wrong = [
        (operation.method, path, answer)
        for path, operation in operations(app)
        for answer in (send(client, path, operation, caller, body),)
        if answer.status != 413
    ]

    assert wrong == []


@pytest.mark.parametrize("text", ["a%00b", "%ed%a0%80", "a%0d%0ab"])
def test_no_text_in_an_address_breaks_anything(
    app: Flask, client: ApiClient, caller: Caller, text: str
) -> None:
    wrong = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if not isinstance(view, View) or not rule.rule.startswith(API):
            continue
        path = re.sub(r"<uuid:\w+>", str(uuid.uuid4()), rule.rule)
        path = re.sub(r"<\w+(:\w+)?>", text, path)
        listing, asked = view.operation.listing, view.operation.query
        names = ["unknown", *(asked.model_fields if asked else ())]
        if listing:
            names += ["limit", "cursor", "q", "sort", *(each.name for each in listing.fields[:4])]
        headers = {**caller.headers, "If-Match": '"1"'}
        for query in ("", *(f"?{name}={text}" for name in names)):
            send_it = getattr(client, view.operation.method.lower())
            answer = send_it(path + query, headers=headers, json={})
            if answer.status_code == 500:
                wrong.append((view.operation.method, path + query, answer.status_code))

    assert wrong == []

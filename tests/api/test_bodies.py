import gzip
import json

import pytest

from api.bodies import MAX_BYTES
from tests.api.client import ApiClient
from tests.api.conftest import Caller

JSON = {"Content-Type": "application/json"}


def deep(levels: int) -> bytes:
    # The body itself and `free` are a level each.
    return b'{"free":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed_json"),
        (b"{", "malformed_json"),
        (b'{"name": "a",}', "malformed_json"),
        (b"{'name': 1}", "malformed_json"),
        (b'{"free": NaN}', "malformed_json"),
        (b'{"free": Infinity}', "malformed_json"),
        (b'{"free": -Infinity}', "malformed_json"),
        (b'{"free": 1e999}', "malformed_json"),
        (b'{"free": ' + b"9" * 5000 + b"}", "malformed_json"),
        (b'{"name": "\xff"}', "malformed_json"),
        (b'{"name": "\xed\xa0\x80"}', "malformed_json"),
        (b'\xef\xbb\xbf{"name": "a"}', "malformed_json"),
        ('{"name": "a"}'.encode("utf-16"), "malformed_json"),
        (b'{"name": "a\x00b"}', "malformed_json"),
        (b'{"name": "a\nb"}', "malformed_json"),
        (b'{"name": "a"} {}', "malformed_json"),
        (b'{"name": "a", "name": "b"}', "repeated_name"),
        (b'{"inner": {"lines": [], "lines": []}}', "repeated_name"),
        (b'{"na\\u0000me": 1}', "malformed_json"),
        (deep(51), "too_deep"),
        (deep(100_000), "too_deep"),
    ],
)
def test_json_that_cannot_be_read_is_refused(
    client: ApiClient, administrator: Caller, body: bytes, code: str
) -> None:
    answer = client.post("/probe/echo", headers={**administrator.headers, **JSON}, data=body)

    assert (answer.status_code, answer.json["code"]) == (400, code)
    assert answer.content_type == "application/problem+json"


def test_fifty_levels_are_read(client: ApiClient, administrator: Caller) -> None:
    answer = client.post("/probe/echo", headers={**administrator.headers, **JSON}, data=deep(50))

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (b'{"name": "a\\u0000b"}', "/name", "nul_character"),
        (b'{"inner": {"lines": ["a", "\\u0000"]}}', "/inner/lines/1", "nul_character"),
        (b'{"name": "\\ud800"}', "/name", "lone_surrogate"),
        (b'{"free": {"a/b": "\\udfff"}}', "/free/a~1b", "lone_surrogate"),
    ],
)
def test_text_that_no_database_can_hold_is_not_valid(
    client: ApiClient, administrator: Caller, body: bytes, pointer: str, code: str
) -> None:
    answer = client.post("/probe/echo", headers={**administrator.headers, **JSON}, data=body)

    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [(pointer, code)]


def test_a_whole_surrogate_pair_is_a_character(client: ApiClient, administrator: Caller) -> None:
    answer = client.post(
        "/probe/echo", headers={**administrator.headers, **JSON}, data=b'{"name": "\\ud83d\\ude00"}'
    )

    assert answer.json["name"] == "😀"


def test_a_body_of_more_than_a_mebibyte_is_refused(
    client: ApiClient, administrator: Caller
) -> None:
    headers = {**administrator.headers, **JSON}
    frame = len(b'{"free":""}')
    fits = b'{"free":"' + b"x" * (MAX_BYTES - frame) + b'"}'

    assert client.post("/probe/echo", headers=headers, data=fits).status_code == 200
    answer = client.post("/probe/echo", headers=headers, data=fits + b" ")

    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


def test_an_upload_has_a_limit_and_types_of_its_own(
    client: ApiClient, administrator: Caller
) -> None:
    csv = {**administrator.headers, "Content-Type": "text/csv"}
    size = MAX_BYTES + 1

    assert client.post("/probe/upload", headers=csv, data=b"x" * size).json["count"] == size
    assert client.post("/probe/upload", headers=csv, data=b"x" * (2 * size)).status_code == 413
    json_upload = client.post("/probe/upload", headers={**csv, **JSON}, data=b"{}")
    assert (json_upload.status_code, json_upload.headers["Accept"]) == (415, "text/csv")


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "", None])
def test_another_content_type_is_refused(
    client: ApiClient, administrator: Caller, content_type: str | None
) -> None:
    answer = client.post(
        "/probe/echo", headers=administrator.headers, data=b"{}", content_type=content_type
    )

    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_content_type")


def test_json_with_a_charset_is_json(client: ApiClient, administrator: Caller) -> None:
    headers = {**administrator.headers, "Content-Type": "application/json; charset=utf-8"}

    assert client.post("/probe/echo", headers=headers, data=b"{}").status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"colour": "red"}, "/colour", "unknown"),
        ({"id": "7"}, "/id", "unknown"),
        ({"inner": {"created_at": 1}}, "/inner/created_at", "unknown"),
        ({"name": 7}, "/name", "type"),
        ({"name": None}, "/name", "type"),
        ({"name": "  "}, "/name", "too_short"),
        ({"name": "x" * 201}, "/name", "too_long"),
        ({"name": "a\u2028b"}, "/name", "control_character"),
        ({"count": "32"}, "/count", "type"),
        ({"count": True}, "/count", "type"),
        ({"count": 32.5}, "/count", "type"),
        ({"count": 2**31}, "/count", "too_large"),
        ({"few": 4}, "/few", "too_large"),
        ({"few": -1}, "/few", "too_small"),
        ({"at": "2026-12-01T09:00:00"}, "/at", "instant"),
        ({"at": 1790000000}, "/at", "instant"),
        ({"inner": {"lines": ["a", 7]}}, "/inner/lines/1", "type"),
        ([], "", "type"),
        ("text", "", "type"),
    ],
)
def test_each_broken_rule_is_named_with_its_field(
    client: ApiClient, administrator: Caller, body: object, pointer: str, code: str
) -> None:
    answer = client.post("/probe/echo", headers=administrator.headers, json=body)

    assert (answer.status_code, answer.json["code"]) == (422, "validation")
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [(pointer, code)]


def test_a_number_without_a_fraction_is_whole(client: ApiClient, administrator: Caller) -> None:
    answer = client.post(
        "/probe/echo", headers={**administrator.headers, **JSON}, data=b'{"count": 32.0}'
    )

    assert answer.json["count"] == 32


def test_a_message_names_the_rule(client: ApiClient, administrator: Caller) -> None:
    answer = client.post("/probe/echo", headers=administrator.headers, json={"name": "x" * 201})

    assert answer.json["errors"][0]["message"] == "May have at most 200 characters."


def test_a_choice_is_told_in_one_language(client: ApiClient, administrator: Caller) -> None:
    answer = client.post(
        "/api/v1/customers",
        headers={**administrator.headers, "Accept-Language": "da"},
        json={"name": "Nordlys ApS", "roles": ["konge"]},
    )

    assert answer.json["errors"][0]["message"] == (
        "Skal være en af: 'prospect', 'customer', 'supplier'."
    )


@pytest.mark.parametrize(
    ("query", "name", "code"),
    [
        ("colour=red", "colour", "unknown"),
        ("limit=6", "limit", "too_large"),
        ("limit=x", "limit", "type"),
        ("limit=1&limit=2", "limit", "repeated"),
        ("text=a%00b", "text", "nul_character"),
        ("many=a&many=%00", "many", "nul_character"),
    ],
)
def test_a_bad_parameter_is_named(
    client: ApiClient, administrator: Caller, query: str, name: str, code: str
) -> None:
    answer = client.get(f"/probe/query?{query}", headers=administrator.headers)

    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [(f"/{name}", code)]


def test_a_parameter_of_many_values_may_be_repeated(
    client: ApiClient, administrator: Caller
) -> None:
    answer = client.get("/probe/query?many=a&many=b&limit=2", headers=administrator.headers)

    assert answer.json == {"limit": 2, "text": None, "many": ["a", "b"]}


def test_a_route_without_parameters_refuses_them(client: ApiClient, administrator: Caller) -> None:
    answer = client.get("/api/v1/me?verbose=1", headers=administrator.headers)

    assert answer.json["errors"][0]["pointer"] == "/verbose"


@pytest.mark.parametrize("kind", ["application/json", "application/merge-patch+json"])
def test_a_merge_patch_tells_absent_from_null(
    client: ApiClient, administrator: Caller, kind: str
) -> None:
    headers = {**administrator.headers, "Content-Type": kind, "If-Match": '"4"'}

    cleared = client.patch("/probe/patch", headers=headers, data=json.dumps({"phone": None}))
    renamed = client.patch("/probe/patch", headers=headers, data=json.dumps({"name": "n"}))
    refused = client.patch("/probe/patch", headers=headers, data=json.dumps({"name": None}))

    assert cleared.json["free"] == {"phone": None, "expected": 4}
    assert renamed.json["free"] == {"name": "n", "expected": 4}
    assert refused.json["errors"][0]["pointer"] == "/name"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("credit_limit", "1.234,50", "Must be written like 25000.50."),
        ("name", "", "Must not be empty."),
    ],
)
def test_what_has_another_form_is_told_by_an_example(
    client: ApiClient, administrator: Caller, field: str, value: str, told: str
) -> None:
    answer = client.post(
        "/api/v1/customers", headers=administrator.headers, json={"name": "N", field: value}
    )

    assert answer.status_code == 422
    [error] = answer.json["errors"]
    assert (error["pointer"], error["message"]) == (f"/{field}", told)


def test_a_compressed_body_is_refused_for_what_it_is(
    client: ApiClient, administrator: Caller
) -> None:
    headers = {**administrator.headers, "Content-Encoding": "gzip"}
    answer = client.post(
        "/api/v1/customers", headers={**headers, "Content-Type": "application/json"},
        data=gzip.compress(b'{"name": "N"}'),
    )  # fmt: skip
    upload = client.post(
        "/probe/upload", headers={**headers, "Content-Type": "text/csv"}, data=b"x"
    )

    for each in (answer, upload):
        assert (each.status_code, each.json["code"]) == (415, "unsupported_content_encoding")
        assert each.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("name", ["\u200b\u200b", "\u2060 \u00ad"])
def test_a_name_that_nobody_sees_is_none(
    client: ApiClient, administrator: Caller, name: str
) -> None:
    answer = client.post("/api/v1/customers", headers=administrator.headers, json={"name": name})

    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [("/name", "too_short")]

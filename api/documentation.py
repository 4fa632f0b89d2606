"""/api/v1/openapi.json and /api/docs: the document for programs, and the same for people."""

import json
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flask import Blueprint, Response, current_app

from api import pages
from api.calls import Call
from api.openapi import document
from api.operations import PUBLIC, View, operation
from api.pages import text
from api.problem_codes import PROBLEM_CODES, anchor_of
from hub.idempotency.services import MAX_KEY_LENGTH
from hub.settings import get_settings

blueprint = Blueprint("documentation", __name__)
_CACHED = "hub.openapi"
_OPTIONAL = ' <span class="soft">optional</span>'

_CODE = re.compile("`([^`]+)`")
_ADDRESS = "https://hub.example"

_MANUAL = f"""
<h2 id="conventions">How it works</h2>
<pre><code>curl -H "Authorization: Bearer $TOKEN" {_ADDRESS}/api/v1/me</code></pre>
<table>
<tr><th>Versions</th><td>A record's <code>ETag</code> is its version. PATCH and DELETE want it in
<code>If-Match</code>: 428 without, 412 where somebody was faster.</td></tr>
<tr><th>PATCH</th><td>A merge patch (RFC 7396): a field that is absent stays, <code>null</code>
clears.</td></tr>
<tr><th>Work</th><td>What takes time is a job. <code>202</code> names it in <code>Location</code>,
<code>201</code> in <code>Link: …; rel="job"</code>. With <code>Prefer: wait=5</code> the answer
waits for it.</td></tr>
<tr><th>Language</th><td>That of the user, else <code>Accept-Language</code>. <code>code</code> is
the same in all of them.</td></tr>
</table>
<h2 id="idempotency">Repeating a request</h2>
<p>Send <code>Idempotency-Key</code> with a POST, and repeat it with the same key as often as you
like. Keys belong to user, method and route.</p>
<table>
<tr><th>Without a key</th><td>The request is simply carried out.</td></tr>
<tr><th>Finished before</th><td>The first answer again, with
<code>Idempotency-Replayed: true</code>; your rights are checked first, as they are now.</td></tr>
<tr><th>Still under way</th><td>We wait for it up to five seconds, then 409
<code>idempotency_key_in_flight</code>.</td></tr>
<tr><th>Another request</th><td>422 <code>idempotency_key_reused</code>.</td></tr>
<tr><th>Refused before</th><td>Nothing was kept: mend the request and use the same key.</td></tr>
<tr><th>After 24 hours</th><td>The key is new again.</td></tr>
<tr><th>Longer than {MAX_KEY_LENGTH} characters</th><td>400.</td></tr>
<tr><th>Where the answer holds a secret</th><td>400
<code>idempotency_not_supported</code>.</td></tr>
</table>
<h2 id="problems">When something is wrong</h2>
<p>Every error is <code>application/problem+json</code> (RFC 9457). Its <code>type</code> leads to
its <a href="#problem-codes">code</a>.</p>
"""


@operation(
    blueprint,
    "GET",
    "/api/v1/openapi.json",
    permission=PUBLIC,
    opens_transaction=False,
    documented=False,
)
def show_document(call: Call) -> Response:
    """Return the OpenAPI document."""
    del call
    body = json.dumps(openapi_document(), ensure_ascii=False)
    return Response(body, content_type="application/json")


@operation(
    blueprint, "GET", "/api/docs", permission=PUBLIC, opens_transaction=False, documented=False
)
def show_documentation(call: Call) -> Response:
    """Return the documentation as a page."""
    address = (get_settings().public_url or call.request.host_url).rstrip("/")
    shown = openapi_document()
    groups: dict[str, list[str]] = {}
    for path, methods in shown["paths"].items():
        for method, declared in methods.items():
            groups.setdefault(declared["tags"][0], []).append(
                _operation(path, method.upper(), declared)
            )
    links = "".join(f'<a href="#routes-{text(name)}">{text(name)}</a>' for name in groups)
    parts = [
        f"<h1>{text(shown['info']['title'])} API</h1>",
        (
            f'<p class="soft">Version {text(shown["info"]["version"])} · '
            '<a href="/api/v1/openapi.json">openapi.json</a></p>'
        ),
        f"<p>{text(shown['info']['description'])}</p>",
        f'<nav>{links}<a href="#schemas">schemas</a></nav>',
        _MANUAL.replace(_ADDRESS, text(address)),
        _schema_table(shown["components"]["schemas"]["Problem"]),
        _problem_codes(),
        *(
            f'<h2 id="routes-{text(name)}">{text(name)}</h2>{"".join(rows)}'
            for name, rows in sorted(groups.items())
        ),
        '<h2 id="schemas">Schemas</h2>',
        *(_schema(name, schema) for name, schema in shown["components"]["schemas"].items()),
    ]
    return pages.page("Hub API", "".join(parts))


def openapi_document() -> dict[str, Any]:
    """Return the document of the application that runs; made once."""
    known: dict[str, Any] | None = current_app.extensions.get(_CACHED)
    if known is None:
        views = [v for v in current_app.view_functions.values() if isinstance(v, View)]
        known = document((view.operation for view in views), _version())
        current_app.extensions[_CACHED] = known
    return known


def _version() -> str:
    try:
        return version("hub")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"


def _operation(path: str, method: str, declared: Mapping[str, Any]) -> str:
    parts = [
        (
            f'<details id="{text(declared["operationId"])}"><summary>'
            f'<span class="method {method}">{method}</span><code>{text(path)}</code>'
            f'<span class="soft">{text(declared["summary"])}</span></summary>'
        )
    ]
    if "description" in declared:
        parts += [f"<p>{text(part)}</p>" for part in declared["description"].split("\n\n")]
    if "x-permission" in declared:
        parts.append(f"<p>Needs <code>{text(declared['x-permission'])}</code>.</p>")
    if declared["parameters"]:
        parts.append("<h3>Parameters</h3>")
        parts.append(
            _table(
                (
                    f"<code>{text(p['name'])}</code>",
                    f"{text(p['in'])}{', required' if p.get('required') else ''}",
                    text(p.get("description", "")),
                )
                for p in declared["parameters"]
            )
        )
    if "requestBody" in declared:
        content = declared["requestBody"]["content"]
        kinds = ", ".join(f"<code>{text(kind)}</code>" for kind in content)
        first = next(iter(content.values()))
        parts.append(f"<h3>Body</h3><p>{kinds}: {_type(first['schema'])}</p>")
    parts.append("<h3>Answers</h3>")
    parts.append(
        _table(
            (text(status), text(answer["description"]), _content(answer))
            for status, answer in declared["responses"].items()
        )
    )
    return "".join([*parts, "</details>"])


def _content(answer: Mapping[str, Any]) -> str:
    return " ".join(_type(kind.get("schema", {})) for kind in answer.get("content", {}).values())


def _problem_codes() -> str:
    """Return what each code means, under the id that a problem's type names."""
    rows = (
        f'<tr id="{text(anchor_of(code))}"><td><code>{text(code)}</code></td>'
        f"<td>{_CODE.sub(_as_code, text(meaning))}</td></tr>"
        for code, meaning in PROBLEM_CODES.items()
    )
    return f'<h3 id="problem-codes">Codes</h3><table>{"".join(rows)}</table>'


def _as_code(found: re.Match[str]) -> str:
    return f"<code>{found[1]}</code>"


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    body = _schema_table(schema) if "properties" in schema else f"<p>{_type(schema)}</p>"
    description = text(schema.get("description", ""))
    return (
        f'<details id="schema-{text(name)}"><summary><code>{text(name)}</code>'
        f'<span class="soft">{description}</span></summary>{body}</details>'
    )


def _schema_table(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    return _table(
        (
            f"<code>{text(name)}</code>" + ("" if name in required else _OPTIONAL),
            _type(field),
            text(field.get("description", "")),
        )
        for name, field in schema["properties"].items()
    )


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = text(schema["$ref"].rsplit("/", 1)[1])
        return f'<a href="#schema-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(branch) for branch in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"<code>{text(value)}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    limits = [
        f"{words} {schema[key]}"
        for key, words in (("maxLength", "at most"), ("minimum", "from"), ("maximum", "to"))
        if key in schema
    ]
    kind = schema.get("format") or schema.get("type") or "any"
    return text(" ".join([kind, *limits]))


def _table(rows: Iterable[tuple[str, str, str]]) -> str:
    cells = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"

"""Reads JSON from strangers: what is checked before pydantic sees it (reliability.md R-57).

pydantic's own parser takes NaN, repeated names and any depth, so Python's reads the text first.
"""

import json
import math
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, NoReturn

from flask import Request

from api.refusals import RefusalError, malformed
from hub.errors import FieldError, ValidationError
from hub.i18n import N_

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 50
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


def read_json(
    request: Request, content_types: tuple[str, ...], *, left: str = ""
) -> tuple[bytes, Any]:
    """Return the body as it came and as Python values.

    `left` is a list whose texts are left to whoever reads its items; see `refuse_bad_texts`.

    Raises:
        RefusalError: another content type, or compressed (415), or no JSON that we take (400).
        ValidationError: a text holds NUL or half a surrogate pair.
        RequestEntityTooLarge: werkzeug's, beyond the limit of the request.
    """
    if request.mimetype not in content_types:
        raise unsupported_content_type(content_types)
    refuse_encoded(request)
    data = request.get_data(cache=False)
    value = parse_json(data, left=left)
    return data, value


def parse_json(data: bytes, *, left: str = "") -> Any:
    """Return the values of a JSON text; of `left` as `read_json`.

    Raises:
        RefusalError: it is not well formed, deeper than 50, repeats a name or holds a NaN.
        ValidationError: a text holds NUL or half a surrogate pair.
    """
    if not data:
        raise malformed("malformed_json", N_("The body is empty; JSON is expected."))
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except RecursionError as error:
        raise _too_deep() from error
    except UnicodeDecodeError as error:
        raise malformed("malformed_json", N_("The body is not UTF-8.")) from error
    except json.JSONDecodeError as error:
        raise malformed(
            "malformed_json",
            N_("The body is not JSON: line {line}, column {column}."),
            line=error.lineno,
            column=error.colno,
        ) from error
    except ValueError as error:  # of an integer with thousands of digits
        raise malformed("malformed_json", N_("A number in the body is too long.")) from error
    # Each opening bracket adds at most one level, and only an escape can write a NUL or a half
    # pair into a text: most bodies need no walk.
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH or b"\\u" in data:
        _walk(value, left=left)
    return value


def unsupported_content_type(content_types: Iterable[str]) -> RefusalError:
    """Make the refusal of a body of a type that the route does not take."""
    accepted = ", ".join(content_types)
    return RefusalError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported_content_type",
        N_("Send the body as {accepted}."),
        headers={"Accept": accepted},
        accepted=accepted,
    )


def refuse_encoded(request: Request) -> None:
    """Pass a body that is not compressed.

    Raises:
        RefusalError: ``unsupported_content_encoding`` (415; RFC 9110, section 15.5.16).
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RefusalError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_content_encoding",
            N_("Send the body as it is, not compressed."),
            headers={"Accept-Encoding": "identity"},
        )


def refuse_bad_text(pointer: str, value: str) -> None:
    """Pass a text that PostgreSQL and JSON can carry.

    Raises:
        ValidationError: it holds NUL or half a surrogate pair.
    """
    broken = _bad_text(pointer, value)
    if broken is not None:
        raise ValidationError(broken)


def refuse_bad_texts(value: Any) -> None:
    """Pass values of JSON whose texts PostgreSQL and JSON can carry.

    Raises:
        ValidationError: names each that holds NUL or half a surrogate pair.
    """
    _walk(value)


def _walk(value: Any, *, left: str = "") -> None:
    beside = f"/{left}/" if left else None
    errors: list[FieldError] = []
    waiting: list[tuple[str, int, Any]] = [("", 0, value)]
    while waiting:
        pointer, depth, item = waiting.pop()
        if isinstance(item, str):
            broken = _bad_text(pointer, item)
            if broken is not None and not (beside and pointer.startswith(beside)):
                errors.append(broken)
            continue
        if not isinstance(item, dict | list):
            continue
        if depth == MAX_DEPTH:
            raise _too_deep()
        pairs = item.items() if isinstance(item, dict) else enumerate(item)
        for key, inner in pairs:
            path = f"{pointer}/{escape(str(key))}"
            if isinstance(key, str) and _bad_text(path, key) is not None:
                raise malformed("malformed_json", N_("A name in the body holds a bad character."))
            waiting.append((path, depth + 1, inner))
    if errors:
        raise ValidationError(*sorted(errors, key=lambda error: error.pointer))


def escape(name: str) -> str:
    """Return a name as a JSON pointer writes it (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _bad_text(pointer: str, value: str) -> FieldError | None:
    if "\x00" in value:
        return FieldError(pointer, "nul_character", N_("Must not contain the character NUL."))
    if any("\ud800" <= character <= "\udfff" for character in value):
        return FieldError(pointer, "lone_surrogate", N_("Holds half of a surrogate pair."))
    return None


def _too_deep() -> RefusalError:
    return malformed(
        "too_deep", N_("The body is nested more than {most} levels deep."), most=MAX_DEPTH
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise malformed("repeated_name", N_("An object in the body names a field twice."))
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise malformed("malformed_json", N_("{name} is no number in JSON."), name=name)


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise malformed("malformed_json", N_("A number in the body is too large."))
    return value

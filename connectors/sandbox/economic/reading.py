"""What a handler needs of the request at hand."""

from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest

from connectors.sandbox.economic.books import Record
from connectors.sandbox.economic.refusals import RefusedError


def root() -> str:
    """Return the URL of the server as the caller reached it, without a slash at the end."""
    return request.host_url.rstrip("/")


def here() -> str:
    """Return the URL of the request without its query."""
    return request.base_url


def json_object() -> Record:
    """Return the body as a JSON object.

    Raises:
        RefusedError: 415, another content type; 400, it is not JSON or not an object.
    """
    if not request.is_json:
        raise RefusedError(415, "media_type")
    try:
        body: Any = request.get_json()
    except BadRequest as error:
        raise RefusedError(400, "not_json") from error
    if not isinstance(body, dict):
        raise RefusedError(400, "not_json")
    return body

"""A client whose answers say what is in them."""

from typing import Any, Protocol

from flask.testing import FlaskClient
from werkzeug.datastructures import Headers

from api.problem_codes import PROBLEM_CODES
from api.problems import CONTENT_TYPE


class Reply(Protocol):
    """As much of an answer as tests look at."""

    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def content_type(self) -> str | None: ...
    @property
    def json(self) -> Any: ...
    @property
    def text(self) -> str: ...
    @property
    def data(self) -> bytes: ...


class ApiClient:
    """Sends requests to the application in this process.

    Whatever problem they get must be of a code that is documented.
    """

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def get(self, path: str, **options: Any) -> Reply:
        return _documented(self._client.get(path, **options))

    def post(self, path: str, **options: Any) -> Reply:
        return _documented(self._client.post(path, **options))

    def put(self, path: str, **options: Any) -> Reply:
        return _documented(self._client.put(path, **options))

    def patch(self, path: str, **options: Any) -> Reply:
        return _documented(self._client.patch(path, **options))

    def delete(self, path: str, **options: Any) -> Reply:
        return _documented(self._client.delete(path, **options))


def _documented(reply: Reply) -> Reply:
    if reply.content_type == CONTENT_TYPE:
        code = reply.json["code"]
        assert code in PROBLEM_CODES, f"api/problem_codes.py does not say what {code} means"
        assert reply.json["type"] == f"/api/docs#problem-{code}"
    return reply

"""A client whose answers say what is in them."""

from typing import Any, Protocol

from flask.testing import FlaskClient
from werkzeug.datastructures import Headers


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
    """Sends requests to the application in this process."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def get(self, path: str, **options: Any) -> Reply:
        return self._client.get(path, **options)

    def post(self, path: str, **options: Any) -> Reply:
        return self._client.post(path, **options)

    def put(self, path: str, **options: Any) -> Reply:
        return self._client.put(path, **options)

    def patch(self, path: str, **options: Any) -> Reply:
        return self._client.patch(path, **options)

    def delete(self, path: str, **options: Any) -> Reply:
        return self._client.delete(path, **options)

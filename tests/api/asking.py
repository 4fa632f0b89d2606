"""Requests to the API that tests make by the dozen, and what they are told."""

from typing import Any

from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller

API = "/api/v1"


def post(client: ApiClient, caller: Caller, path: str, body: Any, status: int = 201) -> Any:
    answer = client.post(f"{API}{path}", json=body, headers=caller.headers)
    assert answer.status_code == status, answer.text
    return answer.json


def get(client: ApiClient, caller: Caller, path: str) -> Any:
    answer = client.get(f"{API}{path}", headers=caller.headers)
    assert answer.status_code == 200, answer.text
    return answer.json


def patch(client: ApiClient, caller: Caller, path: str, record: Any, **changes: Any) -> Reply:
    headers = {**caller.headers, "If-Match": f'"{record["version"]}"'}
    return client.patch(f"{API}{path}/{record['id']}", json=changes, headers=headers)


def remove(client: ApiClient, caller: Caller, path: str, record: Any) -> Reply:
    headers = {**caller.headers, "If-Match": f'"{record["version"]}"'}
    return client.delete(f"{API}{path}/{record['id']}", headers=headers)


def broken(answer: Any) -> list[tuple[str, str]]:
    """Return where a refusal says that something is wrong, and what."""
    return [(each["pointer"], each["code"]) for each in answer["errors"]]

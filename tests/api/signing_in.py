"""People with passwords, and how they sign in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from flask import Flask

from hub.access.models import User
from hub.access.roles import Role
from hub.clock import utcnow
from hub.db import transaction
from hub.signing_in import hashing, passwords
from tests.api.client import ApiClient, Reply

PASSWORD = "four words nobody would join"
ANOTHER = "quite another few words"


@contextmanager
def cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hash at a thousandth of the cost, where the cost is not what is tested."""
    monkeypatch.setattr(hashing, "HASHER", PasswordHasher(1, 64, 1))
    hashing._nobodys_hash.cache_clear()
    yield
    hashing._nobodys_hash.cache_clear()


@dataclass
class Browser:
    """A browser: it keeps cookies and, as a page would, the CSRF token."""

    client: ApiClient
    csrf_token: str = ""

    @classmethod
    def of(cls, app: Flask) -> "Browser":
        return cls(ApiClient(app.test_client()))

    @property
    def headers(self) -> dict[str, str]:
        return {"X-CSRF-Token": self.csrf_token}

    def sign_in(self, email: str, password: str = PASSWORD, **options: Any) -> Reply:
        answer = self.client.post(
            "/api/v1/sessions", json={"email": email, "password": password}, **options
        )
        if answer.status_code == 201:
            self.csrf_token = answer.json["csrf_token"]
        return answer

    def get(self, path: str, **options: Any) -> Reply:
        return self.client.get(f"/api/v1{path}", **options)

    def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.client.post(f"/api/v1{path}", json=body, headers={**self.headers, **headers})

    def is_in(self) -> bool:
        return self.get("/me").status_code == 200


def make_person(
    email: str = "dorte@example.com",
    password: str | None = PASSWORD,
    role: str = Role.REPRESENTATIVE,
) -> UUID:
    with transaction() as session:
        user = User(email=email, name="Dorte Krag", roles=[role])
        session.add(user)
        session.flush()
        if password is not None:
            hashed = hashing.hash_password(password)
            passwords.store(session, user, hashed, now=utcnow())
        return user.id

"""The fixtures of the API's tests."""

from tests.api.conftest import administrator, app, client, private, representative

__all__ = ["administrator", "app", "client", "private", "representative"]

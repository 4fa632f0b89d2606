"""The fixtures of the API's tests."""

from tests.api.conftest import administrator, app, client, representative

__all__ = ["administrator", "app", "client", "representative"]

"""Refusals that HTTP itself knows and the hub does not."""

from collections.abc import Mapping
from http import HTTPStatus

from hub.errors import HubError
from hub.i18n import N_


class RefusalError(HubError):
    """A request that cannot be dealt with as it stands; `code` is stable in every language."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        **params: object,
    ) -> None:
        super().__init__(message.format(**params) if params else message)
        self.status = status
        self.code = code
        self.message = message
        self.headers: Mapping[str, str] = headers or {}
        self.params: Mapping[str, object] = params


def unauthenticated(*, presented: bool) -> RefusalError:
    """Make the refusal of a caller who is not known; `presented` where he showed a bad token."""
    challenge = 'Bearer realm="hub"' + (', error="invalid_token"' if presented else "")
    if presented:
        message = N_("The token is not valid: unknown, expired or revoked.")
    else:
        message = N_("Send a token: Authorization: Bearer hub_…")
    return RefusalError(
        HTTPStatus.UNAUTHORIZED,
        "unauthenticated",
        message,
        headers={"WWW-Authenticate": challenge},
    )


def malformed(code: str, message: str, **params: object) -> RefusalError:
    """Make the refusal of a request that cannot be read."""
    return RefusalError(HTTPStatus.BAD_REQUEST, code, message, headers=None, **params)

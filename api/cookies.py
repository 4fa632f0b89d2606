"""The two cookies there are: of the session, and of a device on which somebody signed in before.

``__Host-``: a browser keeps them for this very host only, and only over TLS or on the machine
itself.
"""

from datetime import timedelta

from flask import Request, Response, after_this_request

from hub.signing_in import sessions

SESSION = "__Host-hub_session"
DEVICE = "__Host-hub_device"
CSRF_HEADER = "X-CSRF-Token"
DEVICE_KEPT = timedelta(days=400)  # as long as browsers keep any


def session_secret(request: Request) -> str | None:
    """Return the secret of the session cookie, if there is one."""
    return request.cookies.get(SESSION) or None


def device_mark(request: Request) -> str | None:
    """Return the mark of the device, if there is one."""
    return request.cookies.get(DEVICE) or None


def give_session(secret: str) -> None:
    """Have the answer to this request carry a session's cookie."""
    _give(SESSION, secret, sessions.LASTS)


def give_device(mark: str) -> None:
    """Have the answer to this request carry a device's mark."""
    _give(DEVICE, mark, DEVICE_KEPT)


def take_session() -> None:
    """Have the answer to this request remove the session's cookie."""
    _give(SESSION, "", timedelta())


def _give(name: str, value: str, lasts: timedelta) -> None:
    @after_this_request
    def set_cookie(response: Response) -> Response:
        response.set_cookie(
            name, value, max_age=lasts, path="/", secure=True, httponly=True, samesite="Lax"
        )
        return response

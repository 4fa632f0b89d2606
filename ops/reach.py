"""Where the API listens, and whether it answers."""

import errno
import http.client
import json
import socket
from http import HTTPStatus
from urllib.parse import urlsplit

from hub.settings import Settings
from ops.errors import OperationError

_TIMEOUT_S = 2
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared, not bound


def local_url(settings: Settings) -> str:
    """Return the API's URL as seen from this machine."""
    host = _ANY.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def answers(url: str) -> bool:
    """Tell whether a GET of `url` is answered with 200."""
    return _get(url) is not None


def all_work_is_done_for(url: str) -> bool:
    """Tell whether the API's ``/readyz`` has heard a relay and workers of every queue."""
    answer = _get(url)
    if answer is None:
        return False
    parts = json.loads(answer)["parts"]
    return all(condition == "ok" for condition in (parts["relay"], *parts["workers"].values()))


def holds_outside(url: str) -> bool:
    """Tell whether the API's ``/readyz`` says that calls to outside systems and mails are held."""
    answer = _get(url)
    return answer is not None and json.loads(answer)["parts"]["outside"] == "held"


def is_listening(host: str, port: int) -> bool:
    """Tell whether somebody takes connections there."""
    try:
        socket.create_connection((host, port), _TIMEOUT_S).close()
    except OSError:
        return False
    return True


def _get(url: str) -> bytes | None:
    """Return what a GET of `url` is answered with, None where that is not 200."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        return response.read() if response.status == HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def is_free(settings: Settings) -> bool:
    """Tell whether nobody listens on the API's address yet.

    Raises:
        OperationError: there is no such address on this machine.
    """
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise OperationError(f"HUB_HOST={settings.host} is no address of this machine.") from error
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as attempt:
        # As the API does: an address whose last connections are still winding up is free.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(address)
        except PermissionError as error:
            raise OperationError(
                f"HUB_PORT={settings.port} needs more rights than this user has: choose one above "
                "1023."
            ) from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise OperationError(
                f"Hub cannot listen on HUB_HOST={settings.host}: {error}"
            ) from error
    return True


def refuse_taken_port(settings: Settings) -> None:
    """Make sure that the API can listen.

    Raises:
        OperationError: it cannot; the text says which setting to change.
    """
    if not is_free(settings):
        raise OperationError(
            f"Another program listens on port {settings.port} of {settings.host}. Stop it, or set "
            "HUB_PORT to another port."
        )

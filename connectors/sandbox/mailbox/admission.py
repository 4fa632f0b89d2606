"""Who may look into a mailbox: whoever has its key, under this machine's own name.

A browser sends a page of a stranger's wherever that page's name leads, here as well where the name
is made to (DNS rebinding); and every account of the machine reaches its ports. Mails let people in.
"""

import hmac
from http import HTTPStatus

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

TRUSTED_HOSTS = ["127.0.0.1", "localhost"]
KEY = "key"
READY = "/ready"  # for whoever watches over it: says nothing


def admit(app: Flask, key: str | None) -> None:
    """Let an app answer under its own names, and to those who have the key where there is one.

    The key comes in the address that is told to people, ``/?key=…``, which a browser keeps as a
    cookie, or as a bearer token.
    """
    app.config["TRUSTED_HOSTS"] = TRUSTED_HOSTS

    @app.get(READY)
    def ready() -> tuple[str, HTTPStatus]:
        return "", HTTPStatus.OK

    @app.before_request
    def refuse_strangers() -> AnyResponse | None:
        if key is None or request.path == READY:
            return None
        if _is(key, request.cookies.get(_cookie())) or _is(key, _bearer()):
            return None
        if not _is(key, request.args.get(KEY)):
            return Response(
                "Open the address that was shown as Hub started: it carries the key.\n",
                HTTPStatus.FORBIDDEN,
                content_type="text/plain",
            )
        answer = redirect(request.path)
        answer.set_cookie(_cookie(), key, httponly=True, samesite="Strict")
        return answer


def _cookie() -> str:
    return f"mailbox_{request.environ['SERVER_PORT']}"  # cookies know no ports


def _bearer() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _is(key: str, given: str | None) -> bool:
    return given is not None and hmac.compare_digest(key.encode(), given.encode())

"""What arrived, for a person in a browser and for a script as JSON.

Paths: ``/`` and ``/<position>`` are pages; ``/messages`` (``?recipient=``, ``?message_id=``,
``?uid=``, ``?after=<position>``) and ``/messages/<position>`` are JSON;
``/messages/<position>.eml`` and ``/messages/<position>/parts/<index>`` are downloads.
``/_sandbox/faults``: GET, DELETE, and POST of any fields of `MailFaults`, ``{"busy": 2}``; for
demonstrations and tests only. `connectors.sandbox.mailbox.admission` says who may ask.
"""

from dataclasses import asdict
from http import HTTPStatus
from io import BytesIO
from typing import Any

from flask import Flask, Response, abort, jsonify, render_template, request, send_file
from werkzeug.exceptions import BadRequest

from connectors.sandbox.mailbox.admission import admit
from connectors.sandbox.mailbox.faults import MailFaults, checked_faults
from connectors.sandbox.mailbox.reading import Part, calendar_of, headers_of, parts_of
from connectors.sandbox.mailbox.server import SmtpServer
from connectors.sandbox.mailbox.store import Entry, Store

_FILTERS = ("recipient", "message_id", "uid")
# The mail's own HTML: no scripts, no calls home, nothing of this page within its reach.
_HARMLESS = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def create_app(
    store: Store, server: SmtpServer, *, key: str | None = None, plans_faults: bool = True
) -> Flask:
    """Make the app that shows a mailbox, to whoever has the key, and may plan its faults."""
    app = Flask(__name__)
    admit(app, key)
    _add_pages(app, store, server)
    _add_messages(app, store)
    _add_downloads(app, store)
    if plans_faults:
        _add_faults(app, server)
    return app


def _add_pages(app: Flask, store: Store, server: SmtpServer) -> None:
    @app.get("/")
    def overview() -> str:
        entries = store.entries()[::-1]
        return render_template("overview.html", entries=entries, port=server.port)

    @app.get("/<int:position>")
    def page(position: int) -> str:
        entry, raw = _found(store, position)
        parts = parts_of(raw)
        return render_template(
            "message.html",
            entry=entry,
            headers=headers_of(raw),
            parts=parts,
            text=next((part.text for part in parts if part.content_type == "text/plain"), None),
            calendar=calendar_of(raw),
        )


def _add_messages(app: Flask, store: Store) -> None:
    @app.get("/messages")
    def messages() -> Response:
        wanted = {name: request.args[name] for name in _FILTERS if name in request.args}
        after = request.args.get("after", default=0, type=int)
        rows = [asdict(entry) for entry in store.entries() if entry.position > after]
        return jsonify([row for row in rows if all(row[key] == wanted[key] for key in wanted)])

    @app.get("/messages/<int:position>")
    def message(position: int) -> Response:
        entry, raw = _found(store, position)
        calendar = calendar_of(raw)
        return jsonify(
            asdict(entry)
            | {
                "headers": headers_of(raw),
                "parts": [_described(part) for part in parts_of(raw)],
                "calendar": asdict(calendar) if calendar else None,
            }
        )


def _add_downloads(app: Flask, store: Store) -> None:
    @app.get("/messages/<int:position>.eml")
    def original(position: int) -> Response:
        entry, raw = _found(store, position)
        return send_file(
            BytesIO(raw), "message/rfc822", as_attachment=True, download_name=entry.file
        )

    @app.get("/messages/<int:position>/parts/<int:index>")
    def download(position: int, index: int) -> Response:
        part = _part(store, position, index)
        name = part.filename or _name_for(part)
        answer = send_file(
            BytesIO(part.content), part.content_type, as_attachment=True, download_name=name
        )
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    @app.get("/messages/<int:position>/parts/<int:index>/view")
    def view(position: int, index: int) -> Response:
        part = _part(store, position, index)
        if part.content_type != "text/html":
            abort(HTTPStatus.NOT_FOUND)
        return Response(part.text, headers={"Content-Security-Policy": _HARMLESS})


def _add_faults(app: Flask, server: SmtpServer) -> None:
    @app.get("/_sandbox/faults")
    def faults() -> Response:
        return jsonify(asdict(server.faults) | {"refuse": sorted(server.faults.refuse)})

    @app.post("/_sandbox/faults")
    def plan() -> Response:
        try:
            _set_faults(server, checked_faults(request.get_json()))
        except ValueError as error:
            raise BadRequest(str(error)) from error
        return faults()

    @app.delete("/_sandbox/faults")
    def clear() -> tuple[str, HTTPStatus]:
        _set_faults(server, asdict(MailFaults()))
        return "", HTTPStatus.NO_CONTENT


def _found(store: Store, position: int) -> tuple[Entry, bytes]:
    entry = store.find(position)
    if entry is None:
        abort(HTTPStatus.NOT_FOUND)
    return entry, store.raw(entry)


def _part(store: Store, position: int, index: int) -> Part:
    parts = parts_of(_found(store, position)[1])
    if index >= len(parts):
        abort(HTTPStatus.NOT_FOUND)
    return parts[index]


def _described(part: Part) -> dict[str, Any]:
    text = part.text if part.content_type.startswith("text/") else None
    return {
        "index": part.index,
        "content_type": part.content_type,
        "filename": part.filename,
        "is_attachment": part.is_attachment,
        "size_bytes": len(part.content),
        "text": text,
    }


def _name_for(part: Part) -> str:
    endings = {"text/calendar": "ics", "text/plain": "txt", "text/html": "html"}
    return f"part-{part.index}.{endings.get(part.content_type, 'bin')}"


def _set_faults(server: SmtpServer, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if name == "down":
            server.set_down(down=value)
        else:
            setattr(server.faults, name, set(value) if name == "refuse" else value)

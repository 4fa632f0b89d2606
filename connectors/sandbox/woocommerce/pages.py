"""The page on which a person lets things happen in the shop, and the same for scripts."""

from dataclasses import asdict, replace
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from connectors.sandbox.woocommerce.sending import Hook, Sent
from connectors.sandbox.woocommerce.shop import SCENARIOS, Shop

_MOST_TIMES = 50
_BILLING_FIELDS = frozenset(
    {
        *("first_name", "last_name", "company", "address_1", "address_2", "city", "state"),
        *("postcode", "country", "email", "phone"),
    }
)


def create_app(hook: Hook | None = None) -> Flask:
    """Make the app of one shop; without a hook it asks for one first."""
    app = Flask(__name__)
    shop = Shop(hook or Hook("", ""))

    @app.get("/")
    def page() -> str:
        titles = {name: title for name, (title, _, _) in SCENARIOS.items()}
        return render_template("shop.html", hook=shop.hook, titles=titles, sent=shop.sent[::-1])

    @app.get("/sent")
    def sent() -> Response:
        return jsonify([asdict(one) for one in shop.sent])

    @app.put("/hook")
    def set_hook() -> Response:
        shop.hook = _hook(shop.hook, request.get_json())
        return jsonify(url=shop.hook.url)

    @app.post("/hook")
    def set_hook_by_form() -> AnyResponse:
        shop.hook = _hook(shop.hook, request.form.to_dict())
        return redirect(url_for("page"))

    @app.post("/send")
    def send() -> AnyResponse:
        if request.is_json:
            return jsonify([asdict(one) for one in _play(shop, request.get_json())])
        times = request.form.get("times", default=1, type=int)
        takes_times = "times" in SCENARIOS.get(request.form.get("scenario", ""), ("", "", ()))[2]
        body: dict[str, Any] = {"scenario": request.form.get("scenario")}
        _play(shop, body | ({"times": times} if takes_times else {}))
        return redirect(url_for("page"))

    return app


def _hook(hook: Hook, body: Any) -> Hook:
    if not isinstance(body, dict) or not set(body) <= {"url", "secret"}:
        raise BadRequest("a hook has url and secret")
    if not all(isinstance(value, str) for value in body.values()):
        raise BadRequest("url and secret are texts")
    changed = replace(hook, **body)
    parts = urlsplit(changed.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadRequest("url: an http or https address")
    return changed


def _play(shop: Shop, body: Any) -> list[Sent]:
    if not isinstance(body, dict) or body.get("scenario") not in SCENARIOS:
        raise BadRequest(f"scenario: one of {', '.join(SCENARIOS)}")
    if not shop.hook.url:
        raise BadRequest("url: say first where to send")
    _, method, allowed = SCENARIOS[body["scenario"]]
    options = {name: value for name, value in body.items() if name != "scenario"}
    for name in options:
        if name not in allowed:
            raise BadRequest(f"{name}: this scenario has no such option")
    times = options.get("times", 1)
    if type(times) is not int or not 1 <= times <= _MOST_TIMES:
        raise BadRequest(f"times: a whole number from 1 to {_MOST_TIMES}")
    billing = options.get("billing", {})
    if not isinstance(billing, dict) or not set(billing) <= _BILLING_FIELDS:
        raise BadRequest(f"billing: an object with any of {', '.join(sorted(_BILLING_FIELDS))}")
    if not all(isinstance(value, str) for value in billing.values()):
        raise BadRequest("billing: its values are texts")
    return method(shop, **options)

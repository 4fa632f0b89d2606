"""A double of cvrapi.dk: ``GET /api``, one flat object, failures told by ``error``.

Switches (``PATCH /_sandbox/state``): ``quota`` (calls left today, null without end), ``banned``,
``token`` (if set, other tokens are refused by 401), ``loose_types`` (numbers for texts and back, as
the real one does).
"""

from http import HTTPStatus

from flask import Flask, Response, jsonify, request
from stdnum.dk import cvr

from connectors.sandbox import Json, RunningSandbox, add_companies, add_controls, add_state, run
from connectors.sandbox import serve as serve_app

PORT = 8101
_VERSION = 6
_CALLER_PARTS = 3  # "Company - Project - Contact"
# Only NOT_FOUND has been seen with a status of its own; the rest comes inside a 200.
_STATUSES = {"NOT_FOUND": HTTPStatus.NOT_FOUND, "INTERNAL_ERROR": HTTPStatus.INTERNAL_SERVER_ERROR}


def create_app() -> Flask:
    """Return the app with its own state: two apps do not share companies."""
    app = Flask(__name__)
    add_controls(app)
    known = add_companies(app)
    state: Json = {"quota": None, "banned": False, "token": None, "loose_types": False}
    add_state(app, state)

    @app.get("/api")
    def look_up() -> tuple[Response, HTTPStatus]:
        refused = _unwelcome(state) or _unfit()
        if refused == "UNAUTHORIZED":
            return jsonify({"message": "unauthorized"}), HTTPStatus.UNAUTHORIZED
        if refused is not None:
            return _error(refused)
        company = _best(list(known.values()))
        if company is None:
            return _error("NOT_FOUND")
        body = _flat(company)
        return jsonify(_loosened(body) if state["loose_types"] else body), HTTPStatus.OK

    return app


def serve(port: int = 0) -> RunningSandbox:
    """Serve on 127.0.0.1; the returned object knows port and URL, and stops it."""
    return serve_app(create_app(), port)


def _unwelcome(state: Json) -> str | None:
    """Return the code by which a caller is refused, whatever it asks for."""
    agent = request.headers.get("User-Agent", "")
    if state["banned"]:
        return "BANNED"
    if len([part for part in agent.split(" - ") if part.strip()]) < _CALLER_PARTS:
        return "INVALID_UA"
    if state["token"] is not None and request.args.get("token", state["token"]) != state["token"]:
        return "UNAUTHORIZED"
    if state["quota"] is not None:
        if state["quota"] <= 0:
            return "QUOTA_EXCEEDED"
        state["quota"] -= 1
    return None


def _unfit() -> str | None:
    """Return the code by which a question is refused that makes no sense."""
    searches = [
        name for name in ("search", "vat", "name", "produ", "phone") if name in request.args
    ]
    if not searches or request.args.get("country") not in ("dk", "no"):
        return "NO_SEARCH"
    if "vat" in request.args and not cvr.is_valid(request.args["vat"]):
        return "INVALID_VAT"
    return None


def _error(code: str) -> tuple[Response, HTTPStatus]:
    body = {"error": code, "t": 0, "version": _VERSION}
    return jsonify(body), _STATUSES.get(code, HTTPStatus.OK)


def _best(companies: list[Json]) -> Json | None:
    """Return the one best match: the shortest name that holds what was asked for."""
    asked = request.args
    if asked["country"] != "dk":
        return None
    matches = [
        company
        for company in companies
        if asked.get("vat") == company["number"]
        or (asked.get("phone") and asked["phone"] == _open_phone(company))
        or (asked.get("produ") and asked["produ"] in map(str, company["p_numbers"]))
        or _named(company, asked.get("name", ""))
        or _named(company, asked.get("search", ""))
        or asked.get("search") == company["number"]
    ]
    return min(matches, key=lambda company: len(company["name"]), default=None)


def _named(company: Json, name: str) -> bool:
    return bool(name) and name.casefold() in company["name"].casefold()


def _open_phone(company: Json) -> str | None:
    phone: str | None = company.get("phone")
    return None if company.get("phone_secret") else phone


def _flat(company: Json) -> Json:
    place = {
        "name": company["name"],
        "address": _address(company),
        "zipcode": f"{company['postcode']:04}",
        "city": company["city"],
        "cityname": company.get("locality"),
        "protected": company["protected"],
        "phone": _open_phone(company),
        "email": company.get("email"),
        "fax": None,
        "startdate": _day(company["started"]),
        "enddate": _day(company.get("ended")),
        "employees": company.get("employees"),
        "addressco": company.get("care_of"),
        "industrycode": int(company["industry"][0]),
        "industrydesc": company["industry"][1],
    }
    status = (company.get("status") or "NORMAL").upper()
    code, _, description = company["form"]
    return {
        "vat": int(company["number"]),
        **place,
        "companycode": code,
        "companydesc": description,
        "creditstartdate": None,
        "creditbankrupt": "KONKURS" in status,
        "creditstatus": None if status == "NORMAL" else company["status"],
        "owners": [{"name": name} for name in company.get("owners", [])] or None,
        "productionunits": [
            {"pno": number, "main": index == 0, **place}
            for index, number in enumerate(company["p_numbers"])
        ]
        or None,
        "t": 100,
        "version": _VERSION,
    }


def _address(company: Json) -> str:
    house = f"{company['house']}{company.get('letter', '')}"
    if company.get("house_to"):
        house += f"-{company['house_to']}"
    floor, door = company.get("floor"), company.get("door")
    level = " ".join(
        part for part in (floor and f"{floor.lower()}.", door and door.lower()) if part
    )
    return f"{company['street']} {house}" + (f", {level}" if level else "")


def _day(iso: str | None) -> str | None:
    if iso is None:
        return None
    year, month, day = iso.split("-")
    return f"{day}/{month} - {year}"


def _loosened(body: Json) -> Json:
    """Return the same with its types changed: all of it has been seen in the wild."""
    phone = body["phone"]
    return body | {
        "vat": str(body["vat"]),
        "zipcode": int(body["zipcode"]),
        "phone": int(phone) if phone else None,
        "industrycode": str(body["industrycode"]),
        "employees": 15,
        "owners": None,
        "productionunits": None,
    }


if __name__ == "__main__":
    run(create_app, PORT)

"""J1: a new customer, while he is on the phone."""

from typing import Any
from urllib.parse import urlencode

from ops.demo.stage import Stage, pick

_SHOWN = {
    "name": "name",
    "number": "ref_no",
    "registry": "registry.state",
    "accounting": "accounting.state",
}


def tell(stage: Stage) -> None:
    """Tell it."""
    stage.teller.chapter(
        "Journey 1: a new customer, while he is on the phone",
        "A CVR number is enough: the registry fills the customer, the accounting system gets it.",
    )
    _search(stage)
    first = _create(stage)
    _search_again(stage, first)
    _refuse_twice(stage, first)
    _refuse_check_digit(stage)
    _wait_for_registry(stage)
    _mend_customer_group(stage)
    _keep_prospect(stage)
    _import_without_pushing(stage)


def _search(stage: Stage) -> None:
    stage.teller.step("Somebody says “Nordlys”: who can that be?")
    before = stage.get("/customers")["total"]["count"]
    candidates = _candidates(stage)
    stage.check(candidates, "at least one candidate", candidates)
    after = stage.get("/customers")["total"]["count"]
    stage.check(after == before, "a search creates nothing", f"{after - before} new customers")
    stage.teller.success("Candidates to choose from; nothing was created.")


def _candidates(stage: Stage) -> list[dict[str, Any]]:
    """Ask the registry for “Nordlys”, tell whom it names, and return them."""
    found = stage.show(
        "POST", "/registry-lookups", {"query": "Nordlys"}, status=202, Prefer="wait=15"
    ).json
    stage.check(found["state"] == "answered", "the registry answers", found)
    for one in found["candidates"]:
        stage.teller.answer(
            f"CVR {one['registration_number']}  {one['name']}, {one['postcode']} {one['city']}, "
            f"{one['status']}, customer already: {one['existing_customer_id'] or 'no'}"
        )
    candidates: list[dict[str, Any]] = found["candidates"]
    return candidates


def _create(stage: Stage) -> dict[str, Any]:
    stage.teller.step("The number alone makes a customer, filled and linked in one call")
    body = {"cvr": "DK 99 00 00 07", "roles": ["customer"]}
    mette = stage.people["mette"].server
    made: dict[str, Any] = stage.show(
        "POST", "/customers", body, status=201, Prefer="wait=15", by=mette, fields=_SHOWN
    ).json
    stage.check(made["registry"]["state"] == "filled", "the registry has filled it", made)
    stage.check(made["accounting"]["state"] == "linked", "it is linked", made)
    there = _remote(stage, made["ref_no"])
    stage.check(there["name"] == made["name"], "e-conomic has the same name", there)
    stage.teller.success(
        f"{made['name']}, {made['address']}, {made['postcode']} {made['city']}: every value says "
        f"that it is the registry's. Number {made['ref_no']} here and in e-conomic, group "
        f"{pick(there, 'customerGroup.customerGroupNumber')}, terms "
        f"{pick(there, 'paymentTerms.paymentTermsNumber')}, {there['currency']}."
    )
    stage.sights["Nordlys in e-conomic"] = f"{stage.places.economic}/   (no. {made['ref_no']})"
    stage.sights["Nordlys in Hub"] = f"{stage.places.hub}/api/v1/customers/{made['id']}"
    return made


def _search_again(stage: Stage, known: dict[str, Any]) -> None:
    stage.teller.step("Who searches now is told that he is here already")
    found = stage.show(
        "POST", "/registry-lookups", {"query": "Nordlys"}, status=202, Prefer="wait=15"
    ).json
    named = [one["existing_customer_id"] for one in found["candidates"]]
    stage.check(known["id"] in named, "a candidate names our customer", found)
    stage.teller.success(f"The candidate is our customer {known['ref_no']}.")


def _refuse_twice(stage: Stage, first: dict[str, Any]) -> None:
    stage.teller.step("The same again is refused, unless somebody says why")
    known = [
        one["existing_customer_id"]
        for one in _candidates(stage)
        if one["registration_number"] == first["cvr"]
    ]
    stage.check(known == [first["id"]], "the candidate names our customer now", known)
    body: dict[str, Any] = {"cvr": "99000007", "roles": ["customer"]}
    refused = stage.show(
        "POST", "/customers", body, status=409,
        fields={"code": "code", "existing": "details.existing_id"},
    ).json  # fmt: skip
    stage.check(
        refused["details"]["existing_id"] == first["id"], "the answer names the first one", refused
    )
    reason = {"allow_duplicate": True, "reason": "Another unit", "ean": "5790000000005"}
    second = stage.show(
        "POST", "/customers", body | reason, status=201, Prefer="wait=15", fields=_SHOWN
    ).json
    stage.check(second["ref_no"] != first["ref_no"], "a number of its own", second)
    stage.teller.success("Chains and municipalities share one CVR number over many EANs.")


def _refuse_check_digit(stage: Stage) -> None:
    stage.teller.step("A mistyped number is found before anybody is asked")
    stage.control(stage.registry, "DELETE", "/_sandbox/requests")
    stage.show(
        "POST", "/customers", {"cvr": "99000008"}, status=422,
        fields={"where": "errors.0.pointer", "code": "errors.0.code", "says": "errors.0.message"},
    )  # fmt: skip
    asked = stage.control(stage.registry, "GET", "/_sandbox/requests")
    stage.check(asked == [], "no call to the registry", asked)
    stage.teller.success("No call has left the house.")


def _wait_for_registry(stage: Stage) -> None:
    stage.teller.step("The registry is down: work goes on, and the rest follows")
    stage.control(stage.registry, "POST", "/_sandbox/faults", {"kind": "down", "times": None})
    made = stage.show(
        "POST", "/customers", {"cvr": "99000015", "roles": ["customer"]}, status=201,
        Prefer="wait=3", fields=_SHOWN,
    ).json  # fmt: skip
    path = f"/customers/{made['id']}"
    waiting = stage.eventually(
        lambda: stage.get(path),
        lambda customer: customer["registry"]["next_try_at"],
        "the registry is to be asked again",
    )
    stage.check(waiting["registry"]["state"] == "waiting", "the registry is waited for", waiting)
    stage.teller.answer(f"next try at {waiting['registry']['next_try_at']}")
    stage.change(path, {"phone": "12345678"})
    stage.control(stage.registry, "DELETE", "/_sandbox/faults")
    filled = stage.eventually(
        lambda: stage.get(path),
        lambda c: c["registry"]["state"] == "filled" and c["accounting"]["state"] == "linked",
        "it is filled and linked once the registry is back",
        within_s=120,
    )
    stage.check(filled["phone"] == "+4512345678", "the typed phone stays", filled["phone"])
    stage.teller.success(
        f"The registry came back: “CVR 99000015” is {filled['name']} now; the phone that somebody "
        "typed meanwhile stayed."
    )


def _mend_customer_group(stage: Stage) -> None:
    stage.teller.step("e-conomic refuses; the customer is kept, and one replay mends it")
    connection = f"/connections/{stage.connections['economic']}"
    stage.change(connection, {"settings": {"default_customer_group": 99}})
    body = {"name": "Gruppe Prøve ApS", "roles": ["customer"]}
    mette = stage.people["mette"].server
    made = stage.show(
        "POST", "/customers", body, status=201, Prefer="wait=15", by=mette,
        fields={"accounting": "accounting.state", "says": "accounting.message.text",
                "mend it at": "accounting.message.link"},
    ).json  # fmt: skip
    stage.check(made["accounting"]["state"] == "failed", "e-conomic refuses", made["accounting"])
    stage.check("afviser" in made["accounting"]["message"]["text"], "a Danish message", made)
    stage.change(connection, {"settings": {"default_customer_group": 1}})
    [dead] = stage.get("/jobs", {"state": "dead", "subject_id": made["id"]})["items"]
    stage.show("POST", f"/jobs/{dead['id']}/replay", status=200, Prefer="wait=15")
    mended = stage.eventually(
        lambda: stage.get(f"/customers/{made['id']}"),
        lambda customer: customer["accounting"]["state"] == "linked",
        "the replay links it",
    )
    writes = stage.control(stage.economic, "GET", "/_sandbox/writes")
    tries = [w["status"] for w in writes if pick(w, "body.name") == made["name"]]
    stage.check(tries == [400, 201], "one refusal, then one customer", tries)
    stage.teller.success(
        f"Mette read in Danish what was wrong. e-conomic answered {tries[0]}, then {tries[1]}: "
        f"exactly one customer, number {mended['ref_no']}."
    )


def _keep_prospect(stage: Stage) -> None:
    stage.teller.step("A prospect is no debtor, until he buys")
    made = stage.show(
        "POST", "/customers", {"name": "Bare Nysgerrig ApS", "roles": ["prospect"]}, status=201,
        Prefer="wait=5", fields=_SHOWN,
    ).json  # fmt: skip
    stage.check(made["accounting"]["state"] == "none", "not in e-conomic", made["accounting"])
    stage.change(f"/customers/{made['id']}", {"roles": ["customer"]})
    linked = stage.eventually(
        lambda: stage.get(f"/customers/{made['id']}"),
        lambda customer: customer["accounting"]["state"] == "linked",
        "the new customer is linked",
    )
    stage.teller.success(f"Now it is one: number {linked['ref_no']} in e-conomic.")


def _import_without_pushing(stage: Stage) -> None:
    stage.teller.step("A list is imported: customers here, and no debtors in e-conomic")
    table = "id;Navn;By\nliste-1;Importeret Havn ApS;Korsør\nliste-2;Importeret Kaj ApS;Nyborg\n"
    query = {"name": "kunder.csv", "apply": "good_rows", "roles": "customer"}
    stage.teller.call(f"POST /api/v1/imports?{urlencode(query)}   (two rows of CSV)")
    made = stage.quietly(
        "POST", "/imports", table.encode(), status=202, query=query,
        headers={"Content-Type": "text/csv", "Prefer": "wait=15"},
    ).json  # fmt: skip
    found = stage.eventually(
        lambda: stage.get(f"/imports/{made['id']}"),
        lambda job: job["state"] == "done",
        "both rows come in",
    )
    stage.teller.answer(f"{found['state']}  {found['counters']}")
    rows = stage.get("/customers", {"name.starts": "Importeret"})["items"]
    stage.check(len(rows) == 2, "two customers", rows)  # noqa: PLR2004 - of the table above
    states = {(row["accounting"]["state"], row["ref_no"]) for row in rows}
    stage.check(states == {("none", None)}, "neither is in e-conomic", states)
    writes = stage.control(stage.economic, "GET", "/_sandbox/writes")
    names = [name for w in writes if "Importeret" in (name := str(pick(w, "body.name")))]
    stage.check(names == [], "no call to e-conomic", names)
    stage.teller.success(
        "The connection's filter lets through what people enter with the role customer, and no "
        "imported row."
    )


def _remote(stage: Stage, number: str) -> dict[str, Any]:
    tokens = {"X-AppSecretToken": "sandbox-app", "X-AgreementGrantToken": "sandbox-grant"}
    reply = stage.economic.call("GET", f"/customers/{number}", headers=tokens)
    stage.check(reply.status == 200, f"customer {number} in e-conomic", reply.status)  # noqa: PLR2004 - HTTP's own
    found: dict[str, Any] = reply.json
    return found

"""J3: a shop order arrives, the synchronisation breaks and is mended."""

import json
import re
from typing import Any

from ops.demo.mail import mail_since, newest_position
from ops.demo.prologue import APP_SECRET, GRANT
from ops.demo.stage import Stage, pick

_ALERT_WITHIN_S = 120  # alerts gather for some seconds, the all-clear waits for the held changes

_CODE = re.compile(r'"code": ?"(\w+)"')  # of a problem, whose text the shop cuts short


def tell(stage: Stage) -> None:
    """Tell it."""
    stage.teller.chapter(
        "Journey 3: a shop order arrives, the sync breaks and is mended",
        "The shop sends what it has, as often as it likes; then e-conomic's token is revoked.",
    )
    _greet(stage)
    _order_four_times(stage)
    _order_of_a_stranger(stage)
    _forge(stage)
    held = _break(stage)
    _mend(stage, held)
    _settle_conflict(stage)


def _greet(stage: Stage) -> None:
    stage.teller.step("The shop greets, unsigned, as WooCommerce does")
    before = stage.get("/hook-deliveries")["items"]
    [sent] = _send(stage, {"scenario": "ping"})
    after = stage.get("/hook-deliveries")["items"]
    stage.check((sent["status"], after) == (200, before), "200, and nothing kept", sent)
    stage.teller.success("Answered with 200; nothing was imported.")


def _order_four_times(stage: Stage) -> None:
    stage.teller.step("A guest orders; the shop sends it four times")
    known = stage.get("/customers", {"external_ref": "sample-2"})["items"][0]
    before = stage.get("/customers")["total"]["count"]
    billing = {"email": known["email"], "first_name": "Signe", "last_name": "Prøve"}
    sent = _send(stage, {"scenario": "guest_order", "times": 4, "billing": billing})
    stage.check([one["status"] for one in sent] == [200] * 4, "four times 200", sent)
    delivery = _imported(stage, sent)
    stage.check(delivery["customer_id"] == known["id"], f"attached to {known['name']}", delivery)
    after = stage.get("/customers")["total"]["count"]
    stage.check(after == before, "no new customer", after - before)
    stage.teller.success(
        f"One import: “{delivery['summary']}” belongs to {known['name']}, known by "
        "the mail address."
    )


def _order_of_a_stranger(stage: Stage) -> None:
    stage.teller.step("A company nobody knows orders")
    billing = {"company": "Fremmed Farvand ApS", "email": "indkoeb@fremmedfarvand.example"}
    ordered = {"scenario": "guest_order", "billing": billing, "paid": False}
    delivery = _imported(stage, _send(stage, ordered))
    made = stage.get(f"/customers/{delivery['customer_id']}")
    stage.check(made["roles"] == ["prospect"], "a prospect", made["roles"])
    stage.check(made["accounting"]["state"] == "none", "not in e-conomic", made["accounting"])
    _imported(stage, _send(stage, {"scenario": "pay"}))
    paid = stage.get(f"/customers/{made['id']}")
    stage.check(paid["roles"] == ["customer"], "a customer", paid["roles"])
    stage.teller.success(
        f"{made['name']} was a prospect, from the channel {made['channel']}; it has paid, and is a "
        "customer."
    )


def _forge(stage: Stage) -> None:
    stage.teller.step("Somebody else sends an order")
    before = stage.get("/hook-deliveries")["items"]
    [sent] = _send(stage, {"scenario": "wrong_signature"})
    after = stage.get("/hook-deliveries")["items"]
    stage.check((sent["status"], after) == (401, before), "401, and nothing kept", sent)
    stage.teller.success("401: the signature is wrong, nothing was stored.")


def _break(stage: Stage) -> list[dict[str, Any]]:
    stage.teller.step("e-conomic answers 401: work here goes on, and the owner is told")
    connection = f"/connections/{stage.connections['economic']}"
    before = newest_position(stage)
    linked = {"accounting.state": "linked", "sort": "name", "limit": 3}
    customers: list[dict[str, Any]] = stage.get("/customers", linked)["items"]
    stage.teller.aside("(The token is revoked in e-conomic.)")
    stage.control(stage.economic, "DELETE", "/_sandbox/tokens")
    for customer, city in zip(customers, ("Ribe", "Varde", "Tønder"), strict=True):
        stage.change(f"/customers/{customer['id']}", {"city": city})
    stage.eventually(
        lambda: stage.get(connection),
        lambda c: c["state"] == "revoked" and c["waiting_changes"] == len(customers),
        "the connection is revoked and holds the changes",
    )
    problem = stage.eventually(
        lambda: _problem(stage, "connection_revoked"),
        lambda found: found and found["count"] == len(customers),
        "the problem is listed",
    )
    stage.teller.call("GET /api/v1/problems")
    stage.teller.answer(
        f"{problem['kind']}  since={problem['since']}  count={problem['count']}  "
        f"{problem['cause']['text']}  {problem['remedy']['text']}  retry={problem['retry']}"
    )
    alerts = stage.eventually(
        lambda: mail_since(stage, before, "admin@nordhandel.example"),
        bool,
        "the connection's owner is told by mail",
        within_s=_ALERT_WITHIN_S,
    )
    stage.check(len(alerts) == 1, "one mail", [mail["subject"] for mail in alerts])
    stage.teller.success(
        f"All edits answered 200. One mail “{alerts[0]['subject']}” to the connection's owner."
    )
    stage.sights["The alert"] = f"{stage.places.mailbox}/{alerts[0]['position']}"
    return customers


def _mend(stage: Stage, held: list[dict[str, Any]]) -> None:
    stage.teller.step("A new token, one test: what was held goes out, once and in order")
    connection = f"/connections/{stage.connections['economic']}"
    before_mail = newest_position(stage)
    before = len(stage.control(stage.economic, "GET", "/_sandbox/writes"))
    tokens = {"app_secret_token": APP_SECRET, "agreement_grant_token": GRANT}
    stage.control(stage.economic, "PUT", "/_sandbox/tokens", tokens)
    stage.change(connection, {"settings": {"agreement_grant_token": GRANT}})
    stage.show("POST", f"{connection}/test", status=202, Prefer="wait=15")
    stage.eventually(
        lambda: stage.get(connection),
        lambda c: c["state"] == "active" and c["waiting_changes"] == 0,
        "the connection is active and nothing waits",
    )
    paths = [f"/customers/{customer['ref_no']}" for customer in held]

    def sent() -> list[str]:
        writes = stage.control(stage.economic, "GET", "/_sandbox/writes")[before:]
        return [w["path"] for w in writes if w["status"] and w["status"] < 300]  # noqa: PLR2004 - HTTP's successes

    arrived = stage.eventually(sent, lambda seen: set(paths) <= set(seen), "all changes arrive")
    stage.check(arrived == paths, "each change once and in order", arrived)
    again = stage.eventually(
        lambda: mail_since(stage, before_mail, "admin@nordhandel.example"),
        bool,
        "a mail says that it works again",
        within_s=_ALERT_WITHIN_S,
    )
    stage.teller.success(
        f"{len(arrived)} changes, each sent once and in order. And a mail: “{again[0]['subject']}”."
    )
    stage.sights["The all-clear"] = f"{stage.places.mailbox}/{again[0]['position']}"


def _settle_conflict(stage: Stage) -> None:
    stage.teller.step("Both sides changed the phone number: a person decides")
    made = stage.quietly(
        "POST", "/customers",
        {"name": "Uenige ApS", "roles": ["customer"], "phone": "+4511111111"},
        status=201, headers={"Prefer": "wait=15"},
    ).json  # fmt: skip
    path, connection = f"/customers/{made['id']}", f"/connections/{stage.connections['economic']}"
    stage.quietly("POST", f"{connection}/pause", status=200)
    stage.change(path, {"phone": "+4522222222"})
    stage.teller.aside("(In e-conomic somebody enters 33 33 33 33.)")
    # A moment later, by the agreement's clock: it knows whole seconds only.
    stage.control(stage.economic, "POST", "/_sandbox/clock", {"advance_s": 2})
    there = f"/_sandbox/customers/{made['ref_no']}"
    stage.control(stage.economic, "PATCH", there, {"telephoneAndFaxNumber": "33333333"})
    stage.quietly("POST", f"{connection}/activation", status=200)
    found = stage.eventually(
        lambda: stage.get("/conflicts", {"customer": made["id"], "state": "open"})["items"],
        bool,
        "the conflict is listed",
    )
    conflict = found[0]
    stage.teller.call(f"GET /api/v1/conflicts?customer={made['id']}&state=open")
    stage.teller.answer(
        "  ".join(f"{name}={conflict[name]}" for name in ("field", "base", "local", "remote"))
    )
    stage.check(
        stage.get(path)["phone"] == "+4522222222", "nothing is overwritten here", stage.get(path)
    )
    stage.show(
        "POST", f"/conflicts/{conflict['id']}/resolution", {"choice": "local"}, status=200,
        Prefer="wait=15",
    )  # fmt: skip

    def phone_there() -> Any:
        customers = stage.economic.call(
            "GET",
            f"/customers/{made['ref_no']}",
            headers={"X-AppSecretToken": APP_SECRET, "X-AgreementGrantToken": GRANT},
        )
        return pick(customers.json, "telephoneAndFaxNumber")

    stage.eventually(phone_there, lambda phone: phone == "+4522222222", "both sides are equal")
    stage.teller.success("“Local” was chosen: +45 22 22 22 22 on both sides.")


def _send(stage: Stage, body: dict[str, Any]) -> list[dict[str, Any]]:
    stage.teller.call(f"the shop sends: {json.dumps(body, ensure_ascii=False)}")
    sent: list[dict[str, Any]] = stage.control(stage.shop, "POST", "/send", body)
    for one in sent:
        refused = _CODE.search(one["answer"])
        stage.teller.answer(f"{one['status']}  {refused[1] if refused else one['answer']}")
    return sent


def _imported(stage: Stage, sent: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the one delivery that a sending became, once it is imported."""
    ids = {json.loads(one["answer"])["hook_delivery_id"] for one in sent}
    stage.check(len(ids) == 1, "one delivery", ids)
    path = f"/hook-deliveries/{ids.pop()}"
    found: dict[str, Any] = stage.eventually(
        lambda: stage.get(path), lambda one: one["state"] == "imported", "the order is imported"
    )
    return found


def _problem(stage: Stage, kind: str) -> dict[str, Any] | None:
    listed = stage.get("/problems")["items"]
    return next((problem for problem in listed if problem["kind"] == kind), None)

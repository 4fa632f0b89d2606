"""Before the journeys: people, connections, the first load, sample customers."""

from typing import Any

from ops.demo.client import HttpServer
from ops.demo.places import CONTACT
from ops.demo.samples import CUSTOMERS_IN_ECONOMIC, sample_customers
from ops.demo.stage import Person, Stage, pick

WEBHOOK_SECRET = "nordhandel-webshop"  # noqa: S105 - of a shop that exists in the demonstration only
APP_SECRET, GRANT = "sandbox-app", "sandbox-grant"
_PEOPLE = (
    ("Mette Holm", "mette@nordhandel.example", "da-DK"),
    ("Jonas Friis", "jonas@nordhandel.example", "en"),
)


def tell(stage: Stage) -> None:
    """Set everything up as an administrator would."""
    stage.teller.chapter(
        "Getting started",
        "Nordhandel, a trading company that exists here only, connects Hub to its company "
        "registry, its accounting system and its shop. All of them are sandboxes on this machine.",
    )
    _invite_people(stage)
    _connect_registry(stage)
    _connect_economic(stage)
    _load_economic(stage)
    _connect_shop(stage)
    _enter_samples(stage)


def reconnect(stage: Stage) -> None:
    """Tell the shop its hook address again: it forgets it when it stops."""
    found = [c for c in stage.get("/connections")["items"] if c["connector"] == "woocommerce"]
    stage.check(found, "a connection to the shop", "none")
    made = stage.quietly("POST", f"/connections/{found[0]['id']}/hook-secret", status=201).json
    _hang_hook(stage, made["path"])


def _invite_people(stage: Stage) -> None:
    stage.teller.step("Two people use this Hub: Mette reads Danish, Jonas English")
    for name, email, locale in _PEOPLE:
        invite(stage, name, email, locale)
    stage.teller.success("Each has a token of his own and sees errors and mails in his language.")


def invite(
    stage: Stage, name: str, email: str, locale: str, role: str = "representative"
) -> Person:
    """Make a user with a token of his own; the stage knows him by his first name."""
    body = {"name": name, "email": email, "roles": [role], "locale": locale}
    made = stage.show("POST", "/users", body, status=201, fields={"id": "id"}).json
    token = stage.quietly(
        "POST",
        "/tokens",
        {"name": "demonstration", "scopes": ["*"], "user_id": made["id"]},
        status=201,
    ).json["token"]
    server = HttpServer(stage.places.hub, {"Authorization": f"Bearer {token}"})
    person = Person(made["id"], name, email, server)
    stage.people[name.partition(" ")[0].casefold()] = person
    return person


def connect(stage: Stage, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """Make a connection, test it and put it to work; the stage knows it by `name`."""
    made = stage.show("POST", "/connections", body, status=201, fields={"state": "state"}).json
    path = f"/connections/{made['id']}"
    tested = stage.show(
        "POST", f"{path}/test", status=202, Prefer="wait=15", fields={"state": "state"}
    ).json
    stage.check(tested["state"] == "tested", "the test succeeds", tested["message"])
    active: dict[str, Any] = stage.show(
        "POST", f"{path}/activation", status=200, fields={"state": "state"}
    ).json
    stage.connections[name] = made["id"]
    return active


def _connect_registry(stage: Stage) -> None:
    stage.teller.step("The company registry is connected, and its answer tested")
    stage.eventually(
        lambda: {one["name"] for one in stage.get("/connectors")["items"]},
        lambda names: {"cvrapi", "economic", "woocommerce"} <= names,
        "the workers publish their connectors",
    )
    settings = {"base_url": stage.places.registry, "contact": CONTACT}
    connect(stage, "registry", {"name": "CVR", "connector": "cvrapi", "settings": settings})
    stage.teller.success("Connection CVR is active.")


def _connect_economic(stage: Stage) -> None:
    stage.teller.step("e-conomic is connected; nothing goes out before somebody looked")
    for customer in CUSTOMERS_IN_ECONOMIC:
        stage.control(stage.economic, "POST", "/_sandbox/customers", customer)
    made = connect(
        stage,
        "economic",
        {
            "name": "e-conomic",
            "connector": "economic",
            "numbering_owner": True,
            "settings": {
                "base_url": stage.places.economic,
                "app_secret_token": APP_SECRET,
                "agreement_grant_token": GRANT,
                "default_customer_group": 1,
                "default_payment_terms": 1,
            },
        },
    )
    stage.check(made["outgoing_held"], "outgoing changes are held", made)
    stage.teller.success("Connection e-conomic is active; outgoing changes are held.")


def _load_economic(stage: Stage) -> None:
    stage.teller.step("The first load: previewed, looked at, applied")
    path = f"/connections/{stage.connections['economic']}/first-load"
    plan = stage.show("POST", path, status=202, Prefer="wait=15", fields={"plan": "id"}).json
    plan = stage.eventually(
        lambda: stage.get(f"/plans/{plan['id']}"),
        lambda p: pick(p, "counters.items") == len(CUSTOMERS_IN_ECONOMIC),
        "the preview is complete",
    )
    items = stage.get(f"/plans/{plan['id']}/items")["items"]
    for item in items:
        stage.teller.answer(
            f"{item['action']}: {item['after']['name']} (no. {item['external_id']})"
        )
    before = stage.get("/customers")["total"]["count"]
    stage.check(before == 0, "a preview changes nothing", f"{before} customers")
    stage.show("POST", f"/plans/{plan['id']}/application", status=202, Prefer="wait=15")
    stage.eventually(
        lambda: stage.get(f"/plans/{plan['id']}")["state"],
        lambda state: state == "applied",
        "the plan is applied",
    )
    after = stage.get("/customers")["total"]["count"]
    stage.check(after == len(items), f"{len(items)} customers", after)
    stage.teller.success(
        f"{after} customers are here, linked to those in e-conomic; changes go out from now on. "
        "The plan can be undone."
    )


def _connect_shop(stage: Stage) -> None:
    stage.teller.step("The web shop gets a secret address to call, and signs what it sends")
    settings = {"webhook_secret": WEBHOOK_SECRET}
    connect(stage, "shop", {"name": "Shop", "connector": "woocommerce", "settings": settings})
    path = f"/connections/{stage.connections['shop']}/hook-secret"
    made = stage.show("POST", path, status=201).json
    _hang_hook(stage, made["path"])
    stage.teller.success("The shop knows where to send its orders; the address is shown only once.")


def _enter_samples(stage: Stage) -> None:
    stage.teller.step("Sample customers of Mette and Jonas")
    samples = sample_customers([person.id for person in stage.people.values()])
    for sample in samples:
        stage.quietly("POST", "/customers", sample, status=201)
    pushed = sum(sample["roles"] == ["customer"] for sample in samples)
    wanted = pushed + len(CUSTOMERS_IN_ECONOMIC)
    stage.eventually(
        lambda: stage.get("/customers", {"accounting.state": "linked"})["total"]["count"],
        lambda count: count == wanted,
        f"{wanted} customers are linked",
    )
    stage.teller.success(
        f"{len(samples)} entered; the {pushed} with the role customer are in e-conomic too, the "
        f"{len(samples) - pushed} prospects are not."
    )


def _hang_hook(stage: Stage, path: str) -> None:
    hook = {"url": stage.places.hub + path, "secret": WEBHOOK_SECRET}
    stage.control(stage.shop, "PUT", "/hook", hook)

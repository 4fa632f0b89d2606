"""Fields that are not for everybody: shown to nobody else in any answer, set by nobody else."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from api.authentication import forget_tokens
from api.schemas.shapes import Body, View
from hub.access.models import CustomRole, User
from hub.access.roles import Role
from hub.clock import utcnow
from hub.connections.models import Conflict, ExternalLink
from hub.customers import facts
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.db import Base, transaction
from hub.duplicates.models import DupCandidate
from hub.history.sealing import seal
from hub.imports.models import ImportJob
from hub.origin import ActorKind, CauseKind, Origin
from hub.plans import services as plans
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.security.possessions import Possessions, make_possessions
from tests.security.routes import documented_routes

WORD = "Zanzibarfalk"
LIMIT, NOTE, IBAN = "77771.2500", "Zinnoberhemmelighed", "DK5000400440116243"
BIC, ACCOUNT = "NDEADKKK", "2191 7771234567"
CANARIES = {
    "credit_limit": LIMIT, "note": NOTE, "iban": IBAN, "bic": BIC, "bank_account": ACCOUNT
}  # fmt: skip
INTERNAL, SENSITIVE = {LIMIT, NOTE}, {IBAN, BIC, ACCOUNT}
API = "/api/v1"


@dataclass(frozen=True)
class World:
    """The records of one person, with the canaries in every place where values are kept."""

    possessions: Possessions

    @property
    def customer_id(self) -> str:
        return self.possessions.paths["customer_id"]


@pytest.fixture
def world(client: ApiClient) -> World:
    owner = make_caller(Role.REPRESENTATIVE, "owner@example.com")
    made = make_possessions(owner, WORD)
    with transaction(Origin(ActorKind.USER, owner.user_id, owner.user_id)) as session:
        customer = session.get_one(Customer, UUID(made.paths["customer_id"]))
        values = {**CANARIES, "credit_limit": Decimal(LIMIT)}
        customers.update(session, customer, values, now=utcnow())
        facts.keep_written(session, customer, CauseKind.ACCOUNTING, "books", values, at=utcnow())
        link = session.get_one(ExternalLink, UUID(made.paths["link_id"]))
        link.base = {"credit_limit": LIMIT, "unheard_of": IBAN}
        for field, value in CANARIES.items():
            session.add(
                Conflict(
                    link_id=link.id, connection_id=link.connection_id, customer_id=customer.id,
                    field=field, base=None, local=value, remote=f"other {value}",
                )
            )  # fmt: skip
        pair = session.get_one(DupCandidate, UUID(made.paths["duplicate_id"]))
        pair.evidence = [
            {"field": "iban", "kind": "same", "text": "{value}", "params": {"value": IBAN},
             "weight": 1.0}
        ]  # fmt: skip
        scope = {"connection_id": str(link.connection_id)}
        synchronised = plans.create(session, "sync", scope=scope)
        remote = {"credit_limit": LIMIT, "unheard_of": IBAN}
        item: dict[str, Any] = {
            "position": 0, "action": "update", "entity": "customer", "record_id": customer.id,
        }  # fmt: skip
        plans.add_items(
            session, synchronised,
            [{**item, "before": remote, "after": remote, "source": {"fields": remote}}],
        )  # fmt: skip
        import_job = session.get_one(ImportJob, UUID(made.paths["import_id"]))
        assert import_job.plan_id is not None
        error = {"pointer": "/iban", "code": "x", "message": "{value}?", "params": {"value": IBAN}}
        plans.add_items(
            session, plans.get(session, import_job.plan_id),
            [{**item, "before": CANARIES, "after": CANARIES, "errors": [error],
              "source": {"row": 2, "facts": {"note": {"value": NOTE}}}}],
        )  # fmt: skip
        made.paths["sync_plan_id"] = str(synchronised.id)
        made.paths["import_plan_id"] = str(import_job.plan_id)
    with transaction() as session:
        seal(session)
    return World(made)


def make_clerk(email: str = "clerk@example.com", **fields: Any) -> Caller:
    """Make somebody of a role of the installation's own."""
    code = email.partition("@")[0]
    role = {"rights": ["*"], "reach": "all", "reads": ["public"], "writes": ["public"], **fields}
    with transaction() as session:
        session.add(CustomRole(code=code, label=code, **role))
    caller = make_caller(Role.VIEWER, email)
    with transaction() as session:
        session.get_one(User, caller.user_id).roles = [code]
    forget_tokens()
    return caller


def told(app: Flask, client: ApiClient, caller: Caller, world: World) -> dict[str, set[str]]:
    """Return which canaries stand in the answers of all routes that read, by route."""
    found: dict[str, set[str]] = {}
    for route in documented_routes(app):
        if route.operation.method != "GET":
            continue
        for name in ("plan_id", "sync_plan_id", "import_plan_id"):
            if name != "plan_id" and "plan_id" not in route.parameters:
                continue
            paths = {**world.possessions.paths, "plan_id": world.possessions.paths[name]}
            owner = Possessions(paths, world.possessions.ids, WORD)
            query = "?limit=1000" if route.path.endswith("/events") else ""
            answer = route.call(client, caller.headers, owner, query=query)
            hits = {each for each in CANARIES.values() if each in answer.text}
            if hits:
                found.setdefault(str(route), set()).update(hits)
    return found


def test_no_route_shows_a_field_to_whom_its_class_is_hidden(
    app: Flask, client: ApiClient, administrator: Caller, world: World
) -> None:
    clerk, program = make_clerk(), make_caller(Role.INTEGRATION, "shop@example.com")

    everything = told(app, client, administrator, world)
    of_clerk = told(app, client, clerk, world)
    of_program = told(app, client, program, world)

    everywhere = {
        "GET /customers", "GET /customers/<uuid:customer_id>", "GET /conflicts",
        "GET /customers/<uuid:customer_id>/links", "GET /plans/<uuid:plan_id>/items",
        "GET /imports/<uuid:import_id>/rows", "GET /events", "GET /duplicates",
    }  # fmt: skip
    assert everywhere <= everything.keys()
    assert set().union(*everything.values()) == INTERNAL | SENSITIVE
    assert of_clerk == {}
    assert of_program["GET /events"] == INTERNAL
    assert set().union(*of_program.values()) == INTERNAL


@pytest.mark.parametrize(
    "question", ["iban.starts=DK", "credit_limit.gte=1", "sort=-iban", "fields=name,iban"]
)
def test_nobody_asks_for_what_he_is_not_shown(
    client: ApiClient, world: World, question: str
) -> None:
    viewer = make_caller(Role.VIEWER, "vera@example.com")

    answer = client.get(f"{API}/customers?{question}", headers=viewer.headers)

    assert answer.status_code == 422
    assert IBAN not in answer.text


def test_a_conflict_over_a_hidden_field_does_not_exist(client: ApiClient, world: World) -> None:
    representative = make_caller(Role.REPRESENTATIVE, "bo@example.com")
    listed = client.get(f"{API}/conflicts?facets=field", headers=representative.headers).json
    with transaction() as session:
        hidden = session.scalars(select(Conflict.id).where(Conflict.field == "iban")).one()

    asked = client.get(f"{API}/conflicts/{hidden}", headers=representative.headers)

    assert {each["field"] for each in listed["items"]} == {"city", "credit_limit", "note"}
    assert listed["total"]["count"] == 3
    assert "iban" not in {each["value"] for each in listed["facets"]["field"]["slices"]}
    assert asked.status_code == 404


def errors(answer: Reply) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(each["pointer"], each["code"]) for each in answer.json["errors"]]


def test_a_field_of_a_class_that_is_not_ones_own_is_set_on_no_way(
    client: ApiClient, world: World
) -> None:
    clerk = make_clerk(reads=["public", "internal", "sensitive"])
    at, headers = f"{API}/customers/{world.customer_id}", clerk.headers
    foreign = {"note": "x", "iban": None}
    both = [("/iban", "field_not_yours"), ("/note", "field_not_yours")]
    reference = world.possessions.paths["external_ref"]
    before = client.get(at, headers=headers).json

    created = client.post(f"{API}/customers", json={"name": "Ny", **foreign}, headers=headers)
    patched = client.patch(
        at,
        json={"city": "Ry", **foreign},
        headers={**headers, "If-Match": f'"{before["version"]}"'},
    )
    put = client.put(f"{API}/customers/by-external-ref/{reference}", json=foreign, headers=headers)
    batch = client.post(
        f"{API}/customers/batch",
        json={"items": [{"external_ref": reference, "fields": foreign}]}, headers=headers,
    ).json["results"][0]  # fmt: skip
    with transaction() as session:
        conflict = session.scalars(select(Conflict.id).where(Conflict.field == "iban")).one()
    chosen = client.post(
        f"{API}/conflicts/{conflict}/resolution", json={"choice": "remote"}, headers=headers
    )

    lead = client.post(f"{API}/leads", json={"company": "Ny ApS"}, headers=headers).json["id"]
    converted = [
        client.post(f"{API}/leads/{lead}/{act}", json={"customer": foreign}, headers=headers)
        for act in ("conversion", "conversion-previews")
    ]

    assert errors(created) == errors(patched) == errors(put) == both
    within = [(f"/customer{pointer}", code) for pointer, code in both]
    assert [errors(each) for each in converted] == [within, within]
    assert (batch["status"], [e["pointer"] for e in batch["problem"]["errors"]]) == (
        422, ["/fields/iban", "/fields/note"],
    )  # fmt: skip
    assert errors(chosen) == [("/choice", "field_not_yours")]
    assert client.get(at, headers=headers).json == before


def test_an_answer_given_again_leaves_out_what_is_hidden_by_now(client: ApiClient) -> None:
    clerk = make_clerk(reads=["public", "internal"], writes=["public", "internal"])
    headers = {**clerk.headers, "Idempotency-Key": "k"}
    body = {"name": "Ny ApS", "note": NOTE}
    first = client.post(f"{API}/customers", json=body, headers=headers)
    with transaction() as session:
        role = session.scalars(select(CustomRole).where(CustomRole.code == "clerk")).one()
        role.reads = ["public"]
    forget_tokens()

    again = client.post(f"{API}/customers", json=body, headers=headers)

    assert (first.status_code, first.json["note"]) == (201, NOTE)
    assert again.headers["Idempotency-Replayed"] == "true"
    hidden = {"note", "credit_limit"}
    assert again.json == {name: each for name, each in first.json.items() if name not in hidden}


def models_below(base: type[Any]) -> set[type[Any]]:
    found: set[type[Any]] = set(base.__subclasses__())
    return found.union(*(models_below(each) for each in found))


_NOT_OF_THE_RECORD = {
    "TransactionApproval": {"amount"},  # of what is asked for
    "ConvertedOpportunity": {"amount"},
    "OpportunityAsOf": {"amount"},
    "OpportunityCreate": {"amount"},  # of what may come; the classified one is of a document
    "OpportunityPatch": {"amount"},
    "OpportunityUpsert": {"amount"},
    "OpportunityView": {"amount"},
}
"""Fields that are called as a classified column is, and hold something else."""


def test_every_body_and_view_with_a_classified_field_says_so(app: Flask) -> None:
    classified: dict[str, set[str]] = {}
    for mapper in Base.registry.mappers:
        for name, each in mapper.class_.__classes__.items():
            classified.setdefault(name, set()).add(str(each))
    silent = {
        model.__name__: fields
        for base in (Body, View)
        for model in models_below(base)
        if (fields := model.model_fields.keys() & classified.keys() - model.classes.keys())
    }

    assert {"credit_limit", "note", "iban", "amount", "remaining"} <= classified.keys()
    assert silent == _NOT_OF_THE_RECORD


def test_nothing_that_is_searched_or_compared_is_of_a_class() -> None:
    assert not (customers._SEARCHED | customers._COMPARED) & Customer.__classes__.keys()

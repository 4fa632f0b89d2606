"""Each route × each kind of caller, on records of one owner (reliability.md R-50).

The routes are those the application serves, so that a new one is tested without anyone remembering:
what it does not find here (a path parameter, a body) makes the test say so. Every call is made in
a transaction that is rolled back, so that none sees what another did.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

import pytest
from flask import Flask
from sqlalchemy import Engine, select, update

from api import authentication
from api.authentication import forget_tokens
from hub.access import teams
from hub.access.callers import principal_of
from hub.access.models import AccessGrant, ApiToken, User
from hub.access.predicates import visible
from hub.access.readers import reader_of
from hub.access.roles import BASE_ROLES, ONESELF, Level, Role, Verb, Visibility, level_of
from hub.clock import utcnow
from hub.customers.models import Customer
from hub.db import transaction
from hub.leads.models import Lead
from hub.listing import page_of_values, parse_parameters
from hub.listing.reading import HIGHEST_SORTS, HIGHEST_VALUES
from hub.opportunities.models import Opportunity
from hub.reports.datasets import DATASETS
from hub.settings import get_settings
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.security.possessions import Possessions, make_possessions
from tests.security.routes import (
    OF_A_SESSION,
    Route,
    breakdowns,
    counted,
    documented_routes,
)
from tests.security.undoing import undone

pytestmark = pytest.mark.slow
HIGHEST = max(Level)
WORD, OTHER_WORD = "Zanzibarfalk", "Egernsund"


class Kind(Enum):
    """What decides over a record that a path names."""

    CUSTOMER = "it is a customer or a part of one"
    WRITTEN = "it hangs on a customer, and only who wrote it changes it"
    JOINT = "it hangs on a customer; who wrote it, those whose it is, and who leads them change it"
    PERSONAL = "it is one person's alone"
    DEFINITION = "others read it as the visibility says, and only its owner changes it"
    COMMON = "everybody sees it"
    REQUEST = "it is asked for by one and decided by others"
    SHARE = "whoever may share its record knows it, and whom it is for"
    POOL = "it is known to its people and to those who decide over it"
    OBJECTIVE = "it is known to whom it is set for, and to who leads him"
    ABSENCE = "it is of one person, and of who leads him"


KINDS = {
    **dict.fromkeys(
        (
            "customer_id", "contact_id", "address_id", "link_id", "conflict_id", "duplicate_id",
            "external_ref", "lead_id", "opportunity_id",
            "contact_ref", "address_ref", "lead_ref", "opportunity_ref",
        ),
        Kind.CUSTOMER,
    ),
    **dict.fromkeys(("note_id", "reminder_id", "note_ref", "reminder_ref"), Kind.WRITTEN),
    **dict.fromkeys(("activity_id", "activity_ref"), Kind.JOINT),
    **dict.fromkeys(
        (
            "export_id", "report_run_id", "import_id", "job_id", "lookup_id", "delivery_id",
            "problem_id", "plan_id", "report_id", "schedule_id", "run_id", "token_id", "session_id",
            "hook_delivery_id",
        ),
        Kind.PERSONAL,
    ),
    "connection_id": Kind.DEFINITION,
    **dict.fromkeys(
        (
            "role_id", "team_id", "user_id", "code_id", "name", "catalogue", "entry_id",
            "workflow_id", "template_id", "sequence_id", "field_id",
            "objective_template_id", "key", "board", "coming_id",
        ),
        Kind.COMMON,
    ),
    "approval_id": Kind.REQUEST,
    "grant_id": Kind.SHARE,
    **dict.fromkeys(("pool_id", "draw_id"), Kind.POOL),
    "objective_id": Kind.OBJECTIVE,
    "absence_id": Kind.ABSENCE,
}  # fmt: skip
"""By the first parameter of a path, as `Route.parameters` names it."""

LED = {Kind.SHARE, Kind.OBJECTIVE, Kind.ABSENCE}
"""What is known to whom it is for, and to who leads him or may share as he likes."""

LEVELS = {
    "notes:create": Level.COMMENT, "reminders:create": Level.COMMENT,
    "activities:create": Level.COMMENT, "approvals:create": Level.READ,
}  # fmt: skip
"""What a right over a part needs of the customer, where it is not what its verb needs."""

EXPORTS = {"GET /report-runs/<uuid:run_id>/file"}
"""What is an export of its rows as well (domain.md §4)."""
APPLIES_A_PLAN = {
    "POST /plans/<uuid:plan_id>/application", "POST /plans/<uuid:plan_id>/undo",
}  # fmt: skip
"""What takes the right to do what the plan does as well: here, to assign customers."""
OF_MEMBERS = {"POST /pools/<uuid:pool_id>/applications", "POST /pools/<uuid:pool_id>/claims"}
"""What people of a pool's teams ask for themselves: an administrator, who may, is none of them."""
RECALLS = "POST /pools/<uuid:pool_id>/recalls"
"""What takes customers from their owners, but none that is protected."""
NARROWING = {"?id", "?customer", "?name.contains", "?q"}
"""Questions by which a list is narrowed to what is hidden."""
READABLE = {"public", "internal"}
"""The classes of fields that representatives read."""
COMMON_LISTS = {"catalogues", "custom-fields", "note-templates", "objective-templates", "workflows"}
"""Lists of what everybody sees: nothing in them is hidden."""
OK, FORBIDDEN, HIDDEN, NOBODY = "ok", "forbidden", "hidden", "nobody"
STATUSES = {FORBIDDEN: {403}, HIDDEN: {404}, NOBODY: {401}}


@dataclass(frozen=True)
class Standing:
    """A caller, and how he stands to the owner's customers."""

    name: str
    caller: Caller | None
    role: Role
    level: Level | None = None  # of his on the owner's customers; None: he does not know of them
    is_owner: bool = False
    gets_in: bool = True

    @property
    def sees_everything(self) -> bool:
        return self.role in {Role.ADMINISTRATOR, Role.AUDITOR}

    @property
    def headers(self) -> dict[str, str]:
        return self.caller.headers if self.caller else {}


@pytest.fixture(params=["private", "protected"])
def secrecy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Why others do not see the owner's records: the visibility, or their protection."""
    chosen = Visibility.PRIVATE if request.param == "private" else Visibility.PUBLIC
    monkeypatch.setenv("HUB_VISIBILITY", chosen)
    get_settings.cache_clear()
    forget_tokens()
    yield request.param
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def owner(client: ApiClient) -> Caller:
    return make_caller(Role.REPRESENTATIVE, "owner@example.com")


@pytest.fixture
def hidden(owner: Caller, secrecy: str) -> Possessions:
    made = make_possessions(owner, WORD)
    if secrecy == "protected":
        with transaction() as session:
            until = utcnow() + timedelta(days=9)
            session.execute(
                update(Customer)
                .where(Customer.owner_user_id.is_not(None))
                .values(protected_at=utcnow(), protected_until=until)
            )
    return made


@pytest.fixture
def crowd(owner: Caller, hidden: Possessions) -> list[Standing]:
    """One caller of each kind."""
    by_role = {
        name: make_caller(role, f"{name}@example.com")
        for name, role in {
            "administrator": Role.ADMINISTRATOR, "manager": Role.MANAGER,
            "reader": Role.REPRESENTATIVE, "writer": Role.REPRESENTATIVE,
            "colleague": Role.REPRESENTATIVE, "auditor": Role.AUDITOR,
            "revoked": Role.ADMINISTRATOR,
        }.items()
    }  # fmt: skip
    with transaction() as session:
        session.get_one(ApiToken, by_role["revoked"].token_id).revoked_at = utcnow()
        teams.create_team(
            session,
            {
                "name": "of the owner", "manager_user_id": by_role["manager"].user_id,
                "member_ids": [owner.user_id],
            },
        )  # fmt: skip
        for name, level in (("reader", "read"), ("writer", "write")):
            for model in (Customer, Lead, Opportunity):
                for identifier in session.scalars(select(model.id)):
                    session.add(
                        AccessGrant(
                            subject_type=model.entity(), subject_id=identifier, level=level,
                            user_id=by_role[name].user_id,
                        )
                    )  # fmt: skip
    forget_tokens()
    return [
        Standing("owner", owner, Role.REPRESENTATIVE, HIGHEST, is_owner=True),
        Standing("administrator", by_role["administrator"], Role.ADMINISTRATOR, HIGHEST),
        Standing("manager in line", by_role["manager"], Role.MANAGER, HIGHEST),
        Standing("shared to read", by_role["reader"], Role.REPRESENTATIVE, Level.READ),
        Standing("shared to write", by_role["writer"], Role.REPRESENTATIVE, Level.WRITE),
        Standing("colleague without right", by_role["colleague"], Role.REPRESENTATIVE),
        Standing("auditor", by_role["auditor"], Role.AUDITOR, HIGHEST),
        Standing("revoked token", by_role["revoked"], Role.ADMINISTRATOR, gets_in=False),
        Standing("anonymous", None, Role.VIEWER, gets_in=False),
    ]


@pytest.fixture
def known(
    client: ApiClient, crowd: list[Standing], monkeypatch: pytest.MonkeyPatch
) -> list[Standing]:
    """The same, looked up once: nothing that lasts changes what they are."""
    monkeypatch.setattr(authentication, "REMEMBERED_S", 3600.0)
    for standing in crowd:
        client.get("/api/v1/me", headers=standing.headers)
    return crowd


def kind_of(route: Route) -> Kind:
    return KINDS[next(iter(route.parameters.values()))]


def expected(route: Route, standing: Standing, secrecy: str) -> str:
    """Return what a caller of a kind must meet at a route: domain.md §4, said once more."""
    verb, kind = route.permission.verb, kind_of(route)
    if not standing.gets_in:
        return NOBODY
    role = BASE_ROLES[standing.role]
    exports = str(route) in EXPORTS and not role.grants(Verb.EXPORT, "customers")
    # What is for oneself an auditor sees of others, and leaves to them.
    others = str(route.permission) in ONESELF and standing.role is Role.AUDITOR
    applies = str(route) in APPLIES_A_PLAN and not role.grants(Verb.ASSIGN, "customers")
    if exports or others or applies or not role.grants(verb, route.permission.collection):
        return FORBIDDEN
    if kind is Kind.REQUEST:
        return _of_a_request(verb, standing)
    if standing.sees_everything or standing.is_owner or kind is Kind.COMMON:
        return OK
    if kind in {Kind.PERSONAL, Kind.DEFINITION, Kind.POOL}:
        return _of_a_person(route, kind, secrecy)
    return _of_a_customer(route, kind, standing)


def _of_a_request(verb: Verb, standing: Standing) -> str:
    """The request is the owner's; what it is about, administrators decide."""
    if verb is Verb.EDIT:  # to withdraw it
        return OK if standing.is_owner else FORBIDDEN if standing.sees_everything else HIDDEN
    return OK if standing.is_owner or standing.sees_everything else HIDDEN


def _of_a_person(route: Route, kind: Kind, secrecy: str) -> str:
    if kind is not Kind.DEFINITION or secrecy == "private":
        return HIDDEN
    return FORBIDDEN if level_of(route.permission.verb) >= Level.WRITE else OK


def _of_a_customer(route: Route, kind: Kind, standing: Standing) -> str:
    if standing.level is None or (kind in LED and standing.level is not HIGHEST):
        return HIDDEN
    needed = LEVELS.get(str(route.permission), level_of(route.permission.verb))
    if kind is Kind.WRITTEN and needed >= Level.WRITE:
        return FORBIDDEN
    if kind is Kind.JOINT and needed >= Level.WRITE:
        return OK if standing.level is HIGHEST else FORBIDDEN
    return OK if standing.level >= needed else FORBIDDEN


def on_a_record(route: Route) -> bool:
    return bool(route.parameters)


def is_about_secrecy(route: Route, standing: Standing) -> bool:
    """Say whether why a record is hidden can matter: what all see is asked for once only.

    Nor does it matter to the level of those who see it all the same: they read it once more.
    """
    may_see = standing.level is not None and route.permission.verb is not Verb.READ
    return standing.gets_in and kind_of(route) is not Kind.COMMON and not may_see


def refusal(route: Route, standing: Standing, secrecy: str) -> str | None:
    """Return the code with which somebody who may is refused, as things stand; None where not."""
    if str(route) in OF_MEMBERS and standing.role is Role.ADMINISTRATOR:
        return "not_assignable"
    return "pool_state" if str(route) == RECALLS and secrecy == "protected" else None


def meets(answer: Reply, outcome: str, route: Route, code: str | None) -> bool:
    """Say whether an answer is what was to be met; `code` where it is that of a refusal."""
    if outcome == HIDDEN and route.takes_a_reference:
        return answer.status_code == 409  # that the reference is taken he must be told, no more
    if outcome in STATUSES:
        return answer.status_code in STATUSES[outcome]
    items = (answer.json or {}).get("results", ())
    refused = {item["problem"]["code"] for item in items if item["problem"]}
    if answer.status_code >= 400:
        refused.add(answer.json["code"])
    return refused == ({code} if code else set())


def foreign(answer: Reply, hidden: Possessions) -> set[str]:
    """Return what of the owner an answer tells beyond what the caller has said himself."""
    text = answer.text
    for said in hidden.paths.values():
        text = text.replace(said, "")
    return {each for each in (*hidden.ids, hidden.word) if each in text}


def test_each_route_answers_each_kind_of_caller_as_he_stands(
    app: Flask,
    client: ApiClient,
    database: Engine,
    known: list[Standing],
    *,
    hidden: Possessions,
    secrecy: str,
) -> None:
    wrong, counted = [], 0
    for route in filter(on_a_record, documented_routes(app)):
        for standing in known:
            if secrecy == "protected" and not is_about_secrecy(route, standing):
                continue
            outcome = expected(route, standing, secrecy)
            with undone(database):
                answer = route.call(client, standing.headers, hidden)
            counted += 1
            tells = set() if outcome == OK else foreign(answer, hidden)
            code = refusal(route, standing, secrecy)
            if not meets(answer, outcome, route, code) or (tells and outcome != FORBIDDEN):
                said = (answer.status_code, answer.text[:300])
                wrong.append((str(route), standing.name, outcome, said, tells))

    assert counted > (2500 if secrecy == "private" else 600)
    assert wrong == [], "\n".join(map(str, wrong))


ACTED_ON = {
    "customers": "customer_id", "leads": "lead_id", "opportunities": "opportunity_id",
}  # fmt: skip
"""Where the API says what can be done with a record, by the parameter that names it."""


def test_what_is_offered_with_a_record_is_what_would_not_be_refused(
    app: Flask, client: ApiClient, known: list[Standing], *, hidden: Possessions, secrecy: str
) -> None:
    wrong, counted = [], 0
    for collection, parameter in ACTED_ON.items():
        identifier = hidden.paths[parameter]
        path = f"/api/v1/{collection}/{identifier}"
        of_it = {
            (each.operation.method, each.path.replace(f"<uuid:{parameter}>", identifier)): each
            for each in documented_routes(app)
            if list(each.parameters) == [parameter]
        }
        for standing in (each for each in known if each.level is not None):
            answer = client.get(f"{path}/actions", headers=standing.headers)
            acts = [act for menu in answer.json["menus"] for act in menu["items"]]
            offered = {(act["method"], act["path"]) for act in acts if act["path"].startswith(path)}
            for act, route in of_it.items():
                counted += 1
                if (act in offered) is not (expected(route, standing, secrecy) == OK):
                    wrong.append((act, standing.name))

    assert counted > 300
    assert wrong == []


def groups(values: Sequence[str], most: int) -> list[Sequence[str]]:
    return [values[at : at + most] for at in range(0, len(values), most)]


def questions(route: Route, hidden: Possessions) -> Iterator[str]:
    """Yield queries that would show a hidden record: by its id, sorted, counted, searched."""
    yield ""
    listing = route.operation.listing
    if listing is None:
        return
    if route.path.endswith("/summary"):
        yield from breakdowns(listing)
    names = {field.name for field in listing.fields if field.permission_class == "public"}
    facets = [each.name for each in listing.fields if each.facet and each.name in names]
    if facets:
        yield f"?facets={','.join(facets)}"
    sortable = [f"-{field.name}" for field in listing.fields if field.sortable]
    for some in groups(sortable, HIGHEST_SORTS):
        yield f"?sort={','.join(some)}"
    if "id" in names:
        for some in groups(sorted(hidden.ids), HIGHEST_VALUES):
            yield "?" + "&".join(f"id={each}" for each in some)
    if "customer" in names:
        named = (hidden.paths["customer_id"], hidden.paths["drawn_customer_id"])
        yield "?" + "&".join(f"customer={each}" for each in named)
    if "name" in names:
        yield f"?name.contains={WORD}"
    if listing.search is not None:
        yield f"?q={WORD}"


def told(answer: Reply, hidden: Possessions) -> bool:
    """Say whether an answer has something of the owner's in it, its links left out.

    A link repeats the question, and with it the ids that were asked for.
    """
    said = {k: v for k, v in answer.json.items() if k != "links"} if answer.json else answer.text
    text = str(said)
    return hidden.word in text or any(each in text for each in hidden.ids)


def test_no_list_filter_sort_search_or_count_tells_of_hidden_records(
    app: Flask,
    client: ApiClient,
    owner: Caller,
    crowd: list[Standing],
    *,
    hidden: Possessions,
    secrecy: str,
) -> None:
    [colleague] = [each for each in crowd if each.name == "colleague without right"]
    assert colleague.caller is not None
    own = make_possessions(colleague.caller, OTHER_WORD)
    wrong: list[tuple[str, str, object]] = []
    asked = 0
    shown: set[str] = set()
    vain: set[str] = set()
    for route in documented_routes(app):
        if route.operation.method != "GET" or not lists(route, colleague, secrecy):
            continue
        for query in questions(route, hidden):
            answer = route.call(client, colleague.headers, own, query=query)
            asked += 1
            if answer.status_code != 200 or told(answer, hidden):
                wrong.append((str(route), query, answer.text[:300]))
            kind = query.partition("=")[0]
            if kind in NARROWING and counted(answer):
                wrong.append((str(route), query, counted(answer)))
            if secrecy == "private" and is_shown(route, kind):
                control = route.call(client, owner.headers, hidden, query=query)
                counts = kind in NARROWING or route.path.endswith("/summary")
                tells = counted(control) > 0 if counts else told(control, hidden)
                (shown if tells else vain).add(f"{route} {kind}")

    assert wrong == []
    assert vain - shown == set()  # the owner is told what the colleague is not
    assert asked > 450
    assert len(shown) > 150 or secrecy == "protected"  # the questions are the same in both


def is_shown(route: Route, kind: str) -> bool:
    """Say whether a question must tell the owner something: not another order of the same."""
    is_common = bool(route.parameters) and kind_of(route) is Kind.COMMON
    if route.operation.listing is None or is_common or kind in {"?sort", "?by"}:
        return False
    return route.permission.collection not in COMMON_LISTS


def lists(route: Route, standing: Standing, secrecy: str) -> bool:
    """Say whether a route is a list, or a page of one's own, that a representative may read."""
    if route.permission.verb in {Verb.AUDIT, Verb.CONFIGURE, Verb.CONNECT, Verb.APPROVE}:
        return False
    if str(route) in OF_A_SESSION:
        return False
    parameters = list(route.parameters.values())
    if parameters and KINDS[parameters[0]] not in {Kind.CUSTOMER, Kind.COMMON, Kind.POOL}:
        return False
    definitions = {"connections", "schedules"}
    return secrecy == "private" or route.permission.collection not in definitions


def test_no_export_or_report_of_a_list_holds_hidden_records(
    owner: Caller, crowd: list[Standing], *, hidden: Possessions, secrecy: str
) -> None:
    [colleague] = [each for each in crowd if each.name == "colleague without right"]
    assert colleague.caller is not None
    found: dict[Caller, dict[str, bool]] = {}
    with transaction() as session:
        for caller in (colleague.caller, owner):
            user = session.get_one(User, caller.user_id)
            principal = principal_of(session, user)
            reader = reader_of(principal, now=utcnow(), session=session)
            for name, dataset in DATASETS.items():
                columns = [
                    each.name
                    for each in dataset.listing.fields
                    if each.selectable and each.permission_class in READABLE
                ]
                asked = [("limit", "500"), ("fields", ",".join(columns))]
                query = parse_parameters(dataset.listing, asked, reader)
                seen = visible(principal, Verb.EXPORT, dataset.listing.model)
                rows = str(page_of_values(session, query, seen).rows)
                holds = WORD in rows or any(each in rows for each in hidden.ids)
                found.setdefault(caller, {})[name] = holds

    assert {name for name, holds in found[colleague.caller].items() if holds} == set()
    assert {name for name, holds in found[owner].items() if not holds} <= COMMON_LISTS

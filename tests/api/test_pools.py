"""Pools over the API."""

import hashlib
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from api.authentication import forget_tokens
from hub.access.models import User
from hub.access.roles import Role
from hub.access.teams import create_team
from hub.approvals import services as approvals
from hub.approvals.models import Approval
from hub.clock import utcnow
from hub.customers.models import Customer
from hub.db import transaction
from hub.history.models import Event
from hub.pools.models import Pool
from hub.settings import get_settings
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller, narrow
from tests.people import make_customer
from tests.pools import make_pool, make_waiting

PHONE, EMAIL = "+4533121212", "lager@skippersand.example"


@pytest.fixture
def manager(client: ApiClient) -> Caller:
    return make_caller(Role.MANAGER, "mona@example.com")


@pytest.fixture
def colleague(client: ApiClient) -> Caller:
    return make_caller(Role.REPRESENTATIVE, "carl@example.com")


@pytest.fixture
def stranger(client: ApiClient) -> Caller:
    return make_caller(Role.REPRESENTATIVE, "stine@example.com")


@pytest.fixture
def pool(representative: Caller, colleague: Caller, manager: Caller) -> str:
    return new_pool(representative, colleague, manager)


def new_pool(representative: Caller, colleague: Caller, manager: Caller, **rules: Any) -> str:
    with transaction() as session:
        people = [session.get_one(User, each.user_id) for each in (representative, colleague)]
        decides = [session.get_one(User, manager.user_id)]
        made = make_pool(session, people, managers=decides, **rules).id
    forget_tokens()
    return str(made)


def wait_in(pool: str, count: int = 1, **fields: Any) -> list[str]:
    with transaction() as session:
        found = session.get_one(Pool, UUID(pool))
        fields = {"email": EMAIL, "region": "Fyn", "industry": "Havn", **fields}
        return [str(c.id) for c in make_waiting(session, found, count, **fields)]


def post(client: ApiClient, caller: Caller, path: str, body: Any) -> Reply:
    return client.post(f"/api/v1{path}", json=body, headers=caller.headers)


def get(client: ApiClient, caller: Caller, path: str) -> Reply:
    return client.get(f"/api/v1{path}", headers=caller.headers)


def results(answer: Reply) -> list[tuple[int, str | None]]:
    """Return status and code of each result of a batch."""
    assert answer.status_code == 200, answer.text
    return [(r["status"], (r["problem"] or {}).get("code")) for r in answer.json["results"]]


def test_an_administrator_makes_changes_and_takes_away_a_pool(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    team = post(client, administrator, "/teams", {"name": "Nord"}).json["id"]
    body = {
        "name": "Nord", "claim_team_ids": [team], "manager_user_ids": [str(administrator.user_id)],
        "held_quota": 20, "daily_quota": 5, "cooldown_days": 30, "recall_after_days": 60,
        "notice_days": 7, "modes": ["self", "apply"], "escalation_hours": 36,
        "recall_exceptions": [
            {"value_class": "a", "classification": None, "program": None, "days": None}
        ],
    }  # fmt: skip

    made = post(client, administrator, "/pools", body)

    assert made.status_code == 201, made.text
    assert made.json | body == made.json | {"modes": ["self", "apply"]}
    assert made.json["modes"] == ["apply", "self"]
    assert (made.json["entity"], made.json["batch_limit"]) == ("customer", 100)
    assert made.json["allowed_actions"] == ["read", "claim", "assign", "configure"]
    at = f"/api/v1/pools/{made.json['id']}"
    assert made.headers["Location"] == at
    changed = client.patch(
        at, json={"daily_quota": None, "active": False},
        headers=administrator.headers | {"If-Match": '"1"'},
    )  # fmt: skip
    assert (changed.json["daily_quota"], changed.json["active"], changed.json["version"]) == (
        None, False, 2,
    )  # fmt: skip
    refused = post(client, representative, "/pools", {"name": "Syd"})
    assert refused.status_code == 403
    gone = client.delete(at, headers=administrator.headers | {"If-Match": '"2"'})
    assert gone.status_code == 204
    assert client.get(at, headers=administrator.headers).status_code == 404


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"claim_team_ids": ["00000000-0000-0000-0000-000000000001"]}, "/claim_team_ids",
         "unknown_team"),
        ({"manager_user_ids": ["00000000-0000-0000-0000-000000000001"]}, "/manager_user_ids",
         "unknown_user"),
        ({"recall_after_days": 7, "notice_days": 7}, "/notice_days", "too_large"),
        ({"application_days": 2, "escalation_hours": 48}, "/escalation_hours", "too_large"),
        ({"recall_exceptions": [{"days": 9}]}, "/recall_exceptions/0", "required"),
        ({"recall_exceptions": [{"value_class": "a"}]}, "/recall_exceptions/0/days", "required"),
        ({"notice_days": 9, "recall_exceptions": [{"value_class": "a", "days": 9}]},
         "/recall_exceptions/0/days", "too_small"),
        ({"recall_exceptions": [{"program": "none_such", "days": 9}]},
         "/recall_exceptions/0/program", "unknown"),
        ({"modes": ["assign"]}, "/modes/0", "choice"),
        ({"held_quota": -1}, "/held_quota", "too_small"),
        ({"draw_order": "loud"}, "/draw_order", "choice"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_refused_with_its_field(
    client: ApiClient, administrator: Caller, fields: dict[str, Any], pointer: str, code: str
) -> None:
    answer = post(client, administrator, "/pools", {"name": "Nord", **fields})

    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [(pointer, code)]


def test_a_pool_with_customers_stays_and_names_are_there_once(
    client: ApiClient, administrator: Caller, pool: str
) -> None:
    [waiting] = wait_in(pool)

    twice = post(client, administrator, "/pools", {"name": "NORD"})
    assert (twice.status_code, twice.json["code"]) == (409, "taken")
    used = client.delete(
        f"/api/v1/pools/{pool}", headers=administrator.headers | {"If-Match": '"1"'}
    )
    assert (used.status_code, used.json["code"], used.json["details"]) == (
        409, "in_use",
        {"count": 1, "kinds": {"customer": 1}, "others": False,
         "blockers": [{"entity": "customer", "id": waiting}]},
    )  # fmt: skip


def test_people_of_a_pool_see_cards_and_nobody_else_anything(
    client: ApiClient,
    administrator: Caller,
    representative: Caller,
    manager: Caller,
    stranger: Caller,
    *,
    pool: str,
) -> None:
    (customer,) = wait_in(pool)

    answer = get(client, representative, f"/pools/{pool}/customers")

    (card,) = answer.json["items"]
    assert card == {
        "id": customer, "name": "Havn 0", "region": "Fyn", "industry": "Havn",
        "phone": "+••••••••12", "email": "l•••@•••.example", "pool_state": "in_pool",
        "pooled_at": card["pooled_at"],
    }  # fmt: skip
    assert PHONE not in answer.text
    assert EMAIL not in answer.text
    assert get(client, stranger, f"/pools/{pool}/customers").status_code == 404
    for caller, status in ((representative, 404), (stranger, 404), (manager, 200),
                           (administrator, 200)):  # fmt: skip
        assert get(client, caller, f"/customers/{customer}").status_code == status
        shown = get(client, caller, "/customers").json["total"]["count"]
        assert shown == (1 if status == 200 else 0)


@pytest.mark.parametrize(
    "query", ["q=33121212", "phone.contains=3312", "email=x@y.dk", "sort=phone", "facets=city"]
)
def test_what_is_masked_cannot_be_found_out_by_asking(
    client: ApiClient, representative: Caller, pool: str, query: str
) -> None:
    wait_in(pool)

    answer = get(client, representative, f"/pools/{pool}/customers?{query}")

    assert answer.status_code == 422


def test_cards_are_filtered_and_counted_by_what_they_tell(
    client: ApiClient, representative: Caller, pool: str
) -> None:
    wait_in(pool, 2)
    wait_in(pool, 1, region="Als")

    answer = get(client, representative, f"/pools/{pool}/customers?region=Als&facets=region")

    assert answer.json["total"] == {"count": 1, "exact": True}
    slices = answer.json["facets"]["region"]["slices"]
    assert {each["value"]: each["count"] for each in slices} == {"Als": 1, "Fyn": 2}


def test_a_pool_shows_so_many_cards_a_day(
    client: ApiClient, representative: Caller, colleague: Caller, manager: Caller
) -> None:
    pool = new_pool(representative, colleague, manager, daily_views=3)
    wait_in(pool, 5)
    at = f"/pools/{pool}/customers"

    assert len(get(client, representative, f"{at}?limit=2").json["items"]) == 2
    assert len(get(client, representative, f"{at}?limit=2").json["items"]) == 2  # the same ones
    refused = get(client, representative, at)
    assert (refused.status_code, refused.json["code"]) == (409, "daily_views")
    assert refused.json["details"] == {"limit": 3, "left": 1}
    assert "Havn" not in refused.text
    assert len(get(client, representative, f"{at}?limit=3").json["items"]) == 3
    assert len(get(client, colleague, f"{at}?limit=3").json["items"]) == 3
    assert len(get(client, manager, at).json["items"]) == 5


def test_from_the_application_to_the_owner(
    client: ApiClient, representative: Caller, manager: Caller, pool: str
) -> None:
    first, second = wait_in(pool, 2)

    asked = post(
        client, representative, f"/pools/{pool}/applications",
        {"customer_ids": [first, second], "reason": "kender dem"},
    )  # fmt: skip

    assert results(asked) == [(200, None), (200, None)]
    assert (asked.json["done"], asked.json["refused"]) == (2, 0)
    approval = asked.json["results"][0]["claim"]["approval_id"]
    seen = get(client, representative, f"/approvals/{approval}").json
    assert seen["subject"] == {"type": "customer", "id": first, "name": "Havn 0"}
    to_decide = get(client, manager, "/approvals/to-decide").json
    assert to_decide["total"]["count"] == 2
    granted = post(client, manager, f"/approvals/{approval}/approval", {})
    assert granted.status_code == 200, granted.text
    mine = get(client, representative, f"/customers/{first}").json
    assert (mine["pool_state"], mine["owner_user_id"]) == ("owned", str(representative.user_id))

    decided = post(
        client, manager, f"/pools/{pool}/decisions",
        {"customer_ids": [second, first], "decision": "refused", "reason": "for langt"},
    )  # fmt: skip
    assert results(decided) == [(200, None), (409, "pool_state")]
    claims = get(client, representative, f"/pools/{pool}/claims?sort=created_at").json["items"]
    assert sorted((c["state"], c["ended_reason"]) for c in claims) == [
        ("owned", None), ("refused", "for langt"),
    ]  # fmt: skip


def test_assigning_taking_back_and_releasing_tell_of_each_customer(
    client: ApiClient, representative: Caller, manager: Caller, stranger: Caller, pool: str
) -> None:
    first, second = wait_in(pool, 2)
    me, other = str(representative.user_id), str(stranger.user_id)

    assigned = post(
        client, manager, f"/pools/{pool}/assignments",
        {
            "items": [
                {"customer_id": first, "user_id": me}, {"customer_id": second, "user_id": other},
            ],
            "reason": "hans egn",
        },
    )  # fmt: skip
    assert results(assigned) == [(200, None), (409, "not_assignable")]
    released = post(
        client, representative, f"/pools/{pool}/entries",
        {"customer_ids": [first, second], "reason": "ingen tid"},
    )  # fmt: skip
    assert results(released) == [(200, None), (404, "not_found")]
    post(client, representative, f"/pools/{pool}/claims", {"customer_ids": [first, second]})
    back = post(
        client, manager, f"/pools/{pool}/recalls", {"customer_ids": [second], "reason": "x"}
    )
    assert results(back) == [(200, None)]
    with transaction() as session:
        told = session.execute(
            select(Event.type, Event.data["reason"].astext, Event.user_id)
            .where(Event.subject_id == UUID(first), Event.type.like("customer.pool%"))
            .order_by(Event.id)
        )
        assert [tuple(row) for row in told] == [
            ("customer.pool_claimed", "hans egn", manager.user_id),
            ("customer.pool_released", "ingen tid", representative.user_id),
            ("customer.pool_claimed", None, representative.user_id),
        ]


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("assignments", {"items": [{"customer_id": "{c}", "user_id": "{u}"}], "reason": "x"}),
        ("recalls", {"customer_ids": ["{c}"], "reason": "x"}),
    ],
)
def test_sellers_do_not_assign_or_take_back(
    client: ApiClient, representative: Caller, stranger: Caller, pool: str, *, act: str, body: Any
) -> None:
    (customer,) = wait_in(pool)
    text = str(body).replace("{c}", customer).replace("{u}", str(representative.user_id))
    path = f"/pools/{pool}/{act}"

    filled = eval(text)  # noqa: S307 - of our own constants
    assert post(client, representative, path, filled).status_code == 403
    assert post(client, stranger, path, filled).status_code == 404


def test_a_draw_is_recomputed_with_nothing_but_sha256(
    client: ApiClient, representative: Caller, colleague: Caller, stranger: Caller, pool: str
) -> None:
    wait_in(pool, 6)

    drawn = post(client, representative, f"/pools/{pool}/draws", {"count": 3})

    assert drawn.status_code == 201, drawn.text
    at = f"/pools/{pool}/draws/{drawn.json['id']}"
    assert drawn.headers["Location"] == f"/api/v1{at}"
    candidates = get(client, colleague, f"{at}/candidates").json["items"]
    seed = drawn.json["seed"]
    again = sorted(
        candidates, key=lambda each: hashlib.sha256(f"{seed}:{each}".encode()).hexdigest()
    )[:3]
    assert [each["customer_id"] for each in drawn.json["dealt"]] == again
    lines = "".join(f"{each}\n" for each in candidates)
    assert hashlib.sha256(lines.encode()).hexdigest() == drawn.json["candidates_sha256"]
    assert get(client, colleague, at).json["dealt"] == drawn.json["dealt"]
    assert get(client, colleague, f"/pools/{pool}/draws").json["items"][0]["seed"] == seed
    assert get(client, stranger, at).status_code == 404


def test_a_manager_draws_for_others_and_a_seller_only_for_himself(
    client: ApiClient, representative: Caller, colleague: Caller, manager: Caller, pool: str
) -> None:
    wait_in(pool, 4)
    hands = {"hands": [{"user_id": str(u.user_id), "count": 2}
                       for u in (representative, colleague)]}  # fmt: skip
    path = f"/pools/{pool}/draws"

    assert post(client, representative, path, hands).status_code == 403
    assert post(client, manager, path, {"count": 1}).status_code == 403
    neither = post(client, representative, path, {})
    assert [e["code"] for e in neither.json["errors"]] == ["one_of"]
    drawn = post(client, manager, path, hands)
    assert drawn.status_code == 201, drawn.text
    got = [each["user_id"] for each in drawn.json["dealt"]]
    assert sorted(got) == sorted([str(representative.user_id), str(colleague.user_id)] * 2)
    assert post(client, representative, path, {"count": 1}).json["code"] == "nothing_to_draw"


def test_who_holds_what_is_shown_to_himself_and_to_who_decides_leavers_included(
    client: ApiClient, representative: Caller, colleague: Caller, manager: Caller
) -> None:
    pool = new_pool(representative, colleague, manager, held_quota=3)
    wait_in(pool, 4)
    post(client, representative, f"/pools/{pool}/draws", {"count": 2})
    post(client, colleague, f"/pools/{pool}/draws", {"count": 1})
    with transaction() as session:
        session.execute(update(User).where(User.id == colleague.user_id).values(active=False))

    own = get(client, representative, f"/pools/{pool}/people").json
    assert [(p["held"], p["taken_today"], p["left"]) for p in own["items"]] == [(2, 2, 1)]
    assert own["waiting"] == 1
    people = get(client, manager, f"/pools/{pool}/people").json["items"]
    assert [(p["name"], p["active"], p["may_claim"], p["held"]) for p in people] == [
        ("bo", True, True, 2), ("carl", False, False, 1),
    ]  # fmt: skip

    left = get(client, manager, f"/customers?pool={pool}&owner={colleague.user_id}").json["items"]
    back = post(
        client, manager, f"/pools/{pool}/recalls",
        {"customer_ids": [left[0]["id"]], "reason": "rejst"},
    )  # fmt: skip
    assert results(back) == [(200, None)]


def test_what_its_owner_protects_no_claim_draw_or_count_tells_the_others_of(
    client: ApiClient, representative: Caller, colleague: Caller, manager: Caller, pool: str
) -> None:
    wait_in(pool, 2)
    path = f"/pools/{pool}"
    drawn = post(client, representative, f"{path}/draws", {"count": 1, "reason": "Egernsund"}).json
    [customer_id] = [each["customer_id"] for each in drawn["dealt"]]
    before = get(client, manager, f"{path}/people").json["items"]
    days = {"days": 3, "reason": "udbud"}
    assert (
        post(client, representative, f"/customers/{customer_id}/protection", days).status_code < 300
    )

    paths = [f"{path}/claims", f"{path}/claims?facets=user,state", f"{path}/draws",
             f"{path}/draws/{drawn['id']}", f"{path}/draws/{drawn['id']}/candidates"]  # fmt: skip
    for caller in (manager, colleague):
        told = [get(client, caller, each) for each in paths]
        assert [each.status_code for each in told] == [200] * 5
        assert [each for each in told if customer_id in each.text] == []
        assert told[0].json["total"]["count"] == 0
    after = get(client, manager, f"{path}/people").json["items"]
    owner = str(representative.user_id)
    assert [
        [(each["held"], each["taken_today"]) for each in people if each["user_id"] == owner]
        for people in (before, after)
    ] == [[(1, 1)], [(0, 0)]]
    own = get(client, representative, f"{path}/draws/{drawn['id']}")
    assert own.json["dealt"][0]["customer_id"] == customer_id


def test_a_token_counts_no_customers_past_its_filter_among_what_people_hold(
    client: ApiClient, representative: Caller, colleague: Caller, manager: Caller, pool: str
) -> None:
    wait_in(pool, 1, region="Fyn")
    wait_in(pool, 2, region="Jylland")
    path = f"/pools/{pool}"
    post(client, representative, f"{path}/draws", {"count": 2})
    waiting = get(client, colleague, f"{path}/customers").json["items"]
    apply = {"customer_ids": [waiting[0]["id"]]}
    assert results(post(client, colleague, f"{path}/applications", apply)) == [(200, None)]

    def told(region: str | None) -> tuple[dict[str, tuple[int, int]], int]:
        caller = narrow(manager, {"region": region}) if region else manager
        found = get(client, caller, f"{path}/people").json
        people = {p["name"]: (p["held"], p["taken_today"]) for p in found["items"]}
        return people, found["waiting"]

    assert told(None)[0] == {"bo": (2, 2), "carl": (1, 1)}
    fyn, jylland, nowhere = told("Fyn")[0], told("Jylland")[0], told("Falster")
    assert nowhere == ({"bo": (0, 0), "carl": (0, 0)}, 0)
    assert fyn["bo"][0] + jylland["bo"][0] == 2
    assert fyn["carl"][0] + jylland["carl"][0] == 1
    assert sum(fyn["bo"] + fyn["carl"]) < sum(told(None)[0]["bo"] + told(None)[0]["carl"])


def test_past_its_pool_a_customer_is_neither_given_nor_taken(
    client: ApiClient, administrator: Caller, manager: Caller, representative: Caller, pool: str
) -> None:
    (customer,) = wait_in(pool)
    given = {"owner_user_id": str(representative.user_id), "reason": "x"}

    for caller in (administrator, manager):
        answer = post(client, caller, f"/customers/{customer}/ownership", given)
        assert (answer.status_code, answer.json["code"]) == (409, "pool_state")
        assert answer.json["details"] == {"state": "in_pool", "allowed": ["applied", "owned"]}
    taken = post(client, representative, f"/customers/{customer}/taking", {"reason": "x"})
    assert taken.status_code == 404


def test_the_list_of_customers_knows_pools_and_what_is_protected(
    client: ApiClient, administrator: Caller, representative: Caller, pool: str
) -> None:
    first, second, _ = wait_in(pool, 3)
    for each in (first, second):
        post(client, representative, f"/pools/{pool}/claims", {"customer_ids": [each]})
    with transaction() as session:
        customer = session.get_one(Customer, UUID(first))
        customer.protected_at = customer.created_at
        customer.protected_until = customer.created_at.replace(year=2999)

    answer = get(client, administrator, f"/customers?pool={pool}&facets=pool_state,pool")

    slices = answer.json["facets"]["pool_state"]["slices"]
    assert {each["value"]: each["count"] for each in slices} == {
        "in_pool": 1, "owned": 1, "locked": 1,
    }  # fmt: skip
    assert [each["label"] for each in answer.json["facets"]["pool"]["slices"]] == ["Nord"]
    locked = get(client, administrator, "/customers?pool_state=locked").json["items"]
    assert [(each["id"], each["pool_state"]) for each in locked] == [(first, "locked")]


def test_with_private_visibility_a_claimed_customer_is_no_longer_there_for_the_others(
    client: ApiClient,
    representative: Caller,
    colleague: Caller,
    pool: str,
    *,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HUB_VISIBILITY", "private")
    get_settings.cache_clear()
    forget_tokens()
    (customer,) = wait_in(pool)
    mine = post(client, representative, f"/pools/{pool}/claims", {"customer_ids": [customer]})
    assert results(mine) == [(200, None)]

    late = post(client, colleague, f"/pools/{pool}/claims", {"customer_ids": [customer]})

    assert results(late) == [(404, "not_found")]
    monkeypatch.undo()
    get_settings.cache_clear()


def test_an_owner_of_no_pool_puts_a_customer_into_one_that_he_knows(
    client: ApiClient, representative: Caller, stranger: Caller, pool: str
) -> None:
    with transaction() as session:
        mine, his = (
            str(make_customer(session, owner_user_id=each.user_id).id)
            for each in (representative, stranger)
        )
    body = {"customer_ids": [mine, his], "reason": "flytter"}

    entered = post(client, representative, f"/pools/{pool}/entries", body)
    assert results(entered) == [(200, None), (403, "forbidden")]
    unknown = post(client, stranger, f"/pools/{pool}/entries", body)
    assert unknown.status_code == 404
    nothing_said = post(client, stranger, f"/pools/{pool}/entries", {"customer_ids": [his]})
    assert [e["pointer"] for e in nothing_said.json["errors"]] == ["/reason"]


def test_words_that_the_exceptions_of_a_pool_name_are_counted_and_kept(
    client: ApiClient, administrator: Caller, pool: str
) -> None:
    new = {"code": "loyal", "label": "Loyal"}
    entry = post(client, administrator, "/catalogues/programs/entries", new).json
    at = f"/api/v1/pools/{pool}"
    matching = administrator.headers | {"If-Match": '"1"'}
    exceptions = [{"program": "loyal", "days": 400}]

    changed = client.patch(at, json={"recall_exceptions": exceptions}, headers=matching)

    shown = {"value_class": None, "classification": None, **exceptions[0]}
    assert changed.json["recall_exceptions"] == [shown]
    [row] = get(client, administrator, "/catalogues/programs/entries").json["items"]
    assert (row["code"], row["used_by"]["pools"]["total"]) == ("loyal", 1)
    held = client.delete(f"/api/v1/catalogue-entries/{entry['id']}", headers=matching)
    assert (held.status_code, held.json["details"]["kinds"]) == (409, {"pool": 1})
    notice = client.patch(
        at, json={"notice_days": 400}, headers=administrator.headers | {"If-Match": '"2"'}
    )
    assert [(e["pointer"], e["code"]) for e in notice.json["errors"]] == [
        ("/recall_exceptions/0/days", "too_small")
    ]


def test_an_application_that_went_up_tells_to_whom_and_shows_him_its_card(
    client: ApiClient, representative: Caller, colleague: Caller, manager: Caller
) -> None:
    pool = new_pool(representative, colleague, manager, escalation_hours=4)
    (customer,) = wait_in(pool)
    director = make_caller(Role.MANAGER, "lis@example.com")
    with transaction() as session:
        top = create_team(session, {"name": "Alle", "manager_user_id": director.user_id})
        below = {"name": "Nord", "manager_user_id": manager.user_id, "parent_id": top.id}
        create_team(session, below)
    forget_tokens()
    asked = post(
        client, representative, f"/pools/{pool}/applications", {"customer_ids": [customer]}
    )
    at = f"/approvals/{asked.json['results'][0]['claim']['approval_id']}"
    before = get(client, representative, at).json
    assert (before["escalated_at"], before["escalated_to"]) == (None, [])
    assert before["created_at"] < before["escalates_at"] < before["expires_at"]
    assert get(client, director, at).status_code == 404
    with transaction() as session:
        session.execute(update(Approval).values(escalates_at=utcnow()))

    with transaction() as session:
        assert approvals.escalate_due(session, now=utcnow()) == 1

    shown = get(client, representative, at).json
    assert shown["escalated_to"] == [str(director.user_id)]
    [claim] = get(client, representative, f"/pools/{pool}/claims").json["items"]
    assert claim["escalated_at"] == shown["escalated_at"] is not None
    assert get(client, director, "/approvals/to-decide").json["total"]["count"] == 1
    seen = get(client, director, at).json
    assert (seen["subject"]["name"], seen["allowed_states"]) == ("Havn 0", ["approved", "refused"])
    assert get(client, director, f"/customers/{customer}").status_code == 404
    told = get(client, representative, f"{at}/events").json["items"]
    assert told[0]["title"] == "Gone up"
    assert post(client, director, f"{at}/approval", {}).json["decided_by"] == str(director.user_id)
    assert get(client, representative, f"/customers/{customer}").json["pool_state"] == "owned"

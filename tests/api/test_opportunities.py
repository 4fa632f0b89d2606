"""Opportunities over HTTP: weighed, moved through their pipelines, won, lost, closed."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

import workers.tasks  # noqa: F401 - registers the bodies
from hub.access.roles import Role
from hub.clock import utcnow
from hub.db import transaction
from hub.history.models import Event
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from hub.money import CURRENCIES, Money
from hub.opportunities.models import Opportunity
from tests.api.asking import API, broken, get, patch, post, remove
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller
from tests.people import make_customer
from workers.chain import drain

PATH = "/opportunities"


@pytest.fixture
def case(client: ApiClient, representative: Caller) -> Any:
    return post(client, representative, PATH, {"name": "Kran til havnen", "amount": "1000.00"})


def act(
    client: ApiClient, caller: Caller, case: Any, verb: str, status: int = 200, **body: Any
) -> Any:
    return post(client, caller, f"{PATH}/{case['id']}/{verb}", body, status)


def test_an_opportunity_begins_in_the_first_stage_with_what_that_says_of_it(
    client: ApiClient, representative: Caller
) -> None:
    made = post(
        client, representative, PATH,
        {"name": " Kran til havnen ", "amount": "12500.50", "expected_close_on": "2999-03-01",
         "follow_up_on": "2999-01-04", "source": "trade_show", "next_step": "Send tilbud"},
    )  # fmt: skip

    assert (made["number"], made["name"]) == ("O-0001", "Kran til havnen")
    assert made["owner_user_id"] == str(representative.user_id)
    assert (made["pipeline"], made["stage"]["key"], made["stage"]["kind"]) == (
        "axelor", "new", "new",
    )  # fmt: skip
    assert (made["amount"], made["currency"], made["probability"]) == ("12500.50", "DKK", 10)
    assert (made["weighted"], made["probability_source"]) == ("1250.05", "stage")
    assert (made["type"], made["is_open"], made["order_refs"]) == ("new_customer", True, [])


def test_what_is_deleted_leaves_its_history_and_its_number_is_not_given_again(
    client: ApiClient, administrator: Caller, representative: Caller, case: Any
) -> None:
    act(client, representative, case, "lost", lost_reason="price")
    lost = get(client, representative, f"{PATH}/{case['id']}")
    kept = remove(client, make_caller(Role.VIEWER, "vera@example.com"), PATH, lost)
    gone = remove(client, administrator, PATH, lost)

    assert (kept.status_code, gone.status_code) == (403, 204)
    assert get(client, representative, PATH)["items"] == []
    missing = client.get(f"{API}{PATH}/{case['id']}", headers=representative.headers)
    assert missing.status_code == 404
    told = get(client, administrator, f"{PATH}/{case['id']}/events")["items"]
    assert [each["type"] for each in told] == [
        "opportunity.deleted", "opportunity.transitioned", "opportunity.created",
    ]  # fmt: skip
    made = {each["field"]: each["after"] for each in told[-1]["changes"]}
    assert (made["number"], made["name"]) == ("O-0001", "Kran til havnen")
    again = post(client, representative, PATH, {"name": "Ny"})
    assert again["number"] == "O-0002"


def test_of_a_customer_it_has_the_currency_the_type_and_the_name(
    client: ApiClient, representative: Caller
) -> None:
    with transaction() as session:
        customer = make_customer(
            session, name="Nordlys A/S", ref_no="10007", currency="EUR", roles=["customer"],
            owner_user_id=representative.user_id,
        )  # fmt: skip
    body = {"name": "Kran", "customer_id": str(customer.id)}

    made = post(client, representative, PATH, body)

    assert (made["customer_name"], made["customer_number"]) == ("Nordlys A/S", "10007")
    assert (made["currency"], made["type"]) == ("EUR", "existing_customer")
    listed = get(client, representative, f"/customers/{customer.id}/opportunities")
    assert [each["number"] for each in listed["items"]] == ["O-0001"]
    refused = post(client, representative, PATH, {**body, "currency": "DKK"}, 422)
    assert broken(refused) == [("/currency", "of_customer")]
    held = remove(client, representative, "/customers", {"id": customer.id, "version": 1})
    assert held.json["details"]["blockers"] == [{"entity": "opportunity", "id": made["id"]}]


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ({}, [("/name", "required")]),
        ({"name": "A", "source": "tv"}, [("/source", "unknown")]),
        ({"name": "A", "competitor": "none"}, [("/competitor", "unknown")]),
        ({"name": "A", "type": "gift"}, [("/type", "choice")]),
        ({"name": "A", "amount": "-1"}, [("/amount", "form")]),
        ({"name": "A", "probability": 101}, [("/probability", "too_large")]),
        ({"name": "A", "pipeline": "none"}, [("/pipeline", "unknown")]),
        ({"name": "A", "worst_case": "9", "best_case": "8"}, [("/worst_case", "above_best")]),
        ({"name": "A", "weighted": "9"}, [("/weighted", "unknown")]),
        ({"name": "A", "stage": "won"}, [("/stage", "unknown")]),
        ({"name": "A", "lost_reason": "price"}, [("/lost_reason", "unknown")]),
        ({"name": "A", "contact_id": str(UUID(int=1))}, [("/contact_id", "without_customer")]),
        (
            {"name": "A", "recurring_amount": "9"},
            [("/recurring_period", "required"), ("/recurring_from", "required")],
        ),
        (
            {"name": "A", "recurring_amount": "9", "recurring_period": "month",
             "recurring_from": "2999-02-01", "recurring_until": "2999-01-01"},
            [("/recurring_until", "before_start")],
        ),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_named_and_nothing_is_written(
    client: ApiClient, representative: Caller, body: Any, rules: list[tuple[str, str]]
) -> None:
    answer = post(client, representative, PATH, body, 422)

    assert broken(answer) == rules
    assert post(client, representative, PATH, {"name": "Den næste"})["number"] == "O-0001"


def test_a_probability_of_ones_own_weighs_it_until_the_next_stage(
    client: ApiClient, representative: Caller, case: Any
) -> None:
    changed = patch(client, representative, PATH, case, probability=35).json
    assert (changed["weighted"], changed["probability_source"]) == ("350.00", "user")

    moved = act(client, representative, case, "next")

    assert (moved["stage"]["key"], moved["probability"]) == ("qualification", 25)
    assert (moved["weighted"], moved["probability_source"]) == ("250.00", "stage")


@pytest.mark.parametrize(
    ("amount", "probability", "currency", "weighted"),
    [
        ("0.05", 50, "DKK", "0.03"),  # half up
        ("1.49", 1, "DKK", "0.01"),
        ("333.33", 33, "EUR", "110.00"),
        ("2.001", 50, "KWD", "1.001"),
        ("99", 50, "JPY", "50.00"),
        ("99999999999999.99", 100, "DKK", "99999999999999.99"),
    ],
)
def test_the_weighted_value_is_rounded_half_up_to_the_minor_unit(
    client: ApiClient,
    representative: Caller,
    *,
    amount: str,
    probability: int,
    currency: str,
    weighted: str,
) -> None:
    body = {"name": "A", "amount": amount, "probability": probability, "currency": currency}

    assert post(client, representative, PATH, body)["weighted"] == weighted


@pytest.mark.parametrize(
    ("currency", "good", "finer", "most"),
    [("DKK", "10.50", "10.555", 2), ("JPY", "100.00", "100.55", 0), ("KWD", "1.234", "1.2345", 3)],
)
def test_an_amount_has_no_parts_of_the_minor_unit_of_its_currency(
    client: ApiClient, representative: Caller, *, currency: str, good: str, finer: str, most: int
) -> None:
    body = {"name": "A", "currency": currency}
    made = post(client, representative, PATH, {**body, "amount": good, "best_case": good})
    refused = post(client, representative, PATH, {**body, "amount": finer, "best_case": finer}, 422)
    changed = patch(client, representative, PATH, made, recurring_amount=finer)

    assert Decimal(made["amount"]) == Decimal(good)
    assert broken(refused) == [("/amount", "precision"), ("/best_case", "precision")]
    assert refused["errors"][0]["message"] == (
        f"Amounts in {currency} have at most {most} decimals."
    )
    assert broken(changed.json) == [("/recurring_amount", "precision")]
    assert get(client, representative, f"{PATH}/{made['id']}")["recurring_amount"] is None


def test_the_database_rounds_every_currency_as_money_does(session: Any) -> None:
    amount = Decimal("1234.56785")
    weighted = str(Opportunity.__table__.c.weighted.computed.sqltext)
    asked = text(
        f"select currency, {weighted} from unnest(cast(:codes as text[])) as c (currency),"
        " (values (cast(:amount as numeric), 100)) as a (amount, probability)"
    )

    rows = session.execute(asked, {"codes": sorted(CURRENCIES), "amount": amount}).all()

    assert dict(tuple(row) for row in rows) == {
        code: Money(amount, code).rounded().amount for code in CURRENCIES
    }


def test_what_is_won_or_lost_is_certain_whoever_writes(case: Any) -> None:
    for kind, percent in (("won", 99), ("lost", 1)):
        with pytest.raises(IntegrityError, match="over_is_certain"), transaction() as session:
            session.execute(
                text("update opportunity set state = :kind, state_kind = :kind, probability = :p"),
                {"kind": kind, "p": percent},
            )


def test_next_goes_one_stage_ahead_and_says_where_none_follows(
    client: ApiClient, representative: Caller, case: Any
) -> None:
    stages = [act(client, representative, case, "next")["stage"]["key"] for _ in range(3)]
    assert stages == ["qualification", "proposition", "negotiation"]

    refused = act(client, representative, case, "next", 409)

    assert (refused["code"], refused["details"]) == ("no_next_state", {"state": "negotiation"})
    back = act(client, representative, case, "transitions", to="proposition")
    assert (back["stage"]["key"], back["probability"]) == ("proposition", 50)


def test_it_moves_along_its_pipeline_and_is_refused_elsewhere_with_what_is_allowed(
    client: ApiClient, representative: Caller, case: Any
) -> None:
    refused = act(client, representative, case, "transitions", 409, to="negotiation")

    assert (refused["code"], refused["details"]["allowed"]) == (
        "transition_refused", ["qualification", "won", "lost"],
    )  # fmt: skip
    shown = get(client, representative, f"{PATH}/{case['id']}/transitions")
    assert ([each["to"] for each in shown["targets"]], shown["log"]) == (
        ["qualification", "won", "lost"], [],
    )  # fmt: skip


def test_winning_forces_the_probability_and_closing_is_an_act_of_its_own(
    client: ApiClient, representative: Caller, case: Any
) -> None:
    won = act(client, representative, case, "won", reason="Ordre på telefon")

    assert (won["stage"]["kind"], won["probability"], won["weighted"]) == ("won", 100, "1000.00")
    assert (won["is_open"], won["closed_at"], won["decided_at"]) == (
        True, None, won["stage"]["since"],
    )  # fmt: skip
    held = patch(client, representative, PATH, won, probability=90)
    assert broken(held.json) == [("/probability", "certain")]
    closed = act(client, representative, case, "closing", reason="Leveret")
    assert (closed["is_open"], closed["stage"]["kind"]) == (False, "won")
    assert act(client, representative, case, "next", 409)["code"] == "no_next_state"
    again = act(client, representative, case, "reopening")
    assert (again["is_open"], again["closed_at"], again["stage"]["kind"]) == (True, None, "won")


def test_what_is_neither_won_nor_lost_is_not_closed(
    client: ApiClient, representative: Caller, case: Any
) -> None:
    assert act(client, representative, case, "closing", 409)["code"] == "undecided"
    refused = act(client, representative, case, "next", 422, close=True)

    assert broken(refused) == [("/close", "undecided")]
    kept = get(client, representative, f"{PATH}/{case['id']}")
    assert (kept["is_open"], kept["stage"]["key"]) == (True, "new")


def test_losing_needs_a_reason_and_says_to_whom(
    client: ApiClient, administrator: Caller, representative: Caller, case: Any
) -> None:
    entry = {"code": "crane_ltd", "label": "Crane Ltd"}
    post(client, administrator, "/catalogues/competitors/entries", entry)
    assert broken(act(client, representative, case, "lost", 422)) == [("/lost_reason", "required")]
    unknown = act(client, representative, case, "lost", 422, lost_reason="weather")
    assert broken(unknown) == [("/lost_reason", "unknown")]

    lost = act(
        client, representative, case, "lost", lost_reason="price", lost_text="20 % billigere",
        competitor="crane_ltd", close=True,
    )  # fmt: skip

    assert (lost["stage"]["kind"], lost["probability"], lost["weighted"]) == ("lost", 0, "0.00")
    assert (lost["lost_reason"], lost["lost_text"], lost["competitor"], lost["is_open"]) == (
        "price", "20 % billigere", "crane_ltd", False,
    )  # fmt: skip
    emptied = patch(client, representative, PATH, lost, lost_reason=None)
    assert broken(emptied.json) == [("/lost_reason", "required")]
    with transaction() as session:
        [event] = session.scalars(select(Event).where(Event.type == "opportunity.transitioned"))
        changes = event.changes or {}
        assert changes["lost_reason"] == [None, "price"]
        assert changes["state"] == ["new", "lost"]


def test_the_policy_may_let_them_be_lost_without_a_reason(
    client: ApiClient, administrator: Caller, representative: Caller, case: Any
) -> None:
    path = f"{API}/settings/opportunities"
    headers = {
        **administrator.headers,
        "If-Match": client.get(path, headers=administrator.headers).headers["ETag"],
    }
    assert (
        client.put(path, json={"lost_reason_required": False}, headers=headers).status_code == 200
    )

    assert act(client, representative, case, "lost")["lost_reason"] is None


def test_a_loss_is_taken_up_again_by_a_manager_and_its_reason_goes(
    client: ApiClient, administrator: Caller, representative: Caller, case: Any
) -> None:
    act(client, representative, case, "lost", lost_reason="price", lost_text="Dyr")
    again: dict[str, Any] = {"to": "negotiation", "reason": "De ringede"}
    assert (
        act(client, representative, case, "transitions", 409, **again)["details"]["allowed"] == []
    )

    taken_up = act(client, administrator, case, "transitions", **again)

    assert (taken_up["stage"]["key"], taken_up["probability"]) == ("negotiation", 75)
    assert (taken_up["lost_reason"], taken_up["lost_text"], taken_up["decided_at"]) == (
        None, None, None,
    )  # fmt: skip
    untimely = patch(client, administrator, PATH, taken_up, lost_reason="price")
    assert broken(untimely.json) == [("/lost_reason", "not_lost")]


def test_what_is_won_goes_back_only_while_no_order_came_of_it(
    client: ApiClient, representative: Caller, case: Any
) -> None:
    won = act(client, representative, case, "won")
    ordered = patch(client, representative, PATH, won, order_refs=["S-1007"]).json
    back: dict[str, Any] = {"to": "negotiation", "reason": "Fortrudt"}

    refused = act(client, representative, case, "transitions", 409, **back)

    assert (refused["code"], refused["detail"]) == (
        "transition_refused", "An order came of it already.",
    )  # fmt: skip
    assert get(client, representative, f"{PATH}?order_ref=S-1007")["total"]["count"] == 1
    assert remove(client, representative, PATH, ordered).json["code"] == "ordered"
    patch(client, representative, PATH, ordered, order_refs=[])
    assert act(client, representative, case, "transitions", **back)["stage"]["key"] == "negotiation"


def test_cases_of_tracelinks_pipeline_go_from_any_state_to_any(
    client: ApiClient, representative: Caller
) -> None:
    case = post(client, representative, PATH, {"name": "Sag", "pipeline": "tracelink"})

    stages = [
        act(client, representative, case, "transitions", to=to, lost_reason=reason)["stage"]["key"]
        for to, reason in (("in_dialogue", None), ("offer_missing", None), ("lost", "timing"))
    ]

    assert stages == ["in_dialogue", "offer_missing", "lost"]
    assert act(client, representative, case, "won")["stage"]["kind"] == "won"


def test_in_a_pipeline_without_a_lost_stage_nothing_is_lost(
    client: ApiClient, representative: Caller
) -> None:
    case = post(client, representative, PATH, {"name": "Sag", "pipeline": "cetec"})

    refused = act(client, representative, case, "lost", 409, lost_reason="price")

    assert (refused["code"], refused["details"]["allowed"]) == (
        "transition_refused", ["development", "inactive"],
    )  # fmt: skip


def test_a_new_one_has_the_customers_note_where_the_policy_says_so(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    with transaction() as session:
        customer = make_customer(
            session, note="Betaler altid til tiden", owner_user_id=representative.user_id
        )
    body = {"name": "Kran", "customer_id": str(customer.id)}
    assert post(client, representative, PATH, body)["customer_description"] is None
    path = f"{API}/settings/opportunities"
    headers = {
        **administrator.headers,
        "If-Match": client.get(path, headers=administrator.headers).headers["ETag"],
    }
    client.put(path, json={"copies_customer_note": True}, headers=headers)

    made = post(client, representative, PATH, body)

    assert made["customer_description"] == "Betaler altid til tiden"
    viewer = make_caller(Role.VIEWER, "vera@example.com")
    assert "customer_description" not in get(client, viewer, f"{PATH}/{made['id']}")


def test_a_customer_in_another_currency_is_refused_and_one_in_its_own_gives_its_name(
    client: ApiClient, representative: Caller, case: Any
) -> None:
    with transaction() as session:
        mine = {"owner_user_id": representative.user_id}
        abroad = make_customer(session, name="Ausland", currency="EUR", **mine)
        here = make_customer(session, name="Herhjemme", currency="DKK", **mine)

    refused = patch(client, representative, PATH, case, customer_id=str(abroad.id))
    changed = patch(client, representative, PATH, case, customer_id=str(here.id))

    assert broken(refused.json) == [("/customer_id", "other_currency")]
    assert (changed.json["customer_name"], changed.json["version"]) == ("Herhjemme", 2)
    assert get(client, representative, f"{PATH}?q=herhjemme")["total"]["count"] == 1


def test_it_follows_the_name_of_its_customer(client: ApiClient, representative: Caller) -> None:
    with transaction() as session:
        customer = make_customer(session, name="Nordlys", owner_user_id=representative.user_id)
    case = post(client, representative, PATH, {"name": "Kran", "customer_id": str(customer.id)})
    renamed = {"id": customer.id, "version": 1}
    assert patch(client, representative, "/customers", renamed, name="Sydlys").status_code == 200

    drain(TaskName.FOLLOW_CUSTOMER)

    with transaction() as session:
        [job] = session.scalars(select(Job).where(Job.task == TaskName.FOLLOW_CUSTOMER))
        assert (job.state, job.progress) == (
            JobState.SUCCEEDED,
            {"done": 1, "unit": "records", "total": None},
        )
    shown = get(client, representative, f"{PATH}/{case['id']}")
    assert (shown["customer_name"], shown["version"]) == ("Sydlys", 1)
    assert get(client, representative, f"{PATH}?q=sydlys")["total"]["count"] == 1


def test_that_of_a_protected_customer_is_not_there_for_others(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    with transaction() as session:
        customer = make_customer(session, owner_user_id=administrator.user_id)
        customer.protected_at, customer.protected_until = utcnow(), utcnow() + timedelta(days=3)
    body = {"name": "Kran", "customer_id": str(customer.id)}

    post(client, representative, PATH, body, 404)
    others = post(client, administrator, PATH, body)

    hidden = client.get(f"{API}{PATH}/{others['id']}", headers=representative.headers)
    assert hidden.status_code == 404
    assert get(client, representative, PATH)["total"] == {"count": 0, "exact": True}


def test_a_lead_that_one_may_not_see_is_none_that_it_came_from(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    with transaction() as session:
        customer = make_customer(session, owner_user_id=administrator.user_id)
        customer.protected_at, customer.protected_until = utcnow(), utcnow() + timedelta(days=3)
    hidden = post(client, administrator, "/leads", {"customer_id": str(customer.id)})
    own = post(client, representative, "/leads", {"company": "Kranen ApS"})

    post(client, representative, PATH, {"name": "Kran", "lead_id": hidden["id"]}, 404)
    made = post(client, representative, PATH, {"name": "Kran", "lead_id": own["id"]})

    assert made["lead_id"] == own["id"]
    held = remove(client, representative, "/leads", own)
    assert held.json["details"]["blockers"] == [{"entity": "opportunity", "id": made["id"]}]


def test_who_is_not_its_owner_neither_moves_nor_changes_it_unless_he_takes_it(
    client: ApiClient, representative: Caller, case: Any
) -> None:
    other = make_caller(Role.REPRESENTATIVE, "ole@example.com")
    for verb in ("next", "won", "closing"):
        assert act(client, other, case, verb, 403)["code"] == "forbidden"
    assert patch(client, other, PATH, case, next_step="Ring").status_code == 403

    free: dict[str, Any] = {"owner_user_id": None, "reason": "Givet fri"}
    act(client, representative, case, "ownership", **free)
    taken = act(client, other, case, "taking", reason="Min egn")

    assert taken["owner_user_id"] == str(other.user_id)


@pytest.mark.parametrize(
    ("kind", "body"), [("opportunities", {"name": "Kran"}), ("leads", {"company": "Kranen"})]
)
def test_it_is_shared_as_far_as_its_owner_says(
    client: ApiClient, representative: Caller, kind: str, body: Any
) -> None:
    other = make_caller(Role.REPRESENTATIVE, "ole@example.com")
    made = post(client, representative, f"/{kind}", body)
    path = f"/{kind}/{made['id']}"
    post(client, other, f"{path}/grants", {"user_id": str(other.user_id)}, 403)

    wanted = {"user_id": str(other.user_id), "level": "write", "reason": "Kender dem"}
    shared = post(client, representative, f"{path}/grants", wanted)

    assert shared["subject"] == {"type": made_of(kind), "id": made["id"]}
    found = get(client, other, f"/{kind}?shared=true")["items"]
    assert [(each["id"], each["shared"]["reason"]) for each in found] == [
        (made["id"], "Kender dem")
    ]
    assert patch(client, other, f"/{kind}", made, description="Ring").status_code == 200
    listed = get(client, representative, f"{path}/grants")["items"]
    assert [each["id"] for each in listed] == [shared["id"]]


def made_of(kind: str) -> str:
    return {"opportunities": "opportunity", "leads": "lead"}[kind]


def test_a_move_hands_it_to_whoever_goes_on_with_it_in_one_event(
    client: ApiClient, administrator: Caller, representative: Caller, case: Any
) -> None:
    moved = act(
        client, representative, case, "next", owner_user_id=str(administrator.user_id),
        reason="Jylland",
    )  # fmt: skip

    assert moved["owner_user_id"] == str(administrator.user_id)
    [logged] = get(client, administrator, f"{PATH}/{case['id']}/transitions")["log"]
    assert (logged["from"], logged["to"], logged["owner_before"], logged["reason"]) == (
        "new", "qualification", str(representative.user_id), "Jylland",
    )  # fmt: skip
    events = get(client, administrator, f"{PATH}/{case['id']}/events")["items"]
    assert [each["type"] for each in events] == [
        "opportunity.transitioned", "opportunity.created",
    ]  # fmt: skip


def test_a_note_on_it_is_the_newest_of_its_customer_too(
    client: ApiClient, representative: Caller
) -> None:
    with transaction() as session:
        customer = make_customer(session, owner_user_id=representative.user_id)
    case = post(client, representative, PATH, {"name": "Kran", "customer_id": str(customer.id)})
    body = {"body": "Vil have rabat", "reminder": {"title": "Ring", "on": "2999-01-04"}}

    note = post(client, representative, f"{PATH}/{case['id']}/notes", body)
    reminder = post(
        client, representative, f"{PATH}/{case['id']}/reminders",
        {"title": "Send tilbud", "on": "2999-01-05"},
    )  # fmt: skip

    assert (note["subject_type"], note["subject_id"]) == ("opportunity", case["id"])
    assert note["reminder"]["subject_id"] == reminder["subject_id"] == case["id"]
    shown = get(client, representative, f"{PATH}/{case['id']}")
    of_customer = get(client, representative, f"/customers/{customer.id}")
    assert shown["last_note_at"] == of_customer["last_note_at"] == note["at"]
    assert get(client, representative, f"{PATH}?noted_at.lt=2000-01-01")["total"]["count"] == 0
    held = remove(client, representative, PATH, shown)
    assert held.json["details"]["blockers"] == [{"entity": "note", "id": note["id"]}]


def test_lists_filter_sort_count_and_make_pies_of_days(
    client: ApiClient, representative: Caller
) -> None:
    for name, day, amount in (("a", "2000-01-01", "5"), ("b", "2999-01-01", "7"), ("c", None, "6")):
        body = {"name": name, "amount": amount, "expected_close_on": day, "follow_up_on": day}
        post(client, representative, PATH, {k: v for k, v in body.items() if v is not None})

    by_amount = get(client, representative, f"{PATH}?sort=-amount&stage_kind=new")
    assert [each["name"] for each in by_amount["items"]] == ["b", "c", "a"]
    by_day = get(client, representative, f"{PATH}?sort=expected_close_on")
    assert [each["name"] for each in by_day["items"]] == ["a", "b", "c"]
    followed = get(client, representative, f"{PATH}?sort=-follow_up_on")
    assert [each["name"] for each in followed["items"]] == ["b", "a", "c"]
    pies = "expected_close_on,follow_up_on,stage"
    counted = get(client, representative, f"{PATH}?facets={pies},is_open")
    for name in ("expected_close_on", "follow_up_on"):
        pie = counted["facets"][name]
        assert {each["value"]: each["count"] for each in pie["slices"]} == {
            "overdue": 1, "this_week": 0, "later": 1,
        }  # fmt: skip
        assert pie["other"] == 1
        pressed = urlencode({
            f"{name}.{operator}": value
            for operator, value in pie["slices"][0]["filter"].items()
        })  # fmt: skip
        assert [each["name"] for each in get(client, representative, f"{PATH}?{pressed}")["items"]
                ] == ["a"]  # fmt: skip
    [stage] = counted["facets"]["stage"]["slices"]
    assert (stage["value"], stage["label"], stage["count"]) == ("new", "New", 3)


def test_catalogues_count_the_open_and_the_closed(
    client: ApiClient, representative: Caller
) -> None:
    for number in range(3):
        body = {"name": "a", "source": "advert"}
        case = post(client, representative, PATH, body)
        if number:
            act(client, representative, case, "lost", lost_reason="price", close=number == 1)

    entries = get(client, representative, "/catalogues/sources/entries")["items"]
    [advert] = [each for each in entries if each["code"] == "advert"]
    assert advert["used_by"]["opportunities"] == {"total": 3, "open": 2, "closed": 1}


def test_a_script_sends_them_under_its_own_references_and_twice_is_once(
    client: ApiClient, representative: Caller
) -> None:
    path = f"{API}{PATH}/by-external-ref/erp-17"
    body = {"name": "Kran", "pipeline": "tracelink", "amount": "12.00"}

    made = client.put(path, json=body, headers=representative.headers)
    again = client.put(path, json=body, headers=representative.headers)

    assert (made.status_code, again.status_code) == (201, 200)
    assert (made.json["number"], made.json["stage"]["key"]) == ("O-0001", "offer_missing")
    assert again.json == made.json
    other = client.put(path, json={"pipeline": "axelor"}, headers=representative.headers)
    assert broken(other.json) == [("/pipeline", "by_an_act")]
    batch = {"items": [
        {"external_ref": "erp-17", "fields": {"probability": 40}},
        {"external_ref": "erp-18", "fields": {"name": "Vogn"}},
        {"external_ref": "erp-19", "fields": {"amount": "9.00"}},
        {"external_ref": "erp-17", "fields": {"name": "Kran"}},
    ]}  # fmt: skip
    counted = post(client, representative, f"{PATH}/batch", batch, 200)
    assert [counted[each] for each in ("created", "changed", "unchanged", "failed")] == [1, 1, 1, 1]
    assert broken(counted["results"][2]["problem"]) == [("/fields/name", "required")]

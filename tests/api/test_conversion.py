"""Leads become customers over HTTP: previewed, done as one act, found from both sides, undone."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from hub.access.models import User
from hub.customers.models import Contact, Customer
from hub.db import transaction
from hub.history.models import Event
from hub.ledger.tasks import TaskName
from hub.opportunities.models import Opportunity
from hub.plans.models import Plan
from tests.api.asking import broken, get, patch, post
from tests.api.client import ApiClient
from tests.api.conftest import Caller
from tests.people import make_customer
from workers import tasks as _bodies  # noqa: F401 - registers them
from workers.chain import drain

FIRST_INTEREST = {
    "company": "Kranen ApS", "person": "Ida Maria Holm", "job": "Indkøber", "cvr": "99000007",
    "email": "ida@kranen.example", "phone": "70 00 00 04", "city": "Ry", "postcode": "8680",
    "source": "website", "net_potential_value": "12500.50", "est_conversion_on": "2999-03-01",
    "refuses_calls": True, "description": "Vil have tilbud.",
}  # fmt: skip


@pytest.fixture
def lead(client: ApiClient, representative: Caller) -> Any:
    return post(client, representative, "/leads", FIRST_INTEREST)


def convert(client: ApiClient, caller: Caller, lead: Any, status: int = 201, **wish: Any) -> Any:
    return post(client, caller, f"/leads/{lead['id']}/conversion", wish, status)


def move(client: ApiClient, caller: Caller, lead: Any, *states: str) -> None:
    for each in states:
        post(client, caller, f"/leads/{lead['id']}/transitions", {"to": each}, 200)


def undo(client: ApiClient, caller: Caller, plan_id: str) -> Any:
    post(client, caller, f"/plans/{plan_id}/undo", {}, 202)
    drain(TaskName.UNDO_CONVERSION)
    items = get(client, caller, f"/plans/{plan_id}/items")["items"]
    return {each["entity"]: each["outcome"] for each in items}


def count(model: type[Any]) -> int:
    with transaction() as session:
        alive = select(func.count()).select_from(model).where(model.deleted_at.is_(None))
        return session.scalar(alive) or 0


def test_a_lead_becomes_a_prospect_with_its_contact_and_its_opportunity(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    move(client, representative, lead, "development", "quoting")

    made = convert(client, representative, lead, opportunity={"follow_up_on": "2999-01-01"})

    customer = get(client, representative, f"/customers/{made['customer_id']}")
    assert (customer["name"], customer["cvr"], customer["roles"]) == (
        "Kranen ApS", "99000007", ["prospect"],
    )  # fmt: skip
    assert (customer["city"], customer["note"], customer["kind"]) == (
        "Ry", "Vil have tilbud.", "organisation",
    )  # fmt: skip
    assert customer["owner_user_id"] == str(representative.user_id)
    contact = get(client, representative, f"/contacts/{made['contact_id']}")
    assert (contact["first_name"], contact["last_name"], contact["job"]) == (
        "Ida Maria", "Holm", "Indkøber",
    )  # fmt: skip
    assert (contact["office_phone"], contact["refuses_calls"], contact["is_main"]) == (
        "+4570000004", True, True,
    )  # fmt: skip
    [opportunity_id] = made["opportunity_ids"]
    opportunity = get(client, representative, f"/opportunities/{opportunity_id}")
    assert (opportunity["name"], opportunity["amount"], opportunity["source"]) == (
        "Kranen ApS", "12500.50", "website",
    )  # fmt: skip
    assert opportunity["expected_close_on"] == "2999-03-01"
    assert opportunity["follow_up_on"] == "2999-01-01"
    assert opportunity["lead_id"] == lead["id"]
    assert opportunity["customer_id"] == made["customer_id"]
    assert opportunity["contact_id"] == made["contact_id"]
    after = made["lead"]
    assert (after["state"]["key"], after["is_open"]) == ("customer", False)
    assert after["converted"]["customer_id"] == after["customer_id"] == made["customer_id"]
    [found] = get(client, representative, f"/customers/{made['customer_id']}/leads")["items"]
    assert found["id"] == lead["id"]
    assert converted_event(lead)["opportunity_id"] == opportunity_id
    moves = get(client, representative, f"/leads/{lead['id']}/transitions")["log"]
    assert [(each["from"], each["to"]) for each in moves] == [
        ("quoting", "customer"), ("development", "quoting"),
        ("pending_qualification", "development"),
    ]  # fmt: skip


def converted_event(lead: Any) -> dict[str, Any]:
    with transaction() as session:
        told = session.scalars(select(Event).where(Event.type == "lead.converted")).one()
        assert str(told.subject_id) == lead["id"]
        return dict(told.data or {})


def test_a_companys_second_number_is_kept_and_an_opportunity_of_before_is_no_new_one(
    client: ApiClient, representative: Caller
) -> None:
    body = {"company": "Svanen A/S", "phone": "70 00 00 04", "mobile": "20 00 00 01"}
    lead = post(client, representative, "/leads", body)
    earlier = post(
        client, representative, "/opportunities", {"name": "Kran", "lead_id": lead["id"]}
    )

    made = convert(client, representative, lead)

    customer = get(client, representative, f"/customers/{made['customer_id']}")
    assert (customer["phone"], customer["mobile"]) == ("+4570000004", "+4520000001")
    assert made["contact_id"] is None
    found = get(client, representative, "/customers?q=20000001")["items"]
    assert [each["id"] for each in found] == [customer["id"]]
    told = converted_event(lead)
    assert (told["opportunity_id"], told["opportunity_ids"]) == (None, [earlier["id"]])


def test_of_an_opportunity_that_one_does_not_see_the_conversion_tells_him_no_id(
    client: ApiClient, representative: Caller, administrator: Caller, lead: Any, private: None
) -> None:
    del private
    made = convert(client, representative, lead, opportunity={})
    [opportunity_id] = made["opportunity_ids"]
    with transaction() as session:
        case = session.get_one(Opportunity, UUID(opportunity_id))
        case.owner_user_id = administrator.user_id

    def told(caller: Caller) -> Any:
        events = get(client, caller, f"/leads/{lead['id']}/events")["items"]
        return next(each["data"] for each in events if each["type"] == "lead.converted")

    seen, unseen = told(administrator), told(representative)

    assert (seen["opportunity_id"], seen["opportunity_ids"]) == (opportunity_id, [opportunity_id])
    assert (unseen["opportunity_id"], unseen["opportunity_ids"]) == (None, [None])
    assert unseen["customer_id"] == made["customer_id"]


def test_a_companys_only_number_is_its_phone(client: ApiClient, representative: Caller) -> None:
    body = {"company": "Svanen A/S", "mobile": "20 00 00 01"}
    lead = post(client, representative, "/leads", body)

    made = convert(client, representative, lead)

    customer = get(client, representative, f"/customers/{made['customer_id']}")
    assert (customer["phone"], customer["mobile"]) == ("+4520000001", None)


def test_a_lead_that_names_a_person_only_becomes_a_person(
    client: ApiClient, representative: Caller
) -> None:
    lead = post(client, representative, "/leads", {"person": "Bo Lund", "email": "bo@lund.example"})

    made = convert(client, representative, lead, without_contact=True, role="customer")

    customer = get(client, representative, f"/customers/{made['customer_id']}")
    assert (customer["kind"], customer["name"], customer["email"], customer["roles"]) == (
        "person", "Bo Lund", "bo@lund.example", ["customer"],
    )  # fmt: skip
    assert made["contact_id"] is None
    assert (made["lead"]["state"]["key"], made["lead"]["is_open"]) == (
        "pending_qualification", False,
    )  # fmt: skip
    shown = made["lead"]["signal"]
    assert (shown["key"], shown["colour"], shown["reason"]) == ("converted", "green", "Converted")


def test_a_customer_that_exists_is_taken_and_turns_into_one(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    with transaction() as session:
        existing = make_customer(
            session, "Traner A/S", owner_user_id=representative.user_id,
            roles=["prospect", "supplier"],
        ).id  # fmt: skip
        contact = Contact(customer_id=existing, last_name="Lund")
        session.add(contact)
        session.flush()
        contact_id = str(contact.id)

    wrong = convert(
        client, representative, lead, 422, customer_id=str(existing), contact_id=lead["id"]
    )
    changed = convert(
        client, representative, lead, 422, customer_id=str(existing), customer={"name": "X"}
    )
    made = convert(
        client, representative, lead, customer_id=str(existing), contact_id=contact_id,
        role="customer",
    )  # fmt: skip

    assert broken(wrong) == [("/contact_id", "unknown")]
    assert broken(changed) == [("/customer", "exists")]
    assert (made["customer_id"], made["contact_id"]) == (str(existing), contact_id)
    customer = get(client, representative, f"/customers/{existing}")
    assert (customer["name"], customer["roles"]) == ("Traner A/S", ["customer", "supplier"])
    assert (count(Customer), count(Contact)) == (1, 1)
    assert undo(client, representative, made["plan_id"]) == {
        "customer": "undone", "contact": "undone", "lead": "undone",
    }  # fmt: skip
    assert get(client, representative, f"/customers/{existing}")["roles"] == [
        "prospect", "supplier",
    ]  # fmt: skip


def test_a_customer_like_it_is_told_and_a_second_one_takes_leave(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    with transaction() as session:
        existing = make_customer(session, "Kranen", cvr="99000007").id

    refused = convert(client, representative, lead, 409)
    assert (refused["code"], refused["details"]["existing_id"]) == ("duplicate", str(existing))
    assert (count(Customer), count(Plan)) == (1, 0)

    made = convert(
        client, representative, lead, customer={"allow_duplicate": True, "reason": "Ny afdeling"}
    )
    assert made["customer_id"] != str(existing)


def test_what_is_previewed_is_what_is_done(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    path = f"/leads/{lead['id']}/conversion-previews"

    drawn = post(client, representative, path, {"opportunity": {"amount": "900.00"}})

    assert (drawn["state"], drawn["kind"]) == ("draft", "convert")
    assert [(each["action"], each["entity"]) for each in drawn["items"]] == [
        ("create", "customer"), ("create", "contact"), ("create", "opportunity"),
        ("update", "lead"),
    ]  # fmt: skip
    assert drawn["items"][0]["after"]["name"] == "Kranen ApS"
    assert drawn["items"][2]["after"]["amount"] == "900.00"
    assert drawn["items"][3]["after"]["is_open"] is False
    assert (drawn["items"][3]["source"], drawn["scope"]) == (None, {"lead_id": lead["id"]})
    assert (count(Customer), count(Contact), count(Opportunity)) == (0, 0, 0)
    assert get(client, representative, f"/leads/{lead['id']}")["version"] == lead["version"]

    post(client, representative, f"/plans/{drawn['id']}/application", {}, 202)
    drain(TaskName.APPLY_CONVERSION)

    plan = get(client, representative, f"/plans/{drawn['id']}")
    assert (plan["state"], plan["counters"]["done"]) == ("applied", 4)
    converted = get(client, representative, f"/leads/{lead['id']}")
    assert converted["converted"]["by"] == str(representative.user_id)
    [opportunity] = get(client, representative, "/opportunities")["items"]
    assert (opportunity["amount"], opportunity["number"]) == ("900.00", "O-0001")


def test_a_preview_of_a_lead_that_was_changed_since_is_stale(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    drawn = post(client, representative, f"/leads/{lead['id']}/conversion-previews", {})
    assert patch(client, representative, "/leads", lead, city="Skanderborg").status_code == 200

    post(client, representative, f"/plans/{drawn['id']}/application", {}, 202)
    drain(TaskName.APPLY_CONVERSION)

    assert get(client, representative, f"/plans/{drawn['id']}")["state"] == "stale"
    items = get(client, representative, f"/plans/{drawn['id']}/items")["items"]
    assert [(each["entity"], each["outcome"]) for each in items] == [
        ("customer", None), ("contact", None), ("lead", "failed"),
    ]  # fmt: skip
    assert items[-1]["errors"][0]["code"] == "stale_version"
    assert count(Customer) == 0


def test_a_conversion_is_taken_back_whole(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    move(client, representative, lead, "development", "quoting")
    made = convert(client, representative, lead, opportunity={})

    outcomes = undo(client, representative, made["plan_id"])

    assert set(outcomes.values()) == {"undone"}
    assert (count(Customer), count(Contact), count(Opportunity)) == (0, 0, 0)
    after = get(client, representative, f"/leads/{lead['id']}")
    assert (after["state"]["key"], after["is_open"], after["converted"]) == ("quoting", True, None)
    assert (after["customer_id"], after["probability"], after["name"]) == (None, 60, "Kranen ApS")
    moves = get(client, representative, f"/leads/{lead['id']}/transitions")["log"]
    assert [(each["from"], each["to"]) for each in moves[:2]] == [
        ("customer", "quoting"), ("quoting", "customer"),
    ]  # fmt: skip
    again = convert(client, representative, lead)
    assert again["customer_id"] != made["customer_id"]


def test_what_somebody_went_on_with_is_kept_when_a_conversion_is_taken_back(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    made = convert(client, representative, lead, opportunity={})
    opportunity = get(client, representative, f"/opportunities/{made['opportunity_ids'][0]}")
    patch(client, representative, "/opportunities", opportunity, amount="1.00")

    outcomes = undo(client, representative, made["plan_id"])

    assert outcomes == {
        "lead": "undone", "opportunity": "kept", "contact": "kept", "customer": "kept",
    }  # fmt: skip
    kept = get(client, representative, f"/opportunities/{opportunity['id']}")
    contacts = get(client, representative, f"/contacts?customer={made['customer_id']}")["items"]
    assert [each["id"] for each in contacts] == [kept["contact_id"]]
    assert get(client, representative, f"/leads/{lead['id']}")["converted"] is None
    assert count(Opportunity) == 1


def test_a_lead_that_went_on_keeps_all_that_came_of_it(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    made = convert(client, representative, lead)
    changed = patch(client, representative, "/leads", made["lead"], contact_id=None)
    assert changed.status_code == 200

    outcomes = undo(client, representative, made["plan_id"])

    assert set(outcomes.values()) == {"kept"}
    assert count(Customer) == 1


def test_notes_of_a_lead_are_the_customers_from_then_on_and_leave_it_again(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    note = post(
        client, representative, f"/leads/{lead['id']}/notes",
        {"body": "Ringede", "at": "2026-03-01T10:00:00Z"},
    )  # fmt: skip

    made = convert(client, representative, lead)

    path = f"/customers/{made['customer_id']}"
    assert get(client, representative, path)["last_note_at"] == "2026-03-01T10:00:00Z"
    [shown] = get(client, representative, f"{path}/notes")["items"]
    assert (shown["id"], shown["customer_id"]) == (note["id"], made["customer_id"])
    assert undo(client, representative, made["plan_id"])["customer"] == "undone"
    assert get(client, representative, f"/notes/{note['id']}")["customer_id"] is None


def test_opportunities_of_a_lead_go_to_the_customer_where_their_currency_is_his(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    for currency in ("DKK", "EUR"):
        post(
            client, representative, "/opportunities",
            {"name": currency, "lead_id": lead["id"], "currency": currency},
        )  # fmt: skip

    made = convert(client, representative, lead)

    owners = {
        each["name"]: each["customer_id"]
        for each in get(client, representative, "/opportunities")["items"]
    }
    assert owners == {"DKK": made["customer_id"], "EUR": None}
    items = get(client, representative, f"/plans/{made['plan_id']}/items")["items"]
    assert [(each["action"], each["outcome"]) for each in items if each["errors"]] == [
        ("skip", "skipped")
    ]


def test_a_customer_in_another_currency_gets_no_amount_at_face_value(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    there = post(client, representative, "/customers", {"name": "Kran GmbH", "currency": "EUR"})

    made = convert(client, representative, lead, customer_id=there["id"], opportunity={})

    [opportunity_id] = made["opportunity_ids"]
    opportunity = get(client, representative, f"/opportunities/{opportunity_id}")
    assert (opportunity["amount"], opportunity["currency"]) == (None, "EUR")
    items = get(client, representative, f"/plans/{made['plan_id']}/items")["items"]
    [told] = [each for each in items if each["errors"]]
    assert (told["action"], told["entity"], told["outcome"]) == ("create", "opportunity", "done")
    assert [each["code"] for each in told["errors"]] == ["other_currency"]
    assert get(client, representative, f"/leads/{lead['id']}")["net_potential_value"] == "12500.50"


def test_an_amount_that_is_said_is_in_the_customers_currency(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    there = post(client, representative, "/customers", {"name": "Kran GmbH", "currency": "EUR"})

    made = convert(
        client, representative, lead, customer_id=there["id"], opportunity={"amount": "1700.00"}
    )

    [opportunity_id] = made["opportunity_ids"]
    opportunity = get(client, representative, f"/opportunities/{opportunity_id}")
    assert (opportunity["amount"], opportunity["currency"]) == ("1700.00", "EUR")
    items = get(client, representative, f"/plans/{made['plan_id']}/items")["items"]
    assert [each for each in items if each["errors"]] == []


@pytest.mark.parametrize(
    ("names", "on_the_customer"),
    [
        ({"company": "Kranen ApS"}, True),
        ({"person": "Ida Holm"}, True),
        ({"company": "Kranen ApS", "person": "Ida Holm"}, False),  # they are the person's
    ],
)
def test_who_refuses_calls_and_mail_does_so_as_a_customer(
    client: ApiClient, representative: Caller, names: dict[str, str], *, on_the_customer: bool
) -> None:
    said = {"email": "ida@kranen.example", "refuses_calls": True, "refuses_email": True}
    lead = post(client, representative, "/leads", names | said | {"source": "website"})

    made = convert(client, representative, lead)

    customer = get(client, representative, f"/customers/{made['customer_id']}")
    assert customer["refuses_calls"] is customer["refuses_email"] is on_the_customer
    assert customer["source"] == "website"
    if made["contact_id"] is not None:
        contact = get(client, representative, f"/contacts/{made['contact_id']}")
        assert contact["refuses_calls"] is contact["refuses_email"] is True


@pytest.mark.parametrize(
    ("wish", "rules"),
    [
        ({"customer": {"cvr": "99000008"}}, [("/customer/cvr", "check_digit")]),
        ({"contact": {"email": "x"}}, [("/contact/email", "format")]),
        ({"opportunity": {"source": "moon"}}, [("/opportunity/source", "unknown")]),
        ({"opportunity": {"pipeline": "moon"}}, [("/opportunity/pipeline", "unknown")]),
        ({"moon": 1}, [("/moon", "unknown")]),
        ({"opportunity": {"lead_id": "x"}}, [("/opportunity/lead_id", "none_required")]),
    ],
)  # fmt: skip
def test_a_wish_that_breaks_a_rule_is_refused_by_name_and_nothing_is_written(
    client: ApiClient, representative: Caller, lead: Any, wish: Any, rules: Any
) -> None:
    refused = convert(client, representative, lead, 422, **wish)

    assert broken(refused) == rules
    assert (count(Customer), count(Contact), count(Plan)) == (0, 0, 0)
    with transaction() as session:
        assert session.scalar(select(func.count()).where(Event.type == "lead.converted")) == 0


def test_a_lead_is_converted_once(client: ApiClient, representative: Caller, lead: Any) -> None:
    headers = {**representative.headers, "Idempotency-Key": "kranen-1"}
    path = f"/api/v1/leads/{lead['id']}/conversion"

    first = client.post(path, json={}, headers=headers)
    same = client.post(path, json={}, headers=headers)
    again = convert(client, representative, lead, 409)
    reopened = post(client, representative, f"/leads/{lead['id']}/reopening", {}, 409)

    assert (first.status_code, same.status_code) == (201, 201)
    assert first.json["customer_id"] == same.json["customer_id"]
    assert (again["code"], again["details"]) == (
        "converted", {"customer_id": first.json["customer_id"]},
    )  # fmt: skip
    assert reopened["code"] == "converted"
    assert count(Customer) == 1


def test_a_closed_lead_is_reopened_first(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    post(client, representative, f"/leads/{lead['id']}/closing", {}, 200)

    assert convert(client, representative, lead, 409)["code"] == "closed"


def test_a_lead_of_a_customer_becomes_a_part_of_that_one(
    client: ApiClient, representative: Caller
) -> None:
    with transaction() as session:
        own, other = (
            str(make_customer(session, name, owner_user_id=representative.user_id).id)
            for name in ("Egen ApS", "Fremmed ApS")
        )
    lead = post(client, representative, "/leads", {"customer_id": own})

    wrong = convert(client, representative, lead, 422, customer_id=other)
    made = convert(client, representative, lead)

    assert broken(wrong) == [("/customer_id", "other")]
    assert made["customer_id"] == own


def test_nobody_converts_into_a_customer_that_he_may_not_see(
    client: ApiClient, administrator: Caller, representative: Caller, lead: Any, private: None
) -> None:
    with transaction() as session:
        hidden = make_customer(session, "Skjult ApS", owner_user_id=administrator.user_id).id

    refused = convert(client, representative, lead, 404, customer_id=str(hidden))

    assert refused["code"] == "not_found"


def test_an_owner_who_has_left_is_not_given_what_comes_of_his_lead(
    client: ApiClient, administrator: Caller, representative: Caller, lead: Any
) -> None:
    with transaction() as session:
        session.get_one(User, representative.user_id).active = False

    made = convert(client, administrator, lead)

    customer = get(client, administrator, f"/customers/{made['customer_id']}")
    assert customer["owner_user_id"] == str(administrator.user_id)

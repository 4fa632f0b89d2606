"""What may be done with a record, by menus and by the mode in which it is before somebody."""

from typing import Any

import pytest

from hub.access.roles import Role
from tests.api.asking import get, post
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller


@pytest.fixture
def customer(client: ApiClient, representative: Caller) -> Any:
    body = {"name": "Nordlys", "email": "post@nordlys.example"}
    return post(client, representative, "/customers", body)


def menus(client: ApiClient, caller: Caller, path: str) -> dict[str, list[str]]:
    found = get(client, caller, path)["menus"]
    return {each["name"]: [act["operation"] for act in each["items"]] for each in found}


def test_menus_are_offered_by_mode(client: ApiClient, administrator: Caller, customer: Any) -> None:
    path = f"/customers/{customer['id']}/actions"

    in_each = {
        mode: list(menus(client, administrator, f"{path}?mode={mode}"))
        for mode in ("create", "edit", "view")
    }
    of_new = menus(client, administrator, "/customers/actions")
    whole = get(client, administrator, path)["menus"]

    assert in_each == {
        "create": ["save", "configure", "help"],
        "edit": ["save", "find", "hold", "configure", "help"],
        "view": ["find", "hold", "actions", "email", "configure", "help"],
    }
    assert (list(of_new), of_new["save"]) == (["save", "configure", "help"], ["create_customer"])
    assert {each["name"]: each["modes"] for each in whole} == {
        "save": ["create", "edit"], "find": ["edit", "view"], "hold": ["edit", "view"],
        "actions": ["view"], "email": ["view"], "configure": ["create", "edit", "view"],
        "help": ["create", "edit", "view"],
    }  # fmt: skip


def test_what_is_offered_is_what_one_may_do(
    client: ApiClient, administrator: Caller, representative: Caller, customer: Any
) -> None:
    viewer = make_caller(Role.VIEWER, "vera@example.com")
    path = f"/customers/{customer['id']}/actions"

    all_of_it = menus(client, administrator, path)
    his = menus(client, representative, path)
    hers = menus(client, viewer, path)

    assert all_of_it["hold"] == ["put_customer_on_hold", "release_customer"]
    assert {"create_lead", "create_opportunity", "delete_customer", "protect_customer"} <= set(
        his["actions"]
    )
    assert {"hold", "configure"}.isdisjoint(his)
    assert set(hers) == {"find", "help", "email"}
    assert "list_customer_notes" in hers["find"]


def test_no_mail_is_offered_to_who_refuses_it(
    client: ApiClient, representative: Caller, customer: Any
) -> None:
    body = {"name": "Sydlys", "email": "post@sydlys.example", "refuses_email": True}
    refusing = post(client, representative, "/customers", body)
    written_to = get(client, representative, f"/customers/{customer['id']}/actions?mode=view")

    [email] = [each for each in written_to["menus"] if each["name"] == "email"]
    assert email["items"][0]["path"] == "mailto:post@nordlys.example"
    assert "email" not in menus(client, representative, f"/customers/{refusing['id']}/actions")


def test_leads_and_opportunities_have_theirs(client: ApiClient, representative: Caller) -> None:
    lead = post(client, representative, "/leads", {"company": "Kranen"})
    case = post(client, representative, "/opportunities", {"name": "Kran"})

    of_lead = menus(client, representative, f"/leads/{lead['id']}/actions?mode=view")
    of_case = menus(client, representative, f"/opportunities/{case['id']}/actions?mode=edit")

    assert {"convert_lead", "close_lead", "create_opportunity"} <= set(of_lead["actions"])
    assert of_case["save"] == ["change_opportunity"]

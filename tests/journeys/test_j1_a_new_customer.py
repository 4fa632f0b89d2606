"""Journey J1: a new customer, while he is on the phone."""

from functools import partial
from typing import Any

import pytest

from tests.journeys.world import World

pytestmark = pytest.mark.stack


def remote_customers(world: World) -> list[dict[str, Any]]:
    writes = world.economic.control("GET", "writes")
    return [w for w in writes if w["method"] == "POST" and w["path"] == "/customers"]


def test_1_a_search_gives_candidates_and_creates_nothing(world: World) -> None:
    before = world.get("/customers")["total"]["count"]

    found = world.post("/registry-lookups", {"query": "Nordlys"}, status=202, Prefer="wait=30")

    assert found["state"] == "answered"
    [candidate] = found["candidates"]
    assert candidate["registration_number"] == "99000007"
    assert candidate["name"] == "Nordlys Testværk ApS"
    assert (candidate["postcode"], candidate["city"]) == ("8000", "Aarhus C")
    assert candidate["status"] == "active"
    assert candidate["existing_customer_id"] is None
    assert world.get("/customers")["total"]["count"] == before


def test_2_a_number_alone_makes_a_filled_and_linked_customer(world: World) -> None:
    made = world.post(
        "/customers", {"cvr": "DK 99 00 00 07", "roles": ["customer"]}, Prefer="wait=30"
    )

    assert made["name"] == "Nordlys Testværk ApS"
    assert made["cvr"] == "99000007"
    assert made["registry"]["state"] == "filled"
    assert made["registry"]["source"] == "cvrapi"
    assert made["provenance"]["name"]["origin"] == "registry"
    assert made["provenance"]["city"]["at"] is not None
    assert made["accounting"] == {"state": "linked", "message": None, "messages": []}
    there = world.remote(made["ref_no"])
    assert there["name"] == "Nordlys Testværk ApS"
    assert there["corporateIdentificationNumber"] == "99000007"
    assert there["customerGroup"]["customerGroupNumber"] == 1
    assert there["paymentTerms"]["paymentTermsNumber"] == 1
    assert there["vatZone"]["vatZoneNumber"] == 1
    assert there["currency"] == "DKK"


def test_2_a_terms_code_becomes_the_payment_terms_that_the_mapping_says(world: World) -> None:
    path = f"/connections/{world.connections['economic']['id']}/mapping"
    pairs = world.get(path)["pairs"]
    [terms] = [pair for pair in pairs if pair["remote"] == "payment_terms"]
    terms["transform"]["table"] = {"net30": "3"}
    answer = world.client.put(f"/api/v1{path}", json={"pairs": pairs})
    assert answer.status_code == 200, answer.text

    mapped = world.customer(name="Netto Tredive ApS", terms_code="net30")
    unmapped = world.customer(name="Netto Fjorten ApS", terms_code="net14")

    assert world.remote(mapped["ref_no"])["paymentTerms"]["paymentTermsNumber"] == 3
    assert mapped["accounting"] == {"state": "linked", "message": None, "messages": []}
    assert world.remote(unmapped["ref_no"])["paymentTerms"]["paymentTermsNumber"] == 1
    assert unmapped["accounting"]["state"] == "linked"
    assert unmapped["accounting"]["message"]["text"] == (
        "Payment terms in e-conomic does not follow: the mapping has no entry for “net14”."
    )


def test_1_a_candidate_that_we_have_already_names_our_customer(world: World) -> None:
    [known] = world.get("/customers", cvr="99000007")["items"]

    found = world.post("/registry-lookups", {"query": "Nordlys"}, status=202, Prefer="wait=30")

    [candidate] = found["candidates"]
    assert candidate["registration_number"] == "99000007"
    assert candidate["existing_customer_id"] == known["id"]


def test_3_the_same_again_is_refused_and_with_a_reason_and_another_ean_allowed(
    world: World,
) -> None:
    body = {"cvr": "99000007", "roles": ["customer"]}

    refused = world.post("/customers", body, status=409)

    known = world.get("/customers", cvr="99000007")["items"][0]
    assert refused["code"] == "duplicate"
    assert refused["details"]["existing_id"] == known["id"]
    second = world.post(
        "/customers",
        {**body, "allow_duplicate": True, "reason": "Another unit", "ean": "5790000000005"},
        Prefer="wait=30",
    )
    assert second["id"] != known["id"]
    assert second["accounting"]["state"] == "linked"
    assert second["ref_no"] != known["ref_no"]
    assert second["registry"]["state"] == "filled"
    scan = world.post("/duplicates/scan", {}, status=202, Prefer="wait=30")
    assert (scan["state"], scan["result"]["raised"]) == ("succeeded", 0)
    [pair] = world.get("/duplicates", customer=second["id"])["items"]
    assert (pair["state"], pair["reason"]) == ("dismissed", "Another unit")
    assert pair["decided_by"] is not None


def test_4_a_wrong_check_digit_is_refused_before_any_call(world: World) -> None:
    world.registry.control("DELETE", "requests")

    problem = world.post("/customers", {"cvr": "99000008"}, status=422)

    assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [("/cvr", "check_digit")]
    assert world.registry.control("GET", "requests") == []


def test_5_with_the_registry_down_the_customer_waits_and_is_filled_later(world: World) -> None:
    world.registry.fail("down", times=None)
    made = world.post("/customers", {"cvr": "99000015", "roles": ["customer"]}, Prefer="wait=3")

    assert made["name"] == "CVR 99000015"
    assert made["registry"]["state"] == "waiting"
    waiting = world.eventually(
        lambda: world.get(f"/customers/{made['id']}"),
        lambda c: c["registry"]["next_try_at"] is not None,
    )
    assert waiting["accounting"]["state"] == "none"
    world.patch(f"/customers/{made['id']}", {"phone": "12345678"})
    world.registry.mend()

    filled = world.eventually(
        lambda: world.get(f"/customers/{made['id']}"),
        lambda c: c["registry"]["state"] == "filled" and c["accounting"]["state"] == "linked",
    )
    assert filled["name"] == "Prøvekøbing Kommune"
    assert filled["phone"] == "+4512345678"


def test_5_a_corrected_contact_is_tried_at_once_and_fills_all_who_waited_for_tomorrow(
    world: World,
) -> None:
    connection = f"/connections/{world.connections['registry']['id']}"
    world.registry.control("PATCH", "state", {"quota": 0})
    made = [
        world.post("/customers", {"cvr": cvr, "roles": ["customer"]}, Prefer="wait=30")
        for cvr in ("99000066", "99000023")
    ]
    for each in made:
        assert each["registry"]["state"] == "waiting"
        assert "does not accept the setting contact: correct" in each["registry"]["message"]["text"]
        assert each["registry"]["message"]["link"] == f"/api/v1{connection}#/settings/contact"
    world.eventually(
        lambda: [
            (each["kind"], each["count"]) for each in world.get("/problems", state="open")["items"]
        ],
        lambda found: found == [("connection_blocked", 2)],  # the relay counts every few seconds
    )
    world.registry.control("PATCH", "state", {"quota": None})

    world.patch(connection, {"settings": {"contact": "Hub - Corrected - hub@hub.example"}})

    for each in made:
        filled = world.eventually(
            partial(world.get, f"/customers/{each['id']}"),
            lambda c: c["registry"]["state"] == "filled" and c["accounting"]["state"] == "linked",
        )
        assert not filled["name"].startswith("CVR ")
    agents = [r["headers"]["user-agent"] for r in world.registry.control("GET", "requests")]
    assert agents[-2:] == ["Hub - Corrected - hub@hub.example"] * 2


def test_6_a_refused_customer_group_is_shown_mended_and_replayed_to_one_customer(
    world: World,
) -> None:
    connection = f"/connections/{world.connections['economic']['id']}"
    world.patch(connection, {"settings": {"default_customer_group": 99}})
    made = world.customer(name="Gruppe Prøve ApS")

    assert made["accounting"]["state"] == "failed"
    assert "Customer group: There is no such group" in made["accounting"]["message"]["text"]
    assert made["accounting"]["message"]["link"] == (
        f"/api/v1{connection}#/settings/default_customer_group"
    )
    world.patch(connection, {"settings": {"default_customer_group": 1}})
    dead = world.get("/jobs", state="dead", subject_id=made["id"])["items"]
    assert len(dead) == 1

    world.post(f"/jobs/{dead[0]['id']}/replay", status=200, Prefer="wait=30")

    mended = world.eventually(
        lambda: world.get(f"/customers/{made['id']}"),
        lambda c: c["accounting"]["state"] == "linked",
    )
    created = [w for w in remote_customers(world) if w["body"]["name"] == "Gruppe Prøve ApS"]
    assert [w["status"] for w in created] == [400, 201]
    assert world.remote(mended["ref_no"])["name"] == "Gruppe Prøve ApS"


def test_7_a_prospect_does_not_become_a_debtor(world: World) -> None:
    made = world.customer(name="Bare Nysgerrig ApS", roles=["prospect"])

    assert made["accounting"]["state"] == "none"
    assert made["ref_no"] is None
    world.settle()
    assert not [w for w in remote_customers(world) if w["body"]["name"] == "Bare Nysgerrig ApS"]

    promoted = world.patch(f"/customers/{made['id']}", {"roles": ["customer"]})
    assert promoted["accounting"]["state"] == "waiting"
    world.eventually(
        lambda: world.get(f"/customers/{made['id']}"),
        lambda c: c["accounting"]["state"] == "linked",
    )


def test_7_an_imported_row_does_not_become_a_debtor_although_it_is_a_customer(
    world: World,
) -> None:
    table = "id;Navn\nimp-1;Importeret Prøve ApS\n"
    answer = world.client.post(
        "/api/v1/imports",
        params={"name": "kunder.csv", "apply": "good_rows", "roles": "customer"},
        data=table.encode(),
        headers={"Content-Type": "text/csv", "Prefer": "wait=30"},
    )
    assert answer.status_code == 202, answer.text
    world.eventually(
        lambda: world.get(f"/imports/{answer.json()['id']}"), lambda found: found["state"] == "done"
    )

    world.settle()
    [made] = world.get("/customers", external_ref="imp-1")["items"]
    assert (made["roles"], made["channel"]) == (["customer"], "import")
    assert (made["accounting"]["state"], made["ref_no"]) == ("none", None)
    assert not [w for w in remote_customers(world) if w["body"]["name"] == made["name"]]

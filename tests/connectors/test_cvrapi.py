"""What is cvrapi.dk's own; what every registry keeps is in the contract suite."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connectors.addresses import loopback_allowed
from connectors.http import HttpReply
from connectors.opening import open_connector
from connectors.registries.cvrapi import CvrapiRegistry
from connectors.sandbox import RunningSandbox
from connectors.sandbox import cvrapi as sandbox_module
from hub.errors import (
    AuthenticationError,
    ConnectorError,
    MalformedReplyError,
    PermanentError,
    RateLimitedError,
    RejectedError,
    TransientError,
)
from hub.ports import CompanyStatus
from tests.connectors.calling import NotingControl, client, reply, scripted
from tests.connectors.sandboxes import received, steer

AGENT = "Nordlys - Hub - drift@nordlys.example"
NORDLYS: dict[str, Any] = {
    "vat": 99000007,
    "name": "Nordlys Testværk ApS",
    "address": "Prøvevej 12B, 2. tv",
    "zipcode": "8000",
    "city": "Aarhus C",
    "cityname": None,
    "protected": True,
    "phone": "70000001",
    "email": None,
    "startdate": "01/03 - 2015",
    "enddate": None,
    "addressco": None,
    "industrycode": 620100,
    "industrydesc": "Computerprogrammering",
    "companydesc": "Anpartsselskab",
    "creditbankrupt": False,
    "creditstatus": None,
    "productionunits": None,
}


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    running = sandbox_module.serve()
    yield running
    running.stop()


def registry_of(sandbox: RunningSandbox, control: NotingControl, **secrets: str) -> CvrapiRegistry:
    settings = {"base_url": sandbox.url, "contact": AGENT}
    opened: CvrapiRegistry = open_connector(
        "cvrapi", settings, secrets, control, loopback_allowed()
    )
    return opened


def answered(status: str = "200 OK", country: str = "DK", **changes: Any) -> Any:
    """Return what a find makes of a reply that differs from Nordlys' by `changes`."""
    body = json.dumps(NORDLYS | changes).encode()
    with scripted(reply(status, body)) as server:
        registry = CvrapiRegistry(client(server), country=country)
        return registry.find("99000007" if country == "DK" else "988077917")


def test_it_says_who_calls_and_asks_for_the_newest_version(sandbox: RunningSandbox) -> None:
    control = NotingControl()
    registry_of(sandbox, control, token="canary-token").find("99000007")

    (request,) = received(sandbox)
    assert request["headers"]["user-agent"] == AGENT
    assert request["query"] == {
        "vat": "99000007", "country": "dk", "version": "6", "format": "json",
        "token": "canary-token",
    }  # fmt: skip
    assert "canary" not in repr(control.records)


@pytest.mark.parametrize(
    "contact", [None, "", "Hub", "Nordlys - Hub", "a -  - ", "a - b\n - c", "a - b - ☃"]
)
def test_a_contact_that_would_be_refused_is_named_before_any_call(contact: str | None) -> None:
    settings = {"contact": contact}
    with pytest.raises(PermanentError) as caught:
        open_connector("cvrapi", settings, {}, NotingControl(), loopback_allowed())

    assert caught.value.params == {"setting": "contact"}


@pytest.mark.parametrize(
    ("error", "kind", "setting"),
    [
        ("NO_SEARCH", RejectedError, None),
        ("INVALID_VAT", RejectedError, None),
        ("INTERNAL_ERROR", TransientError, None),
        ("QUOTA_EXCEEDED", RateLimitedError, "contact"),
        ("INVALID_UA", AuthenticationError, "contact"),
        ("BANNED", AuthenticationError, "contact"),
        ("SOMETHING_NEW", MalformedReplyError, None),
    ],
)
@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "404 Not Found", "500 Ow"])
def test_the_code_in_the_body_decides_whatever_the_status(
    status: str, error: str, kind: type[ConnectorError], setting: str | None
) -> None:
    control = NotingControl()
    body = json.dumps({"error": error, "t": 0, "version": 6}).encode()
    with scripted(reply(status, body)) as server, pytest.raises(ConnectorError) as caught:
        CvrapiRegistry(client(server, control)).find("99000007")

    assert type(caught.value) is kind
    assert caught.value.params.get("setting") == setting
    expected = "transient" if issubclass(kind, TransientError) else "refused"
    assert control.records[0].outcome == expected


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found"])
def test_not_found_is_none_whatever_the_status(status: str) -> None:
    with scripted(reply(status, b'{"error": "NOT_FOUND", "t": 0, "version": 6}')) as server:
        registry = CvrapiRegistry(client(server))

        assert registry.find("99000007") is None
        assert registry.search("Nordlys", 5) == []


@pytest.mark.parametrize(
    ("now", "wait"),
    [
        (datetime(2026, 11, 22, 22, 30, tzinfo=UTC), timedelta(minutes=30)),  # 23:30 in Copenhagen
        (datetime(2026, 11, 22, 23, 30, tzinfo=UTC), timedelta(hours=23, minutes=30)),
        (
            datetime(2026, 3, 28, 23, 0, tzinfo=UTC),
            timedelta(hours=23),
        ),  # the day summer time begins
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), timedelta(hours=25)),  # and the day it ends
    ],
)
def test_a_used_up_quota_waits_for_midnight_in_copenhagen(now: datetime, wait: timedelta) -> None:
    from connectors.registries import cvrapi

    answer = HttpReply("cvrapi", 200, {}, b'{"error": "QUOTA_EXCEEDED"}', now)
    with pytest.raises(RateLimitedError) as caught:
        cvrapi._body(answer)

    assert caught.value.retry_after == wait


def test_the_quota_of_the_day_empties_the_budget(sandbox: RunningSandbox) -> None:
    control = NotingControl()
    registry = registry_of(sandbox, control)
    steer(sandbox, "PATCH", "state", {"quota": 1})

    assert registry.find("99000007") is not None
    with pytest.raises(RateLimitedError):
        registry.find("99000015")

    assert control.waits[0] is None
    assert control.waits[1] is not None
    assert timedelta(0) < control.waits[1] <= timedelta(hours=25)


@pytest.mark.parametrize(
    ("state", "error"),
    [({"banned": True}, AuthenticationError), ({"token": "another"}, AuthenticationError)],
)
def test_being_unwelcome_is_told(
    sandbox: RunningSandbox, state: dict[str, Any], error: type[ConnectorError]
) -> None:
    steer(sandbox, "PATCH", "state", state)

    with pytest.raises(error):
        registry_of(sandbox, NotingControl(), token="mine").find("99000007")


def test_numbers_for_texts_and_texts_for_numbers_are_the_same_company(
    sandbox: RunningSandbox,
) -> None:
    registry = registry_of(sandbox, NotingControl())
    strict = registry.find("99000023")
    steer(sandbox, "PATCH", "state", {"loose_types": True})
    loose = registry.find("99000023")

    assert strict is not None
    assert loose is not None
    assert (loose.postcode, loose.phone, loose.industry_code, loose.registration_number) == (
        strict.postcode, strict.phone, strict.industry_code, strict.registration_number,
    ) == ("0800", "70000003", "469000", "99000023")  # fmt: skip
    assert loose.p_numbers == ()


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, CompanyStatus.ACTIVE),
        ({"creditbankrupt": True}, CompanyStatus.INSOLVENT),
        ({"creditbankrupt": None}, CompanyStatus.ACTIVE),
        ({"creditstatus": "Under Rekonstruktion"}, CompanyStatus.INSOLVENT),
        ({"creditstatus": "OPLØST EFTER FUSION"}, CompanyStatus.DISSOLVED),
        ({"creditstatus": "noget nyt"}, CompanyStatus.UNKNOWN),
        ({"enddate": "31/12 - 2024"}, CompanyStatus.DISSOLVED),
        ({"enddate": "31/12 - 2024", "creditbankrupt": True}, CompanyStatus.DISSOLVED),
        ({"enddate": "31/12 - 2999"}, CompanyStatus.ACTIVE),
    ],
)
def test_the_state_is_read_from_the_end_the_bankruptcy_and_the_credit_text(
    changes: dict[str, Any], status: CompanyStatus
) -> None:
    assert answered(**changes).status is status


def test_an_address_in_care_of_somebody_has_its_lines_in_order() -> None:
    plain = answered(addressco="Kurator Prøve", cityname="Bolbro")
    marked = answered(addressco="C/O Kurator")

    assert plain.address_lines == ("c/o Kurator Prøve", "Prøvevej 12B, 2. tv", "Bolbro")
    assert marked.address_lines == ("C/O Kurator", "Prøvevej 12B, 2. tv")


def test_a_norwegian_number_is_checked_by_its_own_rule() -> None:
    found = answered(country="NO", vat=988077917, startdate="17/05 - 1999")

    assert (found.registration_number, found.country) == ("988077917", "NO")
    assert found.started_on == date(1999, 5, 17)
    with scripted(reply()) as server:
        for number in ("988077918", "123456785", "99000007"):
            with pytest.raises(RejectedError):
                CvrapiRegistry(client(server), country="NO").find(number)
    assert server.connections == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"vat": 99000015}, "vat"),
        ({"vat": None}, "vat"),
        ({"vat": True}, "vat"),
        ({"name": ""}, "name"),
        ({"name": ["Nordlys"]}, "name"),
        ({"protected": None}, "protected"),
        ({"protected": "yes"}, "protected"),
        ({"creditbankrupt": "no"}, "creditbankrupt"),
        ({"startdate": "2015-03-01"}, "startdate"),
        ({"enddate": "31/02 - 2020"}, "enddate"),
        ({"zipcode": 8000.5}, "zipcode"),
        ({"productionunits": {"pno": 1}}, "productionunits"),
        ({"productionunits": [1]}, "productionunits[0]"),
        ({"productionunits": [{"pno": None}]}, "productionunits[0].pno"),
    ],
)
def test_a_reply_in_an_unknown_shape_names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(MalformedReplyError) as caught:
        answered(**changes)

    assert caught.value.params["field"] == field


@pytest.mark.parametrize(
    ("status", "body", "content_type", "error"),
    [
        ("200 OK", b"[]", "application/json", MalformedReplyError),
        ("200 OK", b"<html></html>", "text/html", TransientError),
        ("404 Not Found", b"<html></html>", "text/html", MalformedReplyError),
        ("404 Not Found", b"{}", "application/json", MalformedReplyError),
        ("301 Moved", b"{}", "application/json", MalformedReplyError),
        ("401 Unauthorized", b"<html></html>", "text/html", AuthenticationError),
        ("403 Forbidden", b"{}", "application/json", AuthenticationError),
        ("500 Ow", b"<html></html>", "text/html", TransientError),
        ("500 Ow", b"{}", "application/json", TransientError),
    ],
)
def test_a_reply_that_says_nothing_is_judged_by_its_status(
    status: str, body: bytes, content_type: str, error: type[ConnectorError]
) -> None:
    with scripted(reply(status, body, content_type)) as server, pytest.raises(error):
        CvrapiRegistry(client(server)).find("99000007")

"""What is Virk's own; what every registry keeps is in the contract suite."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connectors.addresses import loopback_allowed
from connectors.opening import open_connector
from connectors.registries import Part, virk
from connectors.registries.virk import VirkRegistry
from connectors.registries.virk.changes import OVERLAP, Position
from connectors.registries.virk.documents import company_of
from connectors.sandbox import RunningSandbox
from connectors.sandbox import virk as sandbox_module
from hub.errors import (
    AuthenticationError,
    ConnectorError,
    MalformedReplyError,
    PermanentError,
    RejectedError,
    TransientError,
)
from hub.ports import CompanyRecord, CompanyStatus
from tests.connectors.calling import NotingControl, client, reply, scripted
from tests.connectors.sandboxes import received, steer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SINCE = {"gyldigFra": "2015-03-01", "gyldigTil": None}
ENDED = {"gyldigFra": "2010-01-01", "gyldigTil": "2015-02-28"}
LATER = {"gyldigFra": "2018-01-01", "gyldigTil": None}
DOCUMENT: dict[str, Any] = {
    "cvrNummer": 99000007,
    "reklamebeskyttet": False,
    "navne": [{"navn": "Nordlys Testværk ApS", "periode": SINCE}],
    "livsforloeb": [{"periode": SINCE}],
}


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    running = sandbox_module.serve()
    yield running
    running.stop()


@pytest.fixture
def registry(sandbox: RunningSandbox) -> VirkRegistry:
    return registry_of(sandbox, NotingControl())


def registry_of(sandbox: RunningSandbox, control: NotingControl) -> VirkRegistry:
    settings = {"base_url": sandbox.url, "user": "hub", "plain_http": True}
    opened: VirkRegistry = open_connector(
        "virk", settings, {"password": sandbox_module.PASSWORD}, control, loopback_allowed()
    )
    return opened


def read(**changes: Any) -> CompanyRecord:
    """Return what is made of a small document with `changes`."""
    return company_of(Part("virk", deepcopy(DOCUMENT) | changes, "Vrvirksomhed"), NOW)


def test_credentials_go_with_each_call_and_into_no_record(sandbox: RunningSandbox) -> None:
    control = NotingControl()
    registry_of(sandbox, control).find("99000007")

    (request,) = received(sandbox)
    assert request["headers"]["authorization"].startswith("Basic ")
    assert sandbox_module.PASSWORD not in repr(control.records)
    assert control.records[0].request_headers["authorization"] == "[redacted]"


@pytest.mark.parametrize(
    ("settings", "secrets", "setting"),
    [
        ({"user": "hub"}, {}, "password"),
        ({}, {"password": "p"}, "user"),
        ({"user": "hub", "base_url": "http://x.example"}, {"password": "p"}, "plain_http"),
        (
            {"user": "hub", "base_url": "HTTP://x.example", "plain_http": "true"},
            {"password": "p"},
            "plain_http",
        ),
    ],
)
def test_a_setting_that_is_missing_or_unsafe_is_named(
    settings: Mapping[str, Any], secrets: Mapping[str, str], setting: str
) -> None:
    with pytest.raises(PermanentError) as caught:
        open_connector("virk", settings, secrets, NotingControl(), loopback_allowed())

    assert caught.value.params == {"setting": setting}


@pytest.mark.parametrize(
    ("status", "body", "content_type", "error"),
    [
        ("401 Unauthorized", b"<html>nginx</html>", "text/html", AuthenticationError),
        ("403 Forbidden", b"{}", "application/json", AuthenticationError),
        ("400 Bad Request", b'{"error": {}}', "application/json", RejectedError),
        ("500 Ow", b'{"error": {}}', "application/json", TransientError),
        ("404 Not Found", b"<html></html>", "text/html", MalformedReplyError),
        ("200 OK", b"<html></html>", "text/html", TransientError),
        ("200 OK", b"{}", "application/json", MalformedReplyError),
        ("200 OK", b'{"hits": {"hits": {}}}', "application/json", MalformedReplyError),
        ("200 OK", b'{"hits": {"hits": [{}]}}', "application/json", MalformedReplyError),
        ("200 OK", b'{"timed_out": true, "hits": {"hits": []}}', "text/json", TransientError),
        ("200 OK", b'{"_shards": {"failed": 1}, "hits": {"hits": []}}', "a/json", TransientError),
    ],
)
def test_a_reply_is_judged_before_it_is_believed(
    status: str, body: bytes, content_type: str, error: type[ConnectorError]
) -> None:
    script = reply(status, body, content_type)
    with scripted(script) as server, pytest.raises(ConnectorError) as caught:
        VirkRegistry(client(server)).find("99000007")

    assert type(caught.value) is error


def test_part_of_the_index_failing_is_no_proof_that_nobody_is_there(
    sandbox: RunningSandbox, registry: VirkRegistry
) -> None:
    steer(sandbox, "PATCH", "state", {"failed_shards": 1})

    with pytest.raises(TransientError):
        registry.find("99000082")


def test_a_search_takes_an_unfinished_last_word_and_puts_the_nearest_name_first(
    registry: VirkRegistry,
) -> None:
    def names(text: str) -> list[str]:
        return [company.name for company in registry.search(text, 10)]

    assert names("Nordl") == ["Nordlys Testværk ApS", "Nordlys Ejendomme A/S"]
    assert names("NORDLYS EJEN") == ["Nordlys Ejendomme A/S"]
    assert names("Ejendomme Nordlys") == ["Nordlys Ejendomme A/S"]
    assert names("Nordlys Kommune") == []


def test_a_search_never_asks_for_more_than_the_window(
    sandbox: RunningSandbox, registry: VirkRegistry
) -> None:
    registry.search("Nordlys", 100_000)

    assert '"size": 50' in received(sandbox)[0]["body"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("NORMAL", CompanyStatus.ACTIVE),
        ("Aktiv", CompanyStatus.ACTIVE),
        ("under konkurs", CompanyStatus.INSOLVENT),
        ("UNDER TVANGSOPLØSNING", CompanyStatus.INSOLVENT),
        ("UNDER FRIVILLIG LIKVIDATION", CompanyStatus.INSOLVENT),
        ("UNDER REKONSTRUKTION", CompanyStatus.INSOLVENT),
        ("UNDER REASSUMERING", CompanyStatus.INSOLVENT),
        ("OPLØST EFTER KONKURS", CompanyStatus.DISSOLVED),
        ("TVANGSOPLØST", CompanyStatus.DISSOLVED),
        ("OPLØST EFTER FRIVILLIG LIKVIDATION", CompanyStatus.DISSOLVED),
        ("OPLØST EFTER ERKLÆRING", CompanyStatus.DISSOLVED),
        ("OPLØST EFTER FUSION", CompanyStatus.DISSOLVED),
        ("OPLØST EFTER SPALTNING", CompanyStatus.DISSOLVED),
        ("Ophørt", CompanyStatus.DISSOLVED),
        ("SLETTET", CompanyStatus.DISSOLVED),
        ("UDEN RETSVIRKNING", CompanyStatus.DISSOLVED),
        ("NOGET NYT", CompanyStatus.UNKNOWN),
    ],
)
def test_the_registers_word_for_the_state_is_known_in_any_case(
    text: str, status: CompanyStatus
) -> None:
    as_entry = read(virksomhedsstatus=[{"status": text, "periode": SINCE}])
    as_metadata = read(virksomhedMetadata={"sammensatStatus": text.swapcase()})

    assert (as_entry.status, as_entry.status_text) == (status, text)
    assert as_metadata.status is status


def test_a_sole_trader_without_any_word_lives_while_its_life_has_no_end() -> None:
    assert read().status is CompanyStatus.ACTIVE
    assert read(livsforloeb=[]).status is CompanyStatus.UNKNOWN
    ended = read(livsforloeb=[{"periode": ENDED}])
    assert (ended.status, ended.ended_on) == (CompanyStatus.DISSOLVED, date(2015, 2, 28))
    to_come = {"gyldigFra": "2015-03-01", "gyldigTil": "2999-12-31"}
    assert read(livsforloeb=[{"periode": to_come}]).status is CompanyStatus.ACTIVE
    revived = read(livsforloeb=[{"periode": ENDED}, {"periode": LATER}])
    assert (revived.status, revived.ended_on) == (CompanyStatus.ACTIVE, None)
    assert revived.started_on == date(2010, 1, 1)


def test_an_entry_counts_by_the_registers_choice_then_validity_then_beginning() -> None:
    old, new = {"navn": "Gammel", "periode": ENDED}, {"navn": "Ny", "periode": SINCE}
    oldest = {"navn": "Ældst", "periode": {"gyldigFra": "1990-01-01", "gyldigTil": "2009-12-31"}}

    assert read(navne=[new, old], virksomhedMetadata={"nyesteNavn": {"navn": "Valgt"}}).name == (
        "Valgt"
    )
    assert read(navne=[new, old]).name == "Ny"
    assert read(navne=[{"navn": "Første", "periode": SINCE}, new]).name == "Ny"
    assert read(navne=[old, oldest]).name == "Gammel"


def test_a_secret_or_outdated_way_to_reach_the_company_is_never_used() -> None:
    def number(text: str, *, secret: bool, period: Mapping[str, Any] = SINCE) -> dict[str, Any]:
        return {"kontaktoplysning": text, "hemmelig": secret, "periode": period}

    secret = number("70000099", secret=True)
    metadata = {"nyesteKontaktoplysninger": ["70000099"]}
    assert read(telefonNummer=[secret], virksomhedMetadata=metadata).phone is None
    assert read(telefonNummer=[number("1", secret=False), secret]).phone == "1"
    assert read(telefonNummer=[number("1", secret=False, period=ENDED)]).phone is None
    assert (
        read(
            telefonNummer=[number("1", secret=False), number("2", secret=False, period=LATER)]
        ).phone
        == "2"
    )
    assert read(elektroniskPost=[number("a@b.example", secret=True)]).email is None
    assert read(hjemmeside=[number("b.example", secret=False)]).website == "b.example"


@pytest.mark.parametrize(
    ("place", "lines", "postcode", "city"),
    [
        (
            {"vejnavn": "Gade", "husnummerFra": 1, "postnummer": 999, "postdistrikt": "Kbh C"},
            ("Gade 1",),
            "0999",
            "Kbh C",
        ),
        (
            {"vejnavn": "Gade", "husnummerFra": 3, "husnummerTil": 5, "bogstavFra": "A"}
            | {"etage": "ST", "sidedoer": "MF"},
            ("Gade 3A-5, st. mf",),
            None,
            None,
        ),
        (
            {"vejnavn": "Gade", "etage": "1", "conavn": "Prøve", "postboks": "12"}
            | {"bynavn": "Lille By"},
            ("c/o Prøve", "Gade, 1.", "Lille By", "Postboks 12"),
            None,
            None,
        ),
        (
            {"landekode": "SE", "fritekst": "Storgatan 1\n111 11 Stockholm\n"},
            ("Storgatan 1", "111 11 Stockholm"),
            None,
            None,
        ),
    ],
)
def test_an_address_is_written_as_in_denmark(
    place: dict[str, Any], lines: tuple[str, ...], postcode: str | None, city: str | None
) -> None:
    found = read(beliggenhedsadresse=[{**place, "periode": SINCE}])

    assert (found.address_lines, found.postcode, found.city) == (lines, postcode, city)


def test_a_company_without_a_place_has_its_postal_address() -> None:
    found = read(postadresse=[{"vejnavn": "Boksen", "husnummerFra": 2, "periode": SINCE}])

    assert found.address_lines == ("Boksen 2",)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cvrNummer": None}, "Vrvirksomhed.cvrNummer"),
        ({"reklamebeskyttet": None}, "Vrvirksomhed.reklamebeskyttet"),
        ({"reklamebeskyttet": "false"}, "Vrvirksomhed.reklamebeskyttet"),
        ({"navne": []}, "Vrvirksomhed.navne"),
        ({"navne": [{"navn": "A"}]}, "Vrvirksomhed.navne[0].periode"),
        ({"navne": [{"navn": 1.5, "periode": SINCE}]}, "Vrvirksomhed.navne[0].navn"),
        ({"navne": {"navn": "A"}}, "Vrvirksomhed.navne"),
        ({"virksomhedMetadata": []}, "Vrvirksomhed.virksomhedMetadata"),
        (
            {"virksomhedMetadata": {"stiftelsesDato": "1/3 2015"}},
            "Vrvirksomhed.virksomhedMetadata.stiftelsesDato",
        ),
        (
            {"telefonNummer": [{"kontaktoplysning": "1", "hemmelig": "ja", "periode": SINCE}]},
            "Vrvirksomhed.telefonNummer[0].hemmelig",
        ),
    ],
)
def test_a_document_in_an_unknown_shape_names_the_field(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(MalformedReplyError) as caught:
        read(**changes)

    assert caught.value.params["field"] == field


def go_through(
    registry: VirkRegistry, cursor: Mapping[str, Any], limit: int = 2
) -> tuple[list[str], Mapping[str, Any]]:
    told: list[str] = []
    for _ in range(50):
        page = registry.changes(cursor, limit)
        told += page.numbers
        cursor = page.cursor
        if page.complete:
            return told, cursor
    raise AssertionError("the changes have no end")


def change(sandbox: RunningSandbox, number: str, at: str, **more: Any) -> None:
    steer(sandbox, "PATCH", f"companies/{number}", {"updated": at, **more})


def test_changes_come_page_by_page_in_the_order_of_their_time(
    sandbox: RunningSandbox, registry: VirkRegistry
) -> None:
    start = Position(datetime(2025, 11, 2, tzinfo=UTC)).to_cursor()

    told, cursor = go_through(registry, start)

    assert told == ["99000066", "99000031", "99000007"]
    assert cursor["scroll_id"] is None
    bodies = [request["body"] for request in received(sandbox)]
    assert sum('"range"' in body for body in bodies) == 1  # one scroll, gone on with
    assert sum('"scroll_id"' in body for body in bodies) == 2


def test_a_change_that_shows_late_is_still_told_and_one_told_is_not_repeated(
    sandbox: RunningSandbox, registry: VirkRegistry
) -> None:
    change(sandbox, "99000015", "2026-11-22T10:00:00.000+01:00")
    _, cursor = go_through(registry, Position(datetime(2026, 11, 1, tzinfo=UTC)).to_cursor())
    # Stamped before the position reached, indexed only now.
    change(sandbox, "99000023", "2026-11-22T09:55:00.000+01:00")

    told, cursor = go_through(registry, cursor)
    again, _ = go_through(registry, cursor)

    assert (told, again) == (["99000023"], [])


def test_a_company_changed_again_is_told_again(
    sandbox: RunningSandbox, registry: VirkRegistry
) -> None:
    change(sandbox, "99000015", "2026-11-22T10:00:00.000+01:00")
    _, cursor = go_through(registry, Position(datetime(2026, 11, 1, tzinfo=UTC)).to_cursor())
    change(sandbox, "99000015", "2026-11-22T10:00:01.000+01:00")

    assert go_through(registry, cursor)[0] == ["99000015"]


def test_a_scroll_that_has_lapsed_is_begun_anew_where_it_stood(
    sandbox: RunningSandbox, registry: VirkRegistry
) -> None:
    steer(sandbox, "PATCH", "state", {"scrolls_lapse": True})
    first = registry.changes(Position(datetime(2025, 11, 2, tzinfo=UTC)).to_cursor(), 2)
    assert first.numbers == ("99000066", "99000031")
    second = registry.changes(first.cursor, 2)
    assert second.numbers == ("99000007",)

    steer(sandbox, "PATCH", "state", {"scrolls_lapse": False})
    told, cursor = go_through(registry, second.cursor)

    assert told == []
    assert cursor["exact"] is False  # the next look overlaps again


def test_a_cursor_survives_as_json_and_stays_small() -> None:
    moment = datetime(2026, 11, 22, 9, tzinfo=UTC)
    hits = [
        Part("virk", {
            "cvrNummer": 99000007, "enhedsNummer": 4_000_000_000 + index,
            "sidstOpdateret": (moment + timedelta(milliseconds=index)).isoformat(),
        })
        for index in range(3_000)
    ]  # fmt: skip
    _, position = Position(moment).after(hits, "scroll")
    again = Position.from_cursor("virk", position.to_cursor())

    assert again == position
    assert len(again.told) == 2_000
    assert again.reached == moment + timedelta(milliseconds=2_999)
    far = Part("virk", {
        "cvrNummer": 99000015, "enhedsNummer": 1,
        "sidstOpdateret": (moment + OVERLAP * 2).isoformat(),
    })  # fmt: skip
    assert len(again.after([far], "scroll")[1].told) == 1


@pytest.mark.parametrize(
    "cursor",
    [{}, {"reached": None}, {"reached": "yesterday"}, {"reached": "2026-11-22T10:00:00"},
     {"reached": "2026-11-22T10:00:00+01:00", "told": 5}],
)  # fmt: skip
def test_a_cursor_that_is_not_ours_is_refused(cursor: dict[str, Any]) -> None:
    with pytest.raises(MalformedReplyError):
        VirkRegistry(client_to_nowhere()).changes(cursor, 10)


def client_to_nowhere() -> Any:
    from connectors.http import HttpClient

    return HttpClient(
        "virk", "http://127.0.0.1:1", control=NotingControl(), addresses=loopback_allowed()
    )


def test_it_declares_what_it_offers() -> None:
    assert virk.DECLARATION.capabilities == {"find", "search", "changes"}
    assert [field.name for field in virk.DECLARATION.settings if field.secret] == ["password"]

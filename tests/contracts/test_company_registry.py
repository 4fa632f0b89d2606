"""What every company registry keeps: `hub.ports.CompanyRegistry`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Protocol

import pytest

import connectors
from connectors.addresses import loopback_allowed
from connectors.http import ClientFactory, HttpClient
from connectors.registries import cvrapi, virk
from connectors.sandbox import RunningSandbox
from connectors.sandbox import cvrapi as cvrapi_sandbox
from connectors.sandbox import virk as virk_sandbox
from connectors.table import ConnectorModule
from hub.errors import (
    AuthenticationError,
    ConnectorError,
    RateLimitedError,
    RejectedError,
    TransientError,
)
from hub.ports import CompanyRecord, CompanyRegistry, CompanyStatus
from tests.connectors.calling import NotingControl
from tests.connectors.sandboxes import fail, received, steer
from tests.fake_registry import FakeRegistry

TIMEOUT_S = 3.0  # for all answers, of which one is told to be late
NOBODY = "99000082"  # a valid number that no company has
COMPANIES = {
    company.registration_number: company
    for company in (
        CompanyRecord(
            "99000007",
            "DK",
            "Nordlys Testværk ApS",
            CompanyStatus.ACTIVE,
            address_lines=("Prøvevej 12B, 2. tv",),
            postcode="8000",
            city="Aarhus C",
            phone="70000001",
            email="kontakt@nordlys.example",
            industry_code="620100",
            industry="Computerprogrammering",
            legal_form="Anpartsselskab",
            started_on=date(2015, 3, 1),
            marketing_protected=True,
            p_numbers=("1000000001",),
        ),
        CompanyRecord(
            "99000015",
            "DK",
            "Prøvekøbing Kommune",
            CompanyStatus.ACTIVE,
            address_lines=("Rådhustorvet 1",),
            postcode="4999",
            city="Prøvekøbing",
            phone="70000002",
            email="kommunen@provekobing.example",
            industry_code="841100",
            industry="Generelle offentlige tjenester",
            legal_form="Primærkommune",
            started_on=date(2007, 1, 1),
            p_numbers=("1000000011", "1000000012", "1000000013"),
        ),
        CompanyRecord(
            "99000023",
            "DK",
            "Bølgebryder Handel A/S",
            CompanyStatus.INSOLVENT,
            address_lines=("c/o Kurator Prøve", "Kajgade 3-5"),
            postcode="0800",
            city="Høje Taastrup",
            phone="70000003",
            email="info@bolgebryder.example",
            industry_code="469000",
            industry="Ikke-specialiseret engroshandel",
            legal_form="Aktieselskab",
            started_on=date(1999, 5, 17),
            p_numbers=("1000000021",),
        ),
        CompanyRecord(  # a sole trader, whose telephone number is secret
            "99000031",
            "DK",
            "Lygtemager Prøve Hansen",
            CompanyStatus.ACTIVE,
            address_lines=("Stien 7, st.", "Bolbro"),
            postcode="5000",
            city="Odense C",
            phone=None,
            email="lygter@hansen.example",
            industry_code="274000",
            industry="Fremstilling af belysningsartikler",
            legal_form="Enkeltmandsvirksomhed",
            started_on=date(2020, 2, 29),
            marketing_protected=True,
            p_numbers=("1000000031",),
        ),
        CompanyRecord(
            "99000058",
            "DK",
            "Slukket Lys ApS",
            CompanyStatus.DISSOLVED,
            address_lines=("Endevej 9",),
            postcode="9000",
            city="Aalborg",
            industry_code="475400",
            industry="Detailhandel med elektriske husholdningsapparater",
            legal_form="Anpartsselskab",
            started_on=date(2010, 6, 1),
            ended_on=date(2024, 12, 31),
        ),
        CompanyRecord(  # a sole trader that has closed: no status tells, only the end
            "99000074",
            "DK",
            "Ophørt Værksted v/Prøve Jensen",
            CompanyStatus.DISSOLVED,
            address_lines=("Smedestræde 2",),
            postcode="4000",
            city="Roskilde",
            industry_code="952300",
            industry="Reparation af skotøj",
            legal_form="Enkeltmandsvirksomhed",
            started_on=date(2001, 1, 1),
            ended_on=date(2023, 3, 31),
        ),
    )
}


class Stand(Protocol):
    """One registry with what the suite needs of its other side."""

    registry: CompanyRegistry
    has_changes: bool

    def calls(self) -> int: ...
    def fail(self, kind: str) -> None: ...
    def recover(self) -> None: ...
    def refuse_credentials(self) -> None: ...
    def rename(self, number: str, name: str) -> None: ...
    def close(self) -> None: ...


class SandboxStand:
    """A connector of ours before its vendor's sandbox."""

    def __init__(
        self,
        module: ConnectorModule,
        sandbox: RunningSandbox,
        settings: Mapping[str, Any],
        wrong: Mapping[str, Any],
        **secrets: str,
    ) -> None:
        self._sandbox = sandbox
        self._wrong = wrong
        self.has_changes = "changes" in module.DECLARATION.capabilities
        factory = ClientFactory("stand", NotingControl(), loopback_allowed())

        def http(base_url: str, **options: Any) -> HttpClient:
            return factory(base_url, timeout_s=TIMEOUT_S, **options)

        self.registry: CompanyRegistry = module.connect(
            {**settings, "base_url": sandbox.url}, secrets, http
        )

    def calls(self) -> int:
        return len(received(self._sandbox))

    def fail(self, kind: str) -> None:
        fail(self._sandbox, **SANDBOX_FAULTS[kind])

    def recover(self) -> None:
        steer(self._sandbox, "DELETE", "faults")

    def refuse_credentials(self) -> None:
        steer(self._sandbox, "PATCH", "state", self._wrong)

    def rename(self, number: str, name: str) -> None:
        steer(self._sandbox, "PATCH", f"companies/{number}", {"name": name})

    def close(self) -> None:
        self._sandbox.stop()


class FakeStand:
    """The fake that other tests use in a registry's place."""

    has_changes = True

    def __init__(self) -> None:
        self._fake = FakeRegistry(dict(COMPANIES))
        self.registry: CompanyRegistry = self._fake

    def calls(self) -> int:
        return len(self._fake.calls)

    def fail(self, kind: str) -> None:
        self._fake.failure = {
            "busy": RateLimitedError("fake", "busy", timedelta(seconds=90)),
        }.get(kind, TransientError("fake", "down"))

    def recover(self) -> None:
        self._fake.failure = None

    def refuse_credentials(self) -> None:
        self._fake.failure = AuthenticationError("fake", "refused")

    def rename(self, number: str, name: str) -> None:
        self._fake.put(replace(self._fake.companies[number], name=name))

    def close(self) -> None:
        pass


def cvrapi_stand() -> Stand:
    settings = {"contact": "Nordlys - Hub - drift@nordlys.example"}
    return SandboxStand(cvrapi, cvrapi_sandbox.serve(), settings, {"token": "x"}, token="t")


def virk_stand() -> Stand:
    settings = {"user": virk_sandbox.USER, "plain_http": True}
    wrong = {"password": "another"}
    return SandboxStand(virk, virk_sandbox.serve(), settings, wrong, password=virk_sandbox.PASSWORD)


SANDBOX_FAULTS: dict[str, dict[str, Any]] = {
    "busy": {"kind": "status", "status": 429, "retry_after": 90},
    "failing": {"kind": "status", "status": 500},
    "unavailable": {"kind": "status", "status": 503},
    "slow": {"kind": "slow", "seconds": TIMEOUT_S * 2},
    "truncated": {"kind": "truncate"},
    "down": {"kind": "down"},
    "lost": {"kind": "drop_reply"},
    "html": {"kind": "html"},
    "html_error": {"kind": "html", "status": 500},
}
STANDS: dict[str, Callable[[], Stand]] = {
    "fake": FakeStand,
    "cvrapi": cvrapi_stand,
    "virk": virk_stand,
}


@pytest.fixture(params=sorted(STANDS))
def stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    found = STANDS[request.param]()
    yield found
    found.close()


def test_every_registry_of_the_table_is_in_this_suite() -> None:
    registries = {each.name for each in connectors.declarations() if each.kind == "registry"}

    assert registries == STANDS.keys() - {"fake"}


def test_a_company_is_found_by_its_number(stand: Stand) -> None:
    for number, expected in COMPANIES.items():
        found = stand.registry.find(number)

        assert found is not None
        # A website and the registry's own word for the state are not everybody's.
        assert replace(found, website=None, status_text=None) == expected


def test_a_number_that_nobody_has_is_none(stand: Stand) -> None:
    assert stand.registry.find(NOBODY) is None
    assert stand.calls() == 1


@pytest.mark.parametrize(
    "number",
    ["", "99000008", "9900000", "990000070", "DK99000007", "99 00 00 07", "０９９００００７"],
)
def test_a_number_that_cannot_exist_is_refused_without_a_call(stand: Stand, number: str) -> None:
    with pytest.raises(RejectedError) as caught:
        stand.registry.find(number)

    assert [error.code for error in caught.value.errors] == ["check_digit"]
    assert stand.calls() == 0


def test_a_search_proposes_companies_whose_name_holds_the_words(stand: Stand) -> None:
    found = stand.registry.search("nordlys testværk", 5)

    assert [company.registration_number for company in found] == ["99000007"]
    assert found[0].name == "Nordlys Testværk ApS"
    assert found[0].marketing_protected is True


def test_a_search_gives_no_more_than_asked_for(stand: Stand) -> None:
    assert len(stand.registry.search("Nordlys", 1)) == 1
    assert stand.registry.search("Nordlys", 0) == []


def test_a_search_that_fits_nobody_is_empty(stand: Stand) -> None:
    assert stand.registry.search("Findes Ikke", 5) == []
    assert stand.calls() == 1


@pytest.mark.parametrize("name", ["", "   "])
def test_a_search_for_nothing_is_empty_without_a_call(stand: Stand, name: str) -> None:
    assert stand.registry.search(name, 5) == []
    assert stand.calls() == 0


def test_changes_are_told_once_from_where_one_stands(stand: Stand) -> None:
    if not stand.has_changes:
        with pytest.raises(NotImplementedError):
            stand.registry.changes(None, 10)
        assert stand.calls() == 0
        return
    here = stand.registry.changes(None, 10)
    assert (here.numbers, here.complete) == ((), True)

    stand.rename("99000015", "Ny Prøvekøbing Kommune")
    told, cursor = changed_since(stand.registry, here.cursor)
    again, _ = changed_since(stand.registry, cursor)

    assert told == ["99000015"]
    assert again == []


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("busy", RateLimitedError),
        ("failing", TransientError),
        ("unavailable", TransientError),
        ("slow", TransientError),
        ("truncated", TransientError),
        ("down", TransientError),
        ("lost", TransientError),
        ("html_error", TransientError),
        ("html", TransientError),
    ],
)
def test_a_failure_over_there_is_told_by_its_kind_and_ends(
    stand: Stand, kind: str, error: type[ConnectorError]
) -> None:
    stand.fail(kind)
    for call in (
        lambda: stand.registry.find("99000007"),
        lambda: stand.registry.search("Nordlys", 5),
    ):
        with pytest.raises(error) as caught:
            call()
        # A look-up that went astray is never a write in doubt.
        assert type(caught.value) is error
        if isinstance(caught.value, RateLimitedError):
            assert caught.value.retry_after == timedelta(seconds=90)

    stand.recover()

    assert stand.registry.find("99000007") is not None


def test_refused_credentials_are_told_as_such(stand: Stand) -> None:
    stand.refuse_credentials()

    with pytest.raises(AuthenticationError):
        stand.registry.find("99000007")
    with pytest.raises(AuthenticationError):
        stand.registry.search("Nordlys", 5)


def changed_since(
    registry: CompanyRegistry, cursor: Mapping[str, Any]
) -> tuple[list[str], Mapping[str, Any]]:
    """Go through the changes to their end; return what was told and the cursor to go on from."""
    told: list[str] = []
    for _ in range(20):
        page = registry.changes(cursor, 2)
        told += page.numbers
        cursor = page.cursor
        if page.complete:
            return told, cursor
    raise AssertionError("the changes have no end")

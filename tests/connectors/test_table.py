import inspect
import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

import connectors
from connectors import table
from hub.errors import PermanentError
from hub.ports import Declaration

KINDS = {"registry", "accounting", "mail", "shop", "mailbox"}


def other_module(name: str, declared: object) -> EntryPoint:
    """Return the entry point of somebody else's connector, its module made on the spot."""
    module = ModuleType(f"others_{name}")
    if declared is not None:
        module.DECLARATION = declared  # type: ignore[attr-defined] # that is what makes it one
        module.connect = lambda settings, secrets, http: (settings, secrets, http)  # type: ignore[attr-defined] # likewise
    sys.modules[module.__name__] = module
    return EntryPoint(name, module.__name__, table.ENTRY_POINTS)


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    found: list[EntryPoint] = []
    monkeypatch.setattr(table, "entry_points", lambda **_: found)
    return found


@pytest.mark.parametrize("name", sorted(connectors.BUILT_IN))
def test_every_connector_of_the_table_declares_itself_and_can_be_opened(name: str) -> None:
    module = connectors.load(name)
    declared = module.DECLARATION

    assert declared.name == name
    assert declared.kind in KINDS
    assert declared.title
    assert declared.calls_per_period > 0
    names = [setting.name for setting in declared.settings]
    assert len(names) == len(set(names))
    assert all(setting.label for setting in declared.settings)
    assert all(setting.default is None for setting in declared.settings if setting.secret)
    inspect.signature(module.connect).bind({}, {}, None)  # settings, secrets, http


def test_declarations_are_listed_by_name() -> None:
    assert [declared.name for declared in connectors.declarations()] == sorted(connectors.BUILT_IN)


def test_somebody_elses_connector_is_found_by_its_entry_point(others: list[EntryPoint]) -> None:
    declared = Declaration("brreg", "registry", "Brønnøysund")
    others.append(other_module("brreg", declared))

    assert connectors.load("brreg").DECLARATION is declared
    assert declared in connectors.declarations()


def test_somebody_elses_cannot_take_the_place_of_ours(others: list[EntryPoint]) -> None:
    impostor = Declaration("cvrapi", "registry", "Impostor")
    others.append(other_module("cvrapi", impostor))

    assert connectors.load("cvrapi").DECLARATION.title == "cvrapi.dk"
    assert impostor not in connectors.declarations()


@pytest.mark.parametrize("declared", [None, Declaration("another", "registry", "Another")])
def test_a_module_that_is_no_connector_is_refused_alone(
    others: list[EntryPoint], declared: Declaration | None, caplog: pytest.LogCaptureFixture
) -> None:
    others.append(other_module("broken", declared))
    others.append(EntryPoint("absent", "there_is_no_such_module", table.ENTRY_POINTS))

    with pytest.raises(PermanentError):
        connectors.load("broken")
    assert [each.name for each in connectors.declarations()] == sorted(connectors.BUILT_IN)
    assert [record.connector for record in caplog.records] == ["broken", "absent"]  # type: ignore[attr-defined] # from extra=


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(PermanentError, match="no such connector"):
        connectors.load("nothing")

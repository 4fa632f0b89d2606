import ast
import importlib
import pkgutil
import string
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import hub
from api.presenting_history import _labels
from connectors import declarations
from connectors.addresses import REFUSED, PublicAddresses
from connectors.mail import refuse_unsendable
from hub.access.roles import FieldClass, Verb
from hub.catalogues.declaring import CATALOGUES
from hub.db import Base, new_id
from hub.errors import (
    AuthenticationError,
    PermanentError,
    RejectedError,
    StaleVersionError,
    TransientError,
)
from hub.held import HeldError, Holder
from hub.history.past import NotYetError
from hub.history.records import OWN, Record
from hub.history.words import spoken
from hub.i18n import LANGUAGES, SOURCE, translate
from hub.migrations.schema import complete_metadata
from hub.pools.models import ClaimMode
from hub.ports import OutgoingMail

ROOT = Path(__file__).parents[2]
PACKAGES = ("hub", "workers", "connectors", "api", "ops", "console")
KEYWORDS = {"N_": None, "_": None, "gettext": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
OTHER_LANGUAGES = [language for language in LANGUAGES if language != SOURCE]


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_every_text_for_people_has_a_translation(language: str) -> None:
    catalogue = _catalogue(language)

    missing = {text: place for text, place in _sources().items() if not catalogue.get(text)}

    assert missing == {}, f"missing in hub/locales/{language}.po:\n{_as_entries(missing)}"


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_every_error_of_a_connector_has_a_translation_although_nothing_marks_it(
    language: str,
) -> None:
    catalogue = _catalogue(language)

    missing = {text: place for text, place in _connector_errors() if not catalogue.get(text)}

    assert missing == {}, f"missing in hub/locales/{language}.po:\n{_as_entries(missing)}"


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_every_state_has_a_word_for_the_sentences_that_name_it(language: str) -> None:
    catalogue = _catalogue(language)

    named = [*_states(), *_other_names()]
    missing = {word: place for word, place in named if not catalogue.get(word)}

    assert missing == {}, f"missing in hub/locales/{language}.po:\n{_as_entries(missing)}"


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_every_field_that_a_history_tells_of_has_a_heading(language: str) -> None:
    catalogue = _catalogue(language)
    headings = {spoken(SOURCE, name): entity for entity, name in _told_fields()}

    missing = {
        heading: entity
        for heading, entity in headings.items()
        if not catalogue.get(heading) and not catalogue.get(heading[0].lower() + heading[1:])
    }

    assert len(headings) > 100
    assert missing == {}, f"missing in hub/locales/{language}.po:\n{_as_entries(missing)}"


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_every_phrase_with_which_a_connector_finishes_a_sentence_has_a_translation(
    language: str,
) -> None:
    catalogue = _catalogue(language)
    phrases = [*_phrases(), *((kind, "connectors/addresses.py") for _, kind in REFUSED)]

    assert len(phrases) > 10
    assert {each: place for each, place in phrases if not catalogue.get(each)} == {}


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_every_field_of_a_connector_has_a_name_for_the_sentences_that_name_it(
    language: str,
) -> None:
    catalogue = _catalogue(language)
    labels = [field.label for connector in declarations() for field in connector.fields]

    assert "Telephone" in labels
    assert [label for label in labels if not catalogue.get(label)] == []


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_a_translation_takes_the_same_parameters_as_its_source(language: str) -> None:
    different = {
        source: text
        for source, text in _catalogue(language).items()
        if _parameters(source) != _parameters(text)
    }

    assert different == {}


def test_a_danish_reader_reads_danish_and_an_unknown_text_stays_english() -> None:
    assert translate("da_DK", "{count} rows", {"count": "1.234"}) == "1.234 rækker"
    assert translate("da", "Nobody has translated {this}", {"this": "it"}) == (
        "Nobody has translated it"
    )
    assert translate("en", "Customer") == "Customer"


def test_what_a_connector_said_is_translated_inside_the_message_that_reports_it() -> None:
    error = AuthenticationError("economic", "The tokens are not valid, or were revoked.")
    slow = TransientError("registry", "It failed ({status}).", status=503)
    told = "The other side refuses our credentials: {reason}"

    assert translate("da", told, {"reason": error.words}) == (
        "Den anden side afviser vores adgangsoplysninger: Tokenene er ugyldige eller tilbagekaldt."
    )
    assert translate("en", told, {"reason": slow.words}) == (
        "The other side refuses our credentials: It failed (503)."
    )
    assert translate("da", told, {"reason": "{as} it was"}).endswith(": {as} it was")


def test_a_sentence_that_begins_with_a_record_begins_with_a_capital() -> None:
    stale = StaleVersionError("lead_source", "7", 3)

    assert translate("da", stale.message, {**stale.params, "entity": "customer"}) == (
        "Kunde 7 er ændret i mellemtiden; versionen er nu 3."
    )
    assert translate("en", stale.message, stale.params) == (
        "Lead source 7 was changed meanwhile; its version is now 3."
    )


def test_what_holds_a_record_is_named_in_the_readers_language() -> None:
    holders = [Holder("reminder", new_id()), Holder("shop_identity", new_id())]
    held = HeldError("It is kept, something refers to it: {what}.", holders)

    assert translate("da", held.message, held.params) == (
        "Den beholdes, for noget henviser til den: påmindelse (1), id i en webshop (1)."
    )
    assert translate("da", held.message, {"what": "Nordlys (2) ApS"}).endswith(": Nordlys (2) ApS.")


def test_every_kind_of_record_has_a_name_within_a_sentence() -> None:
    complete_metadata()
    kinds = {each.entity().replace("_", " ") for each in _below(Record)}

    assert len(kinds) > 40
    assert kinds - _catalogue("da").keys() == set()


def _below(model: type[Record]) -> Iterator[type[Record]]:
    for each in model.__subclasses__():
        if each.__module__.startswith("hub.") and hasattr(each, "__tablename__"):
            yield each
        yield from _below(each)


def test_a_catalogue_is_named_in_the_readers_language() -> None:
    told = "There is no {name} in the catalogue {catalogue}."

    assert translate("da", told, {"name": "x", "catalogue": "note_types"}) == (
        "Der er ingen x i kataloget notetyper."
    )
    unknown = [name for name in CATALOGUES if name.replace("_", " ") not in _catalogue("da")]
    assert unknown == []


def test_an_instant_is_told_to_the_second_in_its_own_zone() -> None:
    born = datetime(2026, 11, 29, 15, 55, 22, 317059, UTC).astimezone(ZoneInfo("Europe/Copenhagen"))
    early = NotYetError("customer", new_id(), born)

    assert translate("da", early.message, early.params) == (
        "Denne post (kunde) blev til senere, 29. nov. 2026 16.55.22."
    )


def test_a_state_is_named_in_the_readers_language_inside_a_sentence() -> None:
    told = "The connection {name} is {state}."

    assert translate("da", told, {"name": "CVR", "state": "paused"}) == (
        "Forbindelsen CVR er sat på pause."
    )
    assert translate("en", told, {"name": "CVR", "state": "due_sent"}) == (
        "The connection CVR is due sent."
    )


def test_what_may_not_be_done_is_said_in_the_readers_language() -> None:
    told = "This {entity} is not yours: you may read it, but not {verb} it."
    shape = "The field {field} of its reply is not {expected}."

    assert translate("da", told, {"entity": "customer", "verb": "undo_merge"}) == (
        "Denne post (kunde) er ikke din: Du må læse den, men ikke ophæve fletningen af den."
    )
    assert translate("da", shape, {"field": "navne", "expected": "a list"}) == (
        "Feltet navne i svaret er ikke en liste."
    )
    assert translate("da", "Must be one of: {expected}.", {"expected": "'undo_merge' or 'x'"}) == (
        "Skal være en af: 'undo_merge' or 'x'."
    )


def test_what_a_mail_server_or_an_address_is_refused_for_is_said_in_the_readers_language() -> None:
    sendable = OutgoingMail("hub@hub.example", "nobody", "<1@hub.example>", b"\r\n")
    with pytest.raises(RejectedError) as refused:
        refuse_unsendable("smtp", sendable)
    with pytest.raises(PermanentError) as private:
        PublicAddresses().resolve("10.0.0.1", 443, "https")

    assert str(refused.value) == (
        "smtp: The recipient is refused before sending: it is not a mail address."
    )
    assert translate("da", refused.value.message, refused.value.params) == (
        "modtageren er afvist før afsendelse: det er ikke en mailadresse."
    )
    assert translate("da", private.value.message, private.value.params) == (
        "Adressen 10.0.0.1 er ikke offentlig (privat) og må ikke kaldes."
    )


def test_each_reason_of_a_list_is_translated() -> None:
    reasons = [
        {"text": "The connection {name} is {state}.", "params": {"name": "A", "state": "new"}},
        {"text": "Nobody has translated {this}", "params": {"this": "it"}},
    ]

    assert translate("da", "{system} refuses it: {reason}", {"system": "B", "reason": reasons}) == (
        "B afviser den: Forbindelsen A er ny.; Nobody has translated it"
    )


def test_the_check_sees_marked_texts_of_several_lines_and_none_that_is_not_marked(
    tmp_path: Path,
) -> None:
    module = tmp_path / "hub" / "sample.py"
    module.parent.mkdir()
    module.write_text('a = N_(\n    "One "\n    "text"\n)\nb = "not marked"\n', encoding="utf-8")

    assert _sources(tmp_path) == {"One text": "hub/sample.py:2"}


def _sources(root: Path = ROOT) -> dict[str, str]:
    found: dict[str, str] = {}
    for package in PACKAGES:
        if not (root / package).is_dir():
            continue
        for filename, line, message, *_ in extract_from_dir(
            root / package, METHODS, keywords=KEYWORDS
        ):
            for text in (message,) if isinstance(message, str) else message:
                found.setdefault(text, f"{package}/{filename}:{line}")
    return found


def _connector_errors() -> Iterator[tuple[str, str]]:
    """Yield the sentences in what connectors raise, which may not import what marks them."""
    for path in sorted((ROOT / "connectors").rglob("*.py")):
        if "sandbox" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func).endswith(("Error", "unknown")):
                for argument in node.args[1:2]:
                    text = argument.value if isinstance(argument, ast.Constant) else None
                    if isinstance(text, str) and text.endswith((".", "}")):
                        yield text, f"{path.relative_to(ROOT)}:{node.lineno}"


def _states() -> Iterator[tuple[str, str]]:
    """Yield the values of all states in the words of a sentence."""
    for module in pkgutil.walk_packages(hub.__path__, "hub."):
        if ".migrations" in module.name:
            continue
        for name, found in vars(importlib.import_module(module.name)).items():
            if isinstance(found, type) and issubclass(found, StrEnum) and name.endswith("State"):
                for state in found:
                    yield state.value.replace("_", " "), f"{module.name}.{name}"


def _told_fields() -> Iterator[tuple[str, str]]:
    """Yield the fields whose changes are told and that no list has, each with its entity."""
    for mapper in Base.registry.mappers:
        model = mapper.class_
        if issubclass(model, Record):
            skipped = OWN | model.__derived__ | _labels(model.entity()).keys()
            for field in {column.key for column in mapper.columns} - skipped:
                yield model.entity(), field


def _other_names() -> Iterator[tuple[str, str]]:
    """Yield the other names of ours that sentences have as parameters."""
    for names in (Verb, FieldClass, ClaimMode):
        for each in names:
            yield each.value.replace("_", " "), names.__name__


_OF_MAILS = frozenset({"_expect", "_refusal", "_refuse_address", "_unable", "_wrong", "refusal"})


def _phrases() -> Iterator[tuple[str, str]]:
    """Yield what the readers of replies and the writers of values put at the end of a sentence."""
    for path in sorted((ROOT / "connectors").rglob("*.py")):
        if "sandbox" in path.parts or "shops" in path.parts:
            continue
        place = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            said = [k.value for k in node.keywords if k.arg in {"expected", "problem", "rule"}]
            called = _name(node.func)
            if called in {"unknown", "_reject"}:
                said += node.args[1:2]
            if "mail" in path.parts and called in _OF_MAILS:
                said += node.args
            for each in said:
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    yield each.value, place


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _catalogue(language: str) -> dict[str, str]:
    with (ROOT / "hub" / "locales" / f"{language}.po").open("rb") as stream:
        entries = read_po(stream, locale=language, abort_invalid=True)
    return {str(entry.id): str(entry.string) for entry in entries if entry.id}


def _parameters(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text)} - {None}


def _as_entries(missing: dict[str, str]) -> str:
    return "\n".join(
        f'#: {place}\nmsgid "{text}"\nmsgstr ""\n' for text, place in sorted(missing.items())
    )

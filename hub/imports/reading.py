"""What a row says: its cells become a record's fields, or the reasons why they cannot."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

from babel.core import Locale

from hub.customers.models import CustomerKind, CustomerRole
from hub.errors import FieldError, ValidationError
from hub.history.recording import plain
from hub.i18n import LANGUAGES, N_
from hub.imports.columns import ImportColumn, Meaning
from hub.imports.entities import ENTITIES
from hub.imports.options import Options
from hub.imports.uploaders import Uploader
from hub.imports.words import Words
from hub.parsing import (
    Cell,
    CellError,
    parse_boolean,
    parse_date,
    parse_datetime,
    parse_decimal,
    parse_text,
)
from hub.settings import get_settings

_ROLES = {
    "prospect": CustomerRole.PROSPECT, "emne": CustomerRole.PROSPECT,
    "lead": CustomerRole.PROSPECT, "kundeemne": CustomerRole.PROSPECT,
    "customer": CustomerRole.CUSTOMER, "kunde": CustomerRole.CUSTOMER,
    "debitor": CustomerRole.CUSTOMER, "supplier": CustomerRole.SUPPLIER,
    "vendor": CustomerRole.SUPPLIER, "leverandør": CustomerRole.SUPPLIER,
    "kreditor": CustomerRole.SUPPLIER,
}  # fmt: skip
_KINDS = {
    "organisation": CustomerKind.ORGANISATION, "organization": CustomerKind.ORGANISATION,
    "company": CustomerKind.ORGANISATION, "business": CustomerKind.ORGANISATION,
    "firma": CustomerKind.ORGANISATION, "virksomhed": CustomerKind.ORGANISATION,
    "erhverv": CustomerKind.ORGANISATION, "person": CustomerKind.PERSON,
    "private": CustomerKind.PERSON, "privat": CustomerKind.PERSON,
}  # fmt: skip
LEFT_OUT = "left_out"
"""The code of a reason that says which value a row comes in without."""
_UNREADABLE_PHONE = {
    "format": N_("Left out, for it is no phone number of {country}: {value}"),
    "extension": N_("Left out, for an extension is not kept with a number: {value}"),
}
KNOWN_BY = "external_ref"
"""The column by which a row is known again: one that came in without it would come in twice."""
_DIGEST_BYTES = 16
_STORED_DECIMALS = Decimal("0.0001")  # as the column holds it: equal values are equal texts


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One row as it was understood; `errors` non-empty says that it cannot come in.

    `values` are in stored form, as JSON carries them. `errors` are {pointer, code, message, params,
    column}, where `column` is the header in the file; `notes`, in the same form, tell what a row
    that comes in leaves behind.
    """

    number: int
    values: Mapping[str, Any]
    errors: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[Mapping[str, Any]] = ()

    @property
    def external_ref(self) -> str | None:
        """Return the row's own reference."""
        found: str | None = self.values.get(KNOWN_BY)
        return found

    @property
    def digest(self) -> bytes:
        """Return by what the row is known again: its reference, else all that it says."""
        if self.external_ref is not None:
            return reference_digest(self.external_ref)
        text = json.dumps(self.values, sort_keys=True, ensure_ascii=False)
        return blake2b(b"row\0" + text.encode(), digest_size=_DIGEST_BYTES).digest()


def reference_digest(external_ref: str) -> bytes:
    """Return by what a row with a reference is known again."""
    return blake2b(b"ref\0" + external_ref.encode(), digest_size=_DIGEST_BYTES).digest()


class RowReader:
    """Reads the rows of one file."""

    def __init__(
        self,
        entity_name: str,
        columns: Sequence[Mapping[str, Any]],
        options: Options,
        *,
        locale: str,
        uploader: Uploader,
        words: Words,
        added: Sequence[ImportColumn] = (),
    ) -> None:
        """Prepare for a file.

        Args:
            entity_name: what is imported.
            columns: what `hub.imports.mapping.propose` found, one for each header.
            options: what the uploader wishes.
            locale: how numbers are written.
            uploader: what its rows may say.
            words: those of catalogues.
            added: columns of the installation's own.
        """
        self.entity = ENTITIES[entity_name]
        known = {column.key: column for column in (*self.entity.columns, *added)}
        self._options = options
        self._locale = locale
        self._uploader = uploader
        self._words = words
        self._headers = {c["field"]: c["header"] for c in columns if c["field"]}
        self._cells = [
            (index, column["field"], self._parser(known[column["field"]]))
            for index, column in enumerate(columns)
            if column["field"] is not None
        ]

    def read(self, number: int, cells: Sequence[Cell | CellError]) -> ReadRow:
        """Return what a row says."""
        given: dict[str, Any] = {}
        errors: list[FieldError] = []
        failed: dict[str, CellError] = {}
        for index, key, parse in self._cells:
            cell = cells[index]
            if cell is None:
                continue
            if isinstance(cell, CellError):
                failed[key] = cell
                continue
            try:
                self._uploader.refuse_foreign(key, f"/{key}")
                value = parse(cell, _pointer(key))
            except ValidationError as error:
                errors.extend(error.errors)
                continue
            if value is not None:
                given[key] = value
        self.entity.join(given)
        notes: list[FieldError] = []
        values, beside = {}, {}
        try:
            country = given.get("country") or self._options.country or get_settings().country
            beside = self.entity.beside(given, country)
        except ValidationError as error:
            errors.extend(error.errors)
        try:
            values = self._clean(given, notes)
        except ValidationError as error:
            errors.extend(error.errors)
        if not errors and not any(values.get(name) for name in self.entity.named_by):
            errors.append(self.entity.nameless)
        if errors or KNOWN_BY in failed:
            errors += [_failed(key, cell) for key, cell in failed.items()]
            return ReadRow(number, {}, [self._shown(error) for error in errors])
        notes += [_left_out_for(key, cell) for key, cell in failed.items()]
        return ReadRow(number, {**values, **beside}, notes=[self._shown(note) for note in notes])

    def _clean(self, given: Mapping[str, Any], notes: list[FieldError]) -> dict[str, Any]:
        """Return the stored form; `notes` takes what is left behind for it."""
        country = given.get("country") or self._options.country
        said = given if country is None or "country" in given else {**given, "country": country}
        try:
            cleaned = self.entity.clean(said)
        except ValidationError as error:
            unread = [each for each in error.errors if self._is_unread_phone(each)]
            if len(unread) != len(error.errors):
                raise
            names = {each.pointer.removeprefix("/"): each.code for each in unread}
            notes += [_left_out(name, names[name], said) for name in sorted(names)]
            cleaned = self.entity.clean({k: v for k, v in said.items() if k not in names})
        for name in self.entity.amounts:
            if isinstance(cleaned.get(name), Decimal):
                cleaned[name] = cleaned[name].quantize(_STORED_DECIMALS)
        return {name: plain(value) for name, value in cleaned.items() if value is not None}

    def _is_unread_phone(self, error: FieldError) -> bool:
        name = error.pointer.removeprefix("/")
        return name in self.entity.phones and error.code in _UNREADABLE_PHONE

    def _shown(self, error: FieldError) -> dict[str, Any]:
        whole = error.pointer.removeprefix("/")
        dotted = whole.replace("/", ".")
        field = dotted if dotted in self._headers else whole.partition("/")[0]
        column = self._headers.get(field) or self._headers.get(f"{field}_2")
        return {
            "pointer": error.pointer, "code": error.code, "message": error.message,
            "params": {name: str(value) for name, value in error.params.items()}, "column": column,
        }  # fmt: skip

    def _parser(self, column: ImportColumn) -> Callable[[Cell, str], Any]:
        refine, parse = column.refine, self._plain_parser(column)
        if refine is None:
            return parse
        return lambda cell, at: None if (read := parse(cell, at)) is None else refine(read)

    def _plain_parser(self, column: ImportColumn) -> Callable[[Cell, str], Any]:
        parsers: dict[Meaning, Callable[[Cell, str], Any]] = {
            Meaning.TEXT: _text,
            Meaning.DECIMAL: lambda cell, at: parse_decimal(cell, self._locale, pointer=at),
            Meaning.COUNTRY: _country,
            Meaning.ROLES: _roles,
            Meaning.KIND: _kind,
            Meaning.USER: self._user,
            Meaning.DATE: lambda cell, at: parse_date(cell, self._locale, pointer=at),
            Meaning.INSTANT: lambda cell, at: _instant(cell, self._locale, at),
            Meaning.BOOLEAN: lambda cell, at: parse_boolean(cell, pointer=at),
            Meaning.WORD: lambda cell, at: self._word_of(column, cell, at),
            Meaning.WORDS: lambda cell, at: self._words_of(column, cell, at),
            Meaning.KEYED: _keyed,
        }
        return parsers[column.meaning]

    def _word_of(self, column: ImportColumn, cell: Cell, pointer: str) -> str | None:
        text = parse_text(cell)
        return None if text is None else self._words.code(column.catalogue, text, pointer)

    def _words_of(self, column: ImportColumn, cell: Cell, pointer: str) -> list[str] | None:
        return [self._words.code(column.catalogue, text, pointer) for text in _parts(cell)] or None

    def _user(self, cell: Cell, pointer: str) -> str | None:
        text = parse_text(cell)
        if text is None:
            return None
        return str(self._uploader.owner(text, pointer))


def _left_out(name: str, code: str, said: Mapping[str, Any]) -> FieldError:
    """Return that a row comes in without one of its phone numbers."""
    country = str(said.get("country") or get_settings().country).upper()
    return FieldError(
        f"/{name}", LEFT_OUT,
        _UNREADABLE_PHONE[code],
        {"country": country, "value": said[name]},
    )  # fmt: skip


def _failed(key: str, cell: CellError) -> FieldError:
    """Return that a cell of a row that stays out holds an error."""
    message = N_("The cell holds {error}, an error of the workbook and no value.")
    return FieldError(_pointer(key), "cell_error", message, {"error": cell.code})


def _left_out_for(key: str, cell: CellError) -> FieldError:
    """Return that a row comes in without what a cell with an error would have said."""
    message = N_("Left out, for the cell holds {error}, an error of the workbook and no value.")
    return FieldError(_pointer(key), LEFT_OUT, message, {"error": cell.code})


def _pointer(key: str) -> str:
    return "/" + key.replace(".", "/")


def _text(cell: Cell, pointer: str) -> str | None:
    del pointer
    return parse_text(cell)


def _instant(cell: Cell, locale: str, pointer: str) -> str | None:
    found = parse_datetime(cell, locale, pointer=pointer)
    if found is None:
        return None
    zone = found.tzinfo or ZoneInfo(get_settings().zone)
    return found.replace(tzinfo=zone).isoformat()


def _country(cell: Cell, pointer: str) -> str | None:
    del pointer
    text = parse_text(cell)
    if text is None:
        return None
    return _country_names().get(text.casefold(), text)


def _roles(cell: Cell, pointer: str) -> list[str] | None:
    text = parse_text(cell)
    if text is None:
        return None
    return [_word(_ROLES, word, pointer) for word in _parts(text.replace("/", ","))] or None


def _keyed(cell: Cell, pointer: str) -> list[str] | None:
    del pointer
    return _parts(cell) or None


def _parts(cell: Cell) -> list[str]:
    """Return what stands between commas, semicolons or line breaks."""
    text = (parse_text(cell) or "").replace(";", ",").replace("\n", ",")
    return [part for part in (each.strip() for each in text.split(",")) if part]


def _kind(cell: Cell, pointer: str) -> str | None:
    text = parse_text(cell)
    return None if text is None else _word(_KINDS, text, pointer)


def _word(words: Mapping[str, Any], text: str, pointer: str) -> str:
    found = words.get(text.casefold())
    if found is None:
        allowed = ", ".join(sorted({meant.value for meant in words.values()}))
        raise ValidationError.of(
            pointer, "unknown", N_("{value} is none of: {allowed}."),
            value=text[:100], allowed=allowed,
        )  # fmt: skip
    return str(found.value)


@cache
def _country_names() -> dict[str, str]:
    """Return the codes of countries by their names in our languages."""
    return {
        name.casefold(): code
        for language in LANGUAGES
        for code, name in Locale.parse(language).territories.items()
        if len(code) == 2 and code.isalpha()  # noqa: PLR2004 - ISO 3166-1 alpha-2
    }

"""The look at a workbook's archive before anything parses it: sizes are counted, never believed."""

import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

from hub.i18n import N_
from workers.reading.limits import FileRefusedError, Limits

_END_RECORD = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_ZIP64_LOCATOR_SIZE = 20
_ZIP64_SIGNATURE = b"PK\x06\x07"
_MAX_DIRECTORY_BYTES = 1024 * 1024  # 2,000 entries with names of reasonable length
_CHUNK_BYTES = 256 * 1024
_OVERLAP_BYTES = 10_000  # longer than what is searched for: a formula has 8,192 characters
_RATIO_FLOOR_BYTES = 1024 * 1024  # small parts may be as dense as they like
_ENCRYPTED_FLAG = 0x1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
# A cell with a formula and no value, unless it is the empty text of a formula that gives text.
_FORMULA_WITHOUT_VALUE = re.compile(
    rb"""<c(?![^<>]{0,200}\st=["']str["'])[^<>]{0,200}><f(?:\s[^<>]{0,200})?"""
    rb"""(?:/>|>[^<]{0,9000}</f>)(?:<v\s?/>|<v></v>)?</c>"""
)


def check_archive(path: Path, limits: Limits) -> None:
    """Return where the file is an archive of a workbook that may be handed to the parser.

    Raises:
        FileRefusedError: it is not, or it would unpack to more than the limits.
    """
    try:
        with path.open("rb") as stream:
            _check_directory_size(stream, limits)
            with zipfile.ZipFile(stream) as archive:
                entries = archive.infolist()
                _check_names(entries, limits)
                _check_kind(archive)
                _check_contents(archive, entries, path.stat().st_size, limits)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, struct.error) as error:
        if isinstance(error, FileRefusedError):
            raise
        raise _damaged() from error
    except (OSError, RuntimeError, zlib.error) as error:
        # zipfile tells of wrong offsets and passwords in the first two.
        raise _damaged() from error


def _check_directory_size(stream: IO[bytes], limits: Limits) -> None:
    """Refuse a directory of entries that would cost memory merely to list."""
    size = stream.seek(0, 2)
    tail_size = min(size, _END_RECORD.size + _ZIP64_LOCATOR_SIZE)
    stream.seek(size - tail_size)
    tail = stream.read()
    record = tail[-_END_RECORD.size :]
    if len(record) < _END_RECORD.size or record[:4] != _END_SIGNATURE:
        raise _damaged()  # cut off, or followed by something that is not the archive's
    if tail[:4] == _ZIP64_SIGNATURE:
        raise _damaged()  # no workbook within the limits needs 64-bit sizes
    _, _, _, _, entries, directory_bytes, _, comment_bytes = _END_RECORD.unpack(record)
    if comment_bytes:
        raise _damaged()
    if entries > limits.archive_entries or directory_bytes > _MAX_DIRECTORY_BYTES:
        raise _too_many_entries(limits)
    stream.seek(0)


def _check_names(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.archive_entries:
        raise _too_many_entries(limits)
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename
        folded = name.casefold()
        parts = name.split("/")
        unsafe = (
            name.startswith("/")
            or any(character in name for character in ("\\", ":", "\0"))
            or ".." in parts
            or not name.isprintable()
            or folded in seen
        )
        if unsafe:
            raise FileRefusedError(
                "file.unsafe_name", N_("The workbook holds a part with an unsafe name.")
            )
        seen.add(folded)
        if folded.endswith("vbaproject.bin"):
            raise _macro()
        if entry.flag_bits & _ENCRYPTED_FLAG:
            raise FileRefusedError("file.encrypted", N_("Remove the password and try again."))
        if entry.compress_type not in _METHODS:
            raise _damaged()


def _check_kind(archive: zipfile.ZipFile) -> None:
    names = set(archive.namelist())
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= names:
        raise FileRefusedError(
            "file.unknown_format", N_("The file is no workbook: save it as .xlsx or .csv.")
        )


def _check_contents(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], file_bytes: int, limits: Limits
) -> None:
    total = 0
    for entry in entries:
        unpacked = 0
        checks_xml = entry.filename.endswith((".xml", ".rels", ".vml"))
        rest = b""
        with archive.open(entry) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                unpacked += len(chunk)
                total += len(chunk)
                packed = max(min(entry.compress_size, file_bytes), 1)
                dense = unpacked > _RATIO_FLOOR_BYTES and unpacked > limits.ratio * packed
                if total > limits.unpacked_bytes or dense:
                    raise FileRefusedError(
                        "file.too_much_unpacked",
                        N_("The workbook unpacks to more than is reasonable."),
                    )
                if checks_xml:
                    _check_xml(rest + chunk, entry.filename)
                    rest = chunk[-_OVERLAP_BYTES:]


def _check_xml(text: bytes, name: str) -> None:
    # A workbook needs neither declarations nor another encoding than UTF-8; attacks need them.
    if b"\0" in text or _DECLARATION.search(text):
        raise FileRefusedError(
            "file.forbidden_xml", N_("The workbook holds declarations that no workbook needs.")
        )
    if name == "[Content_Types].xml" and b"macroenabled" in text.lower():
        raise _macro()
    if name.startswith("xl/worksheets/") and _FORMULA_WITHOUT_VALUE.search(text):
        raise FileRefusedError(
            "file.formula_without_value",
            N_("The workbook has formulas that were never calculated: open and save it in Excel."),
        )


def _damaged() -> FileRefusedError:
    return FileRefusedError("file.damaged", N_("The file is damaged or not complete."))


def _macro() -> FileRefusedError:
    return FileRefusedError("file.macro", N_("The workbook has macros: save it as plain .xlsx."))


def _too_many_entries(limits: Limits) -> FileRefusedError:
    return FileRefusedError(
        "file.too_many_entries",
        N_("The workbook consists of more than {limit} parts."),
        limit=limits.archive_entries,
    )

"""The one entrance: a file that somebody sent becomes a table, or is refused with the reason."""

import codecs
from pathlib import Path

from hub.i18n import N_
from workers.reading.csv_reading import read_csv
from workers.reading.limits import FileRefusedError, Limits
from workers.reading.tables import ANYWHERE, Place, Table
from workers.reading.workbook_reading import read_workbook

_HEAD_BYTES = 1024
_ARCHIVE = b"PK\x03\x04"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # [MS-CFB]: old Excel files, and encrypted new ones
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_OTHERS = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"\x1f\x8b",
    b"GIF8",
    b"Rar!",
    b"7z\xbc\xaf",
    b"{\\rtf",
)
_MARKUP = (
    "<!doctype html",
    "<html",
    "<head",
    "<meta",
    "<style",
    "<table",
    "<?xml",
    "mime-version:",
)


def read_rows(
    path: Path,
    *,
    declared_name: str = "",
    limits: Limits | None = None,
    place: Place = ANYWHERE,
) -> Table:
    """Return the rows of a CSV file or of a sheet of an xlsx workbook.

    The bytes decide what the file is; `declared_name` is only named in the refusal. The table has
    been read to its end when this returns. Close it after use.

    Raises:
        FileRefusedError: see its code; nothing was read.
    """
    allowed = limits or Limits()
    size = path.stat().st_size
    if size > allowed.file_bytes:
        raise FileRefusedError(
            "file.too_large",
            N_("The file is larger than {limit} MB."),
            limit=allowed.file_bytes // (1024 * 1024),
        )
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head.strip():
        raise FileRefusedError("file.empty", N_("The file holds no rows."))
    if head.startswith(_ARCHIVE):
        return read_workbook(path, allowed, place)
    if head.startswith(_COMPOUND):
        raise _compound_refusal(path)
    if (markup := _markup_refusal(head, declared_name)) is not None:
        raise markup
    if head.startswith(_OTHERS):
        raise FileRefusedError(
            "file.unknown_format",
            N_("{name} is neither a workbook (.xlsx) nor a CSV file."),
            name=repr(declared_name[:80]),
        )
    return read_csv(path, allowed, place)


def _compound_refusal(path: Path) -> FileRefusedError:
    if _ENCRYPTED_STREAM in path.read_bytes():
        return FileRefusedError("file.encrypted", N_("Remove the password and try again."))
    return FileRefusedError(
        "file.old_excel", N_("The workbook has the old format: save it as .xlsx.")
    )


def _markup_refusal(head: bytes, declared_name: str) -> FileRefusedError | None:
    """Return what to say of a file of tags, which many programs write and call a workbook."""
    is_wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = head.decode("utf-16" if is_wide else "utf-8", errors="ignore")
    text = text.lstrip("\ufeff \t\r\n").casefold()
    if not text.startswith(_MARKUP):
        return None
    is_xml = text.startswith("<?xml") and "<html" not in text
    message = (
        N_("{name} is an XML file, no workbook: open it in Excel and save it as .xlsx.")
        if is_xml
        else N_(
            "{name} is a web page (HTML), whatever it is called: open it in Excel and save it as"
            " .xlsx."
        )
    )
    return FileRefusedError(
        "file.xml" if is_xml else "file.html", message, name=repr(declared_name[:80])
    )

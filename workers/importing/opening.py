"""Opening an upload, in the encoding it has or is said to have."""

import codecs
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub import files
from hub.errors import NotFoundError
from hub.i18n import N_
from hub.imports.columns import header_key
from hub.imports.running import Upload
from workers.reading.files import read_rows
from workers.reading.limits import FileRefusedError
from workers.reading.tables import Place, Table

_CHUNK_LETTERS = 1024 * 1024
_ARCHIVE = b"PK\x03\x04"


@contextmanager
def opened(upload: Upload) -> Iterator[Table]:
    """Give the rows of an upload for the block.

    Raises:
        FileRefusedError: it cannot be read; the code says why.
        NotFoundError: the file is not kept any more.
    """
    path, name = files.path_of(upload.sha256), upload.file_name
    place = Place(
        upload.sheet,
        upload.header_row,
        lambda labels: len({header_key(label) for label in labels} & upload.headings),
    )
    if not path.exists():
        raise NotFoundError("file", name)
    if upload.encoding is None or _is_workbook(path):
        with read_rows(path, declared_name=name, place=place) as table:
            yield table
        return
    with tempfile.NamedTemporaryFile(suffix=".csv") as recoded:
        _recode(path, upload.encoding, Path(recoded.name))
        with read_rows(Path(recoded.name), declared_name=name, place=place) as table:
            yield table


def _is_workbook(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_ARCHIVE)) == _ARCHIVE


def _recode(path: Path, encoding: str, target: Path) -> None:
    try:
        known = codecs.lookup(encoding).name
    except LookupError as error:
        raise FileRefusedError(
            "file.unknown_encoding",
            N_("There is no encoding {encoding}."),
            encoding=encoding[:40],
        ) from error
    try:
        with (
            path.open(encoding=known, newline="") as source,
            target.open("w", encoding="utf-8", newline="") as sink,
        ):
            while text := source.read(_CHUNK_LETTERS):
                sink.write(text)
    except (UnicodeError, LookupError) as error:  # the latter for codecs that are not of text
        raise FileRefusedError(
            "file.encoding",
            N_("The file is not written in {encoding}."),
            encoding=known,
        ) from error

import io
import json
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workers.reading.makers import (
    HEAD,
    SHEET,
    make_workbook,
    with_parts,
    with_sheet,
    with_strings,
)
from workers.reading.files import read_rows
from workers.reading.limits import FileRefusedError, Limits

ROOT = Path(__file__).parents[3]
CELL = '<row r="{row}"><c r="{cell}" t="inlineStr"><is><t>x</t></is></c></row>'
LAUGHS = "<!DOCTYPE x [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(10)
) + "]>"  # fmt: skip


def zip_bomb() -> bytes:
    return with_parts({SHEET: HEAD.encode() + b" " * 120_000_000})


def dense_part() -> bytes:
    return with_parts({SHEET: HEAD.encode() + b" " * 3_000_000})


def many_small_bombs() -> bytes:
    return with_parts({f"xl/media/{n}.bin": b"\0" * 1_000_000 for n in range(120)})


def lying_sizes() -> bytes:
    """Say in the directory that the large sheet has ten bytes."""
    content = bytearray(dense_part())
    at = content.rfind(SHEET.encode()) - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    content[at + 24 : at + 28] = struct.pack("<L", 10)
    return bytes(content)


def many_entries() -> bytes:
    return with_parts({f"xl/media/{n}": b"" for n in range(10_000)})


def many_hidden_entries() -> bytes:
    content = bytearray(many_entries())
    content[-14:-10] = struct.pack("<2H", 9, 9)  # the end record counts nine
    return bytes(content)


def encrypted_stub() -> bytes:
    directory = "EncryptedPackage".encode("utf-16-le") + b"\0" * 480
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + directory


def encrypted_entry() -> bytes:
    content = bytearray(make_workbook())
    at = content.find(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


def zip64_locator() -> bytes:
    content = make_workbook()
    return content[:-22] + b"PK\x06\x07" + b"\0" * 16 + content[-22:]


def macro_content_type() -> bytes:
    with zipfile.ZipFile(io.BytesIO(make_workbook())) as archive:
        types = archive.read("[Content_Types].xml")
    changed = types.replace(b"sheet.main+xml", b"sheet.macroEnabled.main+xml")
    return with_parts({"[Content_Types].xml": changed})


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "external entity": (
        lambda: with_sheet(
            CELL.format(row=1, cell="A1"),
            before='<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        ),
        "file.forbidden_xml",
    ),
    "entity bomb in the sheet": (
        lambda: with_sheet("<row><c><v>&j;</v></c></row>", before=LAUGHS),
        "file.forbidden_xml",
    ),
    "entity bomb in the strings": (
        lambda: with_parts(
            {"xl/sharedStrings.xml": f"<?xml version='1.0'?>{LAUGHS}<sst/>".encode()}
        ),
        "file.forbidden_xml",
    ),
    "entity bomb in another encoding": (
        lambda: with_parts({SHEET: f"<?xml version='1.0'?>{LAUGHS}<a/>".encode("utf-16")}),
        "file.forbidden_xml",
    ),
    "declaration across two chunks": (
        lambda: with_parts({SHEET: os.urandom(131_070).hex().encode() + b"<!DOCTYPE x>"}),
        "file.forbidden_xml",
    ),
    "zip bomb": (zip_bomb, "file.too_much_unpacked"),
    "dense part": (dense_part, "file.too_much_unpacked"),
    "many small bombs": (many_small_bombs, "file.too_much_unpacked"),
    "lying sizes": (lying_sizes, "file.damaged"),
    "far cell": (
        lambda: with_sheet(CELL.format(row=1_048_576, cell="XFD1048576")),
        "file.too_many_rows",
    ),
    "far column": (lambda: with_sheet(CELL.format(row=1, cell="XFD1")), "file.too_many_columns"),
    "row beyond excel": (
        lambda: with_sheet(CELL.format(row=2_000_000_000, cell="A2000000000")),
        "file.damaged",
    ),
    "false dimension": (
        lambda: with_sheet(CELL.format(row=1, cell="A1"), dimension="A1:XFD1048576"),
        "file.false_dimension",
    ),
    "name that climbs": (lambda: with_parts({"../../etc/x": b""}), "file.unsafe_name"),
    "absolute name": (lambda: with_parts({"/etc/x": b""}), "file.unsafe_name"),
    "name with backslashes": (lambda: with_parts({"xl\\..\\x": b""}), "file.unsafe_name"),
    "name with a drive": (lambda: with_parts({"C:x": b""}), "file.unsafe_name"),
    "name in two spellings": (
        lambda: with_parts({"XL/WorkBook.xml": b""}),
        "file.unsafe_name",
    ),
    "many entries": (many_entries, "file.too_many_entries"),
    "many hidden entries": (many_hidden_entries, "file.too_many_entries"),
    "macro": (lambda: with_parts({"xl/vbaProject.bin": b"x"}), "file.macro"),
    "macro by its type": (macro_content_type, "file.macro"),
    "encrypted stub": (encrypted_stub, "file.encrypted"),
    "encrypted part": (encrypted_entry, "file.encrypted"),
    "old format": (lambda: encrypted_stub()[:512] + b"\0" * 512, "file.old_excel"),
    "half a file": (lambda: make_workbook()[: len(make_workbook()) // 2], "file.damaged"),
    "cut at the end": (lambda: make_workbook()[:-1], "file.damaged"),
    "something behind the end": (lambda: make_workbook() + b"x", "file.damaged"),
    "zip64 directory": (zip64_locator, "file.damaged"),
    "broken stream": (
        lambda: make_workbook()[:60] + b"\xff" * 40 + make_workbook()[100:],
        "file.damaged",
    ),
    "no workbook inside": (lambda: with_parts({"xl/workbook.xml": None}), "file.unknown_format"),
    "not xml": (lambda: with_parts({"xl/workbook.xml": b"hello"}), "file.damaged"),
    "a string that is missing": (
        lambda: with_sheet('<row r="1"><c r="A1" t="s"><v>99</v></c></row>'),
        "file.damaged",
    ),
    "a number of many digits": (
        lambda: with_sheet(f'<row r="1"><c r="A1"><v>{"1" * 200_000}</v></c></row>'),
        "file.damaged",
    ),
    "nested rows": (
        lambda: with_sheet("<row>" * 20_000 + "</row>" * 20_000),
        "file.empty",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_workbook_is_refused_in_no_time(tmp_path: Path, name: str) -> None:
    make, code = HOSTILE[name]
    path = tmp_path / "upload.xlsx"
    path.write_bytes(make())
    began = sum(os.times()[:4])

    with pytest.raises(FileRefusedError) as refusal:
        read_rows(path, declared_name="upload.xlsx")

    # Of processor time: half a second at most as a rule, minutes for whoever unpacks what is sent.
    assert sum(os.times()[:4]) - began < 5
    assert refusal.value.reason == code
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_all_of_them_leave_the_worker_alive_and_small(tmp_path: Path) -> None:
    paths = []
    for number, (make, _) in enumerate(HOSTILE.values()):
        path = tmp_path / f"{number}.xlsx"
        path.write_bytes(make())
        paths.append(str(path))
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(paths), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("measure_reading.py")), str(plan)],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
        env={"PYTHONPATH": str(ROOT)},
    )

    measured = json.loads(done.stdout)
    assert measured["refused"] == len(HOSTILE)
    assert measured["own_peak_bytes"] < 256 * 1024 * 1024
    assert measured["parser_peak_bytes"] < 256 * 1024 * 1024


def test_one_string_named_by_many_cells_fills_no_disk(tmp_path: Path) -> None:
    cells = '<c t="s"><v>0</v></c>' * 2
    rows = "".join(f'<row r="{n}">{cells}</row>' for n in range(1, 2000))
    path = tmp_path / "amplified.xlsx"
    path.write_bytes(with_strings(f"<si><t>{'x' * 30_000}</t></si>", rows))

    with pytest.raises(FileRefusedError) as refusal:
        read_rows(path, limits=Limits(parsed_bytes=4 * 1024 * 1024))

    assert refusal.value.reason == "file.too_complex"


@pytest.fixture(scope="module")
def heavy_workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workbook that is read where there is room for it, and only slowly."""
    strings = "".join(f"<si><t>{os.urandom(3).hex()}</t></si>" for _ in range(250_000))
    path = tmp_path_factory.mktemp("heavy") / "heavy.xlsx"
    path.write_bytes(with_strings(strings, CELL.format(row=1, cell="A1")))
    with read_rows(path) as table:
        assert table.header == ("x",)
    return path


@pytest.mark.parametrize(
    "limits",
    [Limits(parser_memory_bytes=45 * 1024 * 1024), Limits(parser_cpu_s=1), Limits(parser_wall_s=1)],
    ids=["memory", "processor", "clock"],
)
def test_a_parser_that_takes_too_much_dies_alone(heavy_workbook: Path, limits: Limits) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        read_rows(heavy_workbook, limits=limits)

    assert refusal.value.reason == "file.too_complex"


def test_a_file_larger_than_allowed_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"a;b\n" * 400_000)

    with pytest.raises(FileRefusedError) as refusal:
        read_rows(path, limits=Limits(file_bytes=1024 * 1024))

    assert str(refusal.value) == "/file: The file is larger than 1 MB."

"""What people get back of an import: the result workbook and the template."""

import io
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine, select

from hub import files, reactions
from hub.access.models import User
from hub.access.roles import FieldClass, Role
from hub.custom_fields import FieldType
from hub.custom_fields import services as custom_fields
from hub.db import transaction
from hub.errors import PostponedError
from hub.files.models import StoredFile
from hub.imports import added, templates
from hub.imports.models import ImportJob
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from tests.hub.imports.uploads import apply, customers, import_job, lines, run, undo, upload
from tests.workers.reading.makers import make_workbook
from workers.importing import templates as rendering

pytestmark = pytest.mark.usefixtures("database")

FILE = lines(
    "id;Navn;CVR;Ukendt",
    "1;Nordlys ApS;99000007;=1+1",
    "2;Forkert;123;x",
    "1;Nordlys ApS;99000007;igen",
)


def result(import_id: UUID) -> list[tuple[Any, ...]]:
    run(TaskName.RENDER_IMPORT_RESULT)
    with transaction() as session:
        job = session.get_one(ImportJob, import_id)
        kept = session.get_one(StoredFile, job.result_file_id)
    with files.open_content(kept.sha256) as stream:
        book = load_workbook(io.BytesIO(stream.read()))
    assert kept.name == "kunder-result.xlsx"
    return [tuple(cell.value for cell in row) for row in book.worksheets[0].iter_rows()]


def test_the_result_has_the_users_rows_with_number_outcome_and_reason() -> None:
    import_id = upload(FILE)

    planned = result(import_id)
    apply(import_id)
    applied = result(import_id)
    undo(import_id)
    undone = result(import_id)

    assert planned[0] == ("id", "Navn", "CVR", "Ukendt", "Row", "Outcome", "Reason")
    assert planned[1][:6] == ("1", "Nordlys ApS", "99000007", "=1+1", 2, "To be created")
    assert planned[2][4:6] == (3, "Refused")
    assert planned[2][6].startswith("CVR: ")
    assert planned[3][4:] == (
        4, "Nothing to do", "It is the same customer as row 2.",
    )  # fmt: skip
    assert [row[5] for row in applied[1:]] == ["Created", "Refused", "Nothing to do"]
    assert [row[5] for row in undone[1:]] == ["Taken back", "Refused", "Nothing to do"]


def test_errors_of_a_workbook_become_no_values_and_the_result_says_which_cell_held_which() -> None:
    import_id = upload(
        make_workbook(
            [["Navn", "By", "Farve"], ["#REF!", "Odense", "rød"], ["Nordlys", "#N/A", "#DIV/0!"]]
        )
    )

    apply(import_id)
    found = result(import_id)

    assert [(customer.name, customer.city) for customer in customers()] == [("Nordlys", None)]
    assert [row[:5] for row in found[1:]] == [
        (None, "Odense", "rød", 2, "Refused"), ("Nordlys", None, None, 3, "Created"),
    ]  # fmt: skip
    assert [row[5].splitlines() for row in found[1:]] == [
        [
            "Navn: A name or a CVR number is needed.",
            "Navn: The cell holds #REF!, an error of the workbook and no value.",
        ],
        ["By: Left out, for the cell holds #N/A, an error of the workbook and no value."],
    ]


def test_a_new_result_takes_the_place_of_the_former() -> None:
    import_id = upload(FILE)
    result(import_id)
    apply(import_id)
    result(import_id)

    with transaction() as session:
        kept = session.query(StoredFile).order_by(StoredFile.id).all()
    assert [file.name for file in kept] == ["kunder.csv", "kunder-result.xlsx"]
    assert import_job(import_id).result_file_id == kept[1].id


def test_the_result_is_in_the_uploaders_language() -> None:
    with transaction() as session:
        anna = User(email="anna@hub.example", name="Anna", roles=[Role.ADMINISTRATOR], locale="da")
        session.add(anna)
    import_id = upload(FILE)
    with transaction() as session:
        session.get_one(ImportJob, import_id).owner_user_id = anna.id
    run(TaskName.RENDER_IMPORT_RESULT)  # the one that the upload asked for

    with transaction() as session:
        job = session.get_one(ImportJob, import_id)
        kept = session.get_one(StoredFile, job.result_file_id)
    with files.open_content(kept.sha256) as stream:
        sheet = load_workbook(io.BytesIO(stream.read())).worksheets[0]
    assert [cell.value for cell in sheet[1]][4:] == ["Række", "Resultat", "Årsag"]
    assert sheet.cell(2, 6).value == "Oprettes"
    assert kept.name == "kunder-resultat.xlsx"


def test_templates_are_rendered_once_for_each_version(tmp_path: Path) -> None:
    with transaction() as session:
        with pytest.raises(PostponedError):
            templates.workbook(session, "customers", "da")
        templates.ask_where_outdated(session)
    run(TaskName.RENDER_IMPORT_TEMPLATES)

    with transaction() as session:
        danish = templates.workbook(session, "customers", "da_DK")
        english = templates.workbook(session, "customers", "en")
        assert templates.outdated(session) == []
    headers = [cell.value for cell in load_workbook(io.BytesIO(danish)).worksheets[0][1]]
    assert headers[:4] == ["Ekstern reference", "Navn", "CVR-nummer", "EAN"]
    assert danish != english


@pytest.mark.parametrize("language", ["en", "da"])
def test_a_filled_in_template_is_understood_to_its_last_column(
    database: Engine, language: str
) -> None:
    with transaction() as session:
        template = templates.Template(
            "customers", language, added.template_columns(session, "customers")
        )
    book = load_workbook(io.BytesIO(rendering.render(template)))
    sheet = book.worksheets[0]
    labels = [cell.value for cell in sheet[1]]
    for index, label in enumerate(labels, 1):
        sheet.cell(2, index).value = "Nordlys" if label in {"Name", "Navn"} else None
    target = io.BytesIO()
    book.save(target)

    job = import_job(upload(target.getvalue(), name="template.xlsx"))

    assert job.columns is not None
    assert [column["field"] for column in job.columns if column["field"] is None] == []
    assert job.counters == {"items": 1, "create": 1}


def test_fields_of_ones_own_stand_in_the_templates_but_for_the_sensitive_ones() -> None:
    reactions.install()
    rendering.draw_outdated()
    with transaction() as session:
        for key, kind in (("berths", "public"), ("fee", "internal"), ("secret_no", "sensitive")):
            custom_fields.create(session, {
                "entity_name": "customer", "key": key, "type": FieldType.TEXT,
                "label": key.title(), "field_class": FieldClass(kind),
            })  # fmt: skip
    with transaction() as session:
        asked = session.scalars(select(Job).where(Job.task == TaskName.RENDER_IMPORT_TEMPLATES))
        assert len(asked.all()) == 1
        content = templates.csv_file(session, "customers", "en").decode()

    assert content.rstrip().endswith(",Shipping city,Berths,Fee")
    assert rendering.draw_outdated() == 2


@pytest.mark.parametrize(
    ("language", "first"), [("da", "Ekstern reference;Navn;"), ("en", "External reference,Name,")]
)
def test_the_csv_template_is_separated_as_the_readers_spreadsheet_wants(
    language: str, first: str
) -> None:
    with transaction() as session:
        content = templates.csv_file(session, "customers", language)

    assert content.startswith(b"\xef\xbb\xbf" + first.encode())
    assert content.endswith(b"\r\n")

"""Templates of imports: the workbooks that the workers have rendered, and the CSV made at once."""

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from babel.numbers import get_decimal_symbol
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.db import new_id
from hub.errors import NotFoundError, PostponedError
from hub.history.recording import PendingEvent
from hub.i18n import LANGUAGES, N_, language_of, locale_of, translate
from hub.imports.added import template_columns
from hub.imports.columns import ImportColumn
from hub.imports.entities import ENTITIES
from hub.imports.models import ImportTemplate
from hub.ledger.enqueueing import enqueue
from hub.ledger.tasks import TaskName

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
_SOON = timedelta(seconds=2)
_RENDERING = 1  # raised when the workbook comes to look otherwise


@dataclass(frozen=True, slots=True)
class Template:
    """What people fill in to import an entity, in a language."""

    entity_name: str
    language: str
    columns: tuple[ImportColumn, ...]

    @property
    def fingerprint(self) -> str:
        """What it is made of: another one means that it is to be rendered anew."""
        told = [
            [column.key, translate(self.language, column.label),
             translate(self.language, column.explanation), column.example, column.required,
             column.choices]
            for column in self.columns
        ]  # fmt: skip
        return hashlib.sha256(repr((_RENDERING, told)).encode()).hexdigest()


def outdated(session: Session) -> list[Template]:
    """Return the templates that are missing or of another version."""
    known = {
        (row.entity_name, row.language): row.fingerprint
        for row in session.execute(
            select(
                ImportTemplate.entity_name, ImportTemplate.language, ImportTemplate.fingerprint
            ).where(ImportTemplate.media_type == XLSX)
        )
    }
    wanted = [
        Template(entity_name, language, template_columns(session, entity_name))
        for entity_name in ENTITIES
        for language in LANGUAGES
    ]
    return [
        each for each in wanted if known.get((each.entity_name, each.language)) != each.fingerprint
    ]


def ask_where_outdated(session: Session) -> None:
    """Ask for the templates to be rendered, where this version's are not there."""
    if outdated(session):
        enqueue(session, TaskName.RENDER_IMPORT_TEMPLATES, key="templates")


def follow(session: Session, made: PendingEvent) -> None:
    """Have the templates offer the installation's own fields as they are now."""
    del made
    ask_where_outdated(session)


def store(session: Session, rendered: Mapping[Template, bytes]) -> None:
    """Keep rendered workbooks."""
    for template, content in rendered.items():
        statement = insert(ImportTemplate).values(
            id=new_id(),
            entity_name=template.entity_name,
            language=template.language,
            media_type=XLSX,
            fingerprint=template.fingerprint,
            content=content,
        )
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["entity_name", "language", "media_type"],
                set_={
                    "fingerprint": statement.excluded.fingerprint,
                    "content": statement.excluded.content,
                },
            )
        )


def workbook(session: Session, entity_name: str, preferred: str | None) -> bytes:
    """Return the workbook to fill in, in the reader's language.

    Raises:
        NotFoundError: there is no such import.
        PostponedError: no worker has rendered it yet.
    """
    _require(entity_name)
    content = session.scalar(
        select(ImportTemplate.content).where(
            ImportTemplate.entity_name == entity_name,
            ImportTemplate.language == language_of(preferred),
            ImportTemplate.media_type == XLSX,
        )
    )
    if content is None:
        raise PostponedError(N_("The template is being made; try again in a moment."), _SOON)
    return content


def csv_file(session: Session, entity_name: str, preferred: str | None) -> bytes:
    """Return a CSV file of headers alone, in the reader's language and with his separator.

    Raises:
        NotFoundError: there is no such import.
    """
    _require(entity_name)
    has_comma = get_decimal_symbol(locale_of(preferred)) == ","
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=";" if has_comma else ",").writerow(
        translate(preferred, column.label) for column in template_columns(session, entity_name)
    )
    return target.getvalue().encode("utf-8-sig")  # the mark tells Excel that it is UTF-8


def _require(entity_name: str) -> None:
    if entity_name not in ENTITIES:
        raise NotFoundError("import", entity_name)

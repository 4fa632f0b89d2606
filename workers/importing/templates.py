"""Rendering the workbooks that people fill in."""

import io
from collections.abc import Iterable

from hub.db import transaction
from hub.imports import templates
from hub.imports.columns import ImportColumn, Meaning
from hub.imports.templates import Template
from hub.settings import get_settings
from workers.rendering.columns import ColumnKind
from workers.rendering.import_workbooks import TemplateColumn, write_template
from workers.rendering.readers import Reader

_KINDS = {Meaning.DECIMAL: ColumnKind.DECIMAL}


def draw_outdated() -> int:
    """Render and keep the templates of this version that are not there yet; returns how many."""
    with transaction() as session:
        wanted = templates.outdated(session)
    rendered = render_all(wanted)
    with transaction() as session:
        templates.store(session, rendered)
    return len(rendered)


def render_all(wanted: Iterable[Template]) -> dict[Template, bytes]:
    """Return the workbook of each template."""
    return {template: render(template) for template in wanted}


def render(template: Template) -> bytes:
    """Return the workbook of a template."""
    target = io.BytesIO()
    columns = [_column(each) for each in template.columns]
    write_template(target, columns, Reader(template.language, get_settings().zone))
    return target.getvalue()


def _column(column: ImportColumn) -> TemplateColumn:
    return TemplateColumn(
        column.key,
        column.label,
        _KINDS.get(column.meaning, ColumnKind.TEXT),
        required=column.required,
        meaning=column.explanation,
        example=column.example,
        choices=column.choices,
    )

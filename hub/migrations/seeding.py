"""Puts in what Hub brings: the first entries of catalogues, workflows, sequences of numbers.

What is there stays as it is, changed, retired or taken away; so a later release can bring more.
"""

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_new
from sqlalchemy.orm import Session

from hub import numbering
from hub.catalogues.declaring import CATALOGUES
from hub.catalogues.models import CatalogueEntry
from hub.db import new_id
from hub.workflow.definition import store
from hub.workflow.models import Status, Workflow
from hub.workflow.templates import TEMPLATES

_DIGITS = 4  # of the first numbers
_APART = 10  # between two places, so that one can be put between them


def seed(connection: Connection) -> None:
    """Put in what is not there yet."""
    with Session(connection, join_transaction_mode="create_savepoint") as session, session.begin():
        _seed_catalogues(session)
        _seed_workflows(session)
        for kind, prefix in (("lead", "L-"), ("opportunity", "O-")):
            numbering.ensure(session, kind, prefix=prefix, minimum_digits=_DIGITS)


def _seed_catalogues(session: Session) -> None:
    rows = [
        {
            "id": new_id(), "catalogue": catalogue.name, "code": code, "label": label,
            "sort": place * _APART,
        }
        for catalogue in CATALOGUES.values()
        for place, (code, label) in enumerate(catalogue.first.items(), 1)
    ]  # fmt: skip
    session.execute(insert_new(CatalogueEntry).on_conflict_do_nothing(), rows)


def _seed_workflows(session: Session) -> None:
    known = {(row.entity_name, row.code) for row in session.execute(_KNOWN)}
    defaults = {row.entity_name for row in session.execute(_KNOWN.where(Workflow.is_default))}
    for entity, templates in TEMPLATES.items():
        for place, template in enumerate(templates):
            if (entity, template.code) in known:
                continue
            identifier = new_id()
            session.execute(
                insert(Workflow).values(
                    id=identifier, entity_name=entity, code=template.code, name=template.name,
                    status=Status.LIVE, is_default=place == 0 and entity not in defaults,
                )
            )  # fmt: skip
            store(session, session.get_one(Workflow, identifier), template.definition)


_KNOWN = select(Workflow.entity_name, Workflow.code)

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import files
from hub.access.callers import principal_of
from hub.access.models import User
from hub.access.predicates import visible
from hub.access.roles import Role, Verb
from hub.errors import ConflictError, ForbiddenError, ValidationError
from hub.ledger.models import Job
from hub.reports import exports
from hub.reports.datasets import DATASETS
from hub.reports.file_orders import FileOutcome
from hub.reports.models import Export, ExportState, FileFormat
from tests.hub.reports.office import NOW, ended, make_user, reader_of


def ask(session: Session, user: User) -> Export:
    export, _ = exports.request(
        session,
        DATASETS["customers"],
        query={"filter": {"owner": {"eq": "me"}}},
        format=FileFormat.XLSX,
        reader=reader_of(user),
    )
    return export


def test_an_export_waits_with_its_job_in_the_language_of_who_asked(session: Session) -> None:
    anna = make_user(session, "Anna", locale="da")

    export = ask(session, anna)
    session.commit()

    assert export.state is ExportState.WAITING
    assert (export.locale, export.zone) == ("da", "Europe/Copenhagen")
    assert export.query == {"filter": {"owner": {"eq": "me"}}}
    job = session.scalars(select(Job)).one()
    assert job.id == export.job_id
    assert job.args == {"export_id": str(export.id)}
    assert job.queue == "bulk"


def test_two_of_a_persons_exports_run_at_once_and_the_others_behind_them(
    session: Session,
) -> None:
    anna, bo = make_user(session, "Anna"), make_user(session, "Bo")

    for user in (anna, anna, anna, anna, bo):
        ask(session, user)
    session.commit()

    keys = session.scalars(select(Job.serial_key).order_by(Job.id)).all()
    assert sorted(str(key) for key in keys) == sorted(
        [f"export:{anna.id}:{lane}" for lane in (0, 1, 0, 1)] + [f"export:{bo.id}:0"]
    )


def test_nobody_waits_for_more_than_twenty(session: Session) -> None:
    anna, bo = make_user(session, "Anna"), make_user(session, "Bo")
    asked = [ask(session, anna) for _ in range(exports.MOST_WAITING)]

    with pytest.raises(ConflictError) as refused:
        ask(session, anna)
    assert refused.value.code == "too_many_exports"
    assert refused.value.details == {"waiting": 20, "most": 20}

    ask(session, bo)
    asked[0].state = ExportState.DONE
    session.flush()
    ask(session, anna)


def test_a_query_that_the_list_does_not_know_is_refused(session: Session) -> None:
    with pytest.raises(ValidationError) as refused:
        exports.request(
            session,
            DATASETS["customers"],
            query={"fields": ["shoe_size"]},
            format=FileFormat.CSV,
            reader=reader_of(make_user(session, "Anna")),
        )

    assert [(e.pointer, e.code) for e in refused.value.errors] == [
        ("/query/fields", "unknown_field")
    ]


def test_the_right_is_looked_up_again_when_the_file_is_made(
    session: Session,
) -> None:
    anna = make_user(session, "Anna")
    export = ask(session, anna)
    anna.roles = [Role.VIEWER.value]
    session.commit()

    with pytest.raises(ForbiddenError, match="customers:export") as refused:
        exports.begin(session, export.id, now=NOW)
    session.rollback()
    exports.note_setback(session, ended(export.id, refused.value))

    assert export.state is ExportState.FAILED
    assert export.message is not None
    assert export.message["params"] == {"name": "Anna", "permission": "customers:export"}


def test_an_export_is_made_in_the_language_that_was_asked_for_and_named_after_its_list(
    session: Session,
) -> None:
    anna = make_user(session, "Anna", locale="da")
    export = ask(session, anna)
    session.commit()
    anna.locale = "en"

    order = exports.begin(session, export.id, now=NOW)

    assert order is not None
    assert order.query.reader.locale == "da"
    assert order.file_name.startswith("Kunder 20")
    assert export.state is ExportState.RENDERING


def test_a_finished_export_has_its_manifest_and_is_not_made_again(session: Session) -> None:
    export = ask(session, make_user(session, "Anna"))
    order = exports.begin(session, export.id, now=NOW)
    assert order is not None

    outcome = FileOutcome(NOW, 2, 2, files.put(b"file"))
    exports.record_made(session, export.id, order, outcome, now=NOW)

    assert (export.state, export.row_count, export.size_bytes) == (ExportState.DONE, 2, 4)
    assert export.expires_at == NOW + timedelta(days=7)
    assert exports.begin(session, export.id, now=NOW) is None


def test_an_export_that_lacks_rows_is_partial(session: Session) -> None:
    export = ask(session, make_user(session, "Anna"))
    order = exports.begin(session, export.id, now=NOW)
    assert order is not None

    exports.record_made(
        session, export.id, order, FileOutcome(NOW, 2, 9, files.put(b"file")), now=NOW
    )

    assert export.state is ExportState.PARTIAL
    assert export.message is not None
    assert export.message["code"] == "too_many_rows"


def test_an_export_is_seen_by_who_asked_and_by_an_administrator(session: Session) -> None:
    anna, bo = make_user(session, "Anna"), make_user(session, "Bo")
    chief = make_user(session, "Chief", role=Role.ADMINISTRATOR)
    ask(session, anna)

    def seen(user: User) -> int:
        principal = principal_of(session, user)
        query = select(Export.id).where(visible(principal, Verb.READ, Export))
        return len(session.scalars(query).all())

    assert [seen(user) for user in (anna, bo, chief)] == [1, 0, 1]

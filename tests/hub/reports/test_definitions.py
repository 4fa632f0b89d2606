import pytest
from sqlalchemy.orm import Session

from hub.errors import ConflictError, ValidationError
from hub.reports import definitions, schedules
from hub.reports.models import ReportDef
from tests.hub.reports.office import NOW, make_report, make_schedule, make_user, reader_of


def test_a_query_is_kept_as_it_was_asked_relative_values_included(session: Session) -> None:
    anna = make_user(session, "Anna")

    report = make_report(
        session,
        anna,
        {
            "filter": {"owner": "me", "last_note_at": {"lt": "-30d"}},
            "sort": ["-last_note_at"],
            "fields": ["name", "phone"],
        },
    )

    assert report.query == {
        "filter": {"owner": {"eq": "me"}, "last_note_at": {"lt": "today-30d"}},
        "sort": ["-last_note_at"],
        "fields": ["name", "phone"],
    }
    assert report.owner_user_id == anna.id
    assert report.entity() == "report"


def test_me_is_whoever_reads_the_report(session: Session) -> None:
    anna, bo = make_user(session, "Anna"), make_user(session, "Bo")
    report = make_report(session, anna, {"filter": {"owner": {"eq": "me"}}})

    asked = [
        definitions.query_for(report, reader_of(user)).conditions[0].values for user in (anna, bo)
    ]

    assert asked == [(anna.id,), (bo.id,)]


def test_a_query_that_the_list_does_not_know_is_refused_where_it_stands(session: Session) -> None:
    anna = make_user(session, "Anna")
    session.commit()

    with pytest.raises(ValidationError) as refused:
        make_report(session, anna, {"filter": {"shoe_size": 44}, "sort": ["phone"]})

    assert [(e.pointer, e.code) for e in refused.value.errors] == [
        ("/query/filter/shoe_size/eq", "unknown_field"),
        ("/query/sort", "unknown_sort"),
    ]
    assert session.query(ReportDef).count() == 0


def test_a_change_replaces_the_whole_query(session: Session) -> None:
    anna = make_user(session, "Anna")
    report = make_report(session, anna, {"filter": {"city": "Aarhus"}, "sort": ["city"]})
    session.commit()

    definitions.update(
        session,
        report,
        {"name": "Open", "query": {"filter": {"country": "DK"}}},
        reader=reader_of(anna),
    )

    assert (report.name, report.query) == ("Open", {"filter": {"country": {"eq": "DK"}}})
    assert report.version == 2


def test_a_report_with_schedules_is_not_taken_away_before_them(session: Session) -> None:
    anna = make_user(session, "Anna")
    report = make_report(session, anna)
    schedule = make_schedule(session, report, [anna.id])

    with pytest.raises(ConflictError) as refused:
        definitions.delete(session, report, now=NOW)
    assert refused.value.code == "in_use"
    assert refused.value.details["blockers"] == [{"entity": "schedule", "id": str(schedule.id)}]
    assert report.deleted_at is None

    schedules.delete(session, schedule, now=NOW)
    definitions.delete(session, report, now=NOW)
    assert report.deleted_at == NOW

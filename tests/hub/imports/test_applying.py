from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from hub import matching
from hub.clock import utcnow
from hub.customers import bulk, facts
from hub.customers import services as customer_services
from hub.customers.models import Customer, FieldFact
from hub.db import transaction
from hub.duplicates.models import DupCandidate, DupState
from hub.history import sealing
from hub.history.models import Event
from hub.imports import applying, running, services
from hub.imports.models import ImportState
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from hub.planning import request_application, request_undo
from hub.plans import services as plans
from tests.hub.imports.uploads import (
    actions,
    apply,
    customers,
    import_file,
    import_job,
    lines,
    outcomes,
    reasons,
    rows,
    run,
    upload,
)

pytestmark = pytest.mark.usefixtures("database")

VALUES: dict[str, Any] = {
    "name": "Nordlys ApS", "cvr": "99000007", "phone": "+4570000007", "city": "Aarhus",
    "email": "info@nordlys.example", "address": "Prøvevej 12", "external_ref": "1",
}  # fmt: skip


def change(**fields: Any) -> None:
    with transaction() as session:
        [customer] = session.scalars(select(Customer).where(Customer.deleted_at.is_(None)))
        customer_services.update(session, customer, fields, now=utcnow())


def test_a_customer_made_in_a_set_is_what_one_made_alone_is() -> None:
    now = utcnow()
    other = VALUES | {"external_ref": "2"}
    with transaction() as session:
        alone = customer_services.create(
            session, VALUES, now=now, check_duplicates=False, channel="import"
        )
        facts.keep_written(session, alone, CauseKind.IMPORT, "plan", VALUES, at=now)
    with transaction() as session:
        [made] = bulk.create_many(
            session, [other], prepared=[None], channel="import", origin=CauseKind.IMPORT,
            source="plan", now=now,
        )  # fmt: skip

    apart = ["id", "external_ref", "created_at", "updated_at", "search_text"]
    with transaction() as session:
        both = {
            row["id"]: {name: value for name, value in row.items() if name not in apart}
            for row in session.execute(text("select * from customer")).mappings()
        }
        events = {
            event.subject_id: (event.type, event.changes, event.cause_kind, event.user_id)
            for event in session.scalars(select(Event))
        }
        kept = {
            customer_id: sorted(
                session.execute(
                    select(FieldFact.field, FieldFact.value, FieldFact.origin).where(
                        FieldFact.customer_id == customer_id
                    )
                ).all()
            )
            for customer_id in (alone.id, made)
        }
        keys = {
            row.record_id: (row.compared, sorted(row.keys))
            for row in session.execute(text("select record_id, compared, keys from match_party"))
        }
        found = matching.find(session, "customer", customer_services.party_of(other), exclude=made)
        texts = list(session.scalars(select(Customer.search_text)))
        sealed = sealing.seal(session)
        broken = sealing.verify(session)
    assert both[alone.id] == both[made]
    alone_event, made_event = events[alone.id], events[made]
    assert alone_event[1] is not None
    assert made_event[1] == alone_event[1] | {"external_ref": [None, "2"]}
    assert (made_event[0], made_event[2:]) == (alone_event[0], alone_event[2:])
    assert [row for row in kept[made] if row.field != "external_ref"] == [
        row for row in kept[alone.id] if row.field != "external_ref"
    ]
    assert keys[alone.id] == keys[made]
    assert [candidate.record_id for candidate in found] == [alone.id]
    assert len(set(texts)) == 1
    assert (sealed, broken) == (2, None)


def test_reactions_hear_of_every_customer_that_a_set_makes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from hub.history import recording

    heard: list[str] = []
    monkeypatch.setattr(
        recording,
        "_REACTIONS",
        {"customer": [lambda _, event: heard.append(event.changes["name"][1])]},
    )

    import_file(lines("Navn", "Nordlys", "Bølgebryder"))

    assert heard == ["Nordlys", "Bølgebryder"]


def test_a_reference_taken_since_the_preview_fails_its_row_and_no_other() -> None:
    job = upload(lines("id;Navn", "1;Nordlys", "2;Bølgebryder", "3;Kajgade"))
    with transaction() as session:
        customer_services.create(session, {"name": "Først", "external_ref": "2"}, now=utcnow())

    done = apply(job)

    assert (done.state, outcomes(rows(job))) == (ImportState.PARTIAL, ["done", "failed", "done"])
    assert reasons(rows(job)[1]) == ["taken"]
    assert sorted(c.name for c in customers()) == ["Først", "Kajgade", "Nordlys"]


def test_a_customer_that_came_since_the_preview_is_not_made_again() -> None:
    job = upload(
        lines(
            "Navn;Tlf;Mail",
            "Nordlys Testværk;70000007;info@nordlys.example",
            "Bølgebryder A/S;70000023;info@bolgebryder.example",
        )
    )
    came = {"name": "Nordlys Testværk ApS", "phone": "70000007", "email": "info@nordlys.example"}
    with transaction() as session:
        known = customer_services.create(session, came, now=utcnow())

    apply(job)

    skipped, done = rows(job)
    assert (skipped.outcome, reasons(skipped), done.outcome) == (
        "skipped", ["came_meanwhile"], "done",
    )  # fmt: skip
    assert (skipped.errors or [])[0]["params"] == {
        "name": "Nordlys Testværk ApS",
        "customer_id": str(known.id),
    }
    assert [c.name for c in customers()] == ["Nordlys Testværk ApS", "Bølgebryder A/S"]


def test_one_who_came_since_the_preview_and_is_reached_otherwise_is_another_and_a_pair() -> None:
    job = upload(
        lines(
            "Navn;Kundetype;Adresse;Postnr;Mail",
            "Signe Prøvestein;Person;Prøvevej 12;8000;anden@gmail.example",
            "Bo Bølge;Person;Havnen 1;9990;",
        )
    )
    came = (
        {"name": "Signe Prøvestein", "address": "Prøvevej 12", "postcode": "8000"}
        | {"kind": "person", "email": "signe@gmail.example"},
        {"name": "Bo Bølge", "kind": "person", "address": "Havnen 1", "postcode": "9990"},
    )
    with transaction() as session:
        signe, _ = (customer_services.create(session, each, now=utcnow()) for each in came)

    apply(job)
    run(TaskName.FIND_DUPLICATES)

    done, skipped = rows(job)
    assert (done.outcome, skipped.outcome, reasons(skipped)) == (
        "done", "skipped", ["came_meanwhile"],
    )  # fmt: skip
    assert [c.email for c in customers()] == ["signe@gmail.example", None, "anden@gmail.example"]
    with transaction() as session:
        [pair] = session.scalars(select(DupCandidate))
        assert {pair.a_id, pair.b_id} == {signe.id, done.record_id}
        assert pair.state is DupState.OPEN


def test_a_row_that_joined_one_that_failed_is_not_passed_over_in_silence() -> None:
    job = upload(
        lines(
            "id;Navn;Tlf;Mail",
            "1;Nordlys Testværk;70000007;info@nordlys.example",
            ";Nordlys Testværk ApS;70000007;info@nordlys.example",
        )
    )
    with transaction() as session:
        customer_services.create(session, {"name": "Først", "external_ref": "1"}, now=utcnow())

    apply(job)

    assert [(i.outcome, reasons(i)) for i in rows(job)] == [
        ("failed", ["taken"]),
        ("failed", ["leader_failed"]),
    ]


def test_what_follows_rows_that_failed_is_looked_up_in_a_few_readings_of_the_file() -> None:
    refused = [f"r{number};Firma {number};123" for number in range(300)]
    pairs = [f"{number};Nordlys {number} Testværk;" for number in range(3)]
    twice = [line for line in pairs for line in (line, line)]
    job_id = upload(lines("id;Navn;CVR", *refused, *twice))
    with transaction() as session:
        for reference, name in (("0", "Bølgebryder"), ("2", "Kajgade")):
            values = {"name": name, "external_ref": reference}
            customer_services.create(session, values, now=utcnow())
    plan_id = import_job(job_id).plan_id
    assert plan_id is not None
    with transaction() as session:
        plan = plans.get(session, plan_id, lock=True)
        plans.start(plan, now=utcnow())
        while applying.apply_batch(session, plan, now=utcnow()):
            pass

    with transaction() as session:
        # The worst that a planner without statistics can choose: it compares all with all.
        for way in ("hashjoin", "mergejoin", "material", "memoize", "indexscan", "bitmapscan"):
            session.execute(text(f"set local enable_{way} = off"))
        before = rows_read(session)
        applying.fail_followers(session, plans.get(session, plan_id), '[{"code": "leader_failed"}]')
        read = rows_read(session) - before

    assert read <= 3 * len(rows(job_id))
    assert [(i.outcome, reasons(i)) for i in rows(job_id)[len(refused) :]] == [
        ("failed", ["taken"]), ("failed", ["leader_failed"]),
        ("done", []), ("skipped", ["same_as_row"]),
        ("failed", ["taken"]), ("failed", ["leader_failed"]),
    ]  # fmt: skip
    assert set(outcomes(rows(job_id)[: len(refused)])) == {"skipped"}


def rows_read(session: Session) -> int:
    """Return how many rows of plan items this transaction has looked at."""
    counted = text("""
        select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables
        where relname = 'plan_item'
    """)
    return int(session.scalars(counted).one())


def test_a_customer_changed_since_the_preview_is_left_alone_and_listed() -> None:
    import_file(lines("id;Navn", "1;Nordlys"))
    job = upload(lines("id;Navn;By", "1;Nordlys;Aarhus"))
    change(phone="70000001")

    apply(job)

    [item] = rows(job)
    assert (item.outcome, reasons(item)) == ("skipped", ["stale_version"])
    assert customers()[0].city is None


def test_applying_goes_on_where_it_was_stopped() -> None:
    job_id = upload(lines("Navn", *(f"Kunde {number}" for number in range(25))))
    job = import_job(job_id)
    assert job.plan_id is not None
    with transaction() as session:
        plans.start(plans.get(session, job.plan_id, lock=True), now=utcnow())
    with transaction() as session:
        plan = plans.get(session, job.plan_id, lock=True)
        assert applying.apply_batch(session, plan, now=utcnow(), limit=10) == 10
    assert len(customers()) == 10

    with transaction() as session:
        enqueue(session, TaskName.APPLY_IMPORT, key=str(job_id), import_id=job_id)
    run(TaskName.APPLY_IMPORT)

    assert import_job(job_id).counters == {"items": 25, "create": 25, "done": 25}
    assert [c.name for c in customers()] == [f"Kunde {number}" for number in range(25)]


def test_two_workers_at_one_import_apply_each_row_once() -> None:
    job_id = upload(lines("Navn", *(f"Kunde {number}" for number in range(10))))
    apply(job_id)
    plan_id = import_job(job_id).plan_id
    assert plan_id is not None

    with transaction() as session:
        again = running.apply_batch(session, plan_id, now=utcnow())

    assert again == 0
    assert len(customers()) == 10


def test_what_follows_an_import_is_asked_for() -> None:
    job = import_file(lines("Navn", "Nordlys"))

    with transaction() as session:
        asked = session.scalars(select(Job.task).where(Job.state == "queued")).all()
        unchecked = session.scalar(
            select(func.count()).select_from(text("match_party")).where(text("not checked"))
        )
    assert sorted(asked) == ["duplicates.find_duplicates", "imports.render_import_result"]
    assert unchecked == 1
    assert job.applied_at is not None


def test_an_import_is_applied_and_undone_as_any_plan() -> None:
    job_id = upload(lines("Navn", "Nordlys"))
    plan_id = import_job(job_id).plan_id
    assert plan_id is not None

    with transaction() as session:
        request_application(session, plans.get(session, plan_id, lock=True), now=utcnow())
    run(TaskName.APPLY_IMPORT)
    state = import_job(job_id).state
    with transaction() as session:
        request_undo(session, plans.get(session, plan_id, lock=True), now=utcnow())
    run(TaskName.UNDO_IMPORT)

    assert (state, import_job(job_id).state) == (ImportState.DONE, ImportState.UNDONE)
    assert customers() == []


def test_a_preview_that_was_applied_is_not_applied_again() -> None:
    from hub.errors import ConflictError

    job = import_file(lines("Navn", "Nordlys"))

    with transaction() as session, pytest.raises(ConflictError) as refused:
        services.apply(session, services.get(session, job.id, lock=True), now=utcnow())

    assert refused.value.code == "import_state"


def test_an_imported_customer_is_no_debtor_unless_the_connection_lets_it_through(
    database: Engine,
) -> None:
    from connectors import declarations as installed
    from hub import reactions
    from hub.connections import declarations, health
    from hub.connections import services as connections

    def pushes() -> list[UUID]:
        with transaction() as session:
            asked = select(Job.subject_id).where(Job.task == TaskName.PUSH_CUSTOMER.value)
            return [subject for subject in session.scalars(asked) if subject is not None]

    reactions.install()
    with transaction() as session:
        declarations.publish(session, installed())
        connection = connections.create(
            session, name="Books", connector="economic",
            settings={"app_secret_token": "a", "agreement_grant_token": "b"},
        )  # fmt: skip
        health.record_test(session, connection, account=None, choices=None, now=utcnow())
        health.activate(session, connection, now=utcnow())
    import_file(lines("Navn;Rolle", "Nordlys;kunde"))
    by_default = pushes()
    with transaction() as session:
        connection = connections.get(session, connection.id)
        connections.update(session, connection, {"filter": {"not_channels": []}})
    job = import_file(lines("Navn;Rolle", "Bølgebryder;kunde", "Kajgade;emne"))

    assert by_default == []
    assert actions(job.id) == ["create", "create"]
    assert pushes() == [c.id for c in customers() if c.name == "Bølgebryder"]

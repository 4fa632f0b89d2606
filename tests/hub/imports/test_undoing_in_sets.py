"""What is taken back in sets, against what `CustomerImport.undo` does to each row."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select, text
from sqlalchemy import event as sql_event
from sqlalchemy.orm import Session

from hub import external_refs, reactions
from hub.clock import utcnow
from hub.connections.models import Connection, ExternalLink, LinkState
from hub.customers import contacts
from hub.customers import services as customer_services
from hub.customers.models import Contact, Customer, Lifecycle, ShopIdentity
from hub.db import new_id, transaction
from hub.history.models import Event
from hub.imports import running, services, undoing
from hub.imports.items import CustomerImport
from hub.imports.models import ImportState
from hub.leads import services as leads
from hub.ledger.models import Job
from hub.ledger.setbacks import Setback
from hub.ledger.tasks import TaskName
from hub.notes import services as notes
from hub.origin import ActorKind, CauseKind, Origin
from hub.plans import services as plans
from hub.plans.models import Plan, PlanItem
from tests.databases import Cleaner
from tests.hub.duplicates.making import look
from tests.hub.imports.uploads import (
    apply,
    customers,
    import_file,
    import_job,
    lines,
    outcomes,
    reasons,
    rows,
    run,
    undo,
    upload,
)
from tests.people import make_user
from tests.pools import make_pool, put_in

pytestmark = pytest.mark.usefixtures("database")
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
JOB = UUID(int=7)
HEADER = "id;Navn;By;Tlf;Kreditmax;Note;contact.name;billing.address"


def _nothing(session: Session, customer: Customer) -> None:
    del session, customer


def _change(session: Session, customer: Customer) -> None:
    customer_services.update(session, customer, {"industry": "Handel"}, now=NOW)


def _delete(session: Session, customer: Customer) -> None:
    customer_services.delete(session, customer, now=NOW)


def _merge(session: Session, customer: Customer) -> None:
    customer.lifecycle, customer.merged_into_id = Lifecycle.MERGED, _bystander(session).id


def _be_merged_into(session: Session, customer: Customer) -> None:
    other = customer_services.create(session, {"name": "Alt"}, now=NOW, check_duplicates=False)
    other.lifecycle, other.merged_into_id = Lifecycle.MERGED, customer.id


def _note(session: Session, customer: Customer) -> None:
    notes.create(session, customer, body="Ringede", now=NOW)


def _note_and_lead(session: Session, customer: Customer) -> None:
    _note(session, customer)
    _note(session, customer)
    leads.create(session, {"company": "Ny", "customer_id": customer.id}, now=NOW)


def _have_a_contact(session: Session, customer: Customer) -> None:
    contacts.create(session, customer, {"last_name": "Prøve"})


def _link(session: Session, customer: Customer) -> None:
    books = _connection(session, "accounting")
    session.add(
        ExternalLink(
            connection_id=books.id, customer_id=customer.id, remote_id=str(customer.external_ref),
            state=LinkState.LINKED,
        )
    )  # fmt: skip


def _have_cut_a_link(session: Session, customer: Customer) -> None:
    books = _connection(session, "accounting")
    session.add(
        ExternalLink(
            connection_id=books.id, customer_id=customer.id, remote_id=str(customer.external_ref),
            state=LinkState.SEVERED,
        )
    )  # fmt: skip


def _shop(session: Session, customer: Customer) -> None:
    shop = _connection(session, "shop")
    session.add(
        ShopIdentity(
            connection_id=shop.id, shop_customer_id=str(customer.external_ref),
            customer_id=customer.id,
        )
    )  # fmt: skip


def _be_like_another(session: Session, customer: Customer) -> None:
    customer_services.create(
        session, {"name": customer.name, "phone": customer.phone, "city": customer.city},
        now=NOW, check_duplicates=False,
    )  # fmt: skip
    look(session, customer.id)


def _wait_in_a_pool(session: Session, customer: Customer) -> None:
    user = make_user(session, f"{customer.external_ref}@nordlys.example")
    pool = make_pool(session, [user], name=str(customer.external_ref))
    put_in(session, pool, customer, now=NOW)


def _change_its_contact(session: Session, customer: Customer) -> None:
    for contact in _contacts_of(session, customer):
        contacts.update(session, customer, contact, {"job": "Chef"})


def _lose_its_contact(session: Session, customer: Customer) -> None:
    for contact in _contacts_of(session, customer):
        contacts.delete(session, customer, contact, now=NOW)


def _work_with_its_contact(session: Session, customer: Customer) -> None:
    for contact in _contacts_of(session, customer):
        with_others = {"company": "Ny", "customer_id": None}
        lead = leads.create(session, with_others, now=NOW)
        lead.contact_id = contact.id


def _contacts_of(session: Session, customer: Customer) -> Sequence[Contact]:
    return session.scalars(
        select(Contact).where(Contact.customer_id == customer.id, Contact.deleted_at.is_(None))
    ).all()


def _connection(session: Session, kind: str) -> Connection:
    made = Connection(name=str(new_id()), connector="fake", kind=kind)
    session.add(made)
    session.flush()
    return made


def _bystander(session: Session) -> Customer:
    found = external_refs.find(session, Customer, "beside")
    assert found is not None
    return found


Fate = Callable[[Session, Customer], None]
FATES: dict[str, tuple[Fate, list[tuple[str, dict[str, str]]]]] = {
    "nothing": (_nothing, []),
    "changed": (_change, [("stale_version", {})]),
    "deleted": (_delete, [("not_found", {})]),
    "merged": (_merge, [("stale_version", {})]),
    "survivor": (_be_merged_into, [("in_use", {"what": "customer (1)"})]),
    "noted": (_note, [("in_use", {"what": "note (1)"})]),
    "worked with": (_note_and_lead, [("in_use", {"what": "lead (1), note (2)"})]),
    "contact": (_have_a_contact, [("in_use", {"what": "contact (1)"})]),
    "linked": (_link, [("in_use", {"what": "external_link (1)"})]),
    "link cut": (_have_cut_a_link, []),
    "shop": (_shop, [("in_use", {"what": "shop_identity (1)"})]),
    "like another": (_be_like_another, []),
    "pooled": (_wait_in_a_pool, [("stale_version", {})]),
}
"""What happens to a customer after its import, and why it is kept then if the import made it."""

CONTACT_FATES: dict[str, tuple[Fate, list[tuple[str, dict[str, str]]]]] = {
    "contact changed": (_change_its_contact, [("stale_version", {})]),
    "contact gone": (_lose_its_contact, [("not_found", {})]),
    "contact at work": (_work_with_its_contact, [("in_use", {"what": "lead (1)"})]),
}
"""The same for one whose row brought a contact."""
ALL_FATES = {**FATES, **CONTACT_FATES}


@pytest.fixture(autouse=True)
def _heard() -> None:
    reactions.install()


@pytest.mark.parametrize("fate", ALL_FATES)
def test_what_an_import_made_is_taken_away_unless_something_was_done_with_it(fate: str) -> None:
    plan_id = _scene([], [fate, fate, "nothing"])

    _in_sets(plan_id)

    with_contact, without, other = _items(plan_id)
    assert other.outcome == "undone"
    _require(with_contact, ALL_FATES[fate][1])
    _require(without, [] if fate in CONTACT_FATES else FATES[fate][1])


def _require(item: PlanItem, expected: list[tuple[str, dict[str, str]]]) -> None:
    told = [(each["code"], each["params"]) for each in item.errors or ()]
    assert item.outcome == ("kept" if expected else "undone")
    assert [code for code, _ in told] == [code for code, _ in expected]
    if expected and expected[0][1]:
        assert told == expected


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    changed=st.lists(st.sampled_from(sorted(ALL_FATES)), max_size=5),
    made=st.lists(st.sampled_from(sorted(ALL_FATES)), min_size=1, max_size=8),
    limit=st.sampled_from([3, 1000]),
)
def test_a_mix_of_rows_comes_to_the_same_in_sets_as_one_by_one(
    cleaner: Cleaner, changed: list[str], made: list[str], limit: int
) -> None:
    found = []
    for way in (_one_by_one, _in_sets):
        cleaner.clean()
        plan_id = _scene(changed, made)
        way(plan_id, limit=limit)
        found.append(_everything(plan_id))

    assert found[0] == found[1]


def test_every_fate_at_once_comes_to_the_same_in_sets_as_one_by_one(cleaner: Cleaner) -> None:
    found, kept = [], []
    for way in (_one_by_one, _in_sets):
        cleaner.clean()
        plan_id = _scene(list(ALL_FATES), [*ALL_FATES, "nothing", *ALL_FATES])
        way(plan_id, limit=1000)
        found.append(_everything(plan_id))
        kept.append(sum(item.outcome == "kept" for item in _items(plan_id)))

    assert found[0] == found[1]
    assert kept[0] == kept[1]


def test_a_row_that_the_database_refuses_to_take_back_is_kept_alone(database: Engine) -> None:
    import_file(lines("id;Navn;By", "1;Værft 1;Aarhus", "2;Værft 2;Ribe"))
    job = import_file(
        lines("id;Navn;By", "1;Værft 1;Odense", "2;Værft 2;Odense", "3;Ny;Odense"), overwrite=True
    )
    with database.begin() as connection:
        connection.execute(
            text("alter table customer add constraint strict check (city <> 'Aarhus') not valid")
        )
    try:
        undo(job.id)
    finally:
        with database.begin() as connection:
            connection.execute(text("alter table customer drop constraint strict"))

    assert [(i.outcome, reasons(i)) for i in rows(job.id)] == [
        ("kept", ["taken"]), ("undone", []), ("undone", []),
    ]  # fmt: skip
    assert [(c.external_ref, c.city) for c in customers()] == [("1", "Odense"), ("2", "Ribe")]


def test_of_rows_that_go_one_by_one_a_transaction_has_a_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(undoing, "SINGLY", 2)
    people = ["", "Ida Prøve", "Bo Prøve", "", "Per Prøve"]
    body = [f"{number};Kunde {number};{name}" for number, name in enumerate(people)]
    job = import_file(lines("id;Navn;contact.name", *body))
    assert job.plan_id is not None
    for customer in customers():
        with transaction() as session:
            _change_its_contact(session, session.get_one(Customer, customer.id))

    counted: list[int] = []
    while not counted or counted[-1]:
        with transaction() as session:
            plan = plans.get(session, job.plan_id, lock=True)
            counted.append(undoing.undo_batch(session, plan, now=utcnow()))

    assert counted == [2 + 2, 1, 0]
    assert outcomes(rows(job.id)) == ["undone", "kept", "kept", "undone", "kept"]
    assert [c.name for c in customers()] == ["Kunde 1", "Kunde 2", "Kunde 4"]


def test_rows_that_were_taken_back_are_not_known_again() -> None:
    _make(name="Er her", email="her@nordlys.example")
    job = import_file(lines("Navn;Mail;By", "Er her;her@nordlys.example;Odense", "Ny;;Ribe"))
    known = _count("import_identity")

    undo(job.id)

    assert [(i.action, i.outcome) for i in rows(job.id)] == [
        ("update", "undone"), ("create", "undone"),
    ]  # fmt: skip
    assert (known, _count("import_identity")) == (2, 0)


def test_a_row_more_costs_no_statement_more(database: Engine) -> None:
    counted = [_statements(database, count) for count in (5, 25)]

    assert counted[0] == counted[1]


def test_progress_counts_what_is_to_be_taken_back() -> None:
    _make(name="Er her", external_ref="here", city="Aarhus")
    job = import_file(lines("id;Navn;By", "here;Er her;Aarhus", "1;Ny;Odense", "2;Nyere;Odense"))
    assert outcomes(rows(job.id)) == ["skipped", "done", "done"]

    undo(job.id)

    assert _progress(TaskName.UNDO_IMPORT) == {"done": 2, "total": 2, "unit": "rows"}


def test_an_undo_that_was_interrupted_counts_on() -> None:
    job = import_file(lines("Navn", *(f"Kunde {number}" for number in range(5))))
    assert job.plan_id is not None
    _ask_for_undo(job.id)
    with transaction() as session:
        plan = plans.get(session, job.plan_id, lock=True)
        assert undoing.undo_batch(session, plan, now=utcnow(), limit=2) == 2
        assert running.left_to_undo(session, plan.id) == (2, 5)

    run(TaskName.UNDO_IMPORT)

    assert _progress(TaskName.UNDO_IMPORT) == {"done": 5, "total": 5, "unit": "rows"}
    assert import_job(job.id).counters == {"items": 5, "create": 5, "undone": 5}
    with transaction() as session:
        told = session.scalar(
            select(func.count()).select_from(Event).where(Event.type == "customer.deleted")
        )
    assert told == 5


def test_an_import_says_that_it_is_being_taken_back() -> None:
    job = import_file(lines("Navn", "Nordlys"))

    _ask_for_undo(job.id)
    asked = import_job(job.id).state
    run(TaskName.UNDO_IMPORT)

    assert (asked, import_job(job.id).state) == (ImportState.UNDOING, ImportState.UNDONE)
    with transaction() as session:
        told = session.scalars(
            select(Event.changes["state"])
            .where(Event.subject_id == job.id, Event.changes.has_key("state"))
            .order_by(Event.at, Event.id)
        ).all()
    assert [tuple(each) for each in told][-2:] == [("done", "undoing"), ("undoing", "undone")]


@pytest.mark.parametrize(
    ("file", "state"),
    [
        (lines("Navn", "Nordlys"), ImportState.DONE),
        (lines("Navn;CVR", "Nordlys;", "Forkert;123"), ImportState.PARTIAL),
    ],
)
def test_an_import_whose_undo_ended_without_success_says_so_and_may_be_undone_anew(
    file: str, state: ImportState
) -> None:
    job = import_file(file)
    _ask_for_undo(job.id)
    message = {"code": "lapsed", "text": "It was given up.", "params": {}}

    with transaction() as session:
        services.note_setback(
            session,
            Setback(JOB, TaskName.UNDO_IMPORT.value, {"import_id": str(job.id)}, "lapsed", message),
        )
    ended = import_job(job.id)
    _ask_for_undo(job.id)
    again = import_job(job.id)
    run(TaskName.UNDO_IMPORT)

    assert (ended.state, ended.message) == (state, message)
    assert (again.state, again.message) == (ImportState.UNDOING, None)
    assert import_job(job.id).state is ImportState.UNDONE


def _make(**fields: Any) -> None:
    with transaction() as session:
        customer_services.create(session, fields, now=utcnow(), check_duplicates=False)


_PARTS = ("Ida Prøve;Havnen 1", ";", ";")
"""Contact and address of a row: every other new customer has some, every third that changes."""


def _scene(changed: Sequence[str], made: Sequence[str]) -> UUID:
    """Import customers, of whom some were here, and let their fates happen; returns the plan."""
    _make(name="Ved siden af", external_ref="beside")
    here = [f"h{number};Her {number};Aarhus;;10,50;Ring;;" for number in range(len(changed))]
    if here:
        import_file(lines(HEADER, *here))
    new = [
        f"m{number};Ny {number};Ribe;7000000{number % 9};;;{_PARTS[number % 2]}"
        for number in range(len(made))
    ]
    moved = [
        f"h{number};Flyttet {number};Odense;7100000{number % 9};99,00;;{_PARTS[number % 3]}"
        for number in range(len(changed))
    ]
    job_id = upload(lines(HEADER, *_mixed(new, moved)), overwrite=True)
    apply(job_id)
    assert set(outcomes(rows(job_id))) == {"done"}
    for prefix, fates in (("h", changed), ("m", made)):
        for number, fate in enumerate(fates):
            with transaction() as session:
                customer = external_refs.find(session, Customer, f"{prefix}{number}")
                assert customer is not None
                ALL_FATES[fate][0](session, customer)
    plan_id = import_job(job_id).plan_id
    assert plan_id is not None
    return plan_id


def _mixed(new: Sequence[str], moved: Sequence[str]) -> list[str]:
    """Return the rows by turns, so that a batch has both."""
    found = []
    for number in range(max(len(new), len(moved))):
        found += [*new[number : number + 1], *moved[number : number + 1]]
    return found


def _one_by_one(plan_id: UUID, *, limit: int) -> None:
    _until_done(
        plan_id,
        lambda session, plan: plans.undo_batch(
            session, plan, CustomerImport(plan.id), now=NOW, limit=limit
        ),
    )


def _in_sets(plan_id: UUID, *, limit: int = 1000) -> None:
    _until_done(
        plan_id, lambda session, plan: undoing.undo_batch(session, plan, now=NOW, limit=limit)
    )


def _until_done(plan_id: UUID, step: Callable[[Session, Plan], int]) -> None:
    origin = Origin(ActorKind.JOB, JOB, None, CauseKind.IMPORT, str(plan_id))
    count = None
    while count != 0:
        with transaction(origin) as session:
            count = step(session, plans.get(session, plan_id, lock=True))


def _items(plan_id: UUID) -> list[PlanItem]:
    with transaction() as session:
        return list(
            session.scalars(
                select(PlanItem).where(PlanItem.plan_id == plan_id).order_by(PlanItem.position)
            )
        )


TABLES = (
    "customer", "contact", "address", "plan_item", "event", "field_fact", "import_identity",
    "match_party", "match_key", "dup_candidate", "external_link", "pool_claim", "job",
)  # fmt: skip
_MOVING = {"id", "salt", "fire_at_local"}
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_INSTANT = re.compile(r"20\d\d-\d\d-\d\dT[0-9:.]+(\+00:00|Z)")


def _everything(plan_id: UUID) -> dict[str, list[str]]:
    """Return the rows of all tables, with the names of customers in place of what is random."""
    with transaction() as session:
        labels = {
            str(row.id): f"{row.name}{row.external_ref}"
            for row in session.execute(
                select(Customer.id, Customer.name, Customer.external_ref).order_by(Customer.id)
            )
        }
        labels |= {
            str(item.record_id): f"row {item.position}"
            for item in session.scalars(select(PlanItem).where(PlanItem.plan_id == plan_id))
        }
        labels |= {str(plan_id): "the plan", str(JOB): "the job"}
        found = {}
        for table in TABLES:
            told = session.scalars(text(f"select to_jsonb(t) from {table} t")).all()
            found[table] = sorted(_named(row, labels) for row in told)
        return found


def _named(row: dict[str, Any], labels: dict[str, str]) -> str:
    own = labels.get(str(row.get("id")))
    values = {name: value for name, value in row.items() if name not in _MOVING}
    if {"a_id", "b_id"} <= values.keys():  # which of two is the first is random
        values["a_id"], values["b_id"] = sorted(labels[values[name]] for name in ("a_id", "b_id"))
    shown = json.dumps([own, values], sort_keys=True, ensure_ascii=False)
    shown = _ID.sub(lambda match: labels.get(match.group(), "an id"), shown)
    return _INSTANT.sub(lambda match: _day(match.group()), shown)


def _day(instant: str) -> str:
    return "the instant" if datetime.fromisoformat(instant) == NOW else "an instant"


def _statements(database: Engine, count: int) -> int:
    """Return how many statements it takes to take so many new customers back."""
    job = import_file(lines("Navn", *(f"Kunde {count} {number}" for number in range(count))))
    assert job.plan_id is not None
    asked = []

    def note(*arguments: Any) -> None:
        asked.append(arguments[2])

    with transaction() as session:
        plan = plans.get(session, job.plan_id, lock=True)
        sql_event.listen(database, "before_cursor_execute", note)
        try:
            assert undoing.undo_batch(session, plan, now=utcnow()) == count
        finally:
            sql_event.remove(database, "before_cursor_execute", note)
    return len(asked)


def _count(rows_of: str) -> Any:
    with transaction() as session:
        return session.scalar(text(f"select count(*) from {rows_of}"))


def _ask_for_undo(import_id: UUID) -> None:
    with transaction() as session:
        services.undo(session, services.get(session, import_id, lock=True), now=utcnow())


def _progress(task: TaskName) -> Any:
    with transaction() as session:
        return session.scalars(select(Job.progress).where(Job.task == task.value)).one()

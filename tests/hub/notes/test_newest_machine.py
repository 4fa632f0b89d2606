"""Whatever is noted, done, moved or taken away: a customer's newest note and last contact hold."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine

from hub import reactions
from hub.activities import services as activities
from hub.activities.models import Activity, ActivityState
from hub.customers.models import Customer
from hub.db import locked, transaction
from hub.leads import services as leads
from hub.leads.models import Lead
from hub.notes import services as notes
from hub.notes.models import Note
from hub.opportunities import services as opportunities
from tests.people import NOW, make_customer

CUSTOMERS = ("first", "second")
FREE: dict[str, Callable[..., Any]] = {"lead": leads.update, "case": opportunities.update}
"""What may be given to a customer, and how."""

PLACES = st.sampled_from([*CUSTOMERS, *FREE])
HOURS = st.integers(0, 9)


def ago(hours: int) -> datetime:
    return NOW - timedelta(hours=hours)


class NewestMachine(RuleBasedStateMachine):
    """Two customers, a lead and a case, and what must be known of each by the events alone."""

    @initialize()
    def begin(self) -> None:
        with transaction() as session:
            made = {
                "first": make_customer(session, "Havn", phone="+4570000001"),
                "second": make_customer(session, "Mole", phone="+4570000002"),
                "lead": leads.create(session, {"company": "Viben"}, now=NOW),
                "case": opportunities.create(session, {"name": "Kran"}, now=NOW),
            }
            self.places: dict[str, tuple[type[Any], UUID]] = {
                place: (type(each), each.id) for place, each in made.items()
            }
        self.owner: dict[str, str | None] = dict.fromkeys(FREE)
        self.told: dict[type[Any], dict[UUID, tuple[str, datetime]]] = {Note: {}, Activity: {}}

    @rule(place=PLACES, hours=HOURS)
    def note(self, place: str, hours: int) -> None:
        with transaction() as session:
            subject = locked(session, *self.places[place])
            made = notes.create(session, subject, body="Ringede", at=ago(hours), now=NOW)
            self.told[Note][made.id] = (place, ago(hours))

    @rule(place=PLACES, hours=HOURS)
    def call(self, place: str, hours: int) -> None:
        with transaction() as session:
            subject = locked(session, *self.places[place])
            fields = {"kind": "call", "title": "Ring"}
            made = activities.create(
                session, [subject], fields,
                zone="UTC", now=NOW, state=ActivityState.DONE, happened_at=ago(hours),
            )  # fmt: skip
            self.told[Activity][made.id] = (place, ago(hours))

    @precondition(lambda self: self.told[Note])
    @rule(which=st.integers(0), hours=HOURS)
    def redate_a_note(self, which: int, hours: int) -> None:
        identifier = self.one_of(Note, which)
        with transaction() as session:
            notes.change(session, session.get_one(Note, identifier), {"at": ago(hours)}, now=NOW)
        self.told[Note][identifier] = (self.told[Note][identifier][0], ago(hours))

    @precondition(lambda self: self.told[Note])
    @rule(which=st.integers(0))
    def take_a_note_away(self, which: int) -> None:
        self.take_away(Note, which, notes.delete)

    @precondition(lambda self: self.told[Activity])
    @rule(which=st.integers(0))
    def take_a_call_away(self, which: int) -> None:
        self.take_away(Activity, which, activities.delete)

    @rule(place=st.sampled_from(sorted(FREE)), customer=st.sampled_from([*CUSTOMERS, None]))
    def give(self, place: str, customer: str | None) -> None:
        with transaction() as session:
            record = locked(session, *self.places[place])
            customer_id = None if customer is None else self.places[customer][1]
            FREE[place](session, record, {"customer_id": customer_id})
        self.owner[place] = customer

    def one_of(self, model: type[Any], which: int) -> UUID:
        known = list(self.told[model])
        return known[which % len(known)]

    def take_away(self, model: type[Any], which: int, delete: Callable[..., None]) -> None:
        identifier = self.one_of(model, which)
        with transaction() as session:
            delete(session, session.get_one(model, identifier), now=NOW)
        del self.told[model][identifier]

    def newest(self, model: type[Any], of: str) -> datetime | None:
        """Return the newest that was told of a place, or of what is its now."""
        times = (at for place, at in self.told[model].values() if of in {place, self.whose(place)})
        return max(times, default=None)

    def whose(self, place: str) -> str | None:
        return self.owner.get(place)

    @invariant()
    def each_knows_its_newest_note_and_last_contact(self) -> None:
        with transaction() as session:
            for place, (model, identifier) in self.places.items():
                found = session.get_one(model, identifier)
                assert found.last_note_at == self.newest(Note, place)
                if model in {Customer, Lead}:
                    assert found.last_contact_at == self.newest(Activity, place)


def test_newest_notes_and_last_contacts_hold_after_every_commit(database: Engine) -> None:
    reactions.install()
    run_state_machine_as_test(
        NewestMachine,
        settings=settings(
            max_examples=10,
            stateful_step_count=15,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )

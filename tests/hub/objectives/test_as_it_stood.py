"""What objectives come to, against a plain count of the records: now, and at any moment before."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import cycle, pairwise
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from hub.access import owning, teams
from hub.access.callers import principal_of
from hub.access.models import Team, User
from hub.activities import services as activities
from hub.activities.models import Activity, ActivityState
from hub.clock import utcnow
from hub.conversion import services as conversion
from hub.conversion.wishes import Wish
from hub.db import transaction
from hub.leads import services as leads
from hub.leads.models import Lead
from hub.objectives import progress, services
from hub.objectives.models import Measure, Objective
from hub.opportunities import services as opportunities
from hub.opportunities.models import Opportunity
from hub.plans.models import Plan
from hub.workflow import moving
from hub.workflow.models import StateKind
from hub.workflow.moving import Move
from tests.people import acting, make_user

DAYS = 3
TARGETS = {
    "opp_amount_won": Decimal(1000), "opp_created": 5, "opp_won": 3, "calls": 4, "meetings": 2,
    "leads_converted": 1,
}  # fmt: skip

Sums = dict[tuple[int, str], Decimal]


@dataclass
class Scene:
    """Two people, one of whom comes and goes in a team, and what they do, step by step."""

    random: Random
    people: list[UUID] = field(default_factory=list)
    team_id: UUID | None = None
    kinds: Iterator[str] = field(default_factory=lambda: cycle(["call", "meeting", "call", "task"]))
    memberships: list[tuple[datetime, frozenset[UUID]]] = field(default_factory=list)

    def deck(self) -> list[Callable[[Any], None]]:
        """Return what is done, in some order: enough for each of it to find something."""
        later = [
            self.amount, self.give, self.remove, self.undone, self.undone, self.team, self.team,
            self.lead, self.move, self.move, self.move, *[self.activity] * 4, self.opportunity,
        ]  # fmt: skip
        self.random.shuffle(later)
        early = [self.opportunity, self.activity, self.move, self.lead, self.activity] * 2
        return [*early, *later, self.move, self.undone]

    def one(self, session: Any, model: Any) -> Any:
        alive = session.scalars(
            select(model).where(model.deleted_at.is_(None)).order_by(model.id)
        ).all()
        return self.random.choice(alive) if alive else None

    def opportunity(self, session: Any) -> None:
        fields = {
            "name": "Kran",
            "owner_user_id": self.random.choice(self.people),
            "amount": Decimal(self.random.randrange(1, 900)),
            "currency": self.random.choice(["DKK", "DKK", "EUR"]),
        }
        opportunities.create(session, fields, now=utcnow())

    def move(self, session: Any) -> None:
        found = self.one(session, Opportunity)
        if found is None:
            return
        who = principal_of(session, session.get_one(User, self.people[0]))
        offered = moving.targets(session, who, found)
        if offered:
            over = [each for each in offered if each.state.kind is StateKind.WON]
            target = self.random.choice([*offered, *over, *over])
            outcome = {"lost_reason": "price"} if target.state.kind is StateKind.LOST else {}
            wanted = Move(target.state.key, self.people[0], "Sagt sådan")
            opportunities.move(session, who, found, wanted, outcome, now=utcnow())

    def amount(self, session: Any) -> None:
        found = self.one(session, Opportunity)
        if found is not None:
            changes = {"amount": self.random.choice([None, Decimal("7.25"), Decimal(50)])}
            opportunities.update(session, found, changes)

    def give(self, session: Any) -> None:
        found = self.one(session, Opportunity)
        if found is not None:
            owner = {"owner_user_id": self.random.choice([None, *self.people])}
            owning.assign(session, found, owner, reason=None)

    def remove(self, session: Any) -> None:
        found = self.one(session, self.random.choice([Opportunity, Activity]))
        if isinstance(found, Opportunity):
            opportunities.delete(session, found, now=utcnow())
        elif found is not None:
            activities.delete(session, found, now=utcnow())

    def activity(self, session: Any) -> None:
        now = utcnow()
        back = timedelta(hours=self.random.choice([0, 0, 25, 49]))
        fields = {
            "kind": next(self.kinds),
            "title": "Ring",
            "assignee_ids": [self.random.choice(self.people)],
        }
        activities.create(
            session, [], fields, zone="UTC", now=now, state=ActivityState.DONE,
            happened_at=now - back,
        )  # fmt: skip

    def undone(self, session: Any) -> None:
        found = self.one(session, Activity)
        if found is None:
            return
        other = ActivityState.PLANNED if found.state is ActivityState.DONE else ActivityState.DONE
        activities.move(session, found, other, now=utcnow())

    def team(self, session: Any) -> None:
        found = session.get_one(Team, self.team_id)
        members = frozenset(each for each in self.people if self.random.random() < 0.6)
        at = session.connection().exec_driver_sql("select now()").scalar_one()
        teams.set_members(session, found, members)
        self.memberships.append((at, members))

    def lead(self, session: Any) -> None:
        plan = session.scalars(select(Plan).where(Plan.kind == "convert")).first()
        if plan is not None and plan.state.value == "applied" and self.random.random() < 0.5:
            conversion.request_undo(session, plan, now=utcnow())
            conversion.undo(session, plan, now=utcnow())
            return
        who = principal_of(session, session.get_one(User, self.people[0]))
        fields = {"company": f"Kranen {self.random.random()}", "owner_user_id": self.people[1]}
        made = leads.create(session, fields, now=utcnow())
        conversion.convert(session, who, made, Wish(), now=utcnow())

    def counted(self, first: Any) -> Mapping[str, Sums]:
        """Count the records plainly, by subject: as they are now."""
        with transaction() as session:
            deeds = [*_deeds(session)]
        found: dict[str, Counter[tuple[int, str]]] = {
            name: Counter() for name in ("0", "1", "team")
        }
        for who, at, measure, value in deeds:
            if who not in self.people:
                continue
            place = (at.date() - first).days
            if place < 0:  # what lies hours back was the day before, soon after midnight
                continue
            found[str(self.people.index(who))][place, measure] += value
            if who in self.members_at(at):
                found["team"][place, measure] += value
        return {name: {k: Decimal(v) for k, v in sums.items() if v} for name, sums in found.items()}

    def members_at(self, at: datetime) -> frozenset[UUID]:
        [*before] = [people for since, people in self.memberships if since <= at]
        return before[-1] if before else self.memberships[0][1]


def _deeds(session: Any) -> Any:
    for each in session.scalars(select(Opportunity).where(Opportunity.deleted_at.is_(None))):
        yield each.owner_user_id, each.created_at, "opp_created", 1
        if each.state_kind is StateKind.WON:
            yield each.owner_user_id, each.state_since, "opp_won", 1
            if each.currency == "DKK":
                yield each.owner_user_id, each.state_since, "opp_amount_won", each.amount or 0
    done = select(Activity).where(
        Activity.deleted_at.is_(None),
        Activity.state == "done",
        Activity.kind.in_(["call", "meeting"]),
    )
    for activity in session.scalars(done):
        yield activity.done_by_user_id, activity.at, f"{activity.kind.value}s", 1
    for lead in session.scalars(select(Lead).where(Lead.converted_at.is_not(None))):
        yield lead.owner_user_id, lead.converted_at, "leads_converted", 1


@pytest.mark.parametrize("seed", [1, 2])
def test_as_of_any_moment_objectives_come_to_what_a_plain_count_came_to_then(
    database: Engine, seed: int
) -> None:
    first = (utcnow() - timedelta(days=DAYS - 1)).date()
    scene = Scene(Random(seed))
    with transaction() as session:
        users = [
            make_user(session, f"{name}@nordlys.example", name=name, role="administrator")
            for name in ("Åse", "Bo")
        ]
        scene.people = [each.id for each in users]
    with transaction(acting(users[0])) as session:
        at = session.connection().exec_driver_sql("select now()").scalar_one()
        team = teams.create_team(session, {"name": "Nord", "member_ids": scene.people[:1]})
        scene.team_id = team.id
        scene.memberships = [(at, frozenset(scene.people[:1]))]
        who = principal_of(session, session.get_one(User, scene.people[0]))
        days = {
            "name": "Hver dag",
            "frequency": "daily",
            "starts_on": first,
            "currency": "DKK",
            "targets": TARGETS,
        }
        subjects: dict[str, dict[str, Any]] = {
            "0": {"user_id": scene.people[0]},
            "1": {"user_id": scene.people[1]},
            "team": {"team_id": team.id},
        }
        made = {
            name: services.create(session, who, {**days, **subject}, zone="UTC").id
            for name, subject in subjects.items()
        }
    moments: list[tuple[datetime, Mapping[str, Sums]]] = []
    for step in scene.deck():
        with transaction() as session:
            step(session)
        moments.append((utcnow(), scene.counted(first)))
    looked_at = [*moments[::4], moments[-1]]

    with transaction() as session:
        for name, objective_id in made.items():
            objective = session.get_one(Objective, objective_id)
            live = progress.reckon(session, objective, at=utcnow())
            assert _sums(live, first) == moments[-1][1][name]
            for moment, counted in looked_at:
                found = progress.reckon(session, objective, at=moment, as_of=moment)
                assert _sums(found, first) == counted[name], (name, moment)
    # Something was told apart: what was counted became less at times, and of the team it is less.
    reached = {measure for _, counted in moments for _, measure in counted["0"] | counted["1"]}
    assert reached == set(Measure)
    totals = [sum(map(len, counted.values())) for _, counted in moments]
    assert any(later < earlier for earlier, later in pairwise(totals))


def _sums(figures: Any, first: Any) -> Sums:
    return {
        ((each.period.starts_on - first).days, each.measure.value): each.value
        for each in figures
        if each.value
    }

"""What a reader sees, told once more and plainly: the condition, its pages, totals and facets."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from hub.access import grounds
from hub.access.callers import principal_of
from hub.access.models import AccessGrant, Team, TeamMember, User
from hub.access.predicates import actions_on, visible
from hub.access.principals import Principal
from hub.access.readers import reader_of
from hub.access.roles import Level, Reach, Role, Verb, Visibility, level_of
from hub.clock import utcnow
from hub.customers.access import BesideCustomerRule
from hub.customers.listing import CUSTOMERS
from hub.customers.models import Customer, PoolState
from hub.db import Ids, among, among_unweighed, array_of, transaction
from hub.listing import Query, facets, page, parse_parameters
from hub.pools.models import Pool

NOW = utcnow()
PEOPLE, TEAMS = 5, 4
CITIES = ("Ribe", "Skive")
VERBS = (
    Verb.READ, Verb.COMMENT, Verb.EDIT, Verb.DELETE, Verb.ASSIGN, Verb.SHARE, Verb.PROTECT,
)  # fmt: skip
person, team = st.integers(0, PEOPLE - 1), st.integers(0, TEAMS - 1)


@dataclass
class Place:
    """A customer as it is drawn: people and teams by number, the reader being person 0."""

    owner: int | None
    team: int | None
    inside: int | None
    outside: int | None
    protected: bool | None  # False: it was once
    waits: bool  # in the pool
    city: str
    deleted: bool


@dataclass
class Share:
    """A grant as it is drawn, to a person or a team."""

    customer: int
    to_team: bool
    to: int
    level: str
    may_share: bool
    holds: bool


@dataclass
class Office:
    """All that decides who sees what."""

    role: Role
    visibility: Visibility
    members: list[set[int]]  # by team
    managers: list[int | None]
    parents: list[int | None]  # an earlier team
    decides: bool  # over the pool
    places: list[Place]
    shares: list[Share]
    ids: Mapping[str, list[UUID]] = field(default_factory=dict)

    def led_teams(self) -> set[int]:
        led = {number for number, manager in enumerate(self.managers) if manager == 0}
        for number, parent in enumerate(self.parents):
            if parent in led:
                led.add(number)
        return led

    def teams(self) -> set[int]:
        return self.own_teams() | self.led_teams()

    def own_teams(self) -> set[int]:
        return {number for number, members in enumerate(self.members) if 0 in members}

    def people_of(self, teams: set[int]) -> set[int]:
        return {member for number in teams for member in self.members[number]}

    def led_people(self) -> set[int]:
        led = self.led_teams()
        managers = (self.managers[number] for number in led)
        return self.people_of(led) | {each for each in managers if each is not None}

    def levels(self, customer: int) -> Iterator[Share]:
        for share in self.shares:
            to_me = share.to in self.teams() if share.to_team else share.to == 0
            if share.customer == customer and share.holds and to_me:
                yield share

    def may(self, number: int, verb: Verb, reach: Reach | None) -> bool:
        """Say what domain.md §4 says of the reader and one customer."""
        if reach is None:
            return False
        place = self.places[number]
        if self._may_though_hidden(number, verb, leads=reach >= Reach.LINE):
            return True
        if place.protected or place.waits or verb is Verb.PROTECT:
            return False
        return self._may_if_open(place, level_of(verb), reach)

    def _may_though_hidden(self, number: int, verb: Verb, *, leads: bool) -> bool:
        place, level = self.places[number], level_of(verb)
        led = self.led_people() if leads else set()
        shared = any(
            share.may_share if verb is Verb.SHARE else Level[share.level.upper()] >= level
            for share in self.levels(number)
        )
        decides = self.decides and place.waits
        return place.owner == 0 or place.owner in led or shared or decides

    def _may_if_open(self, place: Place, level: Level, reach: Reach) -> bool:
        if level < Level.GIVE and 0 in (place.inside, place.outside):
            return True
        if reach >= Reach.LINE and place.team in self.led_teams():
            return True
        if reach < Reach.VISIBLE or place.owner is None:
            return reach >= Reach.VISIBLE
        if level > Level.COMMENT or self.visibility is not Visibility.TEAM:
            return level <= Level.COMMENT and self.visibility is Visibility.PUBLIC
        colleagues = self.people_of(self.own_teams())
        return place.team in self.teams() or place.owner in colleagues


@st.composite
def offices(draw: st.DrawFn) -> Office:
    places = draw(
        st.lists(
            st.builds(
                Place, st.none() | person, st.none() | team, st.none() | person,
                st.none() | person, st.sampled_from((None, None, False, True)), st.booleans(),
                st.sampled_from(CITIES), st.sampled_from((False, False, False, True)),
            ),
            min_size=6, max_size=14,
        )
    )  # fmt: skip
    for place in places:
        if place.owner is None:
            place.protected = None  # a protected record has an owner
        else:
            place.waits = False  # one in a pool has none
    shares = draw(
        st.lists(
            st.builds(
                Share, st.integers(0, len(places) - 1), st.booleans(), st.integers(0, 3),
                st.sampled_from(("read", "comment", "write")), st.booleans(), st.booleans(),
            ),
            max_size=6, unique_by=lambda each: (each.customer, each.to_team, each.to),
        )
    )  # fmt: skip
    return Office(
        role=draw(st.sampled_from((Role.REPRESENTATIVE, Role.MANAGER, Role.ASSISTANT))),
        visibility=draw(st.sampled_from(Visibility)),
        members=[draw(st.sets(person, max_size=3)) for _ in range(TEAMS)],
        managers=[draw(st.none() | st.integers(0, 1)) for _ in range(TEAMS)],
        parents=[draw(st.none() | st.integers(0, n - 1)) if n else None for n in range(TEAMS)],
        decides=draw(st.booleans()),
        places=places,
        shares=shares,
    )


def settle(session: Session, office: Office) -> Principal:
    """Write an office down; returns the reader."""
    people = [
        User(email=f"{uuid4()}@nordlys.example", name=str(number), roles=[office.role])
        for number in range(PEOPLE)
    ]
    session.add_all(people)
    session.flush()
    teams = [
        Team(id=uuid4(), name=str(uuid4()), manager_user_id=None if m is None else people[m].id)
        for m in office.managers
    ]
    for made, parent in zip(teams, office.parents, strict=True):
        made.parent_id = None if parent is None else teams[parent].id
        session.add(made)
        session.flush()
    session.add_all(
        TeamMember(team_id=teams[number].id, user_id=people[member].id)
        for number, members in enumerate(office.members)
        for member in members
    )
    pool = Pool(
        name=str(uuid4()), manager_user_ids=[people[0].id] if office.decides else [],
        recall_after_days=None,
    )  # fmt: skip
    session.add(pool)
    session.flush()
    customers = [_customer(place, number, people, teams, pool) for number, place in
                 enumerate(office.places)]  # fmt: skip
    session.add_all(customers)
    session.flush()
    session.add_all(
        AccessGrant(
            subject_type="customer",
            subject_id=customers[share.customer].id,
            level=share.level,
            may_share=share.may_share,
            expires_at=None if share.holds else NOW - timedelta(days=1),
            team_id=teams[share.to].id if share.to_team else None,
            user_id=None if share.to_team else people[share.to].id,
        )
        for share in office.shares
    )
    session.flush()
    office.ids = {"customers": [each.id for each in customers]}
    with patch("hub.access.callers.get_settings") as told:
        told.return_value.visibility = office.visibility
        return principal_of(session, people[0])


def _customer(
    place: Place, number: int, people: list[User], teams: list[Team], pool: Pool
) -> Customer:
    def id_of(user: int | None) -> UUID | None:
        return None if user is None else people[user].id

    fields: dict[str, Any] = {}
    if place.waits:
        fields |= {"pool_id": pool.id, "pool_state": PoolState.IN_POOL, "pooled_at": NOW}
    if place.protected is not None:
        until = NOW + timedelta(days=1 if place.protected else -1)
        fields |= {"protected_at": NOW - timedelta(days=2), "protected_until": until}
    return Customer(
        name=f"{number}", sort_name=f"{number % 3}", currency="DKK", city=place.city,
        owner_user_id=id_of(place.owner), inside_rep_id=id_of(place.inside),
        outside_rep_id=id_of(place.outside),
        team_id=None if place.team is None else teams[place.team].id,
        deleted_at=NOW if place.deleted else None, **fields,
    )  # fmt: skip


def ask(principal: Principal, **parameters: str) -> Query[Customer]:
    return parse_parameters(CUSTOMERS, parameters.items(), reader_of(principal, now=NOW))


def read_through(
    session: Session, principal: Principal, **parameters: str
) -> tuple[list[UUID], set[tuple[int, bool]]]:
    """Return all rows of a list page by page, and what its pages say of the total."""
    seen, rows, totals = visible(principal, Verb.READ, Customer), [], set()
    cursor: dict[str, str] = {}
    for _ in count():
        found = page(session, ask(principal, limit="2", **parameters, **cursor), seen, bound=3)
        rows += [each.id for each in found.rows]
        totals.add((found.total.count, found.total.exact))
        if found.next is None:
            return rows, totals
        cursor = {"cursor": found.next}
    raise AssertionError


@pytest.mark.parametrize("weighed", [0, 100])
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(office=offices(), sort=st.sampled_from(("name", "-created_at", "-last_note_at")))
def test_rows_pages_totals_facets_and_actions_are_those_of_the_rule_told_plainly(
    database: Engine, weighed: int, office: Office, sort: str
) -> None:
    with transaction() as session, patch.object(grounds, "WEIGHED", weighed):
        reader = settle(session, office)
        ids = office.ids["customers"]
        granted: dict[UUID, list[str]] = {each: [] for each in ids}
        for verb in VERBS:
            expected = {
                each for number, each in enumerate(ids)
                if office.may(number, verb, reader.reach(verb, "customers"))
            }  # fmt: skip
            rows = select(Customer.id).where(visible(reader, verb, Customer), Customer.id.in_(ids))
            assert set(session.scalars(rows)) == expected, verb
            for each in expected:
                granted[each].append(verb.value)
        shown = [session.get_one(Customer, each) for each in ids]
        assert actions_on(session, reader, "customers", shown, VERBS) == granted

        for city in (None, *CITIES):
            conditions = {} if city is None else {"city": city}
            listed = {
                each for each, place in zip(ids, office.places, strict=True)
                if Verb.READ in granted[each] and not place.deleted and city in (None, place.city)
            }  # fmt: skip
            found, totals = read_through(session, reader, sort=sort, **conditions)
            assert len(found) == len(set(found))
            assert set(found) == listed
            assert totals == {(min(len(listed), 3), len(listed) <= 3)}
        counted = facets(
            session, ask(reader, facets="city"), visible(reader, Verb.READ, Customer)
        )["city"]  # fmt: skip
        assert {each.value: each.count for each in counted.slices} == Counter(
            place.city
            for each, place in zip(ids, office.places, strict=True)
            if Verb.READ in granted[each] and not place.deleted
        )
        session.rollback()


def test_ids_are_read_and_written_as_postgresql_has_them(session: Session) -> None:
    drawn = [uuid4() for _ in range(3)]
    sent = session.scalar(select(text("array_send(cast(:ids as uuid[]))")).params(ids=drawn))
    none = session.scalar(select(text("array_send(cast('{}' as uuid[]))")))

    ids = Ids.of_wire(sent)

    assert list(ids) == drawn
    assert (len(ids), drawn[1] in ids, uuid4() in ids, "x" in ids) == (3, True, False, False)
    assert ids == Ids(drawn) != Ids(drawn[:2])
    assert list(ids.within([uuid4(), drawn[2]])) == [drawn[2]]
    assert session.scalar(select(array_of(ids))) == drawn
    assert not Ids.of_wire(none)
    assert not Ids.of_wire(None)
    assert session.scalar(select(array_of(Ids()))) == []


@pytest.mark.parametrize("condition", [among, among_unweighed])
@pytest.mark.parametrize(("number", "is_kept"), [(8, True), (9, False)])
def test_a_statement_with_many_ids_is_planned_for_these_each_time(
    session: Session, condition: Any, number: int, *, is_kept: bool
) -> None:
    ids = Ids(uuid4() for _ in range(number))
    for _ in range(12):
        session.scalars(select(Customer.website).where(condition(Customer.id, ids))).all()

    kept = session.scalars(
        text("select statement from pg_prepared_statements where statement like '%website%'")
    ).all()

    assert bool(kept) is is_kept


def test_of_many_ids_postgresql_makes_a_hash_table_and_weighs_none_it_is_told_not_to(
    session: Session,
) -> None:
    made = [Customer(name=str(n), currency="DKK", owner_user_id=None) for n in range(40)]
    session.add_all(made)
    session.flush()
    ids = Ids([*(each.id for each in made[:10]), *(uuid4() for _ in range(500))])

    def planned(condition: Any) -> str:
        statement = select(Customer.id).where(condition(Customer.id, ids))
        compiled = statement.compile(session.connection().engine)
        return " ".join(
            session.connection().exec_driver_sql(
                f"explain {compiled}", {"param_1": ids.wire, "coalesce_1": False}
            ).scalars()
        )  # fmt: skip

    session.execute(text("set local enable_seqscan = off"))
    assert "Index Cond: (id = ANY" in planned(among)
    assert "Index Cond" not in planned(among_unweighed)
    for condition in (among, among_unweighed):
        found = session.scalars(select(Customer.id).where(condition(Customer.id, ids)))
        assert set(found) == {each.id for each in made[:10]}


def test_leads_wait_in_no_pool(session: Session) -> None:
    from hub.leads.models import Lead

    user = User(email="bo@nordlys.example", name="Bo", roles=[Role.REPRESENTATIVE])
    session.add(user)
    session.flush()
    session.add(Pool(name="north", manager_user_ids=[user.id], recall_after_days=None))
    session.flush()
    bo = principal_of(session, user)

    found = BesideCustomerRule().grounds(bo, Verb.READ, Lead, Reach.VISIBLE)

    assert (len(bo.standing.pool_ids), len(found.pools)) == (1, 0)

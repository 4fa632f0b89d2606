"""Where people stand: the line of a manager, teams, what is shared."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import teams
from hub.access.callers import principal_of
from hub.access.models import AccessGrant, Team, User
from hub.access.predicates import actions_on, visible
from hub.access.principals import Principal
from hub.access.roles import Role, Verb, Visibility
from hub.access.standing import leaders_of, standing_of
from hub.clock import utcnow
from hub.customers.models import Customer
from hub.errors import ConflictError, ValidationError
from hub.settings import get_settings
from tests.people import make_user

NOW = utcnow()


class Office:
    """Two floors of teams: Dorte leads the country, Erik the north below it; Bo and Carl sell."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.people = {
            name: make_user(session, f"{name}@example.com", name=name, role=role)
            for name, role in {
                "dorte": Role.MANAGER, "erik": Role.MANAGER, "bo": Role.REPRESENTATIVE,
                "carl": Role.REPRESENTATIVE, "aud": Role.AUDITOR, "vera": Role.VIEWER,
                "asta": Role.ASSISTANT, "root": Role.ADMINISTRATOR,
            }.items()
        }  # fmt: skip
        country = self.team("country", manager="dorte")
        self.north = self.team("north", manager="erik", parent=country, members=("bo", "erik"))
        self.south = self.team("south", parent=country, members=("carl",))

    def team(
        self,
        name: str,
        *,
        manager: str | None = None,
        parent: Team | None = None,
        members: tuple[str, ...] = (),
    ) -> Team:
        return teams.create_team(
            self.session,
            {
                "name": name,
                "manager_user_id": self.people[manager].id if manager else None,
                "parent_id": parent.id if parent else None,
                "member_ids": [self.people[member].id for member in members],
            },
        )

    def id(self, name: str) -> UUID:
        return self.people[name].id

    def customer(self, name: str, owner: str | None = None, **fields: object) -> Customer:
        made = Customer(
            name=name, currency="DKK", owner_user_id=self.id(owner) if owner else None, **fields
        )
        self.session.add(made)
        self.session.flush()
        return made

    def share(self, customer: Customer, level: str, **fields: object) -> None:
        self.session.add(
            AccessGrant(subject_type="customer", subject_id=customer.id, level=level, **fields)
        )
        self.session.flush()

    def principal(self, name: str) -> Principal:
        return principal_of(self.session, self.people[name])

    def sees(self, name: str, verb: Verb = Verb.READ) -> set[str]:
        predicate = visible(self.principal(name), verb, Customer)
        return set(self.session.scalars(select(Customer.name).where(predicate)))


@pytest.fixture
def office(session: Session) -> Office:
    return Office(session)


@pytest.fixture
def visibility(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> object:
    monkeypatch.setenv("HUB_VISIBILITY", request.param)
    get_settings.cache_clear()
    yield request.param
    monkeypatch.undo()
    get_settings.cache_clear()


def test_a_manager_leads_the_people_of_his_teams_and_of_those_below(office: Office) -> None:
    dorte, erik = (standing_of(office.session, office.id(name)) for name in ("dorte", "erik"))

    assert set(dorte.line_user_ids) == {office.id(name) for name in ("bo", "erik", "carl")}
    assert set(erik.line_user_ids) == {office.id("bo")}
    assert leaders_of(office.session, office.id("bo")) == [office.id("erik"), office.id("dorte")]
    assert leaders_of(office.session, office.id("erik")) == [office.id("dorte")]
    assert leaders_of(office.session, office.id("dorte")) == []


def test_a_manager_leads_the_managers_of_the_teams_below_be_they_in_a_team_or_not(
    office: Office,
) -> None:
    office.team("coast", manager="vera", parent=office.north)
    office.team("islands", manager="erik", parent=office.south)

    led = {
        name: set(standing_of(office.session, office.id(name)).line_user_ids)
        for name in ("dorte", "erik", "vera")
    }

    assert led == {
        "dorte": {office.id(name) for name in ("bo", "erik", "carl", "vera")},
        "erik": {office.id("bo"), office.id("vera")},
        "vera": set(),
    }
    for person in office.people:
        above = leaders_of(office.session, office.id(person))
        assert set(above) == {
            office.id(each) for each, of in led.items() if office.id(person) in of
        }
    assert leaders_of(office.session, office.id("vera")) == [office.id("erik"), office.id("dorte")]


@pytest.mark.parametrize(
    ("visibility", "expected"),
    [
        (Visibility.PUBLIC, {"of bo", "of carl", "of nobody"}),
        (Visibility.TEAM, {"of bo", "of nobody"}),
        (Visibility.PRIVATE, {"of bo", "of nobody"}),
    ],
    indirect=["visibility"],
)
def test_the_visibility_decides_over_others_records(
    office: Office, visibility: str, expected: set[str]
) -> None:
    for owner in ("bo", "carl", None):
        office.customer(f"of {owner or 'nobody'}", owner)

    assert office.sees("bo") == expected
    assert office.sees("dorte") == {"of bo", "of carl", "of nobody"}
    assert office.sees("root") == office.sees("aud") == {"of bo", "of carl", "of nobody"}
    assert office.sees("asta") == set()


@pytest.mark.parametrize("visibility", [Visibility.TEAM], indirect=True)
def test_colleagues_read_what_belongs_to_the_team_or_to_one_of_its_people(
    office: Office, visibility: str
) -> None:
    office.customer("of erik", "erik")
    office.customer("of the north", "carl", team_id=office.north.id)
    office.customer("of the south", "carl", team_id=office.south.id)

    assert office.sees("bo") == {"of erik", "of the north"}
    assert office.sees("bo", Verb.COMMENT) == {"of erik", "of the north"}
    assert office.sees("bo", Verb.EDIT) == set()
    assert office.sees("erik", Verb.EDIT) == {"of erik", "of the north"}


def test_a_protected_record_is_known_to_owner_grantee_line_and_those_who_see_all(
    office: Office,
) -> None:
    hidden = office.customer(
        "hidden", "bo", protected_at=NOW, protected_until=NOW + timedelta(days=1),
        inside_rep_id=office.id("carl"), team_id=office.south.id,
    )  # fmt: skip

    knows = {name for name in office.people if office.sees(name)}
    office.share(hidden, "read", user_id=office.id("vera"))

    assert knows == {"bo", "erik", "dorte", "aud", "root"}
    assert office.sees("vera") == {"hidden"}
    hidden.protected_until = NOW - timedelta(seconds=1)
    hidden.protected_at = NOW - timedelta(days=1)
    office.session.flush()
    assert office.sees("carl") == {"hidden"}


@pytest.mark.parametrize(
    ("level", "verbs"),
    [
        ("read", ["read"]),
        ("comment", ["read", "comment"]),
        ("write", ["read", "comment", "edit", "transition"]),
    ],
)
def test_a_grant_reaches_as_far_as_its_level(office: Office, level: str, verbs: list[str]) -> None:
    customer = office.customer("of carl", "carl")
    office.share(customer, level, user_id=office.id("asta"))

    asta = office.principal("asta")

    assert actions_on(office.session, asta, "customers", [customer]) == {customer.id: verbs}


@pytest.mark.parametrize(
    ("fields", "sees"),
    [
        ({"expires_at": NOW + timedelta(hours=1)}, True),
        ({"expires_at": NOW - timedelta(hours=1)}, False),
        ({"deleted_at": NOW}, False),
    ],
)
def test_a_grant_ends(office: Office, fields: dict[str, object], *, sees: bool) -> None:
    customer = office.customer("of carl", "carl")

    office.share(customer, "read", user_id=office.id("asta"), **fields)

    assert office.sees("asta") == ({"of carl"} if sees else set())


def test_a_grant_to_a_team_is_one_to_its_people(office: Office) -> None:
    customer = office.customer("of carl", "carl")
    teams.set_members(office.session, office.north, [office.id("asta")])

    office.share(customer, "comment", team_id=office.north.id)

    assert office.sees("asta", Verb.COMMENT) == {"of carl"}
    assert office.sees("asta", Verb.EDIT) == set()


def test_who_has_two_roles_reaches_as_far_as_the_further_one_for_each_verb(office: Office) -> None:
    office.people["aud"].roles = [Role.AUDITOR, Role.REPRESENTATIVE]
    office.customer("of carl", "carl")
    office.customer("of aud", "aud")

    assert office.sees("aud", Verb.READ) == {"of carl", "of aud"}
    assert office.sees("aud", Verb.EDIT) == {"of aud"}


def test_a_team_cannot_be_above_itself_or_led_by_somebody_who_has_left(office: Office) -> None:
    country = office.session.get_one(Team, office.north.parent_id)
    office.people["carl"].active = False
    office.session.flush()

    with pytest.raises(ValidationError, match="/parent_id: A team cannot be above itself"):
        teams.change_team(office.session, country, {"parent_id": office.north.id})
    with pytest.raises(ValidationError, match="/manager_user_id"):
        teams.change_team(office.session, country, {"manager_user_id": office.id("carl")})
    with pytest.raises(ConflictError, match="NORTH"):
        teams.create_team(office.session, {"name": "NORTH"})
    with pytest.raises(ConflictError, match="teams below"):
        teams.delete_team(office.session, country, now=NOW)


def test_a_change_of_members_moves_the_version(office: Office) -> None:
    office.session.commit()
    before = office.south.version

    teams.change_team(office.session, office.south, {"member_ids": [office.id("bo")]})
    office.session.commit()

    assert office.session.get_one(Team, office.south.id).version == before + 1
    assert teams.members_of(office.session, office.south.id) == [office.id("bo")]


def test_users_of_the_office_are_found(office: Office) -> None:
    assert office.session.get_one(User, office.id("bo")).roles == ["representative"]

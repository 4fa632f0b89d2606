from collections.abc import Sequence
from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from hub.access import teams
from hub.access.assignable import (
    AssignmentPolicy,
    Groups,
    assignable_people,
    refuse_unassignable,
)
from hub.access.models import Team, User
from hub.access.roles import Role
from hub.activities import services as activities
from hub.activities.models import Activity, ActivityKind
from hub.clock import utcnow
from hub.configuration import replace
from hub.customers.models import Customer
from hub.db import transaction
from hub.errors import ValidationError
from tests.people import acting, make_customer, make_user

ROLES = (Role.REPRESENTATIVE, Role.MANAGER, Role.ASSISTANT)


def make_team(session: Session, name: str, *members: User) -> Team:
    return teams.create_team(
        session, {"name": name, "member_ids": [member.id for member in members]}
    )


def only(session: Session, *, version: int = 1, **groups: Sequence[object]) -> None:
    policy = AssignmentPolicy(customers=Groups.model_validate(groups))
    replace(session, policy, expected_version=version)


def errors_of(
    session: Session, wanted: dict[str, UUID | None]
) -> list[tuple[str, str, dict[str, object]]]:
    with pytest.raises(ValidationError) as caught:
        refuse_unassignable(session, "customers", wanted)
    return [(each.pointer, each.code, dict(each.params)) for each in caught.value.errors]


def test_everybody_active_may_be_assigned_until_something_is_set(session: Session) -> None:
    bo = make_user(session, "bo@nordlys.example")
    north = make_team(session, "north")

    refuse_unassignable(session, "customers", {"owner_user_id": bo.id, "team_id": north.id})
    refuse_unassignable(session, "customers", {"owner_user_id": None, "team_id": None})


def test_a_refusal_names_each_field_and_its_rule(session: Session) -> None:
    inge = make_user(session, "inge@nordlys.example", name="Inge", active=False)
    gone = make_user(session, "gone@nordlys.example")
    gone.deleted_at = utcnow()
    session.flush()

    found = errors_of(
        session,
        {"owner_user_id": inge.id, "inside_rep_id": gone.id, "outside_rep_id": uuid4(),
         "team_id": uuid4()},
    )  # fmt: skip

    assert found == [
        ("/owner_user_id", "inactive_user", {"name": "Inge"}),
        ("/inside_rep_id", "unknown_user", {}),
        ("/outside_rep_id", "unknown_user", {}),
        ("/team_id", "unknown_team", {}),
    ]


def test_where_roles_are_set_others_are_refused_but_any_team_is_taken(session: Session) -> None:
    bo = make_user(session, "bo@nordlys.example", name="Bo")
    mette = make_user(session, "mette@nordlys.example", role=Role.MANAGER)
    north = make_team(session, "north")
    only(session, roles=["manager"])

    refuse_unassignable(session, "customers", {"owner_user_id": mette.id, "team_id": north.id})
    assert errors_of(session, {"owner_user_id": bo.id}) == [
        ("/owner_user_id", "not_assignable", {"name": "Bo"})
    ]
    refuse_unassignable(session, "leads", {"owner_user_id": bo.id})


def test_where_teams_are_set_they_and_their_people_are_taken(session: Session) -> None:
    bo = make_user(session, "bo@nordlys.example", name="Bo")
    carl = make_user(session, "carl@nordlys.example", name="Carl")
    north, south = make_team(session, "north", bo), make_team(session, "south", carl)
    only(session, teams=[north.id])

    refuse_unassignable(session, "customers", {"owner_user_id": bo.id, "team_id": north.id})
    assert errors_of(session, {"owner_user_id": carl.id, "team_id": south.id}) == [
        ("/owner_user_id", "not_assignable", {"name": "Carl"}),
        ("/team_id", "not_assignable", {"name": "south"}),
    ]


def test_a_policy_cannot_name_what_is_not_there(session: Session) -> None:
    with pytest.raises(ValidationError, match="/customers/roles: seller is no role"):
        only(session, roles=["seller"])
    with pytest.raises(ValidationError, match="/customers/teams/0: There is no such team"):
        only(session, teams=[uuid4()])


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    roles=st.sets(st.sampled_from(ROLES), max_size=2),
    chosen=st.sets(st.integers(0, 1), max_size=2),
    people=st.lists(
        st.tuples(st.sampled_from(ROLES), st.sets(st.integers(0, 1)), st.booleans()),
        min_size=1, max_size=5,
    ),
)  # fmt: skip
def test_the_condition_over_users_and_the_refusal_say_the_same(
    database: Engine,
    roles: set[Role],
    chosen: set[int],
    people: list[tuple[Role, set[int], bool]],
) -> None:
    with transaction() as session:
        made = [
            make_user(session, f"{uuid4()}@nordlys.example", role=role, active=active)
            for role, _, active in people
        ]
        found = [
            make_team(
                session, str(uuid4()),
                *(user for user, (_, member_of, active) in zip(made, people, strict=True)
                  if active and number in member_of),
            )
            for number in range(2)
        ]  # fmt: skip
        only(session, roles=sorted(roles), teams=[found[number].id for number in sorted(chosen)])

        allowed = set(session.scalars(select(User.id).where(assignable_people("customers"))))
        expected = {
            user.id
            for user, (role, member_of, active) in zip(made, people, strict=True)
            if active and (not (roles or chosen) or role in roles or member_of & chosen)
        }

        assert allowed & {user.id for user in made} == expected
        for user, field in product(made, ("owner_user_id", "inside_rep_id")):
            assert (user.id in expected) is is_taken(session, field, user.id)
        session.rollback()


def is_taken(session: Session, field: str, user_id: UUID) -> bool:
    try:
        refuse_unassignable(session, "customers", {field: user_id})
    except ValidationError:
        return False
    return True


def test_activities_are_assigned_to_the_people_that_are_set_and_to_nobody_else(
    session: Session,
) -> None:
    bo = make_user(session, "bo@nordlys.example", name="Bo")
    mette = make_user(session, "mette@nordlys.example", role=Role.MANAGER)
    customer = make_customer(session)
    earlier = plan_activity(session, customer, bo)
    replace(session, AssignmentPolicy(activities=Groups(roles=["manager"])), expected_version=1)

    with pytest.raises(ValidationError) as caught:
        plan_activity(session, customer, mette, bo)
    assert [(each.pointer, each.code, dict(each.params)) for each in caught.value.errors] == [
        ("/assignee_ids", "not_assignable", {"name": "Bo"})
    ]
    activities.change(session, earlier, {"assignee_ids": [bo.id, mette.id]})
    assert earlier.assignee_ids == [bo.id, mette.id]
    session.info["origin"] = acting(bo)
    assert plan_activity(session, customer).assignee_ids == []
    session.info["origin"] = acting(mette)
    assert plan_activity(session, customer).assignee_ids == [mette.id]


def plan_activity(session: Session, customer: Customer, *assignees: User) -> Activity:
    fields: dict[str, object] = {"kind": ActivityKind.CALL, "title": "Ring"}
    if assignees:
        fields["assignee_ids"] = [each.id for each in assignees]
    return activities.create(session, [customer], fields, zone="UTC", now=utcnow())

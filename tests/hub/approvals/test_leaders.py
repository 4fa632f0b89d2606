"""Who may decide where those who lead do."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import teams
from hub.access.callers import principal_of
from hub.access.models import User
from hub.access.predicates import allowed, visible
from hub.access.roles import Role, Verb
from hub.approvals import services as approvals
from hub.approvals.models import Approval
from hub.approvals.policy import ApprovalPolicy
from hub.clock import utcnow
from hub.configuration import replace
from hub.customers.models import Customer
from hub.mail.models import Delivery
from hub.settings import get_settings
from tests.people import make_customer, make_user
from tests.petitions import LED, petition


@dataclass(frozen=True)
class Office:
    """Two teams below one director: Mette leads Bo, Nina leads Carl."""

    director: User
    mette: User
    nina: User
    bo: User
    carl: User
    admin: User

    def people(self) -> list[User]:
        return [getattr(self, field.name) for field in dataclasses.fields(self)]


@pytest.fixture(autouse=True)
def _private(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUB_VISIBILITY", "private")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def office(session: Session) -> Office:
    roles = {"director": Role.MANAGER, "mette": Role.MANAGER, "nina": Role.MANAGER,
             "admin": Role.ADMINISTRATOR}  # fmt: skip
    made = {
        field.name: make_user(
            session, f"{field.name}@nordlys.example", name=field.name.title(),
            role=roles.get(field.name, Role.REPRESENTATIVE),
        )
        for field in dataclasses.fields(Office)
    }  # fmt: skip
    top = teams.create_team(
        session, {"name": "Salg", "manager_user_id": made["director"].id, "member_ids": []}
    )
    for name, manager, member in (("Nord", "mette", "bo"), ("Syd", "nina", "carl")):
        teams.create_team(
            session,
            {
                "name": name, "manager_user_id": made[manager].id, "parent_id": top.id,
                "member_ids": [made[member].id, made[manager].id],
            },
        )  # fmt: skip
    return Office(**made)


def deciders(session: Session, office: Office, approval: Approval) -> set[str]:
    found = set()
    for user in office.people():
        principal = principal_of(session, user)
        listed = select(Approval.id).where(visible(principal, Verb.APPROVE, Approval))
        may = allowed(principal, Verb.APPROVE, approval)
        assert (approval.id in set(session.scalars(listed))) == may, user.name
        if may:
            found.add(user.name)
    return found


def told(session: Session) -> list[str]:
    found = session.scalars(select(Delivery.recipient).order_by(Delivery.id))
    return [address.partition("@")[0] for address in found]


def customer_of(session: Session, owner: User | None) -> Customer:
    return make_customer(session, owner_user_id=owner.id if owner else None)


def test_over_a_persons_own_customer_those_decide_who_lead_him_and_the_nearest_is_told_first(
    session: Session, office: Office
) -> None:
    made = petition(session, customer_of(session, office.bo), office.bo, action=LED)

    assert deciders(session, office, made) == {"Mette", "Director", "Admin"}
    assert told(session) == ["mette", "director"]


def test_over_anothers_customer_those_decide_who_see_it(session: Session, office: Office) -> None:
    made = petition(session, customer_of(session, office.carl), office.bo, action=LED)

    assert deciders(session, office, made) == {"Nina", "Director", "Admin"}
    assert told(session) == ["director", "nina"]


def test_over_a_leaders_customer_he_himself_decides(session: Session, office: Office) -> None:
    made = petition(session, customer_of(session, office.mette), office.bo, action=LED)

    assert deciders(session, office, made) == {"Mette", "Director", "Admin"}


def test_a_leaders_own_request_is_for_those_above_him(session: Session, office: Office) -> None:
    made = petition(session, customer_of(session, office.bo), office.mette, action=LED)

    assert deciders(session, office, made) == {"Director", "Admin"}
    assert told(session) == ["director"]


def test_where_nobody_leads_the_administrators_decide(session: Session, office: Office) -> None:
    made = petition(session, customer_of(session, office.director), office.director, action=LED)

    assert deciders(session, office, made) == {"Admin"}
    assert told(session) == ["admin"]


def test_a_customer_of_nobody_is_for_those_who_lead_whoever_asks(
    session: Session, office: Office
) -> None:
    made = petition(session, customer_of(session, None), office.bo, action=LED)

    assert deciders(session, office, made) == {"Mette", "Director", "Admin"}


def test_an_action_for_administrators_is_for_no_one_who_leads(
    session: Session, office: Office
) -> None:
    made = petition(session, customer_of(session, office.bo), office.bo)

    assert deciders(session, office, made) == {"Admin"}
    assert told(session) == ["admin"]


def test_who_leads_reads_what_he_may_decide_and_others_do_not(
    session: Session, office: Office
) -> None:
    made = petition(session, customer_of(session, office.bo), office.bo, action=LED)

    readers = {
        user.name
        for user in office.people()
        if allowed(principal_of(session, user), Verb.READ, made)
    }
    assert readers == {"Bo", "Mette", "Director", "Admin"}


def test_a_narrowed_token_shows_an_administrator_no_request_about_other_records(
    session: Session, office: Office
) -> None:
    danish = petition(session, customer_of(session, office.bo), office.bo, action=LED)
    german = make_customer(session, "Hafen GmbH", country="DE", owner_user_id=office.bo.id)
    petition(session, german, office.bo, action=LED)
    session.flush()

    narrowed = principal_of(
        session, office.admin, row_filters={"customers": {"country": {"eq": "DK"}}}
    )
    listed = select(Approval.id).where(visible(narrowed, Verb.READ, Approval))
    assert session.scalars(listed).all() == [danish.id]


def test_what_nobody_decides_goes_up_to_the_next_who_leads_them_and_was_not_told(
    session: Session, office: Office
) -> None:
    replace(session, ApprovalPolicy(told_at_most=1), expected_version=1)
    made = petition(
        session, customer_of(session, office.bo), office.bo, action=LED,
        escalates_after=timedelta(hours=4),
    )  # fmt: skip
    assert told(session) == ["mette"]
    made.escalates_at = utcnow() - timedelta(minutes=1)
    session.flush()

    assert approvals.escalate_due(session, now=utcnow()) == 1

    assert told(session) == ["mette", "director"]
    assert made.escalated_to == [office.director.id]

"""Customers that others may not see, and who leads whom."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from hub.access.models import Team, TeamMember
from hub.access.roles import Role
from hub.clock import utcnow
from hub.db import transaction
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.people import make_customer

NAME, CVR, EAN, MAIL, PHONE = (
    "Zanzibar Falkeri ApS", "12345674", "5790000000005", "kontor@zanzibar.example", "+4533121299",
)  # fmt: skip
"""What a hidden customer says of itself, and nobody else does."""


def lead(team: str, member: Caller, *, by: str) -> Caller:
    """Make a manager who leads a person."""
    leads = make_caller(Role.MANAGER, by)
    with transaction() as session:
        made = Team(name=team, manager_user_id=leads.user_id)
        session.add(made)
        session.flush()
        session.add(TeamMember(team_id=made.id, user_id=member.user_id))
    return leads


def hide(owner: Caller, name: str = NAME, **fields: Any) -> UUID:
    """Make a protected customer."""
    with transaction() as session:
        made = make_customer(session, name, owner_user_id=owner.user_id, **fields)
        made.protected_at, made.protected_until = utcnow(), utcnow() + timedelta(days=9)
        return made.id


def create(client: ApiClient, caller: Caller, **fields: Any) -> Reply:
    """Try to make a customer."""
    fields = {"name": "Zanzibar", **fields}
    return client.post("/api/v1/customers", json=fields, headers=caller.headers)


def told(answer: Reply) -> Any:
    """Return what somebody was told of a customer that he does not see."""
    assert answer.status_code == 409, answer.text
    return answer.json["details"]["blind_match"]

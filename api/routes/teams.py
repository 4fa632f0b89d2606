"""/teams"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.operations import Answer, Call, Permission, Verb, operation
from api.paging import page
from api.removing import taking_away
from api.schemas.roles import TeamCreate, TeamPatch, TeamView
from api.schemas.shapes import Because, Page, PageQuery
from hub.access import teams
from hub.access.lookup import get_record
from hub.access.models import Team
from hub.access.predicates import visible

blueprint = Blueprint("teams", __name__)
_VERBS = (Verb.READ, Verb.CONFIGURE)
_REFUSED = {HTTPStatus.CONFLICT: "The name is taken, or there are teams below it."}


def _view(call: Call[Any, Any], team: Team) -> TeamView:
    return TeamView(
        **{name: getattr(team, name) for name in TeamView.model_fields if hasattr(team, name)},
        member_ids=teams.members_of(call.session, team.id),
        allowed_actions=call.actions("teams", team, _VERBS),
    )


def _view_again(call: Call[Any, Any], team_id: UUID) -> TeamView:
    return _view(call, get_record(call.session, call.principal, Verb.READ, Team, team_id))


@operation(
    blueprint, "GET", "/teams",
    permission=Permission(Verb.READ, "teams"), query=PageQuery, answer=Page[TeamView],
)  # fmt: skip
def list_teams(call: Call[None, PageQuery]) -> Answer[Page[TeamView]]:
    """List the teams with their people, in the order in which they were made."""
    query = select(Team).where(Team.deleted_at.is_(None), visible(call.principal, Verb.READ, Team))
    return page(call, query, Team, lambda team: _view(call, team), call.query)


@operation(
    blueprint, "POST", "/teams",
    permission=Permission(Verb.CONFIGURE, "teams"), body=TeamCreate, answer=TeamView,
    status=HTTPStatus.CREATED, reload=_view_again, refusals=_REFUSED,
)  # fmt: skip
def create_team(call: Call[TeamCreate]) -> TeamView:
    """Make a team: its manager leads its people, and those of the teams below."""
    return _view(call, teams.create_team(call.session, call.body.model_dump()))


@operation(
    blueprint, "GET", "/teams/<uuid:team_id>",
    permission=Permission(Verb.READ, "teams"), answer=TeamView,
)  # fmt: skip
def get_team(call: Call, team_id: UUID) -> TeamView:
    """Return a team with its people."""
    return _view_again(call, team_id)


@operation(
    blueprint, "PATCH", "/teams/<uuid:team_id>",
    permission=Permission(Verb.CONFIGURE, "teams"), body=TeamPatch, answer=TeamView,
    refusals=_REFUSED,
)  # fmt: skip
def change_team(call: Call[TeamPatch], team_id: UUID) -> TeamView:
    """Change a team: its name, who leads it, the team above, or all its people."""
    team = get_record(
        call.session, call.principal, Verb.CONFIGURE, Team, team_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    return _view(call, teams.change_team(call.session, team, call.body.changes()))


@operation(
    blueprint, "DELETE", "/teams/<uuid:team_id>",
    permission=Permission(Verb.CONFIGURE, "teams"), query=Because, status=HTTPStatus.NO_CONTENT,
    refusals=_REFUSED,
)  # fmt: skip
def delete_team(call: Call[None, Because], team_id: UUID) -> Answer[None]:
    """Take a team away; its people and its records stay."""
    team = get_record(
        call.session, call.principal, Verb.CONFIGURE, Team, team_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    with taking_away(call, team):
        teams.delete_team(call.session, team, now=call.now)
    return Answer(None)

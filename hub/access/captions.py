"""The names of people and teams, where a list shows whose its rows are."""

from typing import Any

from sqlalchemy import ColumnElement, false, select

from hub.access.models import Team, User
from hub.i18n import N_
from hub.listing import Field, Kind, Vocabulary
from hub.listing.declaration import Expression

PEOPLE = Vocabulary(select(User.id, User.name, false()))
"""The names of those whom a row names several of."""


def person(column: Expression, model: type[Any]) -> ColumnElement[str]:
    """Return the SQL for the name of the person that a row names."""
    return select(User.name).where(User.id == column).correlate(model).scalar_subquery()


def team(column: Expression, model: type[Any]) -> ColumnElement[str]:
    """Return the SQL for the name of the team that a row names."""
    return select(Team.name).where(Team.id == column).correlate(model).scalar_subquery()


def whose_fields(model: type[Any]) -> tuple[Field, ...]:
    """Return the fields of whose a record is that people own and represent."""
    return (
        Field("owner", model.owner_user_id, label=N_("Assigned to"), kind=Kind.USER, facet=True,
              caption=person(model.owner_user_id, model), width=20),
        Field("team", model.team_id, label=N_("Team"), kind=Kind.UUID, facet=True,
              caption=team(model.team_id, model), shown=False, width=20),
        Field("inside_rep", model.inside_rep_id, label=N_("Inside representative"),
              kind=Kind.USER, facet=True, caption=person(model.inside_rep_id, model), shown=False,
              width=20),
        Field("outside_rep", model.outside_rep_id, label=N_("Outside representative"),
              kind=Kind.USER, facet=True, caption=person(model.outside_rep_id, model),
              shown=False, width=20),
    )  # fmt: skip

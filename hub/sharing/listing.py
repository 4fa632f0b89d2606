"""The list of grants: who shares what with whom, how far, until when and why."""

from uuid import UUID

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.sql.elements import ColumnElement

from hub.access.models import AccessGrant, Team, TeamMember, User
from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Listing
from hub.listing.declaration import Expression, Predicate


def _person(column: Expression) -> ColumnElement[str]:
    return select(User.name).where(User.id == column).correlate(AccessGrant).scalar_subquery()


_TEAM = (
    select(Team.name).where(Team.id == AccessGrant.team_id).correlate(AccessGrant).scalar_subquery()
)

GRANTS = Listing(
    name="grants",
    model=AccessGrant,
    fields=(
        Field("id", AccessGrant.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("subject_type", AccessGrant.subject_type, label=N_("Kind of record"), facet=True),
        Field("subject", AccessGrant.subject_id, label=N_("Record"), kind=Kind.UUID),
        Field("user", AccessGrant.user_id, label=N_("User"), kind=Kind.USER, facet=True,
              caption=_person(AccessGrant.user_id), width=20),
        Field("team", AccessGrant.team_id, label=N_("Team"), kind=Kind.UUID, facet=True,
              caption=_TEAM, width=20),
        Field("level", AccessGrant.level, label=N_("Level"), kind=Kind.ENUM, facet=True, choices=(
            Choice("read", N_("May read")),
            Choice("comment", N_("May comment")),
            Choice("write", N_("May change")),
        )),
        Field("may_share", AccessGrant.may_share, label=N_("May share on"), kind=Kind.BOOLEAN,
              facet=True),
        Field("live", and_(AccessGrant.is_live), label=N_("Holds now"), kind=Kind.BOOLEAN,
              facet=True),
        Field("expires_at", AccessGrant.expires_at, label=N_("Expires"), kind=Kind.DATETIME,
              width=18),
        Field("reason", AccessGrant.reason, label=N_("Reason"), width=40),
        Field("shared_by", AccessGrant.created_by, label=N_("Shared by"), kind=Kind.USER,
              facet=True, caption=_person(AccessGrant.created_by), width=20),
        Field("created_at", AccessGrant.created_at, label=N_("Shared"), kind=Kind.DATETIME,
              sortable=True, width=18),
    ),
    default_sort=("-created_at",),
)  # fmt: skip


def shared_field(entity: str, identity: Expression) -> Field:
    """Return the field by which a list is narrowed to what is shared with its reader."""

    def shared_with(user_id: UUID) -> Predicate:
        teams = select(TeamMember.team_id).where(TeamMember.user_id == user_id)
        led = select(Team.id).where(Team.manager_user_id == user_id)
        return exists().where(
            AccessGrant.subject_type == entity,
            AccessGrant.subject_id == identity,
            AccessGrant.is_live,
            or_(
                AccessGrant.user_id == user_id,
                AccessGrant.team_id.in_(teams),
                AccessGrant.team_id.in_(led),
            ),
        )

    return Field(
        "shared", None, label=N_("Shared with me"), kind=Kind.BOOLEAN, shown=False,
        personal=shared_with,
    )  # fmt: skip

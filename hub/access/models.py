"""Tables of people: users, their teams, roles and tokens, and what is shared with them."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, validates

from hub.access.roles import Role
from hub.clock import utcnow
from hub.db import Base
from hub.history.records import Record


class User(Record):
    """A person, or a program that has rights of its own; `email` is kept case-folded.

    `roles` are codes of base roles or of `CustomRole`; they add up. `working_hours` are
    ``{"mon": ["08:00", "16:00"]}`` in his zone; None where nobody said.
    """

    __tablename__ = "app_user"  # "user" is a function of SQL: a query that forgets to quote it lies

    email: Mapped[str]
    name: Mapped[str]
    locale: Mapped[str | None]
    zone: Mapped[str | None]
    phone: Mapped[str | None]
    roles: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    active: Mapped[bool] = mapped_column(default=True, server_default="true")
    email_verified_at: Mapped[datetime | None]
    working_hours: Mapped[dict[str, Any] | None]

    __table_args__ = (
        Index(
            "uq_app_user_email", "email", unique=True, postgresql_where=text("deleted_at is null")
        ),
        CheckConstraint("cardinality(roles) > 0", name="roles"),
    )

    @classmethod
    def entity(cls) -> str:
        """See `Record.entity`: people say user."""
        return "user"

    @hybrid_property
    def is_administrator(self) -> bool:
        """Whether he may do everything."""
        return Role.ADMINISTRATOR in self.roles

    @is_administrator.inplace.expression
    @classmethod
    def _is_administrator(cls) -> ColumnElement[bool]:
        return cls.roles.contains([Role.ADMINISTRATOR.value])

    @validates("email")
    def _fold(self, key: str, email: str) -> str:
        del key
        return email.strip().casefold()


class CustomRole(Record):
    """A role of the installation's own, beside the base roles; see `RoleDefinition`."""

    __tablename__ = "role"

    code: Mapped[str]
    label: Mapped[str]
    rights: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    reach: Mapped[str]
    reads: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    writes: Mapped[list[str]] = mapped_column(ARRAY(TEXT))

    __table_args__ = (
        Index("uq_role_code", "code", unique=True, postgresql_where=text("deleted_at is null")),
        CheckConstraint("reach in ('shared', 'visible', 'line', 'all')", name="reach"),
    )


class Team(Record):
    """People who work together, led by a manager; `parent_id` is the team above."""

    __tablename__ = "team"
    __beside__: ClassVar = frozenset({"member_ids"})

    name: Mapped[str]
    manager_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"), index=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"), index=True)

    __table_args__ = (
        Index(
            "uq_team_name", text("casefold(name)"), unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
        CheckConstraint("parent_id <> id", name="parent"),
    )  # fmt: skip


class TeamMember(Base):
    """A person in a team; changes of it are events of the team."""

    __tablename__ = "team_member"

    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))

    __table_args__ = (
        Index("uq_team_member", "team_id", "user_id", unique=True),
        Index("ix_team_member_user", "user_id", "team_id"),
    )


class AccessGrant(Record):
    """A record shared with a person or a team, at a level, perhaps until a time.

    `level` is read, comment or write; `may_share` lets the grantee share it on. Of one record
    somebody has two where one goes further and the other lasts longer. A grant taken back is a
    tombstone.
    """

    __tablename__ = "access_grant"

    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))
    level: Mapped[str]
    may_share: Mapped[bool] = mapped_column(default=False, server_default="false")
    reason: Mapped[str | None]
    expires_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("level in ('read', 'comment', 'write')", name="level"),
        CheckConstraint("(user_id is null) <> (team_id is null)", name="grantee"),
        Index(
            "uq_access_grant", "subject_type", "subject_id", text("coalesce(user_id, team_id)"),
            "level", unique=True, postgresql_where=text("deleted_at is null"),
        ),
        Index("ix_access_grant_created_at", "created_at", "id"),
        Index("ix_access_grant_user", "user_id", postgresql_where=text("deleted_at is null")),
        Index("ix_access_grant_team", "team_id", postgresql_where=text("deleted_at is null")),
    )  # fmt: skip

    @classmethod
    def entity(cls) -> str:
        """See `Record.entity`: people say grant."""
        return "grant"

    @hybrid_property
    def is_live(self) -> bool:
        """Whether it holds now: it was not taken back, and its time is not over."""
        return self.deleted_at is None and (self.expires_at is None or self.expires_at > utcnow())

    @is_live.inplace.expression
    @classmethod
    def _is_live(cls) -> ColumnElement[bool]:
        return cls.deleted_at.is_(None) & func.coalesce(cls.expires_at > func.now(), True)


class ApiToken(Record):
    """A token of a user: only its prefix and its SHA-256 are known here.

    `row_filters` narrow it to some records: stored list queries by collection. `networks` are those
    from which it may be used, all where None; `request_rate` how often a second, the setting's
    where None.
    """

    __tablename__ = "api_token"
    __derived__ = frozenset({"last_used_at"})
    __secret__ = frozenset({"hash"})

    prefix: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"), index=True)
    name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    row_filters: Mapped[dict[str, Any] | None]
    networks: Mapped[list[str] | None] = mapped_column(ARRAY(TEXT))
    request_rate: Mapped[int | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]

    @classmethod
    def collection(cls) -> str:
        """See `Record.collection`."""
        return "tokens"

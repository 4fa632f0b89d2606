"""Roles that add up, teams, sharing, and protected customers.

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_WHOSE = (
    "owner_user_id", "team_id", "inside_rep_id", "outside_rep_id", "protected_until", "deleted_at",
)  # fmt: skip
_TEXTS = postgresql.ARRAY(sa.TEXT())
_INSTANT = sa.DateTime(timezone=True)


def _record_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", _INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
    ]


def upgrade() -> None:
    op.add_column("app_user", sa.Column("roles", _TEXTS, nullable=True))
    op.execute("update app_user set roles = array[role]")
    op.alter_column("app_user", "roles", nullable=False)
    op.drop_constraint(op.f("ck_app_user_role"), "app_user", type_="check")
    op.drop_column("app_user", "role")
    op.create_check_constraint(op.f("ck_app_user_roles"), "app_user", "cardinality(roles) > 0")
    op.add_column("app_user", sa.Column("email_verified_at", _INSTANT, nullable=True))
    op.add_column("app_user", sa.Column("working_hours", postgresql.JSONB(), nullable=True))
    op.add_column("api_token", sa.Column("row_filters", postgresql.JSONB(), nullable=True))
    _create_roles()
    _create_teams()
    _create_grants()
    _extend_customers()


def _create_roles() -> None:
    op.create_table(
        "role",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("rights", _TEXTS, nullable=False),
        sa.Column("reach", sa.Text(), nullable=False),
        sa.Column("reads", _TEXTS, nullable=False),
        sa.Column("writes", _TEXTS, nullable=False),
        *_record_columns(),
        sa.CheckConstraint(
            "reach in ('shared', 'visible', 'line', 'all')", name=op.f("ck_role_reach")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
    )
    op.create_index(
        "uq_role_code", "role", ["code"], unique=True,
        postgresql_where=sa.text("deleted_at is null"),
    )  # fmt: skip


def _create_teams() -> None:
    op.create_table(
        "team",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("manager_user_id", sa.Uuid(), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        *_record_columns(),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_team_parent")),
        sa.ForeignKeyConstraint(
            ["manager_user_id"], ["app_user.id"], name=op.f("fk_team_manager_user_id")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["team.id"], name=op.f("fk_team_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
    )
    op.create_index(op.f("ix_team_manager_user_id"), "team", ["manager_user_id"])
    op.create_index(op.f("ix_team_parent_id"), "team", ["parent_id"])
    op.create_index(
        "uq_team_name", "team", [sa.literal_column("casefold(name)")], unique=True,
        postgresql_where=sa.text("deleted_at is null"),
    )  # fmt: skip
    op.create_table(
        "team_member",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_member_team_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_team_member_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_member")),
    )
    op.create_index("uq_team_member", "team_member", ["team_id", "user_id"], unique=True)
    op.create_index("ix_team_member_user", "team_member", ["user_id", "team_id"])


def _create_grants() -> None:
    op.create_table(
        "access_grant",
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("may_share", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("expires_at", _INSTANT, nullable=True),
        *_record_columns(),
        sa.CheckConstraint(
            "level in ('read', 'comment', 'write')", name=op.f("ck_access_grant_level")
        ),
        sa.CheckConstraint(
            "(user_id is null) <> (team_id is null)", name=op.f("ck_access_grant_grantee")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_access_grant_team_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_access_grant_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_grant")),
    )
    living = sa.text("deleted_at is null")
    op.create_index(
        "uq_access_grant", "access_grant",
        ["subject_type", "subject_id", sa.literal_column("coalesce(user_id, team_id)")],
        unique=True, postgresql_where=living,
    )  # fmt: skip
    op.create_index("ix_access_grant_user", "access_grant", ["user_id"], postgresql_where=living)
    op.create_index("ix_access_grant_team", "access_grant", ["team_id"], postgresql_where=living)


def _extend_customers() -> None:
    op.add_column("customer", sa.Column("iban", sa.Text(), nullable=True))
    for name, target in (
        ("team_id", "team.id"),
        ("inside_rep_id", "app_user.id"),
        ("outside_rep_id", "app_user.id"),
        ("protected_by", "app_user.id"),
    ):
        op.add_column("customer", sa.Column(name, sa.Uuid(), nullable=True))
        table, column = target.split(".")
        op.create_foreign_key(op.f(f"fk_customer_{name}"), "customer", table, [name], [column])
    for name in ("protected_at", "protected_until"):
        op.add_column("customer", sa.Column(name, _INSTANT, nullable=True))
    op.create_check_constraint(
        op.f("ck_customer_protection"),
        "customer",
        "(protected_until is null) = (protected_at is null)"
        " and (protected_until is null or owner_user_id is not null)",
    )
    op.create_index(
        "ix_customer_team", "customer", ["team_id", "id"],
        postgresql_where=sa.text("team_id is not null"),
    )  # fmt: skip
    for slot in ("inside_rep", "outside_rep"):
        op.create_index(
            f"ix_customer_{slot}", "customer", [f"{slot}_id"],
            postgresql_where=sa.text(f"{slot}_id is not null"),
        )  # fmt: skip
    op.create_index(
        "ix_customer_city_name", "customer", ["city", "sort_name", "id"], postgresql_include=_WHOSE
    )
    for column in ("sort_name", "created_at"):
        op.drop_index(f"ix_customer_{column}", "customer")
        op.create_index(
            f"ix_customer_{column}", "customer", [column, "id"], postgresql_include=_WHOSE
        )
    op.create_index(
        "ix_customer_protected", "customer", ["owner_user_id", "protected_until"],
        postgresql_where=sa.text("protected_until is not null"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_customer_city_name", "customer")
    for column in ("sort_name", "created_at"):
        op.drop_index(f"ix_customer_{column}", "customer")
        op.create_index(f"ix_customer_{column}", "customer", [column, "id"])
    op.drop_index("ix_customer_protected", "customer")
    for slot in ("inside_rep", "outside_rep"):
        op.drop_index(f"ix_customer_{slot}", "customer")
    op.drop_index("ix_customer_team", "customer")
    op.drop_constraint(op.f("ck_customer_protection"), "customer", type_="check")
    for name in (
        "protected_until", "protected_at", "protected_by", "outside_rep_id", "inside_rep_id",
        "team_id", "iban",
    ):  # fmt: skip
        op.drop_column("customer", name)
    for table in ("access_grant", "team_member", "team", "role"):
        op.drop_table(table)
    op.drop_column("api_token", "row_filters")
    op.drop_column("app_user", "working_hours")
    op.drop_column("app_user", "email_verified_at")
    op.drop_constraint(op.f("ck_app_user_roles"), "app_user", type_="check")
    op.add_column("app_user", sa.Column("role", sa.Text(), nullable=True))
    op.execute(
        "update app_user set role = case when 'administrator' = any(roles) then 'administrator'"
        " else 'representative' end"
    )
    op.alter_column("app_user", "role", nullable=False)
    op.create_check_constraint(
        op.f("ck_app_user_role"), "app_user", "role in ('administrator', 'representative')"
    )
    op.drop_column("app_user", "roles")

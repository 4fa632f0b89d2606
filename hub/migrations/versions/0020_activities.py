"""Activities, templates of notes, and what timelines are read by.

Revision: 0020
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "note_template",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("sort", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", _INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_template")),
    )
    op.create_index("ix_note_template_name", "note_template", ["name", "id"], unique=False)
    op.create_index("ix_note_template_sort", "note_template", ["sort", "id"], unique=False)
    op.create_index(
        "uq_note_template_name", "note_template", [sa.literal_column("casefold(name)")], unique=True
    )
    op.create_table(
        "activity",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("starts_local", sa.Text(), nullable=True),
        sa.Column("ends_local", sa.Text(), nullable=True),
        sa.Column("due_local", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("over_at", _INSTANT, nullable=True),
        sa.Column("author_user_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("assignee_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("attendees", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("contact_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("people_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("done_by_user_id", sa.Uuid(), nullable=True),
        sa.Column("closed_at", _INSTANT, nullable=True),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", _INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("search_text", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "(state in ('done', 'cancelled')) = (closed_at is not null)",
            name=op.f("ck_activity_closed"),
        ),
        sa.CheckConstraint(
            "done_by_user_id is null or state = 'done'", name=op.f("ck_activity_done_by")
        ),
        sa.CheckConstraint(
            "kind in ('call', 'meeting', 'task', 'mail', 'memo', 'todo')",
            name=op.f("ck_activity_kind"),
        ),
        sa.CheckConstraint(
            "state in ('planned', 'in_progress', 'done', 'cancelled')",
            name=op.f("ck_activity_state"),
        ),
        sa.CheckConstraint(
            "(ends_local is null or starts_local is not null) and (due_local is null or starts_local is null)",
            name=op.f("ck_activity_timing"),
        ),
        sa.ForeignKeyConstraint(
            ["author_user_id"], ["app_user.id"], name=op.f("fk_activity_author_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["done_by_user_id"], ["app_user.id"], name=op.f("fk_activity_done_by_user_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_activity_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
    )
    op.create_index(
        "ix_activity_assignees_open",
        "activity",
        ["assignee_ids"],
        unique=False,
        postgresql_using="gin",
        postgresql_where=sa.text("state in ('planned', 'in_progress')"),
    )
    op.create_index("ix_activity_at", "activity", ["at", "id"], unique=False)
    op.create_index("ix_activity_author", "activity", ["author_user_id", "at", "id"], unique=False)
    op.create_index(
        "ix_activity_category",
        "activity",
        ["category", "state"],
        unique=False,
        postgresql_where=sa.text("category is not null"),
    )
    op.create_index(
        "ix_activity_contacts",
        "activity",
        ["contact_ids"],
        unique=False,
        postgresql_using="gin",
        postgresql_where=sa.text("contact_ids <> '{}'"),
    )
    op.create_index("ix_activity_created_at", "activity", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_activity_done",
        "activity",
        ["done_by_user_id", "kind", "at"],
        unique=False,
        postgresql_where=sa.text("state = 'done' and deleted_at is null"),
    )
    op.create_index(
        "ix_activity_outcome",
        "activity",
        ["outcome"],
        unique=False,
        postgresql_where=sa.text("outcome is not null"),
    )
    op.create_index(
        "ix_activity_over",
        "activity",
        ["over_at", "id"],
        unique=False,
        postgresql_where=sa.text("state in ('planned', 'in_progress')"),
    )
    op.create_index(
        "ix_activity_people", "activity", ["people_ids"], unique=False, postgresql_using="gin"
    )
    op.create_index(
        "ix_activity_search",
        "activity",
        [
            sa.literal_column("search_trigrams(search_text)"),
            sa.literal_column("search_slips(search_text)"),
        ],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        "ix_activity_team",
        "activity",
        ["team_id", "at", "id"],
        unique=False,
        postgresql_where=sa.text("team_id is not null"),
    )
    op.create_index(
        "uq_activity_external_ref",
        "activity",
        ["external_ref"],
        unique=True,
        postgresql_where=sa.text("external_ref is not null and deleted_at is null"),
    )
    op.create_table(
        "activity_comment",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("author_user_id", sa.Uuid(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_activity_comment_activity_id")
        ),
        sa.ForeignKeyConstraint(
            ["author_user_id"], ["app_user.id"], name=op.f("fk_activity_comment_author_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_comment")),
    )
    op.create_index("ix_activity_comment", "activity_comment", ["activity_id", "id"], unique=False)
    op.create_table(
        "activity_subject",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_activity_subject_activity_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_activity_subject_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_subject")),
    )
    op.create_index(
        "ix_activity_subject_at",
        "activity_subject",
        ["subject_type", "subject_id", "at", "activity_id"],
        unique=False,
    )
    op.create_index(
        "ix_activity_subject_customer",
        "activity_subject",
        ["customer_id", "at", "activity_id"],
        unique=False,
        postgresql_where=sa.text("customer_id is not null"),
    )
    op.create_index(
        "uq_activity_subject",
        "activity_subject",
        ["activity_id", "subject_type", "subject_id"],
        unique=True,
    )
    op.create_index(
        "uq_activity_subject_customer",
        "activity_subject",
        ["activity_id", "customer_id"],
        unique=True,
        postgresql_where=sa.text("customer_id is not null"),
    )
    op.create_index(
        "ix_customer_last_contact_at", "customer", ["last_contact_at", "id"], unique=False
    )
    op.create_index(
        "ix_doc_mirror_begins",
        "doc_mirror",
        ["customer_id", sa.literal_column("(issued_on::timestamp at time zone 'UTC')"), "id"],
        unique=False,
    )
    op.add_column("lead", sa.Column("last_contact_at", _INSTANT, nullable=True))
    op.create_index("ix_lead_last_contact_at", "lead", ["last_contact_at", "id"], unique=False)
    op.add_column("note", sa.Column("template_id", sa.Uuid(), nullable=True))
    op.drop_index(op.f("ix_note_subject"), table_name="note")
    op.create_index(
        "ix_note_subject", "note", ["subject_type", "subject_id", "at", "id"], unique=False
    )
    op.create_index(
        "ix_note_template",
        "note",
        ["template_id"],
        unique=False,
        postgresql_where=sa.text("template_id is not null"),
    )
    op.create_foreign_key(
        op.f("fk_note_template_id"), "note", "note_template", ["template_id"], ["id"]
    )
    op.drop_index(op.f("ix_reminder_customer"), table_name="reminder")
    op.create_index(
        "ix_reminder_customer", "reminder", ["customer_id", "fire_at", "id"], unique=False
    )
    op.create_index(
        "ix_reminder_subject",
        "reminder",
        ["subject_type", "subject_id", "fire_at", "id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_reminder_subject", table_name="reminder")
    op.drop_index("ix_reminder_customer", table_name="reminder")
    op.create_index(op.f("ix_reminder_customer"), "reminder", ["customer_id", "id"], unique=False)
    op.drop_constraint(op.f("fk_note_template_id"), "note", type_="foreignkey")
    op.drop_index(
        "ix_note_template", table_name="note", postgresql_where=sa.text("template_id is not null")
    )
    op.drop_index("ix_note_subject", table_name="note")
    op.create_index(
        op.f("ix_note_subject"), "note", ["subject_type", "subject_id", "at"], unique=False
    )
    op.drop_column("note", "template_id")
    op.drop_index("ix_lead_last_contact_at", table_name="lead")
    op.drop_column("lead", "last_contact_at")
    op.drop_index("ix_doc_mirror_begins", table_name="doc_mirror")
    op.drop_index("ix_customer_last_contact_at", table_name="customer")
    op.drop_index(
        "uq_activity_subject_customer",
        table_name="activity_subject",
        postgresql_where=sa.text("customer_id is not null"),
    )
    op.drop_index("uq_activity_subject", table_name="activity_subject")
    op.drop_index(
        "ix_activity_subject_customer",
        table_name="activity_subject",
        postgresql_where=sa.text("customer_id is not null"),
    )
    op.drop_index("ix_activity_subject_at", table_name="activity_subject")
    op.drop_table("activity_subject")
    op.drop_index("ix_activity_comment", table_name="activity_comment")
    op.drop_table("activity_comment")
    op.drop_index(
        "uq_activity_external_ref",
        table_name="activity",
        postgresql_where=sa.text("external_ref is not null and deleted_at is null"),
    )
    op.drop_index(
        "ix_activity_team", table_name="activity", postgresql_where=sa.text("team_id is not null")
    )
    op.drop_index("ix_activity_search", table_name="activity", postgresql_using="gin")
    op.drop_index("ix_activity_people", table_name="activity", postgresql_using="gin")
    op.drop_index(
        "ix_activity_over",
        table_name="activity",
        postgresql_where=sa.text("state in ('planned', 'in_progress')"),
    )
    op.drop_index(
        "ix_activity_outcome",
        table_name="activity",
        postgresql_where=sa.text("outcome is not null"),
    )
    op.drop_index(
        "ix_activity_done",
        table_name="activity",
        postgresql_where=sa.text("state = 'done' and deleted_at is null"),
    )
    op.drop_index("ix_activity_created_at", table_name="activity")
    op.drop_index(
        "ix_activity_contacts",
        table_name="activity",
        postgresql_using="gin",
        postgresql_where=sa.text("contact_ids <> '{}'"),
    )
    op.drop_index(
        "ix_activity_category",
        table_name="activity",
        postgresql_where=sa.text("category is not null"),
    )
    op.drop_index("ix_activity_author", table_name="activity")
    op.drop_index("ix_activity_at", table_name="activity")
    op.drop_index(
        "ix_activity_assignees_open",
        table_name="activity",
        postgresql_using="gin",
        postgresql_where=sa.text("state in ('planned', 'in_progress')"),
    )
    op.drop_table("activity")
    op.drop_index("uq_note_template_name", table_name="note_template")
    op.drop_index("ix_note_template_sort", table_name="note_template")
    op.drop_index("ix_note_template_name", table_name="note_template")
    op.drop_table("note_template")

"""The schema of the first release.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TRIGRAMS = """
create or replace function search_trigrams(document text) returns text[]
language plpgsql immutable strict parallel safe cost 1000 as $$
declare
    keys text[] := '{}';
    word text;
begin
    foreach word in array string_to_array(document, '  ') loop
        word := '  ' || word;
        for place in 1 .. length(word) - 2 loop
            keys := keys || substr(word, place, 3);
        end loop;
    end loop;
    return keys;
end $$
"""

_SLIPS = """
create or replace function search_slips(document text) returns text[]
language plpgsql immutable strict parallel safe cost 1000 as $$
declare
    keys text[] := '{}';
    word text;
begin
    foreach word in array string_to_array(split_part(document, '^', 3), '  ') loop
        if length(word) >= 4 then
            for place in 1 .. length(word) + 1 loop
                keys := keys || (left(word, place - 1) || substr(word, place + 1));
            end loop;
        end if;
    end loop;
    return keys;
end $$
"""

_UNSEALED = """
create function note_unsealed_event() returns trigger language plpgsql as $$
begin
    insert into event_unsealed (id) select id from added;
    return null;
end $$;
create trigger event_is_unsealed after insert on event
    referencing new table as added for each statement execute function note_unsealed_event();
"""


def upgrade() -> None:
    op.execute(_TRIGRAMS)
    op.execute(_SLIPS)
    op.create_table(
        "app_user",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "role in ('administrator', 'representative')", name=op.f("ck_app_user_role")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_user")),
    )
    op.create_index(
        "uq_app_user_email",
        "app_user",
        ["email"],
        unique=True,
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.create_table(
        "connection",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("settings", postgresql.JSONB(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "state_since",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("message", postgresql.JSONB(), nullable=True),
        sa.Column("owner_user_id", sa.Uuid(), nullable=True),
        sa.Column("numbering_owner", sa.Boolean(), nullable=False),
        sa.Column("outgoing_held", sa.Boolean(), nullable=False),
        sa.Column("filter", postgresql.JSONB(), nullable=False),
        sa.Column("hook_secret_hash", sa.LargeBinary(), nullable=True),
        sa.Column("account", postgresql.JSONB(), nullable=True),
        sa.Column("choices", postgresql.JSONB(), nullable=True),
        sa.Column("cursor", postgresql.JSONB(), nullable=True),
        sa.Column("number_high", sa.Integer(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_failure_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state in ('new', 'tested', 'active', 'degraded', 'paused', 'revoked')",
            name=op.f("ck_connection_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
    )
    op.create_index(
        "uq_connection_name",
        "connection",
        ["name"],
        unique=True,
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.create_table(
        "connector_declaration",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("declaration", postgresql.JSONB(), nullable=False),
        sa.Column(
            "published_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connector_declaration")),
        sa.UniqueConstraint("name", name=op.f("uq_connector_declaration_name")),
    )
    op.create_table(
        "duplicate_scan",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("cursor", sa.Uuid(), nullable=True),
        sa.Column("seen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("raised", sa.Integer(), server_default="0", nullable=False),
        sa.Column("made_obsolete", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_scan")),
        sa.UniqueConstraint("job_id", name=op.f("uq_duplicate_scan_job_id")),
    )
    op.create_table(
        "event",
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("cause_kind", sa.Text(), nullable=False),
        sa.Column("cause_id", sa.Text(), nullable=True),
        sa.Column("changes", postgresql.JSONB(), nullable=True),
        sa.Column("data", postgresql.JSONB(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index("ix_event_subject", "event", ["subject_type", "subject_id", "at"], unique=False)
    op.create_index("ix_event_type", "event", ["type", "at"], unique=False)
    op.create_table(
        "event_seal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "sealed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_seal")),
        sa.UniqueConstraint("position", name=op.f("uq_event_seal_position")),
    )
    op.create_table(
        "event_unsealed",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_unsealed")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("headers", postgresql.JSONB(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_key")),
        sa.UniqueConstraint(
            "principal_id",
            "method",
            "route",
            "key",
            name=op.f("uq_idempotency_key_principal_id_method_route_key"),
        ),
    )
    op.create_index(
        "ix_idempotency_key_expires_at", "idempotency_key", ["expires_at"], unique=False
    )
    op.create_table(
        "import_template",
        sa.Column("entity_name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_template")),
    )
    op.create_index(
        "uq_import_template",
        "import_template",
        ["entity_name", "language", "media_type"],
        unique=True,
    )
    op.create_table(
        "job",
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("args", postgresql.JSONB(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("serial_key", sa.Text(), nullable=True),
        sa.Column("subject_type", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column(
            "run_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lapses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("token", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", postgresql.JSONB(), nullable=True),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.Column("error", postgresql.JSONB(), nullable=True),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("cause_event_id", sa.Uuid(), nullable=True),
        sa.Column("cause_job_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state in ('queued', 'running', 'succeeded', 'dead', 'cancelled', 'absorbed')",
            name=op.f("ck_job_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index(
        "ix_job_cause_job",
        "job",
        ["cause_job_id"],
        unique=False,
        postgresql_where=sa.text("cause_job_id is not null"),
    )
    op.create_index(
        "ix_job_dead",
        "job",
        ["finished_at"],
        unique=False,
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "ix_job_due",
        "job",
        ["task", "queue", "priority", "run_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "ix_job_lease",
        "job",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index("ix_job_subject", "job", ["subject_type", "subject_id"], unique=False)
    op.create_index(
        "ix_job_waits_for",
        "job",
        ["waits_for"],
        unique=False,
        postgresql_where=sa.text("state = 'queued' and waits_for is not null"),
    )
    op.create_index(
        "uq_job_queued_key",
        "job",
        ["task", "key"],
        unique=True,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "uq_job_running_serial_key",
        "job",
        ["serial_key"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "job_archive",
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row", postgresql.JSONB(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_archive")),
    )
    op.create_table(
        "match_key",
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "record_id", name=op.f("pk_match_key")),
    )
    op.create_table(
        "match_party",
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("compared", postgresql.JSONB(), nullable=False),
        sa.Column("keys", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("rules", sa.SmallInteger(), nullable=False),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("checked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("entity", "record_id", name=op.f("pk_match_party")),
    )
    op.create_index(
        "ix_match_party_unchecked",
        "match_party",
        ["entity", "record_id"],
        unique=False,
        postgresql_where=sa.text("not checked"),
    )
    op.create_table(
        "number_sequence",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), server_default="", nullable=False),
        sa.Column("next_number", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("minimum_digits", sa.Integer(), server_default="1", nullable=False),
        sa.Column("gapless", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("former_prefixes", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("allocated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "minimum_digits between 1 and 18", name=op.f("ck_number_sequence_minimum_digits")
        ),
        sa.CheckConstraint("next_number >= 1", name=op.f("ck_number_sequence_next_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_sequence")),
        sa.UniqueConstraint("kind", name=op.f("uq_number_sequence_kind")),
    )
    op.create_table(
        "plan",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("scope", postgresql.JSONB(), nullable=False),
        sa.Column("counters", postgresql.JSONB(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state in ('draft', 'applying', 'applied', 'stale', 'undone', 'sealed')",
            name=op.f("ck_plan_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
    )
    op.create_table(
        "problem",
        sa.Column("cause_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("subject_name", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("message", postgresql.JSONB(), nullable=False),
        sa.Column("remedy", postgresql.JSONB(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.Column("owner_user_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("recovered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alerts", sa.Boolean(), nullable=False),
        sa.Column("alert_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("alerted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alerted_kind", sa.Text(), nullable=True),
        sa.Column("recovery_noticed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(state = 'recovered') = (recovered_at is not null)", name=op.f("ck_problem_recovered")
        ),
        sa.CheckConstraint(
            "kind in ('connection_revoked', 'connection_paused', 'connection_degraded', 'connection_held', 'dead_jobs', 'stuck_work', 'report_failed', 'conflicts', 'mail_failed', 'mail_unsure', 'mail_waiting', 'mail_server_down')",
            name=op.f("ck_problem_kind"),
        ),
        sa.CheckConstraint("state in ('open', 'recovered')", name=op.f("ck_problem_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem")),
    )
    op.create_index("ix_problem_cause", "problem", ["cause_key", "alerted_at"], unique=False)
    op.create_index("ix_problem_state", "problem", ["state", "id"], unique=False)
    op.create_index(
        "ix_problem_unnoticed",
        "problem",
        ["recovered_at"],
        unique=False,
        postgresql_where=sa.text(
            "state = 'recovered' and alerted_at is not null and recovery_noticed_at is null"
        ),
    )
    op.create_index(
        "uq_problem_open",
        "problem",
        ["cause_key"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "registry_lookup",
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("candidates", postgresql.JSONB(), nullable=True),
        sa.Column("message", postgresql.JSONB(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state in ('waiting', 'answered', 'failed')", name=op.f("ck_registry_lookup_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_lookup")),
    )
    op.create_index(
        "ix_registry_lookup_created_at", "registry_lookup", ["created_at"], unique=False
    )
    op.create_table(
        "schedule",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("args", postgresql.JSONB(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("starts_at_local", sa.Text(), nullable=True),
        sa.Column("every_s", sa.Integer(), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("owner_user_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(rule is null) <> (every_s is null)", name=op.f("ck_schedule_one_rhythm")
        ),
        sa.CheckConstraint(
            "(rule is null) = (starts_at_local is null)", name=op.f("ck_schedule_rule_has_a_start")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
    )
    op.create_index(
        "ix_schedule_next_at",
        "schedule",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "stored_file",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_stored_file_sha256")),
        sa.CheckConstraint("size_bytes >= 0", name=op.f("ck_stored_file_size")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_file")),
    )
    op.create_index("ix_stored_file_expires_at", "stored_file", ["expires_at"], unique=False)
    op.create_index("ix_stored_file_sha256", "stored_file", ["sha256"], unique=False)
    op.create_table(
        "api_token",
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_api_token_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_token_prefix")),
    )
    op.create_index(op.f("ix_api_token_user_id"), "api_token", ["user_id"], unique=False)
    op.create_table(
        "call_log",
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("request", postgresql.JSONB(), nullable=True),
        sa.Column("response", postgresql.JSONB(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_call_log_connection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_log")),
    )
    op.create_index("ix_call_log_connection", "call_log", ["connection_id", "at"], unique=False)
    op.create_table(
        "connection_gate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column(
            "refilled_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recent_failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probing_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["connection.id"], name=op.f("fk_connection_gate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection_gate")),
    )
    op.create_table(
        "customer",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("legal_name", sa.Text(), nullable=True),
        sa.Column("ref_no", sa.Text(), nullable=True),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("owner_user_id", sa.Uuid(), nullable=True),
        sa.Column("cvr", sa.Text(), nullable=True),
        sa.Column("p_number", sa.Text(), nullable=True),
        sa.Column("vat_no", sa.Text(), nullable=True),
        sa.Column("ean", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("terms_code", sa.Text(), nullable=True),
        sa.Column("customer_group", sa.Text(), nullable=True),
        sa.Column("credit_limit", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("marketing_protected", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("channel", sa.Text(), server_default="manual", nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.Column("lifecycle", sa.Text(), nullable=False),
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.Column("registry_status", sa.Text(), nullable=True),
        sa.Column("name_provisional", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("registry_state", sa.Text(), server_default="none", nullable=False),
        sa.Column("registry_source", sa.Text(), nullable=True),
        sa.Column("registry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("registry_next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("registry_message", postgresql.JSONB(), nullable=True),
        sa.Column("accounting_state", sa.Text(), server_default="none", nullable=False),
        sa.Column("accounting_message", postgresql.JSONB(), nullable=True),
        sa.Column("last_note_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_contact_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sort_name", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("search_text", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "(lifecycle = 'merged') = (merged_into_id is not null)", name=op.f("ck_customer_merged")
        ),
        sa.CheckConstraint("kind in ('organisation', 'person')", name=op.f("ck_customer_kind")),
        sa.CheckConstraint(
            "roles <@ array['prospect', 'customer', 'supplier']", name=op.f("ck_customer_roles")
        ),
        sa.CheckConstraint(
            "char_length(name) between 1 and 255", name=op.f("ck_customer_name_length")
        ),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["customer.id"], name=op.f("fk_customer_merged_into_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_user_id"], ["app_user.id"], name=op.f("fk_customer_owner_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
    )
    op.create_index("ix_customer_city", "customer", ["city", "id"], unique=False)
    op.create_index("ix_customer_created_at", "customer", ["created_at", "id"], unique=False)
    op.create_index("ix_customer_cvr", "customer", ["cvr"], unique=False)
    op.create_index(
        "ix_customer_email", "customer", [sa.literal_column("casefold(email)")], unique=False
    )
    op.create_index("ix_customer_last_note_at", "customer", ["last_note_at", "id"], unique=False)
    op.create_index("ix_customer_owner", "customer", ["owner_user_id", "id"], unique=False)
    op.create_index(
        "ix_customer_search",
        "customer",
        [
            sa.literal_column("search_trigrams(search_text)"),
            sa.literal_column("search_slips(search_text)"),
        ],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index("ix_customer_sort_name", "customer", ["sort_name", "id"], unique=False)
    op.create_index("uq_customer_external_ref", "customer", ["external_ref"], unique=True)
    op.create_index("uq_customer_ref_no", "customer", ["ref_no"], unique=True)
    op.create_table(
        "delivery",
        sa.Column("source_type", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), server_default="mail", nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("unsure", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("possible_repeats", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("composed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_response", sa.Text(), nullable=True),
        sa.Column("message", postgresql.JSONB(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(state = 'sent') = (sent_at is not null)", name=op.f("ck_delivery_sent")
        ),
        sa.CheckConstraint(
            "kind in ('invitation', 'update', 'cancellation', 'due', 'report', 'alert', 'recovery', 'digest', 'test')",
            name=op.f("ck_delivery_kind"),
        ),
        sa.CheckConstraint(
            "state in ('pending', 'sending', 'sent', 'failed', 'held', 'withdrawn')",
            name=op.f("ck_delivery_state"),
        ),
        sa.CheckConstraint(
            "(raw is null) = (composed_at is null) and (raw is null) = (sender is null)",
            name=op.f("ck_delivery_composed"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_delivery_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("message_id", name=op.f("uq_delivery_message_id")),
    )
    op.create_index("ix_delivery_created_at", "delivery", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_delivery_recipient_sent",
        "delivery",
        ["recipient", "sent_at"],
        unique=False,
        postgresql_where=sa.text("state = 'sent'"),
    )
    op.create_index("ix_delivery_sent_at", "delivery", ["sent_at", "id"], unique=False)
    op.create_index(
        "ix_delivery_trouble",
        "delivery",
        ["recipient"],
        unique=False,
        postgresql_where=sa.text("state in ('failed', 'held')"),
    )
    op.create_index(
        "ix_delivery_unsettled",
        "delivery",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state in ('pending', 'sending')"),
    )
    op.create_index("ix_delivery_user", "delivery", ["user_id", "id"], unique=False)
    op.create_index(
        "uq_delivery_identity",
        "delivery",
        ["source_type", "source_id", "kind", "sequence", "recipient", "channel"],
        unique=True,
    )
    op.create_table(
        "export",
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("query", postgresql.JSONB(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("owner_user_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row_count", sa.Integer(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("message", postgresql.JSONB(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("format in ('xlsx', 'csv')", name=op.f("ck_export_format")),
        sa.CheckConstraint(
            "state in ('waiting', 'rendering', 'done', 'partial', 'failed')",
            name=op.f("ck_export_state"),
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_file.id"], name=op.f("fk_export_file_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["owner_user_id"], ["app_user.id"], name=op.f("fk_export_owner_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
    )
    op.create_index("ix_export_created_at", "export", ["created_at", "id"], unique=False)
    op.create_index("ix_export_owner", "export", ["owner_user_id", "id"], unique=False)
    op.create_table(
        "hook_delivery",
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("deduplication_id", sa.Text(), nullable=False),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("state", sa.Text(), server_default="stored", nullable=False),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("message", postgresql.JSONB(), nullable=True),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state in ('stored', 'imported', 'repeated', 'late', 'ignored', 'failed')",
            name=op.f("ck_hook_delivery_state"),
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_hook_delivery_connection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_delivery")),
    )
    op.create_index(
        "ix_hook_delivery_body", "hook_delivery", ["connection_id", "body_sha256"], unique=False
    )
    op.create_index(
        "uq_hook_delivery", "hook_delivery", ["connection_id", "deduplication_id"], unique=True
    )
    op.create_table(
        "import_job",
        sa.Column("entity_name", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default="uploaded", nullable=False),
        sa.Column("source", postgresql.JSONB(), nullable=True),
        sa.Column("columns", postgresql.JSONB(), nullable=True),
        sa.Column("row_count", sa.Integer(), nullable=True),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.Column("counters", postgresql.JSONB(), nullable=False),
        sa.Column("message", postgresql.JSONB(), nullable=True),
        sa.Column("result_file_id", sa.Uuid(), nullable=True),
        sa.Column("owner_user_id", sa.Uuid(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state in ('uploaded', 'analysed', 'planned', 'applying', 'done', 'partial', 'undone')",
            name=op.f("ck_import_job_state"),
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_import_job_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_job")),
    )
    op.create_index("ix_import_job_plan", "import_job", ["plan_id"], unique=False)
    op.create_table(
        "mapping",
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("pairs", postgresql.JSONB(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_mapping_connection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapping")),
    )
    op.create_index(
        "uq_mapping_active",
        "mapping",
        ["connection_id"],
        unique=True,
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "occurrence",
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("state in ('fired', 'missed')", name=op.f("ck_occurrence_state")),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedule.id"], name=op.f("fk_occurrence_schedule_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrence")),
        sa.UniqueConstraint(
            "schedule_id", "planned_at", name=op.f("uq_occurrence_schedule_id_planned_at")
        ),
    )
    op.create_table(
        "plan_item",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("record_version", sa.Integer(), nullable=True),
        sa.Column("applied_version", sa.Integer(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=True),
        sa.Column("source", postgresql.JSONB(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("errors", postgresql.JSONB(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "action in ('create', 'update', 'link', 'skip', 'conflict', 'refuse')",
            name=op.f("ck_plan_item_action"),
        ),
        sa.CheckConstraint(
            "outcome in ('done', 'skipped', 'failed', 'undone', 'kept')",
            name=op.f("ck_plan_item_outcome"),
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_item_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_item")),
    )
    op.create_index("ix_plan_item_record", "plan_item", ["entity", "record_id"], unique=False)
    op.create_index("uq_plan_item_position", "plan_item", ["plan_id", "position"], unique=True)
    op.create_table(
        "report_def",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("query", postgresql.JSONB(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("owner_user_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("format in ('xlsx', 'csv')", name=op.f("ck_report_def_format")),
        sa.ForeignKeyConstraint(
            ["owner_user_id"], ["app_user.id"], name=op.f("fk_report_def_owner_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_def")),
    )
    op.create_index("ix_report_def_created_at", "report_def", ["created_at", "id"], unique=False)
    op.create_index("ix_report_def_name", "report_def", ["name", "id"], unique=False)
    op.create_table(
        "run",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("counters", postgresql.JSONB(), nullable=False),
        sa.Column("cursor_before", postgresql.JSONB(), nullable=True),
        sa.Column("cursor_after", postgresql.JSONB(), nullable=True),
        sa.Column("parent_run_id", sa.Uuid(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", postgresql.JSONB(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state in ('queued', 'running', 'waiting', 'succeeded', 'partial', 'failed', 'cancelled')",
            name=op.f("ck_run_state"),
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_run_connection_id")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_run_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_index("ix_run_connection", "run", ["connection_id", "started_at"], unique=False)
    op.create_table(
        "contact",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("job", sa.Text(), nullable=True),
        sa.Column("office_phone", sa.Text(), nullable=True),
        sa.Column("mobile", sa.Text(), nullable=True),
        sa.Column("fax", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("is_main", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("refuses_calls", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("refuses_email", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "coalesce(first_name, last_name, email) is not null", name=op.f("ck_contact_named")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_contact_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_index("ix_contact_created_at", "contact", ["created_at", "id"], unique=False)
    op.create_index("ix_contact_customer", "contact", ["customer_id", "id"], unique=False)
    op.create_index(
        "ix_contact_email", "contact", [sa.literal_column("casefold(email)")], unique=False
    )
    op.create_index("uq_contact_external_ref", "contact", ["external_ref"], unique=True)
    op.create_index(
        "uq_contact_main",
        "contact",
        ["customer_id"],
        unique=True,
        postgresql_where=sa.text("is_main and deleted_at is null"),
    )
    op.create_table(
        "dup_candidate",
        sa.Column("a_id", sa.Uuid(), nullable=False),
        sa.Column("b_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Numeric(precision=5, scale=4), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fingerprint", postgresql.JSONB(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state <> 'dismissed' or fingerprint is not null",
            name=op.f("ck_dup_candidate_fingerprint"),
        ),
        sa.CheckConstraint(
            "state in ('open', 'dismissed', 'merged', 'obsolete')",
            name=op.f("ck_dup_candidate_state"),
        ),
        sa.CheckConstraint("a_id < b_id", name=op.f("ck_dup_candidate_ordered")),
        sa.CheckConstraint("score between 0 and 1", name=op.f("ck_dup_candidate_score")),
        sa.ForeignKeyConstraint(["a_id"], ["customer.id"], name=op.f("fk_dup_candidate_a_id")),
        sa.ForeignKeyConstraint(["b_id"], ["customer.id"], name=op.f("fk_dup_candidate_b_id")),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["app_user.id"], name=op.f("fk_dup_candidate_decided_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dup_candidate")),
    )
    op.create_index("ix_dup_candidate_b", "dup_candidate", ["b_id"], unique=False)
    op.create_index(
        "ix_dup_candidate_created_at", "dup_candidate", ["created_at", "id"], unique=False
    )
    op.create_index(
        "ix_dup_candidate_decided_at", "dup_candidate", ["decided_at", "id"], unique=False
    )
    op.create_index(
        "ix_dup_candidate_open",
        "dup_candidate",
        ["score", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_dup_candidate_score", "dup_candidate", ["score", "id"], unique=False)
    op.create_index("uq_dup_candidate_pair", "dup_candidate", ["a_id", "b_id"], unique=True)
    op.create_table(
        "external_link",
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("base", postgresql.JSONB(), nullable=False),
        sa.Column("intent", postgresql.JSONB(), nullable=True),
        sa.Column("remote_version", sa.Text(), nullable=True),
        sa.Column("remote_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state in ('intended', 'linked', 'diverged', 'orphaned', 'severed')",
            name=op.f("ck_external_link_state"),
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_external_link_connection_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_external_link_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_link")),
    )
    op.create_index("ix_external_link_customer_id", "external_link", ["customer_id"], unique=False)
    op.create_index(
        "uq_external_link_customer",
        "external_link",
        ["connection_id", "customer_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'severed'"),
    )
    op.create_index(
        "uq_external_link_remote",
        "external_link",
        ["connection_id", "remote_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'severed' and remote_id is not null"),
    )
    op.create_table(
        "field_fact",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("origin_ref", sa.Text(), nullable=True),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_field_fact_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_fact")),
    )
    op.create_index("uq_field_fact", "field_fact", ["customer_id", "field", "origin"], unique=True)
    op.create_table(
        "hook_resource",
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_hook_resource_connection_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_hook_resource_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_resource")),
    )
    op.create_index("ix_hook_resource_customer", "hook_resource", ["customer_id"], unique=False)
    op.create_index(
        "uq_hook_resource", "hook_resource", ["connection_id", "kind", "resource_id"], unique=True
    )
    op.create_table(
        "import_identity",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_import_identity_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_identity")),
        sa.UniqueConstraint("digest", name=op.f("uq_import_identity_digest")),
    )
    op.create_index("ix_import_identity_customer", "import_identity", ["customer_id"], unique=False)
    op.create_table(
        "note",
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("author_user_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("search_text", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "subject_type <> 'customer' or customer_id = subject_id",
            name=op.f("ck_note_customer_is_subject"),
        ),
        sa.ForeignKeyConstraint(
            ["author_user_id"], ["app_user.id"], name=op.f("fk_note_author_user_id")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_note_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_index("ix_note_at", "note", ["at", "id"], unique=False)
    op.create_index("ix_note_created_at", "note", ["created_at", "id"], unique=False)
    op.create_index("ix_note_customer", "note", ["customer_id", "at", "id"], unique=False)
    op.create_index(
        "ix_note_search",
        "note",
        [
            sa.literal_column("search_trigrams(search_text)"),
            sa.literal_column("search_slips(search_text)"),
        ],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index("ix_note_subject", "note", ["subject_type", "subject_id", "at"], unique=False)
    op.create_table(
        "report_schedule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("recipients_mode", sa.Text(), nullable=False),
        sa.Column("recipient_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("on_empty", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(recipients_mode = 'users') = (cardinality(recipient_ids) > 0)",
            name=op.f("ck_report_schedule_recipients"),
        ),
        sa.CheckConstraint(
            "on_empty in ('send', 'skip', 'tell')", name=op.f("ck_report_schedule_on_empty")
        ),
        sa.CheckConstraint(
            "recipients_mode in ('users', 'each_owner')",
            name=op.f("ck_report_schedule_recipients_mode"),
        ),
        sa.ForeignKeyConstraint(["id"], ["schedule.id"], name=op.f("fk_report_schedule_id")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["report_def.id"], name=op.f("fk_report_schedule_report_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_schedule")),
    )
    op.create_index(
        op.f("ix_report_schedule_report_id"), "report_schedule", ["report_id"], unique=False
    )
    op.create_table(
        "shop_identity",
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("shop_customer_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_shop_identity_connection_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_shop_identity_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_identity")),
    )
    op.create_index(
        "uq_shop_identity", "shop_identity", ["connection_id", "shop_customer_id"], unique=True
    )
    op.create_table(
        "conflict",
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=True),
        sa.Column("local", sa.Text(), nullable=True),
        sa.Column("remote", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=True),
        sa.Column("resolved_by", sa.Uuid(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state in ('open', 'resolved', 'obsolete')", name=op.f("ck_conflict_state")
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_conflict_connection_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_conflict_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["link_id"], ["external_link.id"], name=op.f("fk_conflict_link_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict")),
    )
    op.create_index(
        "uq_conflict_open",
        "conflict",
        ["link_id", "field"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "reminder",
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("note_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("recipient_user_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), server_default="mail", nullable=False),
        sa.Column("fire_at_local", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("all_day", sa.Boolean(), nullable=False),
        sa.Column("fire_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default="scheduled", nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("invited_address", sa.Text(), nullable=True),
        sa.Column("due_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message", postgresql.JSONB(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(state in ('done', 'cancelled')) = (closed_at is not null)",
            name=op.f("ck_reminder_closed"),
        ),
        sa.CheckConstraint(
            "state in ('scheduled', 'due_sent', 'done', 'cancelled', 'failed')",
            name=op.f("ck_reminder_state"),
        ),
        sa.CheckConstraint(
            "all_day = (length(fire_at_local) = 10)", name=op.f("ck_reminder_all_day")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_reminder_customer_id")
        ),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_reminder_note_id")),
        sa.ForeignKeyConstraint(
            ["recipient_user_id"], ["app_user.id"], name=op.f("fk_reminder_recipient_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint("uid", name=op.f("uq_reminder_uid")),
    )
    op.create_index("ix_reminder_created_at", "reminder", ["created_at", "id"], unique=False)
    op.create_index("ix_reminder_customer", "reminder", ["customer_id", "id"], unique=False)
    op.create_index(
        "ix_reminder_due",
        "reminder",
        ["fire_at"],
        unique=False,
        postgresql_where=sa.text("state = 'scheduled'"),
    )
    op.create_index("ix_reminder_fire_at", "reminder", ["fire_at", "id"], unique=False)
    op.create_index("ix_reminder_note", "reminder", ["note_id"], unique=False)
    op.create_index(
        "ix_reminder_recipient", "reminder", ["recipient_user_id", "fire_at"], unique=False
    )
    op.create_table(
        "report_run",
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_user_id", sa.Uuid(), nullable=False),
        sa.Column("owner_user_id", sa.Uuid(), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sends", sa.Integer(), server_default="0", nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row_count", sa.Integer(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("message", postgresql.JSONB(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state in ('due', 'rendering', 'rendered', 'delivering', 'delivered', 'partly_delivered', 'failed', 'skipped_empty')",
            name=op.f("ck_report_run_state"),
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_file.id"], name=op.f("fk_report_run_file_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["recipient_user_id"], ["app_user.id"], name=op.f("fk_report_run_recipient_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["report_def.id"], name=op.f("fk_report_run_report_id")
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["report_schedule.id"], name=op.f("fk_report_run_schedule_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_run")),
    )
    op.create_index(
        "ix_report_run_failed",
        "report_run",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_index("ix_report_run_planned_at", "report_run", ["planned_at", "id"], unique=False)
    op.create_index(
        "ix_report_run_recipient", "report_run", ["recipient_user_id", "planned_at"], unique=False
    )
    op.create_index(
        "uq_report_run_occurrence",
        "report_run",
        ["schedule_id", "planned_at", "recipient_user_id"],
        unique=True,
    )
    op.execute(_UNSEALED)


def downgrade() -> None:
    op.execute("drop trigger event_is_unsealed on event; drop function note_unsealed_event()")
    op.drop_index("uq_report_run_occurrence", table_name="report_run")
    op.drop_index("ix_report_run_recipient", table_name="report_run")
    op.drop_index("ix_report_run_planned_at", table_name="report_run")
    op.drop_index(
        "ix_report_run_failed",
        table_name="report_run",
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.drop_table("report_run")
    op.drop_index("ix_reminder_recipient", table_name="reminder")
    op.drop_index("ix_reminder_note", table_name="reminder")
    op.drop_index("ix_reminder_fire_at", table_name="reminder")
    op.drop_index(
        "ix_reminder_due", table_name="reminder", postgresql_where=sa.text("state = 'scheduled'")
    )
    op.drop_index("ix_reminder_customer", table_name="reminder")
    op.drop_index("ix_reminder_created_at", table_name="reminder")
    op.drop_table("reminder")
    op.drop_index(
        "uq_conflict_open", table_name="conflict", postgresql_where=sa.text("state = 'open'")
    )
    op.drop_table("conflict")
    op.drop_index("uq_shop_identity", table_name="shop_identity")
    op.drop_table("shop_identity")
    op.drop_index(op.f("ix_report_schedule_report_id"), table_name="report_schedule")
    op.drop_table("report_schedule")
    op.drop_index("ix_note_subject", table_name="note")
    op.drop_index("ix_note_search", table_name="note", postgresql_using="gin")
    op.drop_index("ix_note_customer", table_name="note")
    op.drop_index("ix_note_created_at", table_name="note")
    op.drop_index("ix_note_at", table_name="note")
    op.drop_table("note")
    op.drop_index("ix_import_identity_customer", table_name="import_identity")
    op.drop_table("import_identity")
    op.drop_index("uq_hook_resource", table_name="hook_resource")
    op.drop_index("ix_hook_resource_customer", table_name="hook_resource")
    op.drop_table("hook_resource")
    op.drop_index("uq_field_fact", table_name="field_fact")
    op.drop_table("field_fact")
    op.drop_index(
        "uq_external_link_remote",
        table_name="external_link",
        postgresql_where=sa.text("state <> 'severed' and remote_id is not null"),
    )
    op.drop_index(
        "uq_external_link_customer",
        table_name="external_link",
        postgresql_where=sa.text("state <> 'severed'"),
    )
    op.drop_index("ix_external_link_customer_id", table_name="external_link")
    op.drop_table("external_link")
    op.drop_index("uq_dup_candidate_pair", table_name="dup_candidate")
    op.drop_index("ix_dup_candidate_score", table_name="dup_candidate")
    op.drop_index(
        "ix_dup_candidate_open",
        table_name="dup_candidate",
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index("ix_dup_candidate_decided_at", table_name="dup_candidate")
    op.drop_index("ix_dup_candidate_created_at", table_name="dup_candidate")
    op.drop_index("ix_dup_candidate_b", table_name="dup_candidate")
    op.drop_table("dup_candidate")
    op.drop_index(
        "uq_contact_main",
        table_name="contact",
        postgresql_where=sa.text("is_main and deleted_at is null"),
    )
    op.drop_index("uq_contact_external_ref", table_name="contact")
    op.drop_index("ix_contact_email", table_name="contact")
    op.drop_index("ix_contact_customer", table_name="contact")
    op.drop_index("ix_contact_created_at", table_name="contact")
    op.drop_table("contact")
    op.drop_index("ix_run_connection", table_name="run")
    op.drop_table("run")
    op.drop_index("ix_report_def_name", table_name="report_def")
    op.drop_index("ix_report_def_created_at", table_name="report_def")
    op.drop_table("report_def")
    op.drop_index("uq_plan_item_position", table_name="plan_item")
    op.drop_index("ix_plan_item_record", table_name="plan_item")
    op.drop_table("plan_item")
    op.drop_table("occurrence")
    op.drop_index("uq_mapping_active", table_name="mapping", postgresql_where=sa.text("active"))
    op.drop_table("mapping")
    op.drop_index("ix_import_job_plan", table_name="import_job")
    op.drop_table("import_job")
    op.drop_index("uq_hook_delivery", table_name="hook_delivery")
    op.drop_index("ix_hook_delivery_body", table_name="hook_delivery")
    op.drop_table("hook_delivery")
    op.drop_index("ix_export_owner", table_name="export")
    op.drop_index("ix_export_created_at", table_name="export")
    op.drop_table("export")
    op.drop_index("uq_delivery_identity", table_name="delivery")
    op.drop_index("ix_delivery_user", table_name="delivery")
    op.drop_index(
        "ix_delivery_unsettled",
        table_name="delivery",
        postgresql_where=sa.text("state in ('pending', 'sending')"),
    )
    op.drop_index(
        "ix_delivery_trouble",
        table_name="delivery",
        postgresql_where=sa.text("state in ('failed', 'held')"),
    )
    op.drop_index("ix_delivery_sent_at", table_name="delivery")
    op.drop_index(
        "ix_delivery_recipient_sent",
        table_name="delivery",
        postgresql_where=sa.text("state = 'sent'"),
    )
    op.drop_index("ix_delivery_created_at", table_name="delivery")
    op.drop_table("delivery")
    op.drop_index("uq_customer_ref_no", table_name="customer")
    op.drop_index("uq_customer_external_ref", table_name="customer")
    op.drop_index("ix_customer_sort_name", table_name="customer")
    op.drop_index("ix_customer_search", table_name="customer", postgresql_using="gin")
    op.drop_index("ix_customer_owner", table_name="customer")
    op.drop_index("ix_customer_last_note_at", table_name="customer")
    op.drop_index("ix_customer_email", table_name="customer")
    op.drop_index("ix_customer_cvr", table_name="customer")
    op.drop_index("ix_customer_created_at", table_name="customer")
    op.drop_index("ix_customer_city", table_name="customer")
    op.drop_table("customer")
    op.drop_table("connection_gate")
    op.drop_index("ix_call_log_connection", table_name="call_log")
    op.drop_table("call_log")
    op.drop_index(op.f("ix_api_token_user_id"), table_name="api_token")
    op.drop_table("api_token")
    op.drop_index("ix_stored_file_sha256", table_name="stored_file")
    op.drop_index("ix_stored_file_expires_at", table_name="stored_file")
    op.drop_table("stored_file")
    op.drop_index("ix_schedule_next_at", table_name="schedule", postgresql_where=sa.text("active"))
    op.drop_table("schedule")
    op.drop_index("ix_registry_lookup_created_at", table_name="registry_lookup")
    op.drop_table("registry_lookup")
    op.drop_index(
        "uq_problem_open", table_name="problem", postgresql_where=sa.text("state = 'open'")
    )
    op.drop_index(
        "ix_problem_unnoticed",
        table_name="problem",
        postgresql_where=sa.text(
            "state = 'recovered' and alerted_at is not null and recovery_noticed_at is null"
        ),
    )
    op.drop_index("ix_problem_state", table_name="problem")
    op.drop_index("ix_problem_cause", table_name="problem")
    op.drop_table("problem")
    op.drop_table("plan")
    op.drop_table("number_sequence")
    op.drop_index(
        "ix_match_party_unchecked",
        table_name="match_party",
        postgresql_where=sa.text("not checked"),
    )
    op.drop_table("match_party")
    op.drop_table("match_key")
    op.drop_table("job_archive")
    op.drop_index(
        "uq_job_running_serial_key", table_name="job", postgresql_where=sa.text("state = 'running'")
    )
    op.drop_index(
        "uq_job_queued_key", table_name="job", postgresql_where=sa.text("state = 'queued'")
    )
    op.drop_index(
        "ix_job_waits_for",
        table_name="job",
        postgresql_where=sa.text("state = 'queued' and waits_for is not null"),
    )
    op.drop_index("ix_job_subject", table_name="job")
    op.drop_index("ix_job_lease", table_name="job", postgresql_where=sa.text("state = 'running'"))
    op.drop_index("ix_job_due", table_name="job", postgresql_where=sa.text("state = 'queued'"))
    op.drop_index("ix_job_dead", table_name="job", postgresql_where=sa.text("state = 'dead'"))
    op.drop_index(
        "ix_job_cause_job", table_name="job", postgresql_where=sa.text("cause_job_id is not null")
    )
    op.drop_table("job")
    op.drop_index("uq_import_template", table_name="import_template")
    op.drop_table("import_template")
    op.drop_index("ix_idempotency_key_expires_at", table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_table("event_unsealed")
    op.drop_table("event_seal")
    op.drop_index("ix_event_type", table_name="event")
    op.drop_index("ix_event_subject", table_name="event")
    op.drop_table("event")
    op.drop_table("duplicate_scan")
    op.drop_table("connector_declaration")
    op.drop_index(
        "uq_connection_name",
        table_name="connection",
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.drop_table("connection")
    op.drop_index(
        "uq_app_user_email", table_name="app_user", postgresql_where=sa.text("deleted_at is null")
    )
    op.drop_table("app_user")
    op.execute("drop function search_trigrams; drop function search_slips")

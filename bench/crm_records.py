"""Fills in leads, opportunities and notes beside customers, the same for the same seed.

They are made by PostgreSQL out of the customers that are there: one lead of every second, an
opportunity of every fifth, two notes of each, and a thousand more of one. What they are searched by
is the customers' own text.
"""

from sqlalchemy import Connection, Engine, text

BUSY = 1_000  # notes of the customer whose timeline is long

_SEED = "select setseed(0.42)"
_LEADS = """
insert into lead (
    id, number, sort_number, customer_id, name, sort_name, company, city, country, source, program,
    net_potential_value, est_conversion_on, currency, state, state_kind, state_since, is_open,
    closed_at, workflow_id, created_at, last_note_at, search_text
)
select uuidv7(), 'L' || n, 'L' || lpad(n::text, 20, '0'), case when n % 4 = 1 then drawn.id end,
    name, sort_name, name, city, country, origin, program, value, current_date + days, 'DKK',
    s.key, s.kind, created_at, n % 3 > 0,
    case when n % 3 = 0 then created_at + interval '9 days' end, s.workflow_id, created_at,
    last_note_at, search_text
from (
    select *, (array['web', 'fair', 'referral', 'advert'])[1 + floor(random() * 4)] as origin,
        (array['spring', 'summer', 'autumn'])[1 + floor(random() * 3)] as program,
        round((random() * 900000)::numeric, 2) as value, floor(random() * 400)::int - 100 as days,
        1 + floor(random() * 3)::int as place
    from (select *, row_number() over (order by id) as n from customer order by id) as numbered
    where n % 2 = 1
) as drawn
join (
    select s.*, row_number() over (order by s.sort) as place
    from workflow_state s join workflow w on w.id = s.workflow_id
    where w.entity_name = 'lead' and w.is_default
) as s using (place)
"""
_OPPORTUNITIES = """
insert into opportunity (
    id, number, sort_number, name, sort_name, customer_id, customer_name, type, amount, currency,
    probability, expected_close_on, owner_user_id, source, program, state, state_kind, state_since,
    is_open, workflow_id, created_at, search_text
)
select uuidv7(), 'O' || n, 'O' || lpad(n::text, 20, '0'), name, sort_name, drawn.id, name,
    'new_customer', amount, 'DKK', 10 * place, current_date + days, owner, 'web', 'spring',
    s.key, s.kind,
    created_at, true, s.workflow_id, created_at, search_text
from (
    select *, round((random() * 900000)::numeric, 2) as amount, floor(random() * 365)::int as days,
        1 + floor(random() * 4)::int as place,
        (select array_agg(id order by id) from app_user)[
            1 + floor(random() * (select count(*) from app_user))::int
        ] as owner
    from (select *, row_number() over (order by id) as n from customer order by id) as numbered
    where n % 5 = 1
) as drawn
join (
    select s.*, row_number() over (order by s.sort) as place
    from workflow_state s join workflow w on w.id = s.workflow_id
    where w.entity_name = 'opportunity' and w.is_default
) as s using (place)
"""
_NOTES = """
insert into note (
    id, subject_type, subject_id, customer_id, type, body, at, created_at, search_text
)
select uuidv7(), 'customer', id, id, type, 'Talked about ' || word, at, at,
    '^^^  talked  about  ' || word
from (
    select c.id, (array['note', 'call', 'meeting', 'mail'])[1 + floor(random() * 4)] as type,
        (array['prices', 'delivery', 'service', 'a complaint', 'the contract'])[
            1 + floor(random() * 5)
        ] as word, c.created_at + random() * interval '600 days' as at
    from (
        select id, created_at, 2 as notes from customer
        union all (select id, created_at, :busy from customer order by id limit 1)
    ) as c cross join lateral generate_series(1, c.notes)
) as drawn
"""
_TABLES = ("lead", "opportunity", "note")


def seed_records(engine: Engine) -> str:
    """Fill the empty tables; returns the id of the customer that has many notes."""
    with engine.begin() as connection:
        connection.execute(text("set local statement_timeout = 0"))
        connection.execute(text("set local maintenance_work_mem = '512MB'"))
        connection.execute(text("set local max_parallel_workers_per_gather = 0"))  # draws in order
        for table, statement in zip(_TABLES, (_LEADS, _OPPORTUNITIES, _NOTES), strict=True):
            indexes = _drop_indexes(connection, table)
            connection.execute(text(_SEED))
            connection.execute(text(statement), {"busy": BUSY} if table == "note" else {})
            for definition in indexes:
                connection.execute(text(definition))
        busy = connection.execute(text("select id from customer order by id limit 1")).scalar_one()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("set statement_timeout = 0"))
        connection.execute(text(f"vacuum (analyze) {', '.join(_TABLES)}"))
    return str(busy)


def _drop_indexes(connection: Connection, table: str) -> list[str]:
    """Drop the indexes of a table but its key; returns how each is made."""
    found = connection.execute(
        text(
            "select indexname, indexdef from pg_indexes where tablename = :table"
            " and indexname not like 'pk%'"
        ),
        {"table": table},
    ).all()
    for index in found:
        connection.execute(text(f'drop index "{index.indexname}"'))
    return [index.indexdef for index in found]

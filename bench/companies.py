"""Drawn companies, the same for the same seed; names as unlike each other as in a register."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

from bench.vocabulary import (
    CITIES,
    FIRST_NAMES,
    FORMS,
    INDUSTRIES,
    STREETS,
    SURNAMES,
    SYLLABLES,
    TRADES,
)
from hub import matching
from hub.customers.models import Customer
from hub.customers.services import party_of
from hub.db import new_id, transaction
from hub.listing import search_document, sort_text

_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Company:
    """What a customer is made of; `fields` are those of ``POST /customers``."""

    name: str
    address: str
    postcode: str
    city: str
    phone: str
    email: str
    industry: str

    def fields(self) -> dict[str, str]:
        """Return the values by field."""
        return {name: getattr(self, name) for name in self.__slots__}


def cities() -> list[str]:
    """Return the cities that occur."""
    return [city.partition(" ")[2] for city in CITIES]


def draw(count: int, seed: int) -> Iterator[Company]:
    """Draw companies; their phones and addresses differ, names may come again."""
    random = Random(seed)
    for number in range(count):
        name, postcode_city = _name(random), random.choice(CITIES)
        postcode, _, city = postcode_city.partition(" ")
        yield Company(
            name=name,
            address=f"{random.choice(STREETS)} {random.randint(1, 250)}",
            postcode=postcode,
            city=city,
            phone=f"+45{20_000_000 + seed * 10_000_000 + number:08d}",
            email=f"post{number}@{_coined(random).lower()}{random.randint(1, 99)}.dk",
            industry=random.choice(INDUSTRIES),
        )


Belonging = Callable[[int], tuple[UUID | None, UUID | None]]
"""Says of the customer of a number who owns it, and which team's it is."""


def nobodys(number: int) -> tuple[UUID | None, UUID | None]:
    """Return no owner and no team."""
    del number
    return None, None


def seed_customers(
    engine: Engine, count: int, *, keys: bool = False, belonging: Belonging = nobodys
) -> None:
    """Fill the empty table of customers by COPY; indexes are made anew, which is quicker.

    Search text, sort key and, where wanted, the keys of duplicates are made by Hub's own functions.
    """
    with engine.begin() as connection:
        connection.execute(text("set local statement_timeout = 0"))
        connection.execute(text("set local maintenance_work_mem = '512MB'"))
        indexes = connection.execute(
            text(
                "select indexname, indexdef from pg_indexes where tablename = 'customer'"
                " and indexname not like 'pk%'"
            )
        ).all()
        for index in indexes:
            connection.execute(text(f'drop index "{index.indexname}"'))
        _copy(connection.connection.cursor(), count, belonging)
        for index in indexes:
            connection.execute(text(index.indexdef))
    if keys:
        _write_keys(count)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("set statement_timeout = 0"))
        connection.execute(text("vacuum (analyze) customer, match_key, match_party"))


_COLUMNS = (
    "id", "name", "address", "postcode", "city", "phone", "email", "industry", "kind", "lifecycle",
    "currency", "country", "roles", "channel", "sort_name", "search_text", "ref_no", "created_at",
    "last_note_at", "owner_user_id", "team_id",
)  # fmt: skip


_YEARS = timedelta(days=700)
"""In which they came, however many they are: questions about a time are of the same share."""


def _copy(cursor: Any, count: int, belonging: Belonging) -> None:
    random, start = Random(0), datetime(2024, 1, 1, tzinfo=UTC)
    statement = f"copy customer ({', '.join(_COLUMNS)}) from stdin"
    with cursor.copy(statement) as copy:
        for number, company in enumerate(draw(count, seed=1)):
            ref_no = f"C{number + 1}"
            created_at = start + _YEARS * (number / count)
            copy.write_row(
                (
                    new_id(), *company.fields().values(), "organisation", "active", "DKK", "DK",
                    ["customer" if number % 3 else "prospect"], "import", sort_text(company.name),
                    search_document(company.name, (*company.fields().values(), ref_no)), ref_no,
                    created_at,
                    created_at + timedelta(days=random.randint(0, 300)) if number % 2 else None,
                    *belonging(number),
                )
            )  # fmt: skip


def _write_keys(count: int) -> None:
    after = None
    for _ in range(0, count, _BATCH):
        with transaction() as session:
            rows = session.execute(
                text(
                    "select id, name, address, postcode, city, country, phone, email from customer"
                    " where cast(:after as uuid) is null or id > :after order by id limit :batch"
                ),
                {"after": after, "batch": _BATCH},
            ).all()
            parties = [(row.id, party_of(row._asdict())) for row in rows]
            matching.write_many(session, Customer.entity(), parties)
        after = rows[-1].id


def _name(random: Random) -> str:
    form, trade = random.choice(FORMS), random.choice(TRADES)
    kind = random.random()
    if kind < 0.35:
        name = f"{_coined(random)} {trade} {form}"
    elif kind < 0.55:
        name = f"{random.choice(FIRST_NAMES)} {random.choice(SURNAMES)} {trade} {form}"
    elif kind < 0.65:
        name = f"{random.choice(SURNAMES)} & {random.choice(SURNAMES)} {form}"
    elif kind < 0.75:
        name = f"{random.choice(CITIES).split()[1]} {trade} {form}"
    elif kind < 0.9:
        name = f"{_coined(random)} {_coined(random)} {form}"
    else:
        name = f"{random.choice(FIRST_NAMES)} {_coined(random)} {random.choice(SURNAMES)}"
    return name.strip()


def _coined(random: Random) -> str:
    return "".join(random.choices(SYLLABLES, k=random.choice((2, 3, 3)))).capitalize()

"""What rights cost: lists and search of a representative against an administrator's.

``make bench NAME=access`` fills in 1,000,000 customers (``SIZE=…`` another number). The
representative owns 20,000 of them, 5,000 of others' are shared with him, and he is in 300 teams of
five people with 50 customers each, which he sees since the visibility is ``team``. Both ask the
same of the API, in turns.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, insert, text
from sqlalchemy.orm import Session

from bench.companies import cities, seed_customers
from bench.figures import Figure, percentile
from bench.listing import milliseconds, question_about, rows_to_ask_about
from bench.settings import adopt
from hub.access.callers import principal_of
from hub.access.models import AccessGrant, ApiToken, Team, TeamMember, User
from hub.access.roles import Role, Visibility
from hub.access.tokens import generate
from hub.db import new_id
from tests.stack import Client, Stack

SIZE = int(os.environ.get("SIZE", "1000000"))
OWN, SHARED, TEAMS, TEAM_SIZE, TEAM_CUSTOMERS = 20_000, 5_000, 300, 5, 50
ROUNDS = 200
GOAL = "≤ 1.5×"


def run() -> Iterator[Figure]:
    """Yield the figures of each list, the representative's against the administrator's."""
    with Stack({"HUB_VISIBILITY": Visibility.TEAM}) as stack:
        for part in ("relay", "worker", "worker-bulk"):
            stack.stop(part)
        engine = adopt(stack)
        administrator, representative = _fill(engine)
        standing = milliseconds(20, [lambda _: _standing(engine, representative)])[0]
        yield Figure("a representative's standing is read", standing, "ms", goal="every 2 s")
        readers = [Client(stack.base_url, _token(engine, each)) for each in (
            representative, administrator
        )]  # fmt: skip
        yield from _lists(readers, _questions(engine))
        engine.dispose()


def _lists(readers: Sequence[Client], questions: Sequence[str]) -> Iterator[Figure]:
    names, random = cities(), Random(7)
    chosen = [random.choice(names) for _ in range(ROUNDS)]
    asked: dict[str, Callable[[int], dict[str, str]]] = {
        "page of 50 by name": lambda n: {"sort": "-name" if n % 2 else "name"},
        "newest first": lambda n: {"sort": "-created_at" if n % 2 else "created_at"},
        "filtered page": lambda n: {"city": chosen[n]},
        "quick search": lambda n: {"q": questions[n]},
        "filtered page with facets": lambda n: {"city": chosen[n], "facets": "roles"},
    }
    for name, query in asked.items():
        looks = [partial(_ask, reader, query) for reader in readers]
        for look in looks:
            for number in range(ROUNDS):  # the caches are warm, as those of a server in use
                look(number)
        ours, peer = milliseconds(ROUNDS, looks)
        for share, of in (("p50", median), ("p99", lambda times: percentile(times, 0.99))):
            yield Figure(
                f"{name}, {share}", [of(ours)], "ms", [of(peer)], "administrator", GOAL,
            )  # fmt: skip


def _ask(reader: Client, query: Callable[[int], dict[str, str]], number: int) -> None:
    _look(reader, query(number))


def _look(reader: Client, query: dict[str, str]) -> None:
    answer = reader.get("/api/v1/customers", params=query)
    assert answer.status_code == 200, answer.text


def _standing(engine: Engine, user_id: UUID) -> None:
    with Session(engine) as session:
        principal_of(session, session.get_one(User, user_id))


def _token(engine: Engine, user_id: UUID) -> str:
    made = generate()
    with Session(engine) as session, session.begin():
        session.execute(
            insert(ApiToken).values(
                id=new_id(), prefix=made.prefix, hash=made.hash, user_id=user_id, name="bench",
                scopes=["*"],
            )
        )  # fmt: skip
    return made.text


def _fill(engine: Engine) -> tuple[UUID, UUID]:
    random = Random(3)
    people = [new_id() for _ in range(2 + TEAMS * TEAM_SIZE)]
    teams = [new_id() for _ in range(TEAMS * 10)]
    administrator, representative, *others = people
    with Session(engine) as session, session.begin():
        session.execute(insert(User), [_user(each, number) for number, each in enumerate(people)])
        session.execute(insert(Team), [{"id": each, "name": str(each)} for each in teams])
        members: list[dict[str, Any]] = [
            {"id": new_id(), "team_id": team, "user_id": user}
            for number, team in enumerate(teams[:TEAMS])
            for user in (representative, *others[number * TEAM_SIZE : (number + 1) * TEAM_SIZE])
        ]
        session.execute(insert(TeamMember), members)
    chosen = random.sample(range(SIZE), OWN + SHARED + TEAMS * TEAM_CUSTOMERS)
    own, shared = set(chosen[:OWN]), set(chosen[OWN : OWN + SHARED])
    of_teams = {number: teams[place % TEAMS] for place, number in enumerate(chosen[OWN + SHARED :])}
    strangers = [new_id() for _ in range(500)]
    with Session(engine) as session, session.begin():
        session.execute(insert(User), [_user(each, n + 9_000) for n, each in enumerate(strangers)])

    def belonging(number: int) -> tuple[UUID | None, UUID | None]:
        if number in own:
            return representative, None
        return strangers[number % 500], of_teams.get(number, teams[TEAMS + number % (TEAMS * 9)])

    seed_customers(engine, SIZE, belonging=belonging)
    with Session(engine) as session, session.begin():
        session.execute(text("set local statement_timeout = 0"))
        found = session.execute(
            text("select id from customer where ref_no = any(:numbers)"),
            {"numbers": [f"C{number + 1}" for number in shared]},
        ).scalars()
        grants = [
            {
                "id": new_id(), "subject_type": "customer", "subject_id": each,
                "user_id": representative, "level": "read",
            }
            for each in found
        ]  # fmt: skip
        session.execute(insert(AccessGrant), grants)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum (analyze) access_grant, team, team_member, app_user"))
    return administrator, representative


def _user(identifier: UUID, number: int) -> dict[str, Any]:
    role = Role.ADMINISTRATOR if number == 0 else Role.REPRESENTATIVE
    name = f"person {number}"
    return {"id": identifier, "email": f"{number}@hub.example", "name": name, "roles": [role.value]}


def _questions(engine: Engine) -> list[str]:
    random, rows = Random(11), rows_to_ask_about(engine)
    return [question_about(random.choice(rows), number % 6) for number in range(ROUNDS)]

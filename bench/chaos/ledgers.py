"""What the outside systems have seen, and what Hub's own tables say of themselves at the end."""

from collections import Counter, defaultdict

import redis
from sqlalchemy import create_engine, text

from connectors.sandbox.mailbox import Entry
from hub.db import HubSession
from hub.history import sealing
from tests.journeys.world import World

_DONE = frozenset({200, 201})


class Outside:
    """The ledgers of e-conomic and of the mailbox, as they are now."""

    def __init__(self, world: World) -> None:
        writes = world.economic.control("GET", "writes")
        done = [w for w in writes if w["status"] in _DONE and not w["from_cache"]]
        self.created = Counter(w["body"]["name"] for w in done if w["method"] == "POST")
        self.cities: dict[str, list[str]] = defaultdict(list)  # by customer name, in order
        for write in done:
            if write["method"] == "PUT" and write["body"].get("city"):
                self.cities[write["body"]["name"]].append(write["body"]["city"])
        self.mails: dict[str, list[Entry]] = defaultdict(list)  # by message id
        self.kinds: dict[str, set[str]] = defaultdict(set)  # of mail, by reminder
        for entry in world.mailbox.entries():
            message_id = entry.message_id or ""
            self.mails[message_id].append(entry)
            kind, _, rest = message_id.strip("<>").partition(".")  # <kind.sequence.source.…>
            self.kinds[rest.split(".")[1] if "." in rest else rest].add(kind)


class Inside:
    """Hub's own books, as they are now."""

    def __init__(self, world: World) -> None:
        engine = create_engine(world.stack.database_url)
        with engine.connect() as connection:
            states = connection.execute(text("select state, count(*) from job group by 1"))
            self.jobs: Counter[str] = Counter({row[0]: row[1] for row in states})
            self.due = connection.scalar(
                text("select count(*) from job where state = 'queued' and run_at <= now()")
            )
            self.next_in_s = connection.scalar(
                text(
                    "select round(extract(epoch from min(run_at) - now())) from job"
                    " where state = 'queued' and run_at > now()"
                )
            )
            self.unsealed = connection.scalar(text("select count(*) from event_unsealed"))
            self.dead = [
                f"{row.task}: {row.error}"
                for row in connection.execute(
                    text("select task, error from job where state = 'dead'")
                )
            ]
            self.conflicts = [
                f"{row.name} {row.field}: {row.base} / {row.local} / {row.remote}"
                for row in connection.execute(
                    text(
                        "select c.name, f.field, f.base, f.local, f.remote from conflict f"
                        " join customer c on c.id = f.customer_id where f.state = 'open'"
                    )
                )
            ]
            self.again = connection.scalar(text("select count(*) from job where token > 1"))
            self.lapses = connection.scalar(text("select coalesce(sum(lapses), 0) from job"))
            said = connection.execute(
                text("select message_id, possible_repeats from delivery where possible_repeats > 0")
            )
            self.possible_repeats = {row[0]: row[1] for row in said}
            self.orders = connection.scalar(
                text("select count(*) from event where type = 'customer.order_received'")
            )
            hooks = connection.execute(text("select state, count(*) from hook_delivery group by 1"))
            self.hooks: Counter[str] = Counter({row[0]: row[1] for row in hooks})
        engine.dispose()
        with redis.Redis.from_url(world.stack.redis_url) as client:
            self.redis_mb = client.info("memory")["used_memory"] / 2**20


def broken_seal(world: World) -> object | None:
    """Look through the whole chain of seals; return where it is broken, None where it is whole."""
    engine = create_engine(world.stack.database_url)
    with HubSession(bind=engine) as session:
        found = sealing.verify(session)
    engine.dispose()
    return found

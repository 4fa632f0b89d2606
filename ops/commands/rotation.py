"""``hub rotate-master-key``: a new key for the secrets of this installation, while it runs."""

import time
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

import click

from ops.errors import OperationError
from ops.installation import Installation, open_installation, reachable_database

if TYPE_CHECKING:
    from sqlalchemy import Engine

OLD_WRITERS_MAY_LAST_S = 600  # an export's snapshot is the longest transaction there is
_LOOK_EVERY_S = 0.5


@click.command("rotate-master-key")
def rotate_master_key() -> None:
    """Seal every secret under a new master key, while Hub runs; the old one is useless then.

    A key in the data directory is replaced by a new one. Where HUB_MASTER_KEY is set, put the new
    key there first, before the old one: new,old. See docs/operating.md.
    """
    from hub import db
    from hub.master_keys import master_keys
    from ops.master_key import begin_change, end_change

    installation = open_installation()
    file = installation.master_key_file
    is_ours = file is not None and file == installation.place.master_key
    if file is not None and is_ours:
        begin_change(file)
    installation.adopt()
    if len(master_keys()) == 1:
        raise OperationError(
            "The master key is yours to choose: make one (openssl rand -base64 32), write it "
            f"before the old one into {file or 'HUB_MASTER_KEY'} (new,old), see to it that all "
            "processes have read it, and repeat this command."
        )
    with reachable_database(installation) as url:
        engine = db.connect(url, pool_size=1)
        try:
            count, shut = _reseal(engine)
        finally:
            engine.dispose()
    if file is not None and is_ours:
        end_change(file)
    click.echo(f"{count} values are sealed under the new key.")
    for name, number in shut.items():
        click.echo(f"Warning: {number} of {name} open with neither key; enter them anew.", err=True)
    click.echo(_what_now(installation, is_ours=is_ours))


def _reseal(engine: "Engine") -> tuple[int, Counter[str]]:
    """Put everything under the new key; twice, since writers may have read the old key before."""
    began_at = _now(engine)
    count, _ = _pass()
    _wait_for_writers_of_before(engine, began_at)
    late, shut = _pass()
    return count + late, shut


def _pass() -> tuple[int, Counter[str]]:
    """Go through all columns once; returns how many went over, and which do not open."""
    from hub.db import transaction
    from hub.resealing import SEALED, reseal_batch

    count, shut = 0, Counter[str]()
    for sealed in SEALED:
        after, is_done = None, False
        while not is_done:
            with transaction() as session:
                batch = reseal_batch(session, sealed, after=after)
            count += batch.resealed
            shut[sealed.name] += len(batch.shut)
            after, is_done = batch.following, batch.following is None
    return count, +shut


def _wait_for_writers_of_before(engine: "Engine", began_at: datetime) -> None:
    from sqlalchemy import text

    question = text("""
        select count(*) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and xact_start <= :began_at
    """)
    until = time.monotonic() + OLD_WRITERS_MAY_LAST_S
    while True:
        time.sleep(_LOOK_EVERY_S)  # first, for one that holds a key and has not yet begun to write
        with engine.connect() as connection:
            if not connection.scalar(question, {"began_at": began_at}):
                return
        if time.monotonic() > until:
            raise OperationError(
                "A transaction that began before the new key has not ended: it may still write "
                "under the old one. Both keys hold; repeat this command."
            )


def _now(engine: "Engine") -> datetime:
    from sqlalchemy import func, select

    with engine.connect() as connection:
        now: datetime = connection.scalars(select(func.clock_timestamp())).one()
    return now


def _what_now(installation: Installation, *, is_ours: bool) -> str:
    if is_ours:
        return (
            f"The new key is in {installation.place.master_key}: keep a copy apart from your "
            "backups. A backup made before needs the old one."
        )
    return (
        "Remove the old key, and see to it that all processes have read that. A backup made "
        "before needs it."
    )

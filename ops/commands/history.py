"""``hub history verify``: does the sealed history still say what it said?"""

import click

from ops.errors import OperationError
from ops.installation import open_installation, reachable_database


@click.group()
def history() -> None:
    """Look after the history of all records."""


@history.command()
@click.option("--first", default=1, show_default=True, help="The position to begin at.")
@click.option(
    "--kept", metavar="POSITION:HASH",
    help="A head that this command printed before: a tail cut off since shows by it alone.",
)  # fmt: skip
def verify(*, first: int, kept: str | None) -> None:
    """Walk the hash chain over all sealed events; ends with 1 at the first link that is broken.

    Prints the head of the chain. Keep it where nobody who can write to the database reaches.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    from hub.history import sealing

    expected = _head(kept) if kept is not None else None
    with reachable_database(open_installation()) as url:
        engine = create_engine(url)
        try:
            with Session(engine) as session:
                head = sealing.head(session)  # before the walk: what is sealed meanwhile is not in
                broken = sealing.verify(session, first)
                if expected is not None and broken is None:
                    broken = sealing.compare(session, *expected)
        finally:
            engine.dispose()
    if broken is not None:
        raise OperationError(f"The history is broken at position {broken.position}: "
                             f"{broken.reason}.")  # fmt: skip
    position, digest = head
    click.echo(f"The history holds. Its head: {position}:{digest}")


def _head(kept: str) -> tuple[int, str]:
    position, colon, digest = kept.partition(":")
    if not (position.isdigit() and colon and digest):
        raise OperationError(f"{kept}: write POSITION:HASH, as this command prints it.")
    return int(position), digest

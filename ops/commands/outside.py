"""``hub hold`` and ``hub release``: whether calls go to outside systems, and mails out."""

import click

from ops.installation import open_installation, reachable_database

_REASON = click.option("--reason", help="Why; the history keeps it.")


@click.command()
@_REASON
def hold(reason: str | None) -> None:
    """Hold calls to outside systems and mails, while Hub runs or not; nothing is lost.

    For a copy of a database that `hub restore` did not make: call it before the copy is started.
    """
    with reachable_database(open_installation()) as url:
        set_held(url, held=True, reason=reason)
    click.echo("Calls to outside systems and mails are held. To let them go: hub release")


@click.command()
@_REASON
def release(reason: str | None) -> None:
    """Let calls to outside systems and mails go that are held, while Hub runs or not."""
    with reachable_database(open_installation()) as url:
        waited = set_held(url, held=False, reason=reason)
    click.echo(f"Nothing is held any more. What waited goes out in its order: {waited} jobs.")


def set_held(url: str, *, held: bool, reason: str | None) -> int:
    """Hold calls and mails, or let them go; returns how much work waits for that so far."""
    from hub import db, outside

    engine = db.connect(url, pool_size=1)
    try:
        with db.transaction() as session:
            outside.set_held(session, held=held, reason=reason)
            return outside.waiting(session)
    finally:
        engine.dispose()

"""``hub migrate``: brings the database up to date, and makes the first administrator."""

from pathlib import Path

import click

from hub.settings import get_settings
from ops.installation import open_installation, reachable_database
from ops.private_file import write_private


@click.command()
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    hidden=True,
    help="Where the first administrator's token goes instead of the terminal.",
)
def migrate(token_file: Path | None) -> None:
    """Bring the database to this version's schema; in a new one, make the first administrator.

    Prints the administrator's token, once: it is kept nowhere. The templates of imports are drawn
    too, so that they are there from the first request on, and where names or addresses are compared
    by other rules than before, a scan for duplicates is asked for.
    """
    from hub import db
    from hub.access.services import bootstrap_administrator
    from hub.clock import utcnow
    from hub.duplicates import scanning
    from hub.ledger import pulses
    from hub.migrations.runner import upgrade
    from hub.migrations.schema import head_revision
    from workers.importing.templates import draw_outdated

    with reachable_database(open_installation(), may_be_empty=True) as url:
        upgrade(url)
        click.echo(f"The database is at revision {head_revision()}.")
        engine = db.connect(url, pool_size=1)
        with db.transaction() as session:
            token = bootstrap_administrator(session, get_settings().administrator_email, utcnow())
            if token and token_file:
                write_private(
                    token_file, token, replace=True
                )  # before the commit: it can never be read again
            pulses.forget_dead(session)
            scanning.ask_where_outdated(session)
        draw_outdated()
        engine.dispose()
    if token and not token_file:
        click.echo(f"The first administrator's token, shown only now:\n\n    {token}\n")

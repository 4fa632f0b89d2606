"""``hub token``: for whoever has lost his, and for scripts on the server itself."""

from datetime import timedelta

import click

from ops.errors import OperationError
from ops.installation import open_installation, reachable_database


@click.group()
def token() -> None:
    """Make API tokens without having one."""


@token.command()
@click.option("--email", required=True, help="Whose token; an active user.")
@click.option("--name", default="made on the command line", show_default=True, help="What for.")
@click.option("--scope", "scopes", multiple=True, default=("*",), show_default=True)
@click.option(
    "--days", type=click.IntRange(min=1), help="How long it is good for; for ever if not given."
)
def create(email: str, name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Make a token for a user and print it, once."""
    from hub import db
    from hub.access.callers import principal_of
    from hub.access.issuing import Bounds, issue_token
    from hub.access.people import find_active_by_email
    from hub.clock import utcnow

    now = utcnow()
    with reachable_database(open_installation()) as url:
        engine = db.connect(url, pool_size=1)
        try:
            with db.transaction() as session:
                user = find_active_by_email(session, email)
                if user is None:
                    raise OperationError(f"There is no active user with the address {email}.")
                _, made = issue_token(
                    session,
                    # Who may run this may read the database anyway: the user himself asks.
                    principal_of(session, user),
                    user_id=user.id,
                    name=name,
                    scopes=scopes,
                    bounds=Bounds(expires_at=now + timedelta(days=days) if days else None),
                    now=now,
                )
        finally:
            engine.dispose()
    click.echo(made.text)

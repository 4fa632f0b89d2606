"""``hub password``: a way in for whoever cannot be mailed, the first administrator for one."""

import click

from ops.errors import OperationError
from ops.installation import open_installation, reachable_database


@click.group()
def password() -> None:
    """Let people choose passwords without a mail."""


@password.command()
@click.option("--email", required=True, help="Whose password; an active user.")
def link(email: str) -> None:
    """Print a link under which a user chooses a password; it works once, within an hour."""
    from hub import db, links
    from hub.clock import utcnow
    from hub.signing_in import passwords, tickets
    from hub.signing_in.models import TicketPurpose

    installation = open_installation()
    with reachable_database(installation) as url:
        engine = db.connect(url, pool_size=1)
        try:
            with db.transaction() as session:
                user = passwords.account_of(session, email).user
                if user is None:
                    raise OperationError(f"There is no active user with the address {email}.")
                purpose = TicketPurpose.PASSWORD_RESET
                made = tickets.make(session, user, purpose, now=utcnow())
        finally:
            engine.dispose()
    click.echo(links.absolute(links.ticket_path(made.secret)))

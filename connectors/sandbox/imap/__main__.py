"""Runs the mail server until interrupted: ``python -m connectors.sandbox.imap``."""

import time
from contextlib import suppress

import click

from connectors.sandbox.imap import serve


@click.command(help="Serve a mailbox by IMAP on 127.0.0.1; mail comes in by APPEND.")
@click.option("--port", default=1143, show_default=True, help="0 takes any free one.")
@click.option("--user", default="salg@hub.example", show_default=True)
@click.option("--password", default="sandbox", show_default=True)
def main(port: int, user: str, password: str) -> None:
    """Print the address and serve."""
    # No UID of an earlier start may be taken for one of this.
    running = serve(port, user=user, password=password, validity=int(time.time()))
    click.echo(running.url)
    with suppress(KeyboardInterrupt):
        running.wait()
    running.stop()


main()

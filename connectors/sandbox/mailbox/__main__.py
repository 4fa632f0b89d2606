"""Runs the mailbox until interrupted: ``python -m connectors.sandbox.mailbox``."""

from contextlib import suppress
from pathlib import Path

import click

from connectors.sandbox.mailbox import serve


@click.command(help="Take mail on 127.0.0.1, keep it and show it.")
@click.option("--smtp-port", default=1025, show_default=True, help="0 takes any free one.")
@click.option("--http-port", default=8025, show_default=True, help="0 takes any free one.")
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Where messages are kept.",
)
@click.option(
    "--key", envvar="MAILBOX_KEY", show_envvar=True, help="Without it nobody is shown anything."
)
@click.option("--faults/--no-faults", default=False, help="Whether faults can be planned.")
def main(smtp_port: int, http_port: int, directory: Path, key: str | None, *, faults: bool) -> None:
    """Print the two addresses, a line each, and serve."""
    running = serve(smtp_port, http_port, directory, key=key, plans_faults=faults)
    click.echo(running.smtp_url)
    click.echo(running.url)
    with suppress(KeyboardInterrupt):
        running.wait()
    running.stop()


main()

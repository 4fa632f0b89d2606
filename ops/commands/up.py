"""``hub up``: everything, on this machine, in one command."""

import os
import sys

import click

from hub.settings import unknown_settings
from ops.demo import starting_afresh
from ops.demo.parts import demo_parts, refuse_taken_ports, silenced
from ops.installation import Installation, open_installation
from ops.parts import mailbox_part, migration_part, postgres_part, redis_part, served_part
from ops.reach import local_url, refuse_taken_port
from ops.supervisor.part import Part
from ops.supervisor.supervision import Supervisor
from ops.welcome import welcome


@click.command()
@click.option("--demo", is_flag=True, help="Beside the real data, with samples and sandboxes.")
def up(*, demo: bool) -> None:
    """Start Hub with all that it needs, and keep it running until Ctrl-C."""
    for name in unknown_settings():
        click.echo(f"Warning: there is no setting {name}; is it misspelt?", err=True)
    installation = open_installation(demo=demo).with_mailbox()
    place = installation.place
    token_file = place.root / "administrator.token"
    with place.locked():
        installation.make_sockets()
        parts = _parts(installation)
        if demo:
            colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
            parts = silenced([*parts, *demo_parts(installation, colour=colour)])
        supervisor = Supervisor(parts, place, sys.stdout)
        supervisor.end_leftovers()
        if demo:
            refuse_taken_ports(installation)
            starting_afresh.clear_untold(place)
            click.echo(f"\nStarting a demonstration, with its data in {place.root} …\n")
            supervisor.run(on_ready=lambda: click.echo("Everything keeps running.   Stop: Ctrl-C"))
        else:
            refuse_taken_port(installation.settings)
            supervisor.run(on_ready=lambda: welcome(installation, token_file))


def _parts(installation: Installation) -> list[Part]:
    environment = installation.environment()
    url = local_url(installation.settings)
    token_file = installation.place.root / "administrator.token"
    parts = [migration_part(environment, token_file), served_part(environment, url)]
    if installation.postgres:
        parts.append(postgres_part(installation.postgres))
    if installation.redis:
        parts.append(redis_part(installation.redis))
    if installation.mailbox:
        parts.append(mailbox_part(installation.mailbox))
    return parts

"""``hub up``: everything, on this machine, in one command."""

import importlib
import sys
from importlib.util import find_spec

import click

from hub.settings import unknown_settings
from ops.errors import OperationError
from ops.installation import Installation, open_installation
from ops.parts import migration_part, postgres_part, process_parts, redis_part
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
    installation = open_installation(demo=demo)
    place = installation.place
    token_file = place.root / "administrator.token"
    with place.locked():
        environment = installation.environment()
        url = local_url(installation.settings)
        parts = [migration_part(environment, token_file), *process_parts(environment, url)]
        if installation.postgres:
            parts.append(postgres_part(installation.postgres))
        if installation.redis:
            parts.append(redis_part(installation.redis))
        if demo:
            parts.extend(_demo_parts(installation))
        supervisor = Supervisor(parts, place, sys.stdout)
        supervisor.end_leftovers()
        refuse_taken_port(installation.settings)
        supervisor.run(on_ready=lambda: welcome(installation, token_file))


def _demo_parts(installation: Installation) -> list[Part]:
    """Return the sandboxes and the step that fills in the samples, from `ops.demo`."""
    if find_spec("ops.demo") is None:
        raise OperationError("This version of Hub brings no demonstration.")
    parts: list[Part] = importlib.import_module("ops.demo").demo_parts(installation)
    return parts

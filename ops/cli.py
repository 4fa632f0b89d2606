"""The command ``hub``: starts Hub, and looks after it."""

import sys

import click

from hub.errors import HubError
from hub.settings import SettingsError
from ops.commands import (
    backup,
    demo,
    doctor,
    export,
    health,
    history,
    imports,
    migrate,
    outside,
    passwords,
    processes,
    rotation,
    tokens,
    up,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hub")
def hub() -> None:
    """Hub, an open integration hub for the customer side of a business.

    Settings are HUB_… environment variables; .env.example lists them all.
    """


for _command in (
    up.up,
    demo.demo,
    processes.api,
    processes.worker,
    processes.relay,
    processes.serve,
    migrate.migrate,
    doctor.doctor,
    health.health,
    backup.backup,
    backup.restore,
    outside.hold,
    outside.release,
    tokens.token,
    passwords.password,
    rotation.rotate_master_key,
    history.history,
    export.export,
    imports.import_,
):
    hub.add_command(_command)


def main() -> None:
    """Run the command; an error that people can mend is shown in words and ends with 1."""
    try:
        hub()
    except SettingsError as error:
        for line in error.lines:
            click.echo(f"Error: {line}", err=True)
        sys.exit(1)
    except HubError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()

"""``hub doctor``: is everything in order, and if not, what is to be done?"""

import sys
from typing import TYPE_CHECKING

import click

from hub.settings import SettingsError
from ops.installation import open_installation

if TYPE_CHECKING:
    from ops.doctor.findings import Finding


@click.command()
@click.option("--stores", is_flag=True, help="Look at PostgreSQL and Redis only.")
def doctor(*, stores: bool) -> None:
    """Look at everything Hub needs; ends with 1 when something keeps it from working."""
    from ops.doctor import database, machine, mail, redis
    from ops.doctor.findings import Level

    try:
        installation = open_installation()
    except SettingsError as error:  # where things are is not known: nothing else can be looked at
        _tell([*machine.broken_settings(error), *machine.look_at_names()])
        sys.exit(1)
    findings = [*database.look_at_database(installation), *redis.look_at_redis(installation)]
    if not stores:
        findings += [
            *database.look_at_processes(installation),
            *machine.look_at_names(),
            *machine.look_at_data_directory(installation),
            *machine.look_at_master_key(installation),
            *machine.look_at_public_url(installation),
            *machine.look_at_port(installation),
            *mail.look_at_mail(installation),
        ]
    _tell(findings)
    if any(finding.level is Level.FAIL for finding in findings):
        sys.exit(1)


def _tell(findings: "list[Finding]") -> None:
    for finding in findings:
        remedy = f" -> {finding.remedy}" if finding.remedy else ""
        click.echo(f"{finding.level:<5} {finding.subject}: {finding.message}{remedy}")

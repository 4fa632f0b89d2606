"""What ``hub up`` says once everything runs."""

from pathlib import Path

import click

from ops.installation import Installation
from ops.own_program import own_command
from ops.reach import holds_outside, local_url


def welcome(installation: Installation, token_file: Path) -> None:
    """Print where Hub is and, the first time, how to begin.

    The administrator's token waits in `token_file` until it is shown, and is shown only once.
    """
    settings = installation.settings
    url = settings.public_url or local_url(settings)
    click.echo(f"\nHub is running at {url} with its data in {installation.place.root}.")
    if token_file.exists():
        token = token_file.read_text(encoding="utf-8")
        click.echo(_first_steps(url, token, installation))
        token_file.unlink()
    if holds_outside(f"{local_url(settings)}/readyz"):
        click.echo(_held())
    if installation.mailbox:
        click.echo(f"Mail that would have gone out: {installation.mailbox.link}")
    click.echo(f"Documentation of the API: {url}/api/docs    Stop: Ctrl-C\n")


def _first_steps(url: str, token: str, installation: Installation) -> str:
    settings = installation.settings
    mail = "set"
    if installation.mailbox:
        mail = "kept here until HUB_SMTP_URL is set: see below"
    contact = (
        settings.contact
        or "set HUB_CONTACT, or give the connection one: cvrapi.dk demands to know who calls"
    )
    return f"""
The first administrator's token. It is shown only now; keep it:

    {token}

Before the first real customer (settings go into .env, then start again):

    language, zone, currency   {settings.locale}, {settings.zone}, {settings.currency}
    outgoing mail              {mail}
    contact for registries     {contact}
    master key                 {_master_key(installation)}
    e-conomic, shops           make a connection of each: POST /api/v1/connections
    everything in order?       {own_command()} doctor

To try it, paste these:

    export TOKEN={token}
    curl -s {url}/api/v1/customers -H "Authorization: Bearer $TOKEN" \\
        -H "Content-Type: application/json" -d '{{"name": "Nordlys Havn ApS", "country": "DK"}}'
    curl -s "{url}/api/v1/customers?q=nordlys" -H "Authorization: Bearer $TOKEN"
"""


def _held() -> str:
    return f"""
Calls to outside systems and mails are HELD, as after a restore: nothing is pulled, sent or
mailed. Tests of connections and test mails go through; all the rest waits in its order. If the
original is gone, let it go:

    {own_command()} release
"""


def _master_key(installation: Installation) -> str:
    if installation.master_key_file != installation.place.master_key:
        return "set"
    return f"{installation.place.master_key}: keep a copy apart from your backups"

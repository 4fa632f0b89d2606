"""``hub backup`` and ``hub restore``: everything but Redis, which holds nothing that counts."""

import shutil
import tempfile
from pathlib import Path

import click

from ops.errors import OperationError
from ops.installation import Installation, open_installation, reachable_database

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
def backup(file: Path) -> None:
    """Write the database and the files of this installation to FILE, while it runs or not."""
    from sqlalchemy import create_engine

    from hub.clock import utcnow
    from hub.migrations.schema import current_revision
    from ops.archive import Note, pack
    from ops.master_key import fingerprint
    from ops.postgres_tools import run_tool

    installation = open_installation()
    if file.exists():
        raise OperationError(f"{file} exists; a backup overwrites nothing. Choose another name.")
    file.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=file.parent) as scratch,
        reachable_database(installation) as url,
    ):
        engine = create_engine(url)
        with engine.connect() as connection:
            revision = current_revision(connection)
        engine.dispose()
        dump = Path(scratch) / "database.dump"
        # The files come after the database: what a row names was written before the row was.
        run_tool("pg_dump", ["--format=custom", "--no-owner", f"--file={dump}"], url)
        key = installation.environment()["HUB_MASTER_KEY"]
        note = Note(utcnow().isoformat(timespec="seconds"), revision, fingerprint(key))
        pack(file, note, dump, installation.place.files)
    click.echo(f"{file}: {file.stat().st_size // 1000} kB, the database at revision {revision}.")
    click.echo(
        f"It does not hold the master key ({_key_place(installation)}). Keep a copy of that "
        "elsewhere: without it the credentials of connections cannot be opened."
    )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Throw away what is there now.")
@click.option(
    "--live",
    is_flag=True,
    help="Go on where the original stopped: it is gone, and this takes over.",
)
def restore(file: Path, *, force: bool, live: bool) -> None:
    """Bring back what ``hub backup`` wrote to FILE, into an empty installation. Stop Hub first.

    Calls to outside systems and mails are held then, so that it does no harm beside the original,
    until ``hub release``; with --live they are not.
    """
    from hub.migrations.runner import upgrade
    from ops.archive import unpack
    from ops.commands.outside import set_held
    from ops.emptiness import make_empty, refuse_company
    from ops.master_key import fingerprint
    from ops.postgres_tools import run_tool

    installation = open_installation()
    place = installation.place
    if place.is_locked():
        raise OperationError(f"Hub runs (process {place.holder()}). Stop it before you restore.")
    with (
        tempfile.TemporaryDirectory(dir=place.root) as scratch,
        reachable_database(installation, may_be_empty=True) as url,
    ):
        note, dump, files = unpack(file, Path(scratch))
        refuse_company(url)
        make_empty(url, place.files, force=force)
        run_tool(
            "pg_restore",
            ["--no-owner", "--exit-on-error", "--single-transaction", str(dump)],
            url,
        )
        upgrade(url)
        set_held(url, held=not live, reason=f"Restored from the backup of {note.made_at}")
        shutil.rmtree(place.files)
        files.rename(place.files)
        place.files.chmod(0o700)
    click.echo(f"Restored the backup of {note.made_at}.")
    if not live:
        click.echo(
            "Calls to outside systems and mails are held, so that two installations do not do the "
            "same work. Once the original is gone, let them go: hub release"
        )
    if fingerprint(installation.environment()["HUB_MASTER_KEY"]) != note.key_fingerprint:
        click.echo(
            f"Warning: the backup was made with another master key than {_key_place(installation)} "
            "holds now. Put that key there, or give the connections their credentials anew.",
            err=True,
        )


def _key_place(installation: Installation) -> str:
    return str(installation.master_key_file or "HUB_MASTER_KEY")

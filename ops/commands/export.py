"""``hub export``: a list as a file, for scripts on the server itself."""

from pathlib import Path

import click

from ops.errors import OperationError
from ops.installation import open_installation, reachable_database

_FORMATS = (".xlsx", ".csv", ".html")


@click.command()
@click.argument("dataset")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--email", required=True, help="As whom: his rights, language and zone count.")
@click.option(
    "--where", "parameters", multiple=True, metavar="NAME=VALUE",
    help="As in the list's address, such as city=Aarhus or created_at.gte=month. Repeatable.",
)  # fmt: skip
@click.option("--sort", help="Such as -created_at,name.")
@click.option("--fields", help="The columns, such as ref_no,name,phone.")
def export(
    *,
    dataset: str,
    file: Path,
    email: str,
    parameters: tuple[str, ...],
    sort: str | None,
    fields: str | None,
) -> None:
    """Write the rows of DATASET (customers, notes, …) to FILE: .xlsx, .csv, or .html to print.

    Only what the user may export is written; all of it, or the command says what is missing.
    """
    from sqlalchemy import select

    from hub import db, reactions
    from hub.access.models import User
    from hub.access.predicates import visible
    from hub.access.roles import Verb
    from hub.clock import utcnow
    from hub.i18n import translate
    from hub.listing import parse_parameters
    from hub.reports.datasets import chosen_dataset
    from hub.reports.file_orders import FileOrder, mark_readings
    from hub.reports.models import FileFormat
    from hub.reports.readers import get_file_reader
    from workers.reporting import outcome, spooled, write

    if file.suffix not in _FORMATS:
        raise OperationError(f"{file}: name an .xlsx, a .csv or an .html file.")
    chosen = chosen_dataset(dataset, pointer="DATASET")
    reactions.install()  # with who may do what
    now = utcnow()
    with reachable_database(open_installation()) as url:
        engine = db.connect(url, pool_size=2)
        try:
            with db.transaction() as session:
                user_id = session.scalar(select(User.id).where(User.email == email.casefold()))
                if user_id is None:
                    raise OperationError(f"There is no user with the address {email}.")
                person = get_file_reader(session, user_id, chosen.exporting, now=now)
            order = FileOrder(
                query=parse_parameters(
                    chosen.listing, _pairs(parameters, sort, fields), person.reader
                ),
                visible=visible(person.principal, Verb.EXPORT, chosen.listing.model),
                format=FileFormat(file.suffix.removeprefix(".")),
                title=translate(person.reader.locale, chosen.title),
                made_at=now,
                principal=person.principal,
            )
            with spooled(order) as rows:
                draft = file.with_name(f".{file.name}.draft")
                write(order, rows, draft)
                draft.replace(file)  # whoever waits for the file never sees half of it
            with db.transaction() as session:
                mark_readings(session, order, outcome(rows, None), "export")
        finally:
            engine.dispose()
    click.echo(f"{file}: {rows.row_count} rows, as of {rows.as_of.isoformat(timespec='seconds')}.")
    if rows.row_count != rows.total:
        raise OperationError(f"The file is partial: there are {rows.total} rows.")


def _pairs(
    parameters: tuple[str, ...], sort: str | None, fields: str | None
) -> list[tuple[str, str]]:
    pairs = []
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not equals:
            raise OperationError(f"{parameter}: write NAME=VALUE.")
        pairs.append((name, value))
    pairs += [(name, text) for name, text in (("sort", sort), ("fields", fields)) if text]
    return pairs

"""Serve the sandbox: ``python -m connectors.sandbox.economic --port 8103 --books books.json``."""

from contextlib import suppress
from pathlib import Path

import click

from connectors.sandbox import serve
from connectors.sandbox.economic import PORT, create_app
from connectors.sandbox.economic.keeping import keep_books, open_books


@click.command(help="Serve e-conomic's double on 127.0.0.1.")
@click.option("--port", default=PORT, show_default=True, help="0 takes any free one.")
@click.option(
    "--books",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file in which it keeps its books; without it they end with the program.",
)
def main(port: int, path: Path | None) -> None:
    """Print the address and serve."""
    if path is None:
        app = create_app()
    else:
        books = open_books(path)
        app = create_app(books)
        keep_books(app, books, path)
    running = serve(app, port)
    click.echo(running.url)
    with suppress(KeyboardInterrupt):
        running.wait()


if __name__ == "__main__":
    main()

"""``hub demo``: tells the story of the demonstration, over HTTP only."""

import sys

import click

from ops.errors import OperationError
from ops.installation import open_installation


@click.command()
@click.option("--colour/--no-colour", default=None, help="As the terminal can, unless given.")
def demo(*, colour: bool | None) -> None:
    """Tell what Hub does, step by step, in the demonstration that ``hub up --demo`` runs.

    The first time the journeys are told; afterwards, where their results can be looked at.
    """
    from ops.demo.program import tell

    installation = open_installation(demo=True)
    if not installation.place.is_locked():
        raise OperationError("No demonstration is running here. Start one: hub up --demo")
    told = tell(installation, sys.stdout, colour=sys.stdout.isatty() if colour is None else colour)
    if not told:
        sys.exit(1)

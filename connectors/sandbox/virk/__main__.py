"""Serve the double of Virk: ``python -m connectors.sandbox.virk --port 8102``."""

from connectors.sandbox import run
from connectors.sandbox.virk import PORT, create_app

run(create_app, PORT)

"""Serve the sandbox: ``python -m connectors.sandbox.economic --port 8103``."""

from connectors.sandbox import run
from connectors.sandbox.economic import PORT, create_app

if __name__ == "__main__":
    run(create_app, PORT)

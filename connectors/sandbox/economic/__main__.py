"""Serve the sandbox: ``python -m connectors.sandbox.economic --port 8101``."""

from connectors.sandbox import run
from connectors.sandbox.economic import DEFAULT_PORT, create_app

if __name__ == "__main__":
    run(create_app, DEFAULT_PORT)

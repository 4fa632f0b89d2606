"""Runs the shop until interrupted: ``python -m connectors.sandbox.woocommerce``."""

from connectors.sandbox import run
from connectors.sandbox.woocommerce import create_app

run(create_app, 8027)

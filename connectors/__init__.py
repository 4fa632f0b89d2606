"""Connectors: one module per outside system, each behind a port of `hub.ports`."""

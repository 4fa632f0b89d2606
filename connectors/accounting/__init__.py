"""Connectors to accounting systems: each keeps `hub.ports.AccountingSystem`."""

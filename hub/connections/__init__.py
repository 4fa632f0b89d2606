"""Connections: our account with one outside system, its health, its links and its conflicts."""

"""Outgoing mail: what is to be sent to whom, how often it was tried, what became of it."""

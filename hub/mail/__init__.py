"""Outgoing mail: what is to be sent to whom, how often it was tried, what became of it."""

import hub.mail.access  # noqa: F401 - says who may see a delivery, before anybody can ask

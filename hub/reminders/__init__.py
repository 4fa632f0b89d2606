"""Reminders: in a person's calendar as soon as they are saved, in his mailbox when they are due."""

import hub.reminders.access  # noqa: F401 - says who may see a reminder, before anybody can ask

"""Reminders: in a person's calendar as soon as they are saved, in his mailbox when they are due."""

"""What follows from changes, whoever makes them: every process connects its reactions here."""

from hub.autofill import services as autofill
from hub.history.recording import when_changed
from hub.sync import pushing


def install() -> None:
    """Connect the reactions; every process that writes records calls this as it starts."""
    when_changed("customer", autofill.react)
    when_changed("customer", pushing.react)

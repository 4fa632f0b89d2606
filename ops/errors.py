"""What stops an operator's command; the text is all that the terminal shows."""

from hub.errors import HubError


class OperationError(HubError):
    """The command cannot go on; the message says why and how to mend it."""

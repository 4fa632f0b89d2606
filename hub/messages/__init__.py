"""Messages: what a mail from outside says, however it is written.

It is as anybody liked to write it: what can be read of it is read, in any character set and however
broken, within bounds; the rest is left out. Nothing of it is run, fetched or followed.
"""

from hub.messages.reading import (
    Attachment,
    Envelope,
    Mail,
    Person,
    envelope,
    identify,
    read,
)

__all__ = ["Attachment", "Envelope", "Mail", "Person", "envelope", "identify", "read"]

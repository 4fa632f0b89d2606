"""A mailer without a server, that keeps the port's contract (tests/contracts/test_mailer.py)."""

from dataclasses import dataclass, field

from connectors.mail import refuse_unsendable
from hub.errors import (
    ConnectorError,
    RejectedError,
    RemoteFieldError,
    TransientError,
    UnknownOutcomeError,
)
from hub.ports import OutgoingMail


@dataclass(slots=True)
class FakeMailer:
    """Keeps what it is handed in `received`.

    `fail_next` is raised once, before the message is taken; `lose_replies` counts messages that are
    taken, but whose sender is not told; recipients in `refused` never get mail; `is_down` is what
    it says.
    """

    received: list[OutgoingMail] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    fail_next: ConnectorError | None = None
    lose_replies: int = 0
    is_down: bool = False

    def send(self, mail: OutgoingMail) -> str:
        """See `hub.ports.Mailer.send`."""
        refuse_unsendable("fake", mail)
        if self.is_down:
            raise TransientError("fake", "It is down.")
        if self.fail_next is not None:
            failure, self.fail_next = self.fail_next, None
            raise failure
        if mail.recipient in self.refused:
            error = RemoteFieldError("recipient", "550", "no such user here")
            raise RejectedError("fake", "The recipient is refused.", (error,))
        self.received.append(mail)
        if self.lose_replies > 0:
            self.lose_replies -= 1
            raise UnknownOutcomeError("fake", "No answer came.")
        return f"250 kept as {len(self.received)}"

    def test(self) -> str:
        """See `hub.ports.Mailer.test`."""
        if self.is_down:
            raise TransientError("fake", "It is down.")
        return "fake mailer"

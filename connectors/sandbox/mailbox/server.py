"""The SMTP server: an event loop in a thread, with planned faults."""

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from connectors.sandbox.mailbox.faults import MailFaults
from connectors.sandbox.mailbox.store import Store

_HOST = "127.0.0.1"
_NAME = "mailbox.localhost"
_SIZE_BYTES = 33_554_432  # 32 MiB, the library's own default
_STOP_S = 10


class SmtpServer:
    """Takes mail on 127.0.0.1 until it is stopped; port 0 takes any free one.

    Args:
        store: where messages go.
        port: where to listen.
        credentials: user and password without which no mail is taken; None asks for none.
        tls: offers STARTTLS with this context, or, with `implicit_tls`, speaks TLS from the start.
        implicit_tls: see `tls`.
    """

    def __init__(
        self,
        store: Store,
        port: int = 0,
        *,
        credentials: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
    ) -> None:
        self.faults = MailFaults()
        self._handler = _Handler(store, self.faults, credentials)
        self._starttls = None if implicit_tls else tls
        self._implicit = tls if implicit_tls else None
        self._loop = asyncio.new_event_loop()
        self._conversations: set[_Conversation] = set()
        self._listener: asyncio.Server | None = None
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="sandbox:smtp", daemon=True
        )
        self._thread.start()
        self.port = port
        try:
            self._call(self._listen())
        except OSError:
            self._end_loop()
            raise

    def set_down(self, *, down: bool) -> None:
        """Refuse connections and cut the open ones, or take them again on the same port."""
        self.faults.down = down
        self._call(self._hang_up() if down else self._listen())

    def cut_connections(self) -> None:
        """Cut the open connections, as a server does with those that were idle too long."""
        self._call(self._cut())

    def stop(self) -> None:
        """Stop listening for good."""
        self._call(self._hang_up())
        self._end_loop()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_S)
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_STOP_S)

    async def _listen(self) -> None:
        if self._listener is None:
            self._listener = await self._loop.create_server(
                self._conversation, _HOST, self.port, ssl=self._implicit
            )
            self.port = self._listener.sockets[0].getsockname()[1]

    async def _hang_up(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        await self._cut()

    async def _cut(self) -> None:
        tasks = []
        for conversation in list(self._conversations):
            tasks.append(conversation.task)
            _abort(conversation.transport)
        await asyncio.gather(*(task for task in tasks if task), return_exceptions=True)

    def _conversation(self) -> "_Conversation":
        return _Conversation(
            self._conversations,
            self._handler,
            hostname=_NAME,
            ident="Hub mailbox sandbox",
            data_size_limit=_SIZE_BYTES,
            enable_SMTPUTF8=True,
            tls_context=self._starttls,
            auth_require_tls=False,  # a sandbox: whether to send a password is the sender's care
            authenticator=self._handler.authenticate if self._handler.credentials else None,
            auth_exclude_mechanism=None if self._handler.credentials else ["LOGIN", "PLAIN"],
            loop=self._loop,
        )


class _Conversation(SMTP):
    """One connection, known to the server so that it can be cut."""

    def __init__(self, register: set["_Conversation"], handler: Any, **options: Any) -> None:
        super().__init__(handler, **options)
        self._register = register
        self._faults: MailFaults = handler.faults

    @property
    def task(self) -> asyncio.Task[None] | None:
        """What handles the connection."""
        found: asyncio.Task[None] | None = self._handler_coroutine
        return found

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the connection."""
        self._register.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        self._register.discard(self)
        super().connection_lost(error)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - the library's name
        """Take a message, or cut its sender off first."""
        if self._faults.take("drop_early"):
            await cut_off(self)
        await super().smtp_DATA(arg)


class _Handler:
    """What aiosmtpd asks about each command."""

    def __init__(
        self, store: Store, faults: MailFaults, credentials: tuple[str, str] | None
    ) -> None:
        self.faults = faults
        self.credentials = credentials
        self._store = store

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        """Compare user and password."""
        if not isinstance(data, LoginPassword) or self.credentials is None:
            return AuthResult(success=False, handled=False)
        given = (data.login.decode("utf-8", "replace"), data.password.decode("utf-8", "replace"))
        return AuthResult(success=given == self.credentials, handled=False)

    async def handle_MAIL(  # noqa: N802 - the library's name
        self,
        _server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take a sender who has logged in where that is asked for."""
        if self.credentials is not None and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802 - the library's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take a recipient who is not to be refused."""
        if address in self.faults.refuse:
            return f"550 5.1.1 <{address}>: no such user here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep the message, or do what is planned."""
        if self.faults.take("busy"):
            return "451 4.3.2 Try again later"
        if self.faults.take("drop_lost"):
            await cut_off(server)
        raw = bytes(envelope.original_content or b"")
        sender = "" if envelope.mail_from in {None, "<>"} else str(envelope.mail_from)
        kept = [
            await asyncio.to_thread(self._store.add, sender, recipient, raw)
            for recipient in envelope.rcpt_tos
        ]
        if self.faults.take("drop_kept"):
            await cut_off(server)
        if self.faults.slow_s > 0:
            await asyncio.sleep(self.faults.slow_s)
        return f"250 2.0.0 Ok: kept as {', '.join(str(entry.position) for entry in kept)}"


async def cut_off(server: SMTP) -> None:
    """Break the connection without another word; does not return."""
    _abort(server.transport)
    await asyncio.Event().wait()  # until the lost connection cancels this task


def _abort(transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, asyncio.WriteTransport):  # None once the connection is lost
        transport.abort()

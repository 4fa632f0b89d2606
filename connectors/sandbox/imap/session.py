"""One conversation: commands of RFC 3501 and their answers."""

import base64
import re
import socket
import ssl
from contextlib import suppress

from connectors.sandbox.imap.account import Account
from connectors.sandbox.imap.store import Folder, Message
from connectors.sandbox.imap.syntax import (
    UnreadableError,
    day_of,
    mailbox_name,
    numbers,
    sent_instant,
    sent_name,
    server_day,
    tokens,
)

_LITERAL = re.compile(rb"\{(\d+)(\+?)\}$")
_PART = re.compile(r"BODY(?:\.PEEK)?\[([A-Z]*)\](?:<(\d+)\.(\d+)>)?")
_LONGEST_LINE = 65_536
_ANYTIME = frozenset({"CAPABILITY", "NOOP", "LOGOUT", "LOGIN", "AUTHENTICATE", "STARTTLS"})
_SELECTED = frozenset({"FETCH", "SEARCH", "STORE", "MOVE", "CLOSE"})


class _RefusedError(Exception):
    """Answered NO."""


class Session:
    """Speaks with one client until he logs out or hangs up."""

    def __init__(self, account: Account, connection: socket.socket) -> None:
        self._account = account
        self._connection = connection
        self._file = connection.makefile("rb")
        account.note_socket(connection)
        self._is_known = False
        self._folder: Folder | None = None
        self._read_only = False

    def run(self) -> None:
        """Greet, and answer one command after another."""
        self._send("* OK Hub IMAP sandbox ready")
        while True:
            line, literals = self._command()
            if not line:
                return
            tag, _, rest = line.partition(b" ")
            name = tag.decode("ascii", "replace")
            try:
                words = tokens(rest)
                command = words.pop(0).upper()
                uid = command == "UID"
                if uid:
                    command = words.pop(0).upper()
                shown = words[:1] if command in {"LOGIN", "AUTHENTICATE"} else words
                self._account.note(" ".join(["UID"] * uid + [command, *shown]))
                if command in self._account.faults.cut:
                    self._account.faults.cut.remove(command)
                    with suppress(OSError):
                        self._connection.shutdown(socket.SHUT_RDWR)
                    return
                done = self._answer(command, words, literals, by_uid=uid)
                self._send(f"{name} OK {done or command + ' completed'}")
                if command == "STARTTLS" and self._account.starttls is not None:
                    self.encrypt(self._account.starttls)
                if command == "LOGOUT":
                    return
            except _RefusedError as error:
                self._send(f"{name} NO {error}")
            except (UnreadableError, IndexError) as error:
                self._send(f"{name} BAD {error}")

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Go on encrypted."""
        plain = self._connection
        self._file.close()
        self._connection = context.wrap_socket(plain, server_side=True)
        self._account.note_socket(self._connection, plain)
        self._file = self._connection.makefile("rb")

    def close(self) -> None:
        """Hang up."""
        self._account.forget_socket(self._connection)
        self._file.close()
        self._connection.close()

    def _command(self) -> tuple[bytes, list[bytes]]:
        """Return a command's line, each literal in it as a quoted string of its place."""
        parts: list[bytes] = []
        literals: list[bytes] = []
        while True:
            line = self._file.readline(_LONGEST_LINE).rstrip(b"\r\n")
            found = _LITERAL.search(line)
            if found is None:
                return b"".join([*parts, line]), literals
            if not found.group(2):
                self._send("+ go on")
            content = self._file.read(int(found.group(1)))
            literals.append(content)
            written = content if len(content) < 200 and b"\n" not in content else b"literal"  # noqa: PLR2004 - names are short, messages are not
            quoted = written.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            parts += [line[: found.start()], b'"', quoted, b'"']

    def _answer(
        self, command: str, words: list[str], literals: list[bytes], *, by_uid: bool
    ) -> str | None:
        if command in self._account.faults.refuse:
            raise _RefusedError(self._account.faults.refuse[command])
        if not self._is_known and command not in _ANYTIME:
            raise UnreadableError("log in first")
        if command in _SELECTED and self._folder is None:
            raise UnreadableError("select a folder first")
        if command == "APPEND":
            self._find(words[0]).add(literals[-1])
            return None
        handler = getattr(self, f"_do_{command.lower()}", None)
        if handler is None:
            raise UnreadableError("unknown command")
        if command in {"FETCH", "SEARCH", "STORE", "MOVE"}:
            answer: str | None = handler(words, by_uid=by_uid)
        else:
            answer = handler(words)
        return answer

    def _do_capability(self, _words: list[str]) -> None:
        offered = [*self._account.offered]
        if self._account.starttls is not None:
            offered.append("STARTTLS")
        self._send(" ".join(["* CAPABILITY IMAP4rev1", *offered]))

    def _do_noop(self, _words: list[str]) -> None:
        pass

    def _do_logout(self, _words: list[str]) -> None:
        self._send("* BYE goodbye")

    def _do_starttls(self, _words: list[str]) -> str:
        if self._account.starttls is None:
            raise UnreadableError("no TLS here")
        return "begin TLS"

    def _do_login(self, words: list[str]) -> str:
        return self._let_in((words[0], words[1]))

    def _do_authenticate(self, words: list[str]) -> str:
        if words[0].upper() != "PLAIN" or "AUTH=PLAIN" not in self._account.offered:
            raise _RefusedError("no such mechanism")
        if len(words) > 1:  # RFC 4959: the answer comes along
            given = words[1].encode()
        else:
            self._send("+ ")
            given = self._file.readline(_LONGEST_LINE).strip()
        _, user, password = base64.b64decode(given).decode().split("\0")
        return self._let_in((user, password))

    def _let_in(self, given: tuple[str, str]) -> str:
        if self._account.faults.refuse_login is not None:
            raise _RefusedError(self._account.faults.refuse_login)
        if given != self._account.credentials:
            raise _RefusedError("[AUTHENTICATIONFAILED] invalid credentials")
        self._is_known = True
        return "logged in"

    def _do_list(self, _words: list[str]) -> None:
        for name in self._account.store.names():
            self._send(f'* LIST () "/" "{sent_name(name)}"')

    def _do_select(self, words: list[str], *, read_only: bool = False) -> str:
        self._folder = None
        folder = self._find(words[0])
        self._folder, self._read_only = folder, read_only
        self._send("* FLAGS (\\Seen \\Deleted)")
        self._send(f"* {len(folder.messages())} EXISTS")
        self._send("* 0 RECENT")
        self._send(f"* OK [UIDVALIDITY {folder.validity}] UIDs valid")
        self._send(f"* OK [UIDNEXT {folder.next_uid}] next")
        return "[READ-ONLY] done" if read_only else "[READ-WRITE] done"

    def _do_examine(self, words: list[str]) -> str:
        return self._do_select(words, read_only=True)

    def _do_close(self, _words: list[str]) -> None:
        self._folder = None

    def _do_create(self, words: list[str]) -> None:
        self._account.store.folder(mailbox_name(words[0]))

    def _do_status(self, words: list[str]) -> None:
        folder = self._find(words[0])
        self._send(f'* STATUS "{words[0]}" (MESSAGES {len(folder.messages())})')

    def _do_search(self, words: list[str], *, by_uid: bool) -> None:
        found = self._messages()
        while words:
            match words.pop(0).upper():
                case "ALL":
                    continue
                case "UID":
                    wanted = list(numbers(words.pop(0), found[-1][1].uid if found else 0))
                    found = [each for each in found if any(each[1].uid in r for r in wanted)]
                case "SINCE":
                    day = day_of(words.pop(0))
                    found = [each for each in found if server_day(each[1].received_at) >= day]
                case "UNSEEN":
                    found = [each for each in found if "\\Seen" not in each[1].flags]
                case other:
                    raise UnreadableError(f"unknown criterion {other}")
        told = [str(message.uid if by_uid else place) for place, message in found]
        self._send(" ".join(["* SEARCH", *told]))

    def _do_fetch(self, words: list[str], *, by_uid: bool) -> None:
        asked = [word.upper() for word in words[1:] if word not in {"(", ")"}]
        for place, message in self._chosen(words[0], by_uid=by_uid):
            items = [*asked, *(["UID"] if by_uid and "UID" not in asked else [])]
            parts = [self._item(item, message) for item in items]
            self._raw(b"* %d FETCH (%s)\r\n" % (place, b" ".join(parts)))

    def _item(self, item: str, message: Message) -> bytes:
        match item:
            case "UID":
                return b"UID %d" % message.uid
            case "RFC822.SIZE":
                return b"RFC822.SIZE %d" % len(message.raw)
            case "INTERNALDATE":
                return f'INTERNALDATE "{sent_instant(message.received_at)}"'.encode()
            case "FLAGS":
                return f"FLAGS ({' '.join(sorted(message.flags))})".encode()
        part = _PART.fullmatch(item)
        if part is None or part.group(1) not in {"", "HEADER", "TEXT"}:
            raise UnreadableError(f"unknown item {item}")
        faults = self._account.faults
        if message.uid in faults.headless or (
            message.uid in faults.unreadable and part.group(1) != "HEADER"
        ):
            raise _RefusedError("[CANNOT] message cannot be converted")
        if "PEEK" not in item and not self._read_only:
            message.flags.add("\\Seen")
        head, gap, text = message.raw.partition(b"\r\n\r\n")
        content = {"": message.raw, "HEADER": head + gap, "TEXT": text}[part.group(1)]
        name = f"BODY[{part.group(1)}]"
        if part.group(2) is not None:
            start = int(part.group(2))
            content = content[start : start + int(part.group(3))]
            name += f"<{start}>"
        if not content:
            return f'{name} ""'.encode()
        return f"{name} {{{len(content)}}}\r\n".encode() + content

    def _do_store(self, words: list[str], *, by_uid: bool) -> None:
        self._refuse_read_only()
        flags = {word for word in words[2:] if word not in {"(", ")"}}
        if not words[1].upper().startswith("+FLAGS"):
            raise UnreadableError("only +FLAGS is known")
        for place, message in self._chosen(words[0], by_uid=by_uid):
            message.flags |= flags
            if not words[1].upper().endswith(".SILENT"):
                self._send(f"* {place} FETCH (FLAGS ({' '.join(sorted(message.flags))}))")

    def _do_move(self, words: list[str], *, by_uid: bool) -> None:
        self._refuse_read_only()
        if "MOVE" not in self._account.offered:
            raise UnreadableError("unknown command")
        target = self._find(words[1])
        assert self._folder is not None  # noqa: S101 - seen before
        for place, message in reversed(self._chosen(words[0], by_uid=by_uid)):
            if self._folder.take(message.uid) is not None:
                target.add(
                    message.raw, received_at=message.received_at, flags=frozenset(message.flags)
                )
                self._send(f"* {place} EXPUNGE")

    def _messages(self) -> list[tuple[int, Message]]:
        assert self._folder is not None  # noqa: S101 - seen before
        return list(enumerate(self._folder.messages(), 1))

    def _chosen(self, wanted: str, *, by_uid: bool) -> list[tuple[int, Message]]:
        known = self._messages()
        if not known:
            return []
        last = known[-1][1].uid if by_uid else len(known)
        ranges = list(numbers(wanted, last))
        return [
            each for each in known
            if any((each[1].uid if by_uid else each[0]) in chosen for chosen in ranges)
        ]  # fmt: skip

    def _find(self, sent: str) -> Folder:
        found = self._account.store.find(mailbox_name(sent))
        if found is None:
            raise _RefusedError("[NONEXISTENT] no such folder")
        return found

    def _refuse_read_only(self) -> None:
        if self._read_only:
            raise _RefusedError("the folder is open for reading only")

    def _send(self, line: str) -> None:
        self._raw(line.encode("utf-8", "replace") + b"\r\n")

    def _raw(self, content: bytes) -> None:
        self._connection.sendall(content)

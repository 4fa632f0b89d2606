"""How a mail reads as a note: its subject, its text, whom it is from, and what is left out."""

from collections.abc import Iterator

from hub.i18n import N_, translate
from hub.messages import Attachment, Mail
from hub.settings import get_settings

LONGEST = 20_000  # as notes are that people write
_MOST_NAMED = 20
_KILOBYTE = 1000

FROM = N_("From: {sender}")
ATTACHED = N_("Attached, and not kept here: {files}")
MORE = N_("and {count} more")
CUT = N_("The text is longer; the mail has all of it.")
BEGINNING = N_("Only the beginning was read: the mail has {size}.")
EMPTY = N_("(no text)")


def body_of(mail: Mail) -> str:
    """Return what is noted of a mail, in the language of the installation."""
    head = f"{mail.subject}\n\n" if mail.subject else ""
    tail = "".join(f"\n{line}" for line in _tail(mail))
    text = mail.text or _said(EMPTY)
    room = LONGEST - len(head) - len(tail) - 2
    if len(text) > room:
        cut = _said(CUT)
        text = f"{text[: room - len(cut) - 4]} …\n\n{cut}"
    return f"{head}{text}\n{tail}"


def _tail(mail: Mail) -> Iterator[str]:
    if mail.sender is not None:
        name, address = mail.sender.name, mail.sender.address
        name = f"{name} <{address}>" if name else address
        yield _said(FROM, sender=name)
    if mail.attachments:
        files = [_file(each) for each in mail.attachments[:_MOST_NAMED]]
        more = len(mail.attachments) - len(files)
        if more:
            files.append(_said(MORE, count=more))
        yield _said(ATTACHED, files=", ".join(files))
    if not mail.is_whole:
        yield _said(BEGINNING, size=_size(mail.size_bytes))


def _file(attachment: Attachment) -> str:
    return f"{attachment.name or attachment.media_type} ({_size(attachment.size_bytes)})"


def _size(size_bytes: int) -> str:
    kilobytes = max(1, round(size_bytes / _KILOBYTE))
    if kilobytes < _KILOBYTE:
        return f"{kilobytes} kB"
    return f"{kilobytes / _KILOBYTE:.1f} MB"


def _said(text: str, **params: object) -> str:
    return translate(get_settings().locale, text, params)

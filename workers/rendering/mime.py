"""MIME, written out by hand: parts and headers as bytes, with nothing left to an interpreter.

RFC 5322, 2045 to 2047 and 2231. Python's own generator folds, quotes and decodes differently from
release to release, and in some releases lets an encoded word become a line break (reliability.md
section 3.4); a resend must be equal to the byte (R-20). What is needed is little: 7-bit headers,
bodies in quoted-printable or base64, multiparts with a boundary derived from the message's id.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from urllib.parse import quote

from workers.rendering.mailboxes import Mailbox
from workers.rendering.safe_text import hides_a_break, one_line

CRLF = b"\r\n"
MAX_LINE_LENGTH = 76
_WORD_FRAME = len("=?utf-8?b??=")
_LONGEST_MAILBOX_HEADER = len("Reply-To")

_PIECE_LENGTH = 54  # leaves room for the frame of a numbered parameter in 76 characters

_PLAIN_TEXT = re.compile(r"[ -~]*")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9 !#$%&'*+/^_`{|}~-]+")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def header(name: str, value: str) -> bytes:
    """Return one header line, of a value that is ASCII already and folded where it is long.

    Raises:
        ValueError: it would not be one header, or one that a reader decodes to several lines.
    """
    unfolded = value.replace("\r\n ", " ")
    if not _HEADER_NAME.fullmatch(name) or not _PLAIN_TEXT.fullmatch(unfolded):
        raise ValueError(f"the header {name!r} holds characters that no header may hold")
    if hides_a_break(unfolded):
        raise ValueError(f"the header {name!r} hides a line break in an encoded word")
    return f"{name}: {value}".encode("ascii") + CRLF


def text_value(text: str, *, name_length: int) -> str:
    """Return free text for a header such as Subject, encoded where it is not plain or too long.

    Text that looks like an encoded word is encoded itself, so that people read what was written.
    """
    line = one_line(text)
    if (
        _PLAIN_TEXT.fullmatch(line)
        and "=?" not in line
        and name_length + 2 + len(line) <= MAX_LINE_LENGTH
    ):
        return line
    return _encoded_words(line, name_length=name_length)


def mailbox_value(mailbox: Mailbox) -> str:
    """Return a mailbox for a header such as To, the name encoded or quoted where it must be."""
    name = mailbox.name
    if not name:
        return mailbox.address
    if "=?" in name or not _PLAIN_TEXT.fullmatch(name) or len(name) > MAX_LINE_LENGTH // 2:
        shown = _encoded_words(name, name_length=_LONGEST_MAILBOX_HEADER)
    elif _PLAIN_NAME.fullmatch(name):
        shown = name
    else:
        shown = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    room = MAX_LINE_LENGTH - _LONGEST_MAILBOX_HEADER - len(":  <>")
    long = len(shown) + len(mailbox.address) > room
    return f"{shown}{CRLF.decode() if long else ''} <{mailbox.address}>"


def text_part(subtype: str, text: str) -> bytes:
    """Return a text part in UTF-8 and quoted-printable, readable even in the source."""
    unix = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    encoded = binascii.b2a_qp(unix.encode("utf-8"), istext=True).replace(b"\n", CRLF)
    return (
        header("Content-Type", f"text/{subtype}; charset=utf-8")
        + header("Content-Transfer-Encoding", "quoted-printable")
        + CRLF
        + encoded
    )


def binary_part(content_type: str, content: bytes, *, filename: str | None = None) -> bytes:
    """Return a part in base64; an attachment where it has a file name, else shown in place."""
    headers = header("Content-Type", content_type)
    if filename is not None:
        headers += header("Content-Disposition", "attachment;\r\n " + _filename_value(filename))
    return headers + header("Content-Transfer-Encoding", "base64") + CRLF + _base64_lines(content)


def multipart(subtype: str, parts: Sequence[bytes], *, seed: str) -> bytes:
    """Return a multipart of finished parts; its boundary is derived from `seed` and the subtype."""
    digest = hashlib.sha256(f"{subtype} {seed}".encode()).hexdigest()[:32]
    boundary = f"=_{digest}"  # "=_" occurs neither in quoted-printable nor in base64: RFC 2045 6.7
    marker = b"--" + boundary.encode("ascii")
    body = b"".join(marker + CRLF + part.rstrip(CRLF) + CRLF for part in parts)
    content_type = f'multipart/{subtype};\r\n boundary="{boundary}"'
    return header("Content-Type", content_type) + CRLF + body + marker + b"--" + CRLF


def safe_filename(name: str) -> str:
    """Return a file name without folders or characters that some file system refuses."""
    cleaned = re.sub(r'[\\/:*?"<>|]+', "-", one_line(name)).strip(". ")
    return cleaned[-150:] or "attachment"  # the end is kept for its suffix; most systems take 255


def _filename_value(filename: str) -> str:
    name = safe_filename(filename)
    plain = name.encode("ascii", "replace").decode("ascii").replace("?", "_").replace("=_", "__")
    if plain == name:
        return f'filename="{name}"'
    pieces = _percent_pieces(name)
    if len(pieces) == 1:
        return f"filename=\"{plain}\";\r\n filename*=utf-8''{pieces[0]}"
    return ";\r\n ".join(  # RFC 2231 section 4.1: long values continue in numbered pieces
        f"filename*{number}*={'' if number else chr(39).join(('utf-8', '', ''))}{piece}"
        for number, piece in enumerate(pieces)
    )


def _percent_pieces(name: str) -> list[str]:
    pieces = [""]
    for character in name:
        encoded = quote(character, safe="")
        if len(pieces[-1]) + len(encoded) > _PIECE_LENGTH:
            pieces.append("")
        pieces[-1] += encoded
    return pieces


def _base64_lines(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", CRLF)


def _encoded_words(line: str, *, name_length: int) -> str:
    words, chunk = [], b""
    room = _bytes_that_fit(MAX_LINE_LENGTH - name_length - len(": "))
    for character in line:
        encoded = character.encode("utf-8")
        if len(chunk) + len(encoded) > room:
            words.append(chunk)
            chunk = b""
            room = _bytes_that_fit(MAX_LINE_LENGTH - len(" "))
        chunk += encoded
    words.append(chunk)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode('ascii')}?=" for word in words)


def _bytes_that_fit(columns: int) -> int:
    return (columns - _WORD_FRAME) // 4 * 3  # four characters of base64 carry three bytes

"""What messages say, however they are written."""

import time
import unicodedata
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import MalformedReplyError
from hub.messages import Attachment, Person, identify, read
from hub.messages.texts import text_of_html
from tests.lengths import examples

PLAIN = (
    b"Message-ID: <m1@viben.example>\r\n"
    b"From: =?utf-8?q?Ida_Pr=C3=B8ve?= <Ida@Viben.example>\r\n"
    b'To: salg@hub.example, "Bo, hos os" <bo@hub.example>\r\n'
    b"Subject: =?iso-8859-1?q?Tilbud_p=E5_to_kraner?=\r\n"
    b"\r\n"
    b"Hej\r\n\r\nVi skal bruge to kraner.\r\n"
)


def with_headers(*lines: str) -> bytes:
    """Return the plain message with some headers in front."""
    return "".join(f"{line}\r\n" for line in lines).encode() + PLAIN


def test_a_plain_message_is_read_whole() -> None:
    mail = read(PLAIN)

    assert mail.message_id == "<m1@viben.example>"
    assert mail.sender == Person("Ida Prøve", "ida@viben.example")
    assert mail.senders == ("ida@viben.example",)
    assert mail.recipients == ("salg@hub.example", "bo@hub.example")
    assert (mail.subject, mail.text) == (
        "Tilbud på to kraner", "Hej\n\nVi skal bruge to kraner.",
    )  # fmt: skip
    assert (mail.automatic, mail.attachments, mail.follows) == (None, (), ())
    assert mail.summary == "Ida Prøve · Tilbud på to kraner"


def test_what_a_mail_program_makes_is_read_with_its_files() -> None:
    made = EmailMessage(policy=SMTP)
    made["From"] = "Åse Ærlig <aase@ærø.example>"
    made["Subject"] = "Tegning"
    made.set_content("Se vedlagte ✓")
    made.add_alternative("<p>Se <b>vedlagte</b></p>", subtype="html")
    made.add_attachment(b"%PDF" * 100, maintype="application", subtype="pdf", filename="krån.pdf")
    made.add_attachment("en note", filename="note.txt")

    mail = read(bytes(made))

    assert mail.sender == Person("Åse Ærlig", "aase@ærø.example")
    assert mail.text == "Se vedlagte ✓"
    assert mail.attachments == (
        Attachment("krån.pdf", "application/pdf", 400),
        Attachment("note.txt", "text/plain", 9),
    )


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain; charset=utf-8", "blåbær €".encode(), "blåbær €"),
        ("text/plain; charset=iso-8859-1", "blåbær €".encode("cp1252"), "blåbær €"),
        ("text/plain", "blåbær".encode("cp1252"), "blåbær"),
        ("text/plain; charset=us-ascii", "blåbær".encode(), "blåbær"),
        ("text/plain; charset=ukendt-8", "blåbær".encode(), "blåbær"),
        ("text/plain; charset=utf-16", "blåbær".encode("utf-16"), "blåbær"),
        ("text/plain; charset=koi8-r", "привет".encode("koi8-r"), "привет"),
        ("text/plain; charset=rot13", b"hej", "hej"),
        ("text/plain; charset=idna", b"hej", "hej"),
        ("text/plain; charset=utf-8", b"a\x00b\x07c\xe2\x80\xa8d", "a b c\nd"),
        ("text/html; charset=utf-8", "<p>blå<br>bær &amp; mere</p>".encode(), "blå\nbær & mere"),
        ("text/plain; charset=utf-8", b"", None),
        ("application/pdf", b"%PDF", None),
    ],
)
def test_any_character_set_is_read(content_type: str, body: bytes, text: str | None) -> None:
    mail = read(b"From: a@b.example\r\nContent-Type: " + content_type.encode() + b"\r\n\r\n" + body)

    assert mail.text == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<html><head><title>x</title></head><body>Hej</body></html>", "Hej"),
        ("a<script>alert('</p>')</script>b<style>p{}</style >c", "abc"),
        ("a<!-- <b> -->b<!-- never closed", "ab"),
        ('<img alt="a > b" src=x>ok', "ok"),
        ("<a href='javascript:x'>tryk</a>", "tryk"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n\n3"),
        ("5 < 6 og 7 > 6", "5 < 6 og 7 > 6"),
        ("<p>a</p><p></p><p></p><p>b</p>", "a\n\nb"),
        ("&lt;script&gt; &#" + "9" * 5000 + ";", "&lt;script&gt; &#" + "9" * 5000 + ";"),
        ("<b", ""),
        ("<SCRIPT>x", ""),
    ],
)
def test_html_is_read_as_somebody_would_have(source: str, text: str) -> None:
    assert text_of_html(source) == text


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["Auto-Submitted: auto-replied"], "auto_submitted"),
        (["Auto-Submitted: auto-generated (holiday)"], "auto_submitted"),
        (["Auto-Submitted: no"], None),
        (["X-Autoreply: yes"], "auto_submitted"),
        (["Precedence: Bulk"], "precedence"),
        (["Precedence: first-class"], None),
        (["List-Id: <nyt.example>"], "list"),
        (["Return-Path: <>"], "null_sender"),
        (["Return-Path: <ida@viben.example>"], None),
        (["From: MAILER-DAEMON@viben.example"], "daemon"),
        (["X-Spam-Flag: YES"], "spam"),
        (["Content-Type: multipart/report; report-type=delivery-status; boundary=x"], "report"),
    ],
)
def test_mail_of_programs_is_told_from_that_of_people(lines: list[str], why: str | None) -> None:
    assert read(with_headers(*lines)).automatic == why


def test_a_form_writes_for_whom_it_says_is_to_be_answered() -> None:
    raw = with_headers("Auto-Submitted: auto-generated", "Reply-To: Ole <ole@ny.example>")

    assert read(raw).automatic == "auto_submitted"
    for forms in (["ida@viben.example"], ["@viben.example"]):
        mail = read(raw, forms=forms)
        assert (mail.automatic, mail.sender) == (None, Person("Ole", "ole@ny.example"))
        assert mail.senders == ("ole@ny.example",)


def test_whom_answers_go_to_in_the_same_firm_is_known_by_both_addresses() -> None:
    mail = read(with_headers("Reply-To: sag+17@viben.example"))

    assert mail.senders == ("sag+17@viben.example", "ida@viben.example")


def test_a_thread_is_named_from_its_nearest_message_on() -> None:
    mail = read(with_headers("References: <a@x> <b@x>\r\n <c@x>", "In-Reply-To: <c@x> (Bo)"))

    assert mail.follows == ("<c@x>", "<b@x>", "<a@x>")


@pytest.mark.parametrize(
    "line",
    ["X: 1", "From:", "From: ingen", "From: <>", "From: a@", f"From: {'(' * 3000}", "From: @b"],
)
def test_a_sender_that_cannot_be_read_is_none(line: str) -> None:
    mail = read(f"{line}\r\nSubject: x\r\n\r\nhej".encode())

    assert (mail.sender, mail.senders, mail.text) == (None, (), "hej")


def test_headers_in_bare_utf_8_are_read() -> None:
    mail = read("From: Åse <aase@b.example>\r\nSubject: Blåbær\r\n\r\nx".encode())

    assert (mail.sender, mail.subject) == (Person("Åse", "aase@b.example"), "Blåbær")


def test_no_header_can_bring_another_line() -> None:
    raw = (
        b"From: =?utf-8?q?Ida=0D=0ABcc=3A_x?= <a@b.example>\r\nSubject: =?utf-8?q?a=0Ab?=\r\n\r\nx"
    )

    mail = read(raw)

    assert (mail.sender, mail.subject) == (Person("Ida Bcc: x", "a@b.example"), "a b")


def test_copies_are_one_by_whatever_way_each_has_come() -> None:
    other_way = with_headers("Received: from a by b", "Delivered-To: info@hub.example")

    assert identify(other_way) == identify(PLAIN)
    assert identify(PLAIN.replace(b"\r\n", b"\n")) == identify(PLAIN)
    assert identify(PLAIN + b"PS\r\n") != identify(PLAIN)
    assert identify(PLAIN.replace(b"m1@", b"m2@")) != identify(PLAIN)


def test_a_message_without_a_name_gets_one_of_what_it_says() -> None:
    raw = b"From: a@b.example\r\n\r\nhej"

    assert read(raw).message_id == f"sha256:{identify(raw)}"


def test_what_a_mailbox_does_not_give_out_says_so() -> None:
    with pytest.raises(MalformedReplyError) as caught:
        read(b"", told={"problem": "cannot be converted"})

    assert str(caught.value) == "mail: The mailbox does not give it out: cannot be converted"


def test_parts_within_parts_are_refused_before_they_cost_anything() -> None:
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(1000)
    )

    with pytest.raises(MalformedReplyError):
        read(b"From: a@b.example\r\n" + nested)


HOSTILE = {
    "tags": b"<" * 400_000,
    "quotes": b'<a "' * 100_000,
    "comments": b"<!--" * 100_000,
    "scripts": b"<script>" * 60_000,
    "references": b"&#" * 200_000,
    "long words": b"x" * 400_000,
    "lines": b"\r\n" * 200_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("header", [b"Content-Type: text/html", b"From", b"Subject"])
def test_nothing_hostile_takes_long(kind: str, header: bytes) -> None:
    raw = b"From: a@b.example\r\n" + header
    raw += b"\r\n\r\n" + HOSTILE[kind] if b":" in header else b": " + HOSTILE[kind] + b"\r\n\r\nx"

    began = time.process_time()
    read(raw)
    assert time.process_time() - began < 10  # 1.3 at most as a rule, minutes if it grew by squares


def test_encoded_words_that_never_end_take_no_time() -> None:
    began = time.process_time()
    read(b"From: " + b"=?a?q?" * 3000 + b" <a@b.example>\r\n\r\nx")
    assert time.process_time() - began < 1


_WORDS = st.sampled_from(
    [b"From: ", b"a@b.example", b"\r\n", b"\n", b"Content-Type: multipart/mixed; boundary=x",
     b"--x", b"--x--", b"Content-Transfer-Encoding: base64", b"begin 644 f\n", b"=?utf-8?b?",
     b"?=", b"Content-Type: message/rfc822", b"In-Reply-To: <", b"Content-Type: a/",
     b"filename*0*=", b"charset=", b'"', b"\xff", b"=00",
     b"Content-Disposition: attachment; filename*=utf-8''%ff", b"<", b">", b";", b"\0"]
)  # fmt: skip


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.one_of(_WORDS, st.binary(max_size=6)), max_size=40).map(b"".join))
def test_whatever_comes_is_read_or_refused(raw: bytes) -> None:
    try:
        mail = read(raw)
    except MalformedReplyError:
        return
    files = [text for each in mail.attachments for text in (each.name, each.media_type)]
    who = mail.sender and mail.sender.name
    for text in (mail.subject, mail.text, who, mail.message_id, *mail.follows, *files):
        assert not any(unicodedata.category(c) in {"Cc", "Cs"} for c in text or "" if c != "\n")
    assert all("@" in address for address in mail.senders)

"""The one look of all mails: a page of headed sections, as text and as HTML with inlined styles."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from workers.rendering.mails import MailContent
from workers.rendering.safe_text import one_line, paragraphs


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled line, such as a phone number; `url` makes the value a link in HTML."""

    label: str
    value: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Some facts that belong together, with a quotation (a note, an error) below them."""

    title: str = ""
    text: str = ""
    facts: tuple[Fact, ...] = ()
    quote_title: str = ""
    quote: str = ""
    link: Fact | None = None  # the label is what stands on the button, the value is not shown


@dataclass(frozen=True, slots=True)
class Page:
    """A mail before it is laid out; all words are in the reader's language already."""

    language: str
    subject: str
    heading: str
    lead: str
    sections: tuple[Section, ...] = ()
    footer: str = ""


def lay_out(page: Page) -> MailContent:
    """Return the page as a mail's content.

    Raises:
        ValueError: a link is neither http, https, tel nor mailto.
    """
    for section in page.sections:
        for fact in (*section.facts, section.link):
            _check_link(fact)
    environment = _environment()
    text = environment.get_template("mail.txt").render(page=page)
    html = environment.get_template("mail.html").render(page=page)
    return MailContent(subject=one_line(page.subject), text=text, html=html)


def _check_link(fact: Fact | None) -> None:
    if fact is not None and fact.url and urlsplit(fact.url).scheme not in _SCHEMES:
        raise ValueError(f"a mail links to web pages, phones and mailboxes only: {fact.label}")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(enabled_extensions=("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["line"] = one_line
    environment.filters["paragraphs"] = paragraphs
    return environment


_SCHEMES = frozenset({"http", "https", "tel", "mailto"})

"""Mails of signing in: the welcome, a new password, a changed password, the check of an address."""

from dataclasses import dataclass
from datetime import datetime

from hub.i18n import N_
from workers.rendering.layouts import Fact, Page, Section, lay_out
from workers.rendering.mails import MailContent
from workers.rendering.readers import Reader


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What lets the reader go on: a link that works once, and until when; and his address."""

    link: str
    expires_at: datetime
    address: str


def welcome_content(facts: LinkFacts, reader: Reader) -> MailContent:
    """Return the invitation of somebody who has been made a user."""
    return _with_link(
        facts,
        reader,
        heading=reader.words(N_("Welcome to Hub")),
        lead=reader.words(N_("You have been given access. Choose a password, then sign in.")),
        button=reader.words(N_("Choose a password")),
        footer=reader.words(N_("You receive this because an administrator has made you a user.")),
    )


def reset_content(facts: LinkFacts, reader: Reader) -> MailContent:
    """Return what lets the reader choose a new password."""
    return _with_link(
        facts,
        reader,
        heading=reader.words(N_("A new password for Hub")),
        lead=reader.words(N_("Somebody, hopefully you, has asked to choose a new password.")),
        button=reader.words(N_("Choose a password")),
        footer=reader.words(
            N_("If it was not you, do nothing: your password stays as it is, and nobody gets in.")
        ),
    )


def verification_content(facts: LinkFacts, reader: Reader) -> MailContent:
    """Return the question whether an address is the reader's."""
    return _with_link(
        facts,
        reader,
        heading=reader.words(N_("Is this your address?")),
        lead=reader.words(N_("It stands in your profile of Hub, and Hub writes to it.")),
        button=reader.words(N_("Confirm the address")),
        footer=reader.words(N_("If you do not know what this is, do nothing.")),
    )


def changed_content(changed_at: datetime, link: str, reader: Reader) -> MailContent:
    """Return the word that a password was changed, for whoever did not do it himself."""
    page = Page(
        language=reader.language,
        subject=reader.words(N_("Your password for Hub was changed")),
        heading=reader.words(N_("Your password was changed")),
        lead=reader.words(
            N_("All sessions were ended. If it was not you, tell your administrator at once.")
        ),
        sections=(
            Section(
                facts=(Fact(reader.words(N_("Changed")), reader.instant(changed_at)),),
                link=Fact(reader.words(N_("Open Hub")), "", link),
            ),
        ),
        footer=reader.words(N_("You receive this because it concerns your access.")),
    )
    return lay_out(page)


def _with_link(
    facts: LinkFacts, reader: Reader, *, heading: str, lead: str, button: str, footer: str
) -> MailContent:
    page = Page(
        language=reader.language,
        subject=heading,
        heading=heading,
        lead=lead,
        sections=(
            Section(
                facts=(
                    Fact(reader.words(N_("Your address")), facts.address),
                    Fact(reader.words(N_("Works once, until")), reader.instant(facts.expires_at)),
                ),
                link=Fact(button, "", facts.link),
            ),
        ),
        footer=footer,
    )
    return lay_out(page)

"""What the mails of signing in say."""

from datetime import UTC, datetime

import pytest

from tests.workers.rendering.makers import BRITON, DANE
from workers.rendering.sign_in_mails import (
    LinkFacts,
    changed_content,
    reset_content,
    verification_content,
    welcome_content,
)

FACTS = LinkFacts(
    link="https://hub.nordlys.example/tickets/hub_ticket_x",
    expires_at=datetime(2026, 7, 1, 10, tzinfo=UTC),
    address="dorte@nordlys.example",
)


def test_a_danish_reset_can_be_read_without_the_html() -> None:
    content = reset_content(FACTS, DANE)

    assert content.subject == "En ny adgangskode til Hub"
    assert content.text == (
        "En ny adgangskode til Hub\n"
        "\n"
        "Nogen, forhåbentlig dig, har bedt om at vælge en ny adgangskode.\n"
        "\n"
        "Din adresse: dorte@nordlys.example\n"
        "Virker én gang, indtil: onsdag den 1. juli 2026 kl. 12.00 (Centraleuropæisk sommertid)\n"
        "\n"
        "Vælg en adgangskode:\n"
        "https://hub.nordlys.example/tickets/hub_ticket_x\n"
        "\n"
        "-- \n"
        "Var det ikke dig, så gør ingenting: din adgangskode bliver, som den er, og ingen kommer"
        " ind.\n"
    )


@pytest.mark.parametrize(
    ("make", "subject", "button"),
    [
        (welcome_content, "Welcome to Hub", "Choose a password"),
        (reset_content, "A new password for Hub", "Choose a password"),
        (verification_content, "Is this your address?", "Confirm the address"),
    ],
)
def test_each_says_what_it_is_and_leads_to_its_page(
    make: object, subject: str, button: str
) -> None:
    assert callable(make)
    content = make(FACTS, BRITON)

    assert content.subject == subject
    assert f"{button}:\n{FACTS.link}\n" in content.text
    assert f'href="{FACTS.link}"' in content.html
    assert "on Wednesday" in content.text or "Wednesday" in content.text


def test_the_word_of_a_changed_password_carries_no_ticket() -> None:
    content = changed_content(FACTS.expires_at, "https://hub.nordlys.example/", BRITON)

    assert "tell your administrator at once" in content.text
    assert "ticket" not in content.text + content.html

"""What an administrator still has to say before the first real customer."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.connections.models import LIVE, Connection
from hub.i18n import N_
from hub.settings import Settings


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; `title` and `hint` are English sources."""

    code: str
    title: str
    done: bool
    hint: str


def first_steps(session: Session, settings: Settings) -> list[Step]:
    """Return the steps of the first run, done ones included."""
    live = set(session.scalars(select(Connection.kind).where(Connection.state.in_(LIVE))))
    said = settings.model_fields_set
    return [
        Step(
            "language",
            N_("Language"),
            "locale" in said,
            N_("Set HUB_LOCALE, for example da; each user may have one of his own."),
        ),
        Step(
            "zone",
            N_("Time zone"),
            "zone" in said,
            N_("Set HUB_ZONE, for example Europe/Copenhagen; each user may have one of his own."),
        ),
        Step(
            "currency",
            N_("Base currency"),
            "currency" in said,
            N_("Set HUB_CURRENCY, for example DKK: customers get it where nothing else is said."),
        ),
        Step(
            "public_url",
            N_("Address for links in mails"),
            settings.public_url is not None,
            N_("Set HUB_PUBLIC_URL to the address under which people reach this Hub."),
        ),
        Step(
            "mail",
            N_("Outgoing mail"),
            settings.smtp_url is not None and settings.mailbox_url is None,
            N_("Set HUB_SMTP_URL and HUB_MAIL_FROM, then send a test mail."),
        ),
        Step(
            "contact",
            N_("Contact for company registries"),
            bool(settings.contact) or _has_own_contact(session),
            N_(
                "Set HUB_CONTACT, or give the connection a contact of its own:"
                " cvrapi.dk asks callers to name themselves."
            ),
        ),
        Step(
            "accounting",
            N_("Accounting system"),
            "accounting" in live,
            N_("Make a connection to e-conomic, test it, and look at its first plan."),
        ),
        Step(
            "shop",
            N_("Web shop"),
            "shop" in live,
            N_("Make a connection to the shop and enter its webhook secret there."),
        ),
    ]


def _has_own_contact(session: Session) -> bool:
    """Say whether a connection to a registry names its caller itself."""
    contact = Connection.settings["contact"].astext
    found = select(Connection.id).where(
        Connection.kind == "registry", Connection.deleted_at.is_(None), contact != ""
    )
    return session.scalar(found.limit(1)) is not None

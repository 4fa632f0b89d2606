"""Where the demonstration's parts listen, and the settings that follow from it."""

from dataclasses import dataclass

from pydantic import SecretStr

from hub.settings import Settings

HOST = "127.0.0.1"
CONTACT = "Nordhandel - Hub demonstration - it@nordhandel.example"


@dataclass(frozen=True, slots=True)
class Places:
    """The seven ports from `first` on."""

    first: int

    @property
    def ports(self) -> dict[str, int]:
        """The ports by whose they are."""
        names = (
            "Hub", "company registry", "e-conomic", "shop", "mailbox's pages", "mail server",
            "incoming mail",
        )  # fmt: skip
        return {name: self.first + offset for offset, name in enumerate(names)}

    @property
    def hub(self) -> str:
        """Where Hub's API is."""
        return self._url(0)

    @property
    def registry(self) -> str:
        """Where the double of cvrapi.dk answers."""
        return self._url(1)

    @property
    def economic(self) -> str:
        """Where the double of e-conomic answers, and shows its customers."""
        return self._url(2)

    @property
    def shop(self) -> str:
        """Where the shop has its page."""
        return self._url(3)

    @property
    def mailbox(self) -> str:
        """Where the mail that came is shown."""
        return self._url(4)

    @property
    def smtp(self) -> str:
        """Where mail is taken."""
        return f"smtp://{HOST}:{self.first + 5}"

    @property
    def imap_port(self) -> int:
        """Where the mail that customers write is read."""
        return self.first + 6

    def settings(self, given: Settings) -> Settings:
        """Return the settings of the demonstration; what does not concern it stays as given."""
        return given.model_copy(
            update={
                "host": HOST,
                "port": self.first,
                "public_url": self.hub,
                "smtp_url": SecretStr(self.smtp),
                "contact": CONTACT,
            }
        )

    def environment(self) -> dict[str, str]:
        """Return the settings of its processes, whatever is set for the real Hub."""
        return {
            "HUB_HOST": HOST,
            "HUB_PORT": str(self.first),
            "HUB_PUBLIC_URL": self.hub,
            "HUB_SMTP_URL": self.smtp,
            "HUB_MAIL_FROM": "Nordhandel <hub@nordhandel.example>",
            "HUB_HOLD_UNSURE_MAIL": "",
            "HUB_CONTACT": CONTACT,
            "HUB_ADMINISTRATOR_EMAIL": "admin@nordhandel.example",
            "HUB_ALLOW_PRIVATE_ADDRESSES": "true",  # the sandboxes are on this machine
            "HUB_LOCALE": "en",
            "HUB_ZONE": "Europe/Copenhagen",
            "HUB_CURRENCY": "DKK",
            "HUB_COUNTRY": "DK",
        }

    def _url(self, offset: int) -> str:
        return f"http://{HOST}:{self.first + offset}"

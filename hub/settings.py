"""Settings: ``HUB_*`` environment variables, read here and nowhere else."""

import os
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "HUB_"


class Settings(BaseSettings):
    """All settings, with their defaults; ``.env.example`` lists them for people.

    A secret may also be given as a file: ``HUB_MASTER_KEY_FILE=/run/secrets/master_key``.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore"
    )

    data_dir: Path = Field(Path("var"), description="Everything Hub keeps on disk.")
    database_url: SecretStr | None = Field(None, description="PostgreSQL 18+; empty: embedded.")
    redis_url: SecretStr | None = Field(None, description="Redis or Valkey; empty: embedded.")
    redis_server: Path | None = Field(None, description="Path of a redis-server to embed.")
    smtp_url: SecretStr | None = Field(
        None, description="smtp://[user:password@]host:port, smtps:// for TLS, ?starttls=1."
    )
    mailbox_port: int = Field(
        8025,
        description="Page of the mailbox that takes mail while HUB_SMTP_URL is empty.",
    )
    mailbox_url: str | None = Field(None, description="That page's address; set by `hub up`.")
    mail_from: str = Field("Hub <hub@localhost>", description="Sender and calendar organiser.")
    hold_unsure_mail: str = Field(
        "", description="Kinds of mail a person decides over when nobody knows if they went out."
    )
    host: str = Field("127.0.0.1", description="Where the API listens.")
    port: int = Field(8080, description="Where the API listens.")
    demo_port: int = Field(8090, description="First of the seven ports of the demonstration.")
    public_url: str | None = Field(None, description="How people reach us; for links in mails.")
    api_processes: int = Field(1, ge=1, description="Processes of the API.")
    trusted_proxies: int = Field(
        0, ge=0, description="Proxies in front of the API that say whom they were called by."
    )
    request_rate: int = Field(
        100, ge=0, description="Requests a second that a token or session may send; 0: any number."
    )
    api_threads: int = Field(16, ge=2, description="Threads of each API process.")
    worker_processes: int = Field(2, ge=1, description="Processes of each worker.")
    master_key: SecretStr | None = Field(
        None,
        description="32 bytes in base64 that seal secrets; empty: made in the data directory. "
        "Several by comma: the first seals, all open.",
    )
    master_key_file: Path | None = Field(
        None, description="A file with the same; read again when it changes."
    )
    locale: str = Field("en", description="Language of people without one of their own.")
    zone: str = Field("Europe/Copenhagen", description="Business time zone.")
    currency: str = Field("DKK", description="Base currency.")
    country: str = Field("DK", description="Country of numbers and addresses that name none.")
    administrator_email: str = Field(
        "admin@localhost", description="Mail address of the first administrator."
    )
    contact: str = Field("", description="Who to reach about our calls; cvrapi.dk demands it.")
    allow_private_addresses: bool = Field(
        default=False, description="Lets connections call loopback and private networks."
    )
    visibility: Literal["public", "team", "private"] = Field(
        "public", description="Whose records are read: everybody's, the team's, or only one's own."
    )
    lease_s: float = Field(60, gt=0, description="Seconds after which a silent worker loses a job.")
    sweep_s: float = Field(5, gt=0, description="Seconds between looks for lapsed leases.")
    jobs_kept_days: int = Field(
        30, ge=1, description="Days after which finished jobs move to the archive."
    )
    metrics: bool = Field(default=True, description="Serve /metrics.")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")


@cache
def get_settings() -> Settings:
    """Return the settings of this process; read once."""
    _read_secret_files()
    return Settings()


def unknown_settings() -> list[str]:
    """Return the names of ``HUB_*`` variables that mean nothing: probably misspelt."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    known |= {name + "_FILE" for name in known}
    known |= {"HUB_TEST_DATABASE_URL", "HUB_REFERENCE_DIR", "HUB_CRASH_AT"}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


def _read_secret_files() -> None:
    for name in list(os.environ):
        if name.startswith(PREFIX) and name.endswith("_FILE"):
            target = name.removesuffix("_FILE")
            if target not in os.environ:
                os.environ[target] = Path(os.environ[name]).read_text(encoding="utf-8").strip()

"""Settings: ``HUB_*`` environment variables, read here and nowhere else."""

import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict

from hub import settings_rules as rules
from hub.errors import HubError

PREFIX = "HUB_"
_FILE = "_FILE"
_LAST_PORT = 65_535


class SettingsError(HubError):
    """Settings break rules; each of `lines` names one, its rule and an example, and no value."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def _if_given(rule: Callable[[Any], Any]) -> AfterValidator:
    return AfterValidator(lambda value: None if value is None else rule(value))


class Settings(BaseSettings):
    """All settings, with their defaults; ``.env.example`` lists them for people.

    A secret may also be given as a file: ``HUB_MASTER_KEY_FILE=/run/secrets/master_key``.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(Path("var"), description="Everything Hub keeps on disk.")
    database_url: Annotated[SecretStr | None, _if_given(rules.postgres_url)] = Field(
        None, description="PostgreSQL 18+; empty: embedded."
    )
    redis_url: Annotated[SecretStr | None, _if_given(rules.redis_url)] = Field(
        None, description="Redis or Valkey; empty: embedded."
    )
    redis_server: Path | None = Field(None, description="Path of a redis-server to embed.")
    smtp_url: Annotated[SecretStr | None, _if_given(rules.smtp_url)] = Field(
        None, description="smtp://[user:password@]host:port, smtps:// for TLS, ?starttls=1."
    )
    mailbox_port: int = Field(
        8025,
        ge=1,
        le=_LAST_PORT,
        description="Page of the mailbox that takes mail while HUB_SMTP_URL is empty.",
    )
    mailbox_url: Annotated[str | None, _if_given(rules.web_address)] = Field(
        None, description="That page's address; set by `hub up`."
    )
    mail_from: Annotated[str, AfterValidator(rules.mailbox)] = Field(
        "Hub <hub@localhost>", description="Sender and calendar organiser."
    )
    hold_unsure_mail: Annotated[str, AfterValidator(rules.mail_kinds)] = Field(
        "", description="Kinds of mail a person decides over when nobody knows if they went out."
    )
    host: str = Field("127.0.0.1", description="Where the API listens.")
    port: int = Field(8080, ge=1, le=_LAST_PORT, description="Where the API listens.")
    demo_port: int = Field(
        8090, ge=1, le=_LAST_PORT - 6, description="First of the seven ports of the demonstration."
    )
    public_url: Annotated[str | None, _if_given(rules.web_address)] = Field(
        None, description="How people reach us; for links in mails."
    )
    api_processes: int = Field(1, ge=1, description="Processes of the API.")
    trusted_proxies: int = Field(
        0, ge=0, description="Proxies in front of the API that say whom they were called by."
    )
    request_rate: int = Field(
        100, ge=0, description="Requests a second that a token or session may send; 0: any number."
    )
    api_threads: int = Field(16, ge=2, description="Threads of each API process.")
    worker_processes: int = Field(2, ge=1, description="Processes of each worker.")
    master_key: Annotated[SecretStr | None, _if_given(rules.master_key)] = Field(
        None,
        description="32 bytes in base64 that seal secrets; empty: made in the data directory. "
        "Several by comma: the first seals, all open.",
    )
    master_key_file: Path | None = Field(
        None, description="A file with the same; read again when it changes."
    )
    locale: Annotated[str, AfterValidator(rules.language)] = Field(
        "en", description="Language of people without one of their own."
    )
    zone: Annotated[str, AfterValidator(rules.zone)] = Field(
        "Europe/Copenhagen", description="Business time zone."
    )
    currency: Annotated[str, AfterValidator(rules.currency)] = Field(
        "DKK", description="Base currency."
    )
    country: Annotated[str, AfterValidator(rules.country)] = Field(
        "DK", description="Country of numbers and addresses that name none."
    )
    administrator_email: Annotated[str, AfterValidator(rules.mail_address)] = Field(
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
    log_level: Annotated[str, AfterValidator(rules.log_level)] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR."
    )


@cache
def get_settings() -> Settings:
    """Return the settings of this process; read once.

    Raises:
        SettingsError: some break rules; it names all of them.
    """
    broken = _read_secret_files()
    try:
        found = Settings()
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)
        raise SettingsError([*broken, *(_told(each) for each in wrong)]) from None
    if broken:
        raise SettingsError(broken)
    return found


def unknown_settings() -> list[str]:
    """Return the names of ``HUB_*`` variables that mean nothing: probably misspelt.

    They stand in the environment or in the file ``.env``.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    known |= {name + _FILE for name in known}
    known |= {"HUB_TEST_DATABASE_URL", "HUB_REFERENCE_DIR", "HUB_CRASH_AT"}
    try:
        given = _given()
    except SettingsError:  # told by whoever reads them
        given = dict(os.environ)
    return sorted(name for name in given if name.startswith(PREFIX) and name not in known)


def _given() -> dict[str, str]:
    """Return what ``.env`` and the environment say, which counts where both say it."""
    try:
        listed = DotEnvSettingsSource(Settings).env_vars
    except UnicodeDecodeError:
        raise SettingsError([".env must be a text in UTF-8: save it as such"]) from None
    return {name.upper(): value or "" for name, value in listed.items()} | dict(os.environ)


def _read_secret_files() -> list[str]:
    """Take in the secrets that are given as files; returns what is told of those that fail."""
    broken = []
    for name, file in _given().items():
        if name.startswith(PREFIX) and name.endswith(_FILE) and file:
            target = name.removesuffix(_FILE)
            if target in os.environ:
                continue
            try:
                os.environ[target] = Path(file).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is no text"
                broken.append(
                    f"{name} must name a file that can be read, for example"
                    f" {name}=/run/secrets/{target.removeprefix(PREFIX).lower()}: {reason}"
                )
    return broken


def _told(broken: Any) -> str:
    """Return what is said of a value that pydantic refuses."""
    field = str(broken["loc"][0])
    name = PREFIX + field.upper()
    if "error" in broken.get("ctx", {}):
        return f"{name} {broken['ctx']['error']}"
    default = str(Settings.model_fields[field].default)
    example = default.lower() if default in {"True", "False"} else default
    rule = broken["msg"]
    return f"{name} is wrong: {rule[:1].lower()}{rule[1:]}, for example {name}={example}"

"""One installation: its data directory, its stores, and what its processes are told."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import SecretStr

from hub.settings import Settings, get_settings
from ops.data_directory import DataDirectory
from ops.demo.places import Places
from ops.embedded.account import Account, store_account
from ops.embedded.mailbox import EmbeddedMailbox
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.redis import EmbeddedRedis
from ops.errors import OperationError
from ops.master_key import ensure_master_key

DEMO = "demo"  # inside the data directory: a demonstration never touches real data


@dataclass(frozen=True, slots=True)
class Installation:
    """What the settings come to; `postgres` and `redis` are None where external ones are set.

    `mailbox` is there only for `hub up`, while no mail server is set (`with_mailbox`).
    `overrides` are settings that hold for its processes whatever is set outside.
    """

    place: DataDirectory
    settings: Settings
    postgres: EmbeddedPostgres | None
    redis: EmbeddedRedis | None
    mailbox: EmbeddedMailbox | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)

    @property
    def database_url(self) -> str:
        """SQLAlchemy's URL of the database."""
        return self.postgres.url if self.postgres else _psycopg_url(self.settings.database_url)

    @property
    def redis_url(self) -> str:
        """URL of Redis or Valkey."""
        return self.redis.url if self.redis else _text(self.settings.redis_url)

    @property
    def master_key_file(self) -> Path | None:
        """The file that holds the master key; None where a setting holds it itself."""
        if self.settings.master_key_file is not None:
            return self.settings.master_key_file
        return None if self.settings.master_key else self.place.master_key

    def environment(self) -> dict[str, str]:
        """Return the environment of Hub's own processes: ours, with nothing left to be guessed."""
        file = self.master_key_file
        master_key = ensure_master_key(file) if file else _text(self.settings.master_key)
        return (
            os.environ
            | {
                "HUB_DATA_DIR": str(self.place.root),
                "HUB_DATABASE_URL": self.database_url,
                "HUB_REDIS_URL": self.redis_url,
                "HUB_MASTER_KEY": master_key,
                "PYTHONUNBUFFERED": "1",
            }
            | ({"HUB_MASTER_KEY_FILE": str(file)} if file else {})
            | dict(self.mailbox.settings if self.mailbox else {})
            | dict(self.overrides)
        )

    def with_mailbox(self) -> "Installation":
        """Return it with a mailbox of its own, where no mail server is set."""
        if self.settings.smtp_url is not None:
            return self
        return replace(self, mailbox=EmbeddedMailbox(self.place, port=self.settings.mailbox_port))

    def make_sockets(self) -> None:
        """Make the directory of the sockets, which may be elsewhere: the URLs name it from now on.

        Call it while holding the data directory's lock.
        """
        if self.postgres or self.redis:
            account = self.postgres.account if self.postgres else _account_if_any(self.place)
            self.place.make_sockets(account)

    def adopt(self) -> None:
        """Make the settings of this very process those that `environment` gives to others."""
        os.environ.update(self.environment())
        get_settings.cache_clear()


def open_installation(*, demo: bool = False) -> Installation:
    """Return the installation that the settings describe; makes its data directory.

    A demonstration has a data directory, stores and ports of its own, whatever is set.

    Raises:
        OperationError: the directory cannot be used, or a program is missing.
    """
    settings = get_settings()
    place = DataDirectory(settings.data_dir / DEMO if demo else settings.data_dir)
    overrides: Mapping[str, str] = {}
    if demo:
        places = Places(settings.demo_port)
        settings, overrides = places.settings(settings), places.environment()
    place.create()
    postgres = EmbeddedPostgres(place) if demo or settings.database_url is None else None
    redis = None
    if demo or settings.redis_url is None:
        # The account of PostgreSQL's files owns the sockets even while an external one is used.
        account = postgres.account if postgres else _account_if_any(place)
        redis = EmbeddedRedis(place, account=account, program=settings.redis_server)
    return Installation(place, settings, postgres, redis, overrides=overrides)


@contextmanager
def reachable_database(installation: Installation, *, may_be_empty: bool = False) -> Iterator[str]:
    """Give the database's URL; starts the embedded server for the block when nobody runs it.

    Raises:
        OperationError: it does not start, or there is no Hub in it and it may not be empty.
    """
    with _running_database(installation, may_be_empty=may_be_empty) as url:
        if not may_be_empty:
            _refuse_empty(url, installation)
        yield url


@contextmanager
def _running_database(installation: Installation, *, may_be_empty: bool) -> Iterator[str]:
    postgres = installation.postgres
    if postgres is None or installation.place.is_locked():
        yield installation.database_url
        return
    if not (may_be_empty or postgres.is_there):
        raise _nothing_here(installation)
    from ops.parts import postgres_part
    from ops.supervisor.leftovers import ProcessFiles
    from ops.supervisor.single import running

    place = installation.place
    with place.locked():
        ProcessFiles(place.process_ids).end_all()
        with running(postgres_part(postgres), place):
            yield installation.database_url


def _refuse_empty(url: str, installation: Installation) -> None:
    from sqlalchemy import create_engine

    from hub.migrations.schema import current_revision

    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            if current_revision(connection) is None:
                raise _nothing_here(installation)
    finally:
        engine.dispose()


def _nothing_here(installation: Installation) -> OperationError:
    where = "HUB_DATABASE_URL" if installation.postgres is None else installation.place.root
    return OperationError(
        f"There is no Hub in {where} yet. Set HUB_DATA_DIR (or HUB_DATABASE_URL) to where it is, or"
        " make one: hub up"
    )


def _account_if_any(place: DataDirectory) -> Account | None:
    return None if os.geteuid() else store_account(place.postgres)


def _text(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def _psycopg_url(secret: SecretStr | None) -> str:
    """Return the URL in SQLAlchemy's form; providers hand out ``postgres://`` and the like."""
    url = _text(secret)
    scheme, mark, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if mark and scheme in {"postgres", "postgresql"} else url

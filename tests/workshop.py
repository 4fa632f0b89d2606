"""One whole Hub for module after module: with a mailbox, and workers that die where they are told.

It takes ten seconds to start and a tenth of one to begin again.
"""

from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine, create_engine, text

from connectors.sandbox import mailbox
from connectors.sandbox.mailbox import Entry
from tests.stack import Client, Stack

LEASE_S = 2
ROOT = Path(__file__).parents[1]


class Workshop:
    """A stack and the mailbox that it sends to; a context manager.

    Args:
        directory: where the mails go, and the files that tell workers where to die.
    """

    def __init__(self, directory: Path) -> None:
        self.crashes = directory / "crashes"
        self.crashes.mkdir()
        self.mailbox = mailbox.serve(0, 0, directory / "mail")
        self.stack = Stack(
            {
                "HUB_SMTP_URL": self.mailbox.smtp_url,
                "HUB_MAIL_FROM": "Hub <hub@hub.example>",
                "HUB_LEASE_S": str(LEASE_S),
                "HUB_SWEEP_S": "0.3",
                "HUB_CRASH_AT": str(self.crashes),
            }
        )
        self._read = 0

    def __enter__(self) -> Self:
        """Start everything, and remember how the database is then."""
        self.stack.__enter__()
        self.stack.remember()
        self.engine: Engine = create_engine(self.stack.database_url, pool_pre_ping=True)
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop everything."""
        self.engine.dispose()
        self.stack.__exit__(*exception)
        self.mailbox.stop()

    def begin_again(self) -> None:
        """Bring everything back to how it was when it had started."""
        for file in self.crashes.iterdir():
            file.unlink()
        self.stack.begin_again()
        self._read = len(self.mailbox.entries())

    @property
    def client(self) -> Client:
        """Talks to the API as the first administrator."""
        return self.stack.client

    def call(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """Ask the API, which must answer with `status`; returns what it says."""
        answer = self.client.request(method, f"/api/v1{path}", **options)
        assert answer.status_code == status, answer.text
        return answer.json()

    def sql(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run a statement in the database; returns its rows."""
        with self.engine.begin() as connection:
            found = connection.execute(text(statement), parameters)
            return [tuple(row) for row in found] if found.returns_rows else []

    def arm(self, place: str, deaths: int = 1) -> list[Path]:
        """Have the next processes that pass a place die there; a file is gone once one has."""
        files = [self.crashes / f"{place}.{number}" for number in range(deaths)]
        for file in files:
            file.touch()
        return files

    def all_died(self) -> bool:
        """Say whether every death that was armed has come."""
        return not list(self.crashes.iterdir())

    def mails(self) -> list[Entry]:
        """Return what the mailbox has taken since the last beginning, oldest first."""
        return self.mailbox.entries()[self._read :]

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import Engine

from hub.db import transaction
from hub.imports import templates

ROOT = Path(__file__).parents[2]


def test_the_templates_of_imports_are_there_before_anybody_asks(
    database: Engine, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    with transaction() as session:
        assert len(templates.outdated(session)) > 1

    done = subprocess.run(
        [sys.executable, "-m", "ops.cli", "migrate"],
        cwd=ROOT,
        env={
            **os.environ,
            "HUB_DATABASE_URL": database_url,
            "HUB_REDIS_URL": redis_url,
            "HUB_DATA_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    with transaction() as session:
        assert templates.outdated(session) == []
        assert templates.workbook(session, "customers", "da").startswith(b"PK")

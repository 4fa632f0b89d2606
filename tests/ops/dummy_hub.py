"""A supervisor of dummy parts: ``python -m tests.ops.dummy_hub DIRECTORY``.

`parts.json` in the directory lists them: name, stage, code (of Python), and what `Part` knows.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from ops.data_directory import DataDirectory
from ops.errors import OperationError
from ops.supervisor.part import Part, Stage
from ops.supervisor.supervision import Supervisor


def make_part(facts: dict[str, Any]) -> Part:
    code, ready_file = facts["code"], facts.get("ready_file")
    return Part(
        name=facts["name"],
        stage=Stage[facts["stage"]],
        command=lambda: [sys.executable, "-u", "-c", code],
        environment=dict(os.environ),
        is_ready=lambda: ready_file is None or Path(ready_file).exists(),
        ready_within_s=facts.get("ready_within_s", 120),
        grace_s=facts.get("grace_s", 60),
        once=facts.get("once", False),
    )


def main(directory: Path) -> None:
    parts = [make_part(facts) for facts in json.loads((directory / "parts.json").read_text())]
    place = DataDirectory(directory / "data")
    place.create()
    try:
        with place.locked():
            supervisor = Supervisor(parts, place, sys.stdout)
            supervisor.end_leftovers()
            supervisor.run(on_ready=lambda: os.write(1, b"everything is ready\n"))
    except OperationError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

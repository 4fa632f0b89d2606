"""Reads the files of a JSON list in one process and prints what that took; started by a test."""

import json
import resource
import sys
from pathlib import Path

from workers.reading.files import read_rows
from workers.reading.limits import FileRefusedError

refused = 0
for name in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
    try:
        read_rows(Path(name)).close()
    except FileRefusedError:
        refused += 1
# Not RUSAGE_SELF, which on Linux starts with the peak of the process that started this one.
status = Path("/proc/self/status").read_text(encoding="ascii")
own_kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
sys.stdout.write(
    json.dumps(
        {
            "refused": refused,
            "own_peak_bytes": int(own_kib) * 1024,
            "parser_peak_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
        }
    )
)

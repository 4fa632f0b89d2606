"""``python -m bench [NAME]``: runs the benchmarks and prints their lines."""

import importlib
import subprocess
import sys
import time

from hub.loading import loading

MODULES = (
    "tasks",
    "requests_per_second",
    "listing",
    "access",
    "crm",
    "importing",
    "reminding",
    "starting",
)


def main() -> int:
    """Run what was asked for; returns the exit status."""
    wanted = sys.argv[1:] or list(MODULES)
    unknown = set(wanted) - set(MODULES)
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(MODULES)}.")
        return 2
    if len(wanted) == 1:
        _run(wanted[0])
        return 0
    # Each in a process of its own: settings and connections of one are nothing to the next.
    return max(
        subprocess.run([sys.executable, "-m", "bench", name], check=False).returncode
        for name in wanted
    )


def _run(name: str) -> None:
    started = time.monotonic()
    print(f"# {name}", flush=True)
    with loading():  # as the processes that are measured load
        module = importlib.import_module(f"bench.{name}")
    for figure in module.run():
        print(figure.line(), flush=True)
    print(f"# {name}: {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())

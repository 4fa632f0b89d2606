"""A load generator: some connections kept alive, each sending one request after another.

It runs in a process of its own (``python -m bench.load``), which reads what to do from its standard
input and prints what came of it.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `body` is None where there is none."""

    method: str
    path: str
    headers: dict[str, str]
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a load: answers by status, seconds in all, and those of each, sorted."""

    statuses: dict[str, int]
    seconds: float
    latencies_s: list[float]

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies_s) / self.seconds

    def expect(self, status: int) -> "Outcome":
        """Return itself where every answer had this status.

        Raises:
            RuntimeError: some had another: what was measured is not what was meant.
        """
        if set(self.statuses) != {str(status)}:
            raise RuntimeError(f"expected {status} alone, got {self.statuses}")
        return self


def measure(port: int, requests: Sequence[Request], *, seconds: float) -> Outcome:
    """Send requests to a port of this machine, all of them or as many as the time allows."""
    order = {
        "port": port,
        "seconds": seconds,
        "requests": [asdict(request) for request in requests],
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + 120,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the load generator failed: {done.stderr[-2000:]}")
    return Outcome(**json.loads(done.stdout))


async def _generate(port: int, messages: Sequence[bytes], seconds: float) -> Outcome:
    waiting = iter(messages)
    statuses: Counter[str] = Counter()
    latencies: list[float] = []
    until = time.perf_counter() + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for message in waiting:
            if time.perf_counter() > until:
                break
            sent = time.perf_counter()
            writer.write(message)
            statuses[await _read_answer(reader)] += 1
            latencies.append(time.perf_counter() - sent)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    return Outcome(dict(statuses), time.perf_counter() - started, sorted(latencies))


async def _read_answer(reader: asyncio.StreamReader) -> str:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, found, length = head.partition(b"content-length:")
    if not found:
        raise RuntimeError(f"an answer without a length: {head!r}")
    await reader.readexactly(int(length.split(b"\r\n", 1)[0]))
    return head.split(b" ", 2)[1].decode()


def _message(request: Request) -> bytes:
    body = (request.body or "").encode()
    headers = {"Host": "127.0.0.1", **request.headers}
    if request.body is not None:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"{request.method} {request.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _main() -> None:
    order = json.load(sys.stdin)
    messages = [_message(Request(**request)) for request in order["requests"]]
    outcome = asyncio.run(_generate(order["port"], messages, order["seconds"]))
    print(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    _main()

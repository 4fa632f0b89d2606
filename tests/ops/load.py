"""Asks a Hub from eight threads until it is gone: ``python -m tests.ops.load URL TOKEN``.

Prints how many requests were answered, then the ids of those that were sent and came to nothing. A
server that stops may close a connection before it has read what was just sent there, which has no
effect: whether it worked on such a request, its own log says.
"""

import http.client
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

THREADS = 8


def ask_until_gone(address: str, token: str, thread: int) -> tuple[int, Sequence[str]]:
    """Return how many were answered, and the id of the last one if that was not.

    Ids are ``load-THREAD-NUMBER``, from nought. A refused connection is the proper end.
    """
    answered = 0
    while True:
        connection = http.client.HTTPConnection(address, timeout=120)
        try:
            connection.connect()
        except OSError:
            return answered, []
        request_id = f"load-{thread}-{answered}"
        headers = {"Authorization": f"Bearer {token}", "X-Request-Id": request_id}
        try:
            connection.request("GET", "/api/v1/jobs", headers=headers)
            connection.getresponse().read()
        except (http.client.HTTPException, OSError):
            return answered, [request_id]
        finally:
            connection.close()
        answered += 1


if __name__ == "__main__":
    host = urlsplit(sys.argv[1]).netloc
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda each: ask_until_gone(host, sys.argv[2], each), range(THREADS)))
    lost = [request_id for _, ids in found for request_id in ids]
    sys.stdout.write(" ".join([str(sum(answered for answered, _ in found)), *lost]))

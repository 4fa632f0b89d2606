"""Asks a Hub from eight threads until it is gone: ``python -m tests.ops.load URL TOKEN``.

Prints how many requests were answered, and how many were read and then not answered.
"""

import http.client
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

THREADS = 8


def ask_until_gone(address: str, token: str) -> tuple[int, int]:
    """Return (answered, cut): a refused connection is the proper end.

    So is one that is reset before anything of it was read, since the kernel had it still in its
    queue when the server closed: such a request had no effect. A server that has read a request
    and then goes closes the connection in order, and nothing is in it (RFC 9293, 3.10.7.4).
    """
    answered = 0
    while True:
        connection = http.client.HTTPConnection(address, timeout=30)
        try:
            connection.connect()
        except OSError:
            return answered, 0
        try:
            connection.request("GET", "/api/v1/jobs", headers={"Authorization": f"Bearer {token}"})
            connection.getresponse().read()
        except (http.client.HTTPException, TimeoutError):
            return answered, 1
        except OSError:
            return answered, 0
        finally:
            connection.close()
        answered += 1


if __name__ == "__main__":
    host = urlsplit(sys.argv[1]).netloc
    with ThreadPoolExecutor(THREADS) as pool:
        counts = list(pool.map(lambda _: ask_until_gone(host, sys.argv[2]), range(THREADS)))
    sys.stdout.write(f"{sum(c[0] for c in counts)} {sum(c[1] for c in counts)}\n")

"""Redis as the carrier of wake-ups, with one thing put right in kombu's way with it.

kombu (5.7) keeps a message among the unacknowledged ones when Redis cannot be told of its
acknowledgement. Once as many are kept as may be fetched ahead, the worker fetches no more; and as
it then waits for nothing from Redis, it never sees that its connection is lost. Here the message is
let go in any case: the claim decides who does the work, and no acknowledgement does.
"""

from typing import Any

from kombu.transport import redis


class _LettingGo(redis.QoS):
    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        finally:
            self._quick_ack(delivery_tag)  # type: ignore[attr-defined]  # set in its constructor

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - kombu's own signature
        try:
            super().reject(delivery_tag, requeue)
        finally:
            self._quick_ack(delivery_tag)  # type: ignore[attr-defined]  # set in its constructor


def install() -> None:
    """Let every channel of this process go about acknowledgements in this way."""
    channel: Any = redis.Channel
    channel.QoS = _LettingGo

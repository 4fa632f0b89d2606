"""The parts that Hub is made of."""

import signal

from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.redis import EmbeddedRedis
from ops.supervisor.part import Part, Stage


def postgres_part(server: EmbeddedPostgres) -> Part:
    """Return the embedded PostgreSQL as a part."""
    return Part(
        name="postgres",
        stage=Stage.STORES,
        command=lambda: server.command,
        environment=server.environment,
        account=server.account,
        prepare=server.prepare,
        is_ready=server.is_ready,
        stop_signal=signal.SIGINT,  # "fast": does not wait for its clients to hang up
    )


def redis_part(server: EmbeddedRedis) -> Part:
    """Return the embedded Redis as a part."""
    return Part(
        name="redis",
        stage=Stage.STORES,
        command=lambda: server.command,
        prepare=server.prepare,
        is_ready=server.is_ready,
    )

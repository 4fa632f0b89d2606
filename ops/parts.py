"""The parts that Hub is made of."""

import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ops.embedded.mailbox import EmbeddedMailbox
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.redis import EmbeddedRedis
from ops.own_program import own_program
from ops.reach import all_work_is_done_for, answers
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


def mailbox_part(mailbox: EmbeddedMailbox) -> Part:
    """Return the embedded mailbox as a part."""
    return Part(
        name="mailbox",
        stage=Stage.STORES,
        command=lambda: mailbox.command,
        environment=mailbox.environment,
        is_ready=mailbox.is_ready,
    )


def migration_part(environment: Mapping[str, str], token_file: Path) -> Part:
    """Return the step that migrates and makes the first administrator, whose token it leaves."""
    return Part(
        name="migrate",
        stage=Stage.MIGRATION,
        command=lambda: [*own_program(), "migrate", "--token-file", str(token_file)],
        environment=environment,
        ready_within_s=3600,  # a long migration of a large database is no fault
        once=True,
    )


def served_part(environment: Mapping[str, str], base_url: str) -> Part:
    """Return Hub's own processes as ``hub up`` runs them: forked from one.

    They load while the stores start and the schema is brought up to date, for which they wait.
    """
    return replace(
        _process("serve", ["serve"], environment),
        is_ready=lambda: all_work_is_done_for(f"{base_url}/readyz"),
        ready_within_s=180,  # it loads all there is, and on a busy machine waits for its turn
        begins_early=True,
    )


def separate_parts(environment: Mapping[str, str], base_url: str) -> list[Part]:
    """Return the same with a part for each, which can be killed and paused one by one."""
    return [
        api_part(environment, base_url),
        _process("relay", ["relay"], environment),
        _process("worker", ["worker", "--queues", "urgent,default"], environment),
        _process("worker-bulk", ["worker", "--queues", "bulk:1"], environment),
    ]


def api_part(environment: Mapping[str, str], base_url: str) -> Part:
    """Return the API, which is ready when it says so."""
    part = _process("api", ["api"], environment)
    return replace(part, is_ready=lambda: answers(f"{base_url}/readyz"))


def _process(name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Part:
    return Part(
        name=name,
        stage=Stage.PROCESSES,
        command=lambda: [*own_program(), *arguments],
        environment=environment,
    )

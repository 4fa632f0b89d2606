"""Looks at Redis: reachable, and never throwing wake-ups away."""

import redis

from ops.doctor.findings import Finding, fail, ok, warn
from ops.installation import Installation

_TIMEOUT_S = 5


def look_at_redis(installation: Installation) -> list[Finding]:
    """Look at Redis or Valkey. Without it nothing is lost, but work waits."""
    if installation.redis and not installation.redis.is_ready():
        return [fail("redis", "the embedded Redis does not run", "start it with: hub up")]
    try:
        with redis.Redis.from_url(
            installation.redis_url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
        ) as client:
            facts = client.info()
    except (redis.RedisError, ValueError) as error:
        return [fail("redis", f"not reachable: {error}", "check HUB_REDIS_URL")]
    name = "Valkey" if "valkey_version" in facts else "Redis"
    version = facts.get("valkey_version") or facts.get("redis_version")
    policy = facts.get("maxmemory_policy")
    if policy != "noeviction":
        return [
            warn(
                "redis",
                f"{name} {version} throws keys away ({policy}) when its memory is full",
                "set maxmemory-policy noeviction",
            )
        ]
    return [ok("redis", f"{name} {version}")]

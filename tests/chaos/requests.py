"""A request as the cases of all writing routes give it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.scene import Scene


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: a path below the API, a JSON body or raw bytes, further headers.

    A header that is empty is not sent, though all others have it.
    """

    path: str
    json: Any = None
    data: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Case = Callable[[Scene], Request]

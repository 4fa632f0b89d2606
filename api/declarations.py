"""What can be said of a route: the data that checks, answers and the document follow from."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from api.bodies import JSON, MAX_BYTES, MERGE_PATCH
from api.calls import Call
from hub.access.principals import Permission
from hub.listing.declaration import Listing

_PLACE = re.compile(r"<(?:(\w+):)?(\w+)>")


class Public:
    """The permission of a route that anybody may call."""


PUBLIC: Final = Public()


@dataclass(frozen=True, slots=True)
class Upload:
    """A body that is taken as bytes; `content_types` empty takes any."""

    content_types: tuple[str, ...] = ()
    limit_bytes: int = MAX_BYTES
    description: str = "The file."


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, as declared by `api.operations.operation`."""

    method: str
    path: str
    function: Callable[..., Any]
    permission: Permission | Public
    body: type[BaseModel] | Upload | None
    query: type[BaseModel] | None
    listing: Listing[Any] | None
    answer: type[BaseModel] | None
    content_type: str
    status: HTTPStatus
    reload: Callable[[Call[Any, Any], UUID], BaseModel] | None
    refusals: Mapping[HTTPStatus, str]
    headers: Mapping[str, str]
    keeps_answer: bool
    opens_transaction: bool
    is_expensive: bool
    documented: bool
    versioned: bool
    summary: str
    description: str

    def __str__(self) -> str:
        """Return its method and its path, such as ``GET /customers``."""
        return f"{self.method} {self.path}"

    @property
    def places(self) -> dict[str, str]:
        """The kinds of its path's parameters by their names, such as uuid; empty for any text."""
        return {name: kind for kind, name in _PLACE.findall(self.path)}

    @property
    def documented_path(self) -> str:
        """Its path in OpenAPI's writing, such as ``/customers/{customer_id}``."""
        return _PLACE.sub(r"{\2}", self.path)

    @property
    def needs_version(self) -> bool:
        """Whether the caller must say which version he changes."""
        return self.versioned or self.method in {"PATCH", "DELETE"}

    @property
    def content_types(self) -> tuple[str, ...]:
        """What a body may come as."""
        if isinstance(self.body, Upload):
            return self.body.content_types
        return (MERGE_PATCH, JSON) if self.method == "PATCH" else (JSON,)

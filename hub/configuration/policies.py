"""What can be set: a model for each key, declared by the concept that it governs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from hub.errors import NotFoundError


class Policy(BaseModel):
    """The settings of one key: every field has a default, and rules of its own.

    Unknown fields are refused and types are not guessed at, as in every body of the API.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    KEY: ClassVar[str]

    def check(self, session: Session) -> None:
        """Pass where everything that it names is there; called before it is set.

        Raises:
            ValidationError: something is not; pointers lead into the policy.
        """


@dataclass(frozen=True, slots=True)
class Declared:
    """A policy that this installation knows; `label` and `about` are English source texts."""

    policy: type[Policy]
    label: str
    about: str


_DECLARED: dict[str, Declared] = {}


def declare(policy: type[Policy], label: str, about: str) -> None:
    """Make a policy known, with what it says in a sentence; asked for twice it is one.

    Raises:
        ValidationError: pydantic's: a field has no default.
    """
    policy()
    _DECLARED[policy.KEY] = Declared(policy, label, about)


def declared() -> Mapping[str, Declared]:
    """Return all policies by their keys, in the order of these."""
    return dict(sorted(_DECLARED.items()))


def policy_of(key: str) -> type[Policy]:
    """Return the policy of a key.

    Raises:
        NotFoundError: nothing is set under it.
    """
    try:
        return _DECLARED[key].policy
    except KeyError:
        raise NotFoundError("setting", key) from None

"""Who acts, and what made him: written beside every change."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    """What kind of actor changes records."""

    USER = "user"
    TOKEN = "token"  # noqa: S105 - a kind of actor, no secret
    JOB = "job"
    SYSTEM = "system"


class CauseKind(StrEnum):
    """What led to a change: the value of ``event.cause_kind`` and of ``field_fact.origin``."""

    REQUEST = "request"
    IMPORT = "import"
    REGISTRY = "registry"
    ACCOUNTING = "accounting"
    SHOP = "shop"
    MAIL = "mail"
    ASSIGNMENT = "assignment"
    CONVERSION = "conversion"
    MERGE = "merge"
    CONFLICT = "conflict"
    RULE = "rule"
    MIGRATION = "migration"


@dataclass(frozen=True, slots=True)
class Origin:
    """The actor of a transaction and its cause; every event written in it carries both.

    `user_id` is the person answerable: the user himself, the owner of the token, whoever asked for
    the job. `cause_id` names the request, plan, connection, merge, conflict or
    rule.
    """

    actor_kind: ActorKind
    actor_id: UUID | None = None
    user_id: UUID | None = None
    cause_kind: CauseKind = CauseKind.REQUEST
    cause_id: str | None = None

    @property
    def token_id(self) -> UUID | None:
        """The token that acts, None where none does."""
        return self.actor_id if self.actor_kind is ActorKind.TOKEN else None


SYSTEM = Origin(ActorKind.SYSTEM, cause_kind=CauseKind.RULE)

"""The caller: a person, as far as the token in his hand reaches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from hub.access.roles import (
    ALL,
    FieldClass,
    Level,
    Reach,
    RoleDefinition,
    Verb,
    Visibility,
    covers,
    level_of,
)
from hub.db import NO_IDS, Ids
from hub.errors import ForbiddenError
from hub.i18n import N_
from hub.origin import ActorKind, CauseKind, Origin


@dataclass(frozen=True, slots=True)
class Permission:
    """A right: a verb over a collection, for example `Permission(Verb.CREATE, "customers")`."""

    verb: Verb
    collection: str

    def __str__(self) -> str:
        """Return the scope that grants it."""
        return f"{self.collection}:{self.verb}"


@dataclass(frozen=True, slots=True)
class Shared:
    """The ids of an entity's records that are shared with a person, directly or by a team of his.

    `at` has them by level, those of a higher level under the lower ones too; `to_share_on` are
    those that he may share himself.
    """

    at: Mapping[Level, Ids] = field(default_factory=dict)
    to_share_on: Ids = NO_IDS

    def enough_to(self, verb: Verb) -> Ids:
        """Return the records that are shared with him as far as a verb needs."""
        return self.to_share_on if verb is Verb.SHARE else self.at.get(level_of(verb), NO_IDS)

    def within(self, ids: Sequence[UUID]) -> "Shared":
        """Return the same of some records only."""
        return Shared(
            {level: shared.within(ids) for level, shared in self.at.items()},
            self.to_share_on.within(ids),
        )


NOTHING_SHARED = Shared()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person stands among the others: his teams, those he leads, what is shared with him.

    `line_*` are the teams he leads, those below them, and the people in all of these with whoever
    manages them; himself he does not lead. `team_ids` are the teams he is in and those he leads,
    `pool_ids` the pools that he decides over. `shared` is by entity.
    """

    team_ids: Ids = NO_IDS
    colleague_ids: Ids = NO_IDS
    line_team_ids: Ids = NO_IDS
    line_user_ids: Ids = NO_IDS
    pool_ids: Ids = NO_IDS
    shared: Mapping[str, Shared] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Principal:
    """An active user, narrowed by the scopes and row filters of his token where one speaks for him.

    `locale` and `zone` are None where he has none of his own. `row_filters` are stored list
    queries by collection. `is_bounded` says that his token is narrowed to some records, ends, or is
    good from some networks only. `added_classes` are those of the installation's own fields that
    are not public, by entity and name.
    """

    user_id: UUID
    roles: frozenset[RoleDefinition]
    name: str
    locale: str | None = None
    zone: str | None = None
    scopes: frozenset[str] = frozenset({ALL})
    token_id: UUID | None = None
    session_id: UUID | None = None
    visibility: Visibility = Visibility.PUBLIC
    standing: Standing = field(default_factory=Standing)
    row_filters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    is_bounded: bool = False
    added_classes: Mapping[str, Mapping[str, FieldClass]] = field(default_factory=dict)

    def reach(self, verb: Verb, collection: str) -> Reach | None:
        """Return how far his roles let him go with a verb; None where none of them has it."""
        return _reach(self.roles, verb, collection)

    def may(self, permission: Permission) -> bool:
        """Say whether role and scopes grant a right at all; the record may still refuse."""
        verb, collection = permission.verb, permission.collection
        return self.reach(verb, collection) is not None and covers(self.scopes, verb, collection)

    def require(self, permission: Permission) -> None:
        """Pass where the right is granted.

        Raises:
            ForbiddenError: the role lacks the verb, or the token the scope.
        """
        if self.reach(permission.verb, permission.collection) is None:
            raise ForbiddenError(
                N_("Your role {role} may not do this: it needs {permission}."),
                role=", ".join(sorted(role.code for role in self.roles)),
                permission=str(permission),
            )
        if not covers(self.scopes, permission.verb, permission.collection):
            raise ForbiddenError(
                N_("This token lacks the scope {permission}."), permission=str(permission)
            )

    @property
    def reads(self) -> frozenset[FieldClass]:
        """The classes of fields that he is shown."""
        return _classes(self.roles)[0]

    @property
    def writes(self) -> frozenset[FieldClass]:
        """The classes of fields that he may set."""
        return _classes(self.roles)[1]

    def sees_all(self, collection: str) -> bool:
        """Say whether he reads everything of a collection, protected records too."""
        return self.reach(Verb.READ, collection) is Reach.ALL and not self.row_filters

    def shared(self, entity: str, ids: Iterable[UUID]) -> Ids:
        """Return those of some records of an entity that are shared with him."""
        return self.standing.shared.get(entity, NOTHING_SHARED).enough_to(Verb.READ).within(ids)

    def without_shares(self) -> "Principal":
        """Return him as he would stand if nothing were shared with him."""
        return replace(self, standing=replace(self.standing, shared={}))

    def origin(self, request_id: str) -> Origin:
        """Return the origin of what this caller changes in a request."""
        if self.token_id is None:
            return Origin(ActorKind.USER, self.user_id, self.user_id, CauseKind.REQUEST, request_id)
        return Origin(ActorKind.TOKEN, self.token_id, self.user_id, CauseKind.REQUEST, request_id)


@lru_cache(maxsize=4096)  # asked for every record that is shown
def _reach(roles: frozenset[RoleDefinition], verb: Verb, collection: str) -> Reach | None:
    reaches = (role.reach_of(verb, collection) for role in roles)
    return max((reach for reach in reaches if reach is not None), default=None)


@lru_cache(maxsize=256)
def _classes(
    roles: frozenset[RoleDefinition],
) -> tuple[frozenset[FieldClass], frozenset[FieldClass]]:
    none: frozenset[FieldClass] = frozenset()
    reads, writes = (role.reads for role in roles), (role.writes for role in roles)
    return none.union(*reads), none.union(*writes)

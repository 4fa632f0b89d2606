"""The caller: a person, as far as the token in his hand reaches."""

from dataclasses import dataclass
from uuid import UUID

from hub.access.roles import VERBS, Role, Verb, Visibility
from hub.errors import ForbiddenError
from hub.i18n import N_
from hub.origin import ActorKind, CauseKind, Origin

ALL = "*"


@dataclass(frozen=True, slots=True)
class Permission:
    """A right: a verb over a collection, for example `Permission(Verb.CREATE, "customers")`."""

    verb: Verb
    collection: str

    def __str__(self) -> str:
        """Return the scope that grants it."""
        return f"{self.collection}:{self.verb}"


@dataclass(frozen=True, slots=True)
class Principal:
    """An active user, narrowed by the scopes of his token where one speaks for him.

    `locale` and `zone` are None where he has none of his own.
    """

    user_id: UUID
    role: Role
    name: str
    locale: str | None = None
    zone: str | None = None
    scopes: frozenset[str] = frozenset({ALL})
    token_id: UUID | None = None
    visibility: Visibility = Visibility.PUBLIC

    def may(self, permission: Permission) -> bool:
        """Say whether role and scopes grant a right at all; the record may still refuse."""
        return permission.verb in VERBS[self.role] and covers(self.scopes, permission)

    def require(self, permission: Permission) -> None:
        """Pass where the right is granted.

        Raises:
            ForbiddenError: the role lacks the verb, or the token the scope.
        """
        if permission.verb not in VERBS[self.role]:
            raise ForbiddenError(
                N_("Your role {role} may not do this: it needs {permission}."),
                role=self.role.value,
                permission=str(permission),
            )
        if not covers(self.scopes, permission):
            raise ForbiddenError(
                N_("This token lacks the scope {permission}."), permission=str(permission)
            )

    def origin(self, request_id: str) -> Origin:
        """Return the origin of what this caller changes in a request."""
        if self.token_id is None:
            return Origin(ActorKind.USER, self.user_id, self.user_id, CauseKind.REQUEST, request_id)
        return Origin(ActorKind.TOKEN, self.token_id, self.user_id, CauseKind.REQUEST, request_id)


def covers(scopes: frozenset[str], permission: Permission) -> bool:
    """Say whether scopes such as ``*``, ``customers:*``, ``*:read`` or ``customers:read`` do."""
    return (
        ALL in scopes
        or f"{permission.collection}:{permission.verb}" in scopes
        or f"{permission.collection}:{ALL}" in scopes
        or f"{ALL}:{permission.verb}" in scopes
    )

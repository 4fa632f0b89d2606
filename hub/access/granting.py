"""Nobody gives what he has not: roles are granted, composed and changed within one's own."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from hub.access.callers import definitions
from hub.access.models import User
from hub.access.principals import Principal
from hub.access.roles import ALL, ONESELF, Reach, RoleDefinition, Verb, covers
from hub.errors import ForbiddenError
from hub.i18n import N_


def refuse_to_grant(principal: Principal, roles: Iterable[RoleDefinition]) -> None:
    """Pass where a caller may himself all that some roles may, as far as they reach.

    With a token that has bounds he gives none: whoever got it would be without them.

    Raises:
        ForbiddenError: one may more, or more than the caller's token; the message says which.
    """
    for role in roles:
        if not _has(principal, role):
            raise ForbiddenError(
                N_("You may not give the role {role}: it may more than you."), role=role.code
            )
        _refuse_past_the_token(principal, role)


def refuse_to_readdress(session: Session, principal: Principal, user: User) -> None:
    """Pass where a caller may say to which mail address a user's way in is sent, his own too.

    Raises:
        ForbiddenError: the user may more than the caller's token.
    """
    for role in definitions(session, user.roles):
        _refuse_past_the_token(principal, role)


def refuse_superior(session: Session, principal: Principal, user: User) -> None:
    """Pass where a user is the caller himself, or may nothing that the caller may not.

    Whoever could change the mail address of such a user, or make tokens for him, would be him.

    Raises:
        ForbiddenError: he may more.
    """
    if user.id == principal.user_id:
        return
    if not all(_has(principal, role) for role in definitions(session, user.roles)):
        raise ForbiddenError(
            N_("{name} may more than you: only somebody who may as much may do this."),
            name=user.name,
        )


def _refuse_past_the_token(principal: Principal, role: RoleDefinition) -> None:
    if principal.is_bounded or not all(
        is_covered(right, principal.scopes) for right in role.rights
    ):
        raise ForbiddenError(
            N_("The role {role} may more than your token: do it with one that has no bounds."),
            role=role.code,
        )


def _has(principal: Principal, role: RoleDefinition) -> bool:
    held = {
        reach: frozenset[str]().union(*(r.rights for r in principal.roles if r.reach >= reach))
        for reach in {role.reach, Reach.SHARED}
    }
    return (
        role.reads <= principal.reads
        and role.writes <= principal.writes
        and all(
            # What everybody may do for himself reaches no further in any role.
            is_covered(right, held[Reach.SHARED if right in ONESELF else role.reach])
            for right in role.rights
        )
    )


def is_covered(right: str, held: frozenset[str]) -> bool:
    """Say whether rights held cover one, which may be of several verbs, or the scope of a token."""
    if right == ALL:
        return ALL in held
    collection, _, verb = right.partition(":")
    verbs = list(Verb) if verb == ALL else [Verb(verb)]
    # A star for the collection is only covered by a star: no collection is called so.
    return all(covers(held, each, collection) for each in verbs)

"""Tokens: made, narrowed, revoked. None reaches further than the caller who makes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.access.granting import is_covered, refuse_superior
from hub.access.lookup import get_record
from hub.access.models import ApiToken, User
from hub.access.principals import Permission, Principal
from hub.access.readers import reader_of
from hub.access.roles import ALL, Verb
from hub.access.row_filters import check_row_filters
from hub.access.tokens import NewToken, generate
from hub.errors import ConflictError, ForbiddenError, NotFoundError, ValidationError
from hub.i18n import N_
from hub.settings import get_settings

RowFilters = Mapping[str, Mapping[str, Any]]
"""Stored filters by the names of the lists that they narrow."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What narrows a token beside its scopes; None leaves it as wide as its maker is."""

    expires_at: datetime | None = None
    networks: Iterable[str] | None = None
    request_rate: int | None = None
    row_filters: RowFilters = field(default_factory=dict)


def issue_token(
    session: Session,
    principal: Principal,
    *,
    user_id: UUID,
    name: str,
    scopes: Iterable[str],
    bounds: Bounds,
    now: datetime,
) -> tuple[ApiToken, NewToken]:
    """Make a token; its text is in the second value and can never be read again.

    Raises:
        ForbiddenError: it is for somebody else, perhaps one who may more than the caller, or would
            reach further than the caller's own.
        NotFoundError: there is no such active user.
        ValidationError: it would be expired from the start, or a scope or row filter has no such
            form.
    """
    if user_id != principal.user_id and not principal.may(Permission(Verb.CONFIGURE, "tokens")):
        raise ForbiddenError(N_("You may make tokens for yourself only."))
    wanted = sorted(set(scopes))
    for scope in wanted:
        _check_scope(scope, principal)
    user = session.get(User, user_id)
    if user is None or not user.active or user.deleted_at is not None:
        raise NotFoundError("user", user_id)
    refuse_superior(session, principal, user)
    filters = _both(principal.row_filters, bounds.row_filters)
    check_row_filters(filters, reader_of(principal, now=now))
    token, made = new_token(user, name=name, scopes=wanted)
    token.row_filters = filters or None
    token.networks = None if bounds.networks is None else list(bounds.networks)
    token.request_rate = bounds.request_rate
    token.expires_at = bounds.expires_at
    _keep_within(session, principal, token, now)
    session.add(token)
    session.flush()
    return token, made


def change_token(
    session: Session,
    principal: Principal,
    token_id: UUID,
    changes: Mapping[str, Any],
    *,
    expected_version: int,
    now: datetime,
) -> ApiToken:
    """Change the name or the bounds of a token; scopes and row filters stay as they were made.

    Raises:
        NotFoundError, StaleVersionError: as `get_record`.
        ForbiddenError: it is the caller's own token, or would reach further than that, or belongs
            to one who may more than the caller.
        ConflictError: it is revoked.
        ValidationError: it would be expired at once.
    """
    token = get_record(
        session, principal, Verb.EDIT, ApiToken, token_id, expected_version=expected_version
    )
    refuse_superior(session, principal, session.get_one(User, token.user_id))
    if token.id == principal.token_id and changes.keys() - {"name"}:
        raise ForbiddenError(N_("A token does not change its own bounds."))
    if token.revoked_at is not None:
        raise ConflictError("token_revoked", N_("The token is revoked."))
    for name, value in changes.items():
        setattr(token, name, value)
    if changes.keys() - {"name"}:
        _keep_within(session, principal, token, now)
    session.flush()
    return token


def revoke_token(
    session: Session, principal: Principal, token_id: UUID, *, now: datetime
) -> ApiToken:
    """Make a token worthless within five seconds in all processes; once is as good as twice.

    Raises:
        NotFoundError: there is none that the caller may see.
    """
    token = get_record(session, principal, Verb.DELETE, ApiToken, token_id)
    if token.revoked_at is None:
        token.revoked_at = now
        session.flush()
    return token


def new_token(user: User, *, name: str, scopes: list[str]) -> tuple[ApiToken, NewToken]:
    """Return a token of a user that is not stored yet, and its text."""
    made = generate()
    token = ApiToken(prefix=made.prefix, hash=made.hash, user_id=user.id, name=name, scopes=scopes)
    return token, made


def _keep_within(session: Session, principal: Principal, token: ApiToken, now: datetime) -> None:
    """Bound a token by the one its maker calls with; what is not said is as with that."""
    if token.expires_at is not None and token.expires_at <= now:
        raise ValidationError.of("/expires_at", "past", N_("Must lie in the future."))
    if token.request_rate is not None and token.request_rate > get_settings().request_rate > 0:
        principal.require(Permission(Verb.CONFIGURE, "tokens"))
    own = session.get(ApiToken, principal.token_id) if principal.token_id else None
    if own is None:
        return
    if own.expires_at is not None:
        if token.expires_at is not None and token.expires_at > own.expires_at:
            raise ForbiddenError(N_("Your own token ends before that."))
        token.expires_at = token.expires_at or own.expires_at
    if own.networks is not None:
        token.networks = token.networks or own.networks
        for network in token.networks:
            if not any(_contains(wide, network) for wide in own.networks):
                raise ForbiddenError(N_("Your own token does not reach {scope}."), scope=network)
    if own.request_rate is not None:
        token.request_rate = min(token.request_rate or own.request_rate, own.request_rate)


def _both(own: RowFilters, wanted: RowFilters) -> dict[str, dict[str, Any]]:
    """Return filters that let through what those of the caller's token and the wanted ones do.

    Raises:
        ForbiddenError: one operator of a field would need two values.
    """
    found = {name: dict(stored) for name, stored in own.items()}
    for name, stored in wanted.items():
        kept = found.setdefault(name, {})
        for field_name, compared in stored.items():
            present = kept.get(field_name, {})
            for operator, value in compared.items():
                if present.get(operator, value) != value:
                    raise ForbiddenError(
                        N_("Your own token is narrowed by {field} already."), field=field_name
                    )
            kept[field_name] = {**present, **compared}
    return found


def _contains(wide: str, narrow: str) -> bool:
    outer, inner = ip_network(wide), ip_network(narrow)
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type] # of one version


def _check_scope(scope: str, principal: Principal) -> None:
    collection, _, verb = scope.partition(":")
    if scope != ALL and (not collection or verb not in {*Verb, ALL}):
        raise ValidationError.of(
            "/scopes",
            "scope",
            N_("{scope} is no scope: write for example customers:read, customers:* or *."),
            scope=scope,
        )
    if not is_covered(scope, principal.scopes):
        raise ForbiddenError(N_("Your own token does not reach {scope}."), scope=scope)

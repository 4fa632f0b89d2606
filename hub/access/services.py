"""Users: made and changed; and the first of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hub.access.callers import definitions
from hub.access.composing import known_roles
from hub.access.granting import refuse_superior, refuse_to_grant, refuse_to_readdress
from hub.access.issuing import new_token
from hub.access.lookup import get_record
from hub.access.models import User
from hub.access.principals import Principal
from hub.access.roles import ALL, Role, Verb
from hub.db import locked
from hub.errors import ConflictError, StaleVersionError, ValidationError
from hub.i18n import N_

_ADMINISTRATORS_LOCK = 0x4855_4200  # "HUB\0": one at a time may change who is administrator
_INTRANET = ".localhost"


def bootstrap_administrator(session: Session, email: str, now: datetime) -> str | None:
    """Make the first administrator with a token for everything.

    Returns the token's text, or None where there is a user already: it can be shown only now.
    """
    del now
    _lock_administrators(session)
    if session.scalar(select(User.id).limit(1)) is not None:
        return None
    user = User(email=email, name="Administrator", roles=[Role.ADMINISTRATOR.value])
    session.add(user)
    session.flush()
    token, made = new_token(user, name="first administrator", scopes=[ALL])
    session.add(token)
    session.flush()
    return made.text


def create_user(
    session: Session,
    principal: Principal,
    *,
    email: str,
    name: str,
    roles: Iterable[str],
    locale: str | None = None,
    zone: str | None = None,
    phone: str | None = None,
    working_hours: Mapping[str, Any] | None = None,
) -> User:
    """Make a user, active at once and without a token.

    Raises:
        ForbiddenError: a role may more than the caller.
        ValidationError: the mail address cannot be one, or a role is unknown.
        ConflictError: somebody has it already.
    """
    user = User(
        email=mail_address(email),
        name=name,
        roles=_granted(session, principal, roles),
        locale=locale,
        zone=zone,
        phone=phone,
        working_hours=dict(working_hours) if working_hours else None,
    )
    _refuse_taken_address(session, user.email)
    session.add(user)
    session.flush()
    return user


def change_user(
    session: Session,
    principal: Principal,
    user_id: UUID,
    changes: Mapping[str, Any],
    *,
    expected_version: int,
) -> User:
    """Change the named fields of a user; one made inactive is out within seconds.

    Raises:
        NotFoundError, StaleVersionError: as `get_record`.
        ForbiddenError: he may more than the caller, or would.
        ValidationError: the mail address cannot be one, or a role is unknown.
        ConflictError: the address is taken, or no administrator would be left.
    """
    _lock_administrators(session)
    user = get_record(
        session, principal, Verb.CONFIGURE, User, user_id, expected_version=expected_version
    )
    refuse_superior(session, principal, user)
    for field, value in changes.items():
        if field == "email":
            address = mail_address(value)
            if address != user.email:
                refuse_to_readdress(session, principal, user)
                _refuse_taken_address(session, address)
                user.email_verified_at = None
            user.email = address
        elif field == "roles":
            user.roles = _granted(session, principal, value, beside=user.roles)
        else:
            setattr(user, field, value)
    session.flush()
    _refuse_to_lose_all_administrators(session)
    return user


def get_oneself(session: Session, principal: Principal) -> User:
    """Return the caller's own record, which he reads whatever his roles are."""
    return session.get_one(User, principal.user_id)


def change_oneself(
    session: Session,
    principal: Principal,
    changes: Mapping[str, Any],
    *,
    expected_version: int,
) -> User:
    """Change of the caller's own record what is his to say: not his roles, nor his address.

    Raises:
        StaleVersionError: it is not at `expected_version` any more.
    """
    user = locked(session, User, principal.user_id)
    if user.version != expected_version:
        raise StaleVersionError(User.entity(), user.id, user.version)
    for field, value in changes.items():
        setattr(user, field, value)
    session.flush()
    return user


def mail_address(email: str) -> str:
    """Return a user's mail address as it is kept: of one case.

    Raises:
        ValidationError: it is none.
    """
    local, at, domain = email.strip().rpartition("@")
    if at and domain.casefold() == _INTRANET.lstrip("."):
        email = f"{local}@hub.example"  # a mail server of this machine: check the rest
    try:
        validate_email(
            email.strip(),
            check_deliverability=False,
            globally_deliverable=False,
            test_environment=True,
        )
    except EmailNotValidError as error:
        raise ValidationError.of("/email", "email", N_("This is no mail address.")) from error
    return f"{local}@{domain}".casefold()


def _granted(
    session: Session, principal: Principal, wanted: Iterable[str], *, beside: Iterable[str] = ()
) -> list[str]:
    codes = known_roles(session, wanted)
    refuse_to_grant(principal, definitions(session, set(codes) - set(beside)))
    return codes


def _refuse_taken_address(session: Session, email: str) -> None:
    # Writers of one address wait for one another here; the unique index is the last word.
    session.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:email, 0))"), {"email": email}
    )
    taken = session.scalar(select(User.id).where(User.email == email, User.deleted_at.is_(None)))
    if taken is not None:
        raise ConflictError(
            "email_taken",
            N_("Another user has the address {email}."),
            details={"user_id": str(taken)},
            email=email,
        )


def _refuse_to_lose_all_administrators(session: Session) -> None:
    left = session.scalar(
        select(func.count())
        .select_from(User)
        .where(User.is_administrator, User.active, User.deleted_at.is_(None))
    )
    if not left:
        raise ConflictError("last_administrator", N_("One active administrator must remain."))


def _lock_administrators(session: Session) -> None:
    session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _ADMINISTRATORS_LOCK})

"""Signing in and changing passwords, in steps: look, hash with no transaction open, write.

A hashing takes a tenth of a second; no connection is held meanwhile. What was looked up first is
looked at again, locked, before anything is written.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

from sqlalchemy.orm import Session

from api import cookies
from api.calls import Call
from api.client_addresses import Address, client_address, network_of
from api.rates import too_many
from api.refusals import RefusalError
from hub.access.models import User
from hub.access.principals import Principal
from hub.db import transaction
from hub.errors import ValidationError
from hub.i18n import N_
from hub.origin import ActorKind, CauseKind, Origin
from hub.signing_in import attempts, devices, hashing, passwords, sessions, tickets
from hub.signing_in.attempts import Attempt, TooManyAttemptsError
from hub.signing_in.models import EndReason
from hub.signing_in.passwords import Account
from hub.signing_in.rules import check_password
from hub.signing_in.sessions import NewSession
from hub.signing_in.tickets import Holder

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is to prove who he is: what his request tells of him."""

    address: Address | None
    agent: str | None
    request_id: str
    now: datetime
    device: str | None = field(repr=False, default=None)
    cookie: str | None = field(repr=False, default=None)

    @classmethod
    def of(cls, call: Call[Any, Any]) -> "Visitor":
        """Read it from a request."""
        return cls(
            address=client_address(call.request),
            agent=call.request.headers.get("User-Agent"),
            request_id=call.request_id,
            now=call.now,
            device=cookies.device_mark(call.request),
            cookie=cookies.session_secret(call.request),
        )

    def acting_as(self, user: User) -> Origin:
        """Return the origin of what he changes once he has proved who he is."""
        return Origin(ActorKind.USER, user.id, user.id, CauseKind.REQUEST, self.request_id)

    def begin_session(self, session: Session, user: User) -> NewSession:
        """Begin a session of a user, from where this request comes."""
        address = str(self.address) if self.address else None
        return sessions.begin(session, user, address=address, agent=self.agent, now=self.now)


def sign_in(visitor: Visitor, email: str, password: str) -> NewSession:
    """Begin a session of the user who has a mail address and a password.

    Raises:
        RefusalError: they do not fit (401), or were tried too often (429).
        PostponedError: many others are signing in.
    """
    with _limited(), transaction() as session:
        account = passwords.account_of(session, email)
        counted = _count_attempt(session, visitor, email, account)
    compared = hashing.compare(account.hash, password)
    user = account.user
    if not compared.fits or user is None:
        raise _refused(account)
    renewed = hashing.hash_password(password) if compared.is_outdated else None
    with transaction(visitor.acting_as(user)) as session:
        if not passwords.is_still(session, account):
            raise _refused(account)
        for attempt in counted:
            attempts.give_back(session, attempt)
        if visitor.cookie is not None:
            sessions.end_presented(session, visitor.cookie, EndReason.REPLACED, now=visitor.now)
        if renewed is not None:
            passwords.store_again(session, user.id, renewed, now=visitor.now)
        return visitor.begin_session(session, user)


def change_password(
    visitor: Visitor, principal: Principal, present: str, wanted: str
) -> NewSession | None:
    """Give a user another password; all his sessions end.

    Returns a new session where he called with one, to go on with.

    Raises:
        ValidationError: the present password is another, or the new one is not to be had.
        RefusalError: it was tried too often (429).
        PostponedError: many others are signing in.
    """
    with _limited(), transaction() as session:
        user = session.get_one(User, principal.user_id)
        account = Account(user, passwords.hash_of(session, user.id))
        counted = attempts.take(session, passwords.PER_CALLER, _way_in(principal))
    check_password(wanted, user, pointer="/new_password")
    if not hashing.compare(account.hash, present).fits:
        raise _wrong_password()
    hashed = hashing.hash_password(wanted)
    with transaction(visitor.acting_as(user)) as session:
        if not passwords.is_still(session, account):
            raise _wrong_password()
        attempts.give_back(session, counted)
        user = session.get_one(User, principal.user_id)
        passwords.store(session, user, hashed, now=visitor.now)
        if principal.session_id is None:
            return None
        return visitor.begin_session(session, user)


def look_at_ticket(secret: str, now: datetime) -> Holder:
    """Return whom a ticket is for, without using it.

    Raises:
        ValidationError: it is good for nothing any more.
    """
    with transaction() as session:
        return tickets.holder_of(session, secret, now=now)


def use_ticket(visitor: Visitor, secret: str, password: str | None) -> Holder:
    """Use a ticket: set the password it is for, or prove the address.

    Where a password is set, the answer marks the device as one of its owner.

    Raises:
        ValidationError: it is good for nothing any more, or the password is not to be had.
        RefusalError: it was tried too often from there (429).
        PostponedError: many others are signing in.
    """
    with _limited(), transaction() as session:
        counted = attempts.take(session, passwords.PER_ADDRESS, network_of(visitor.address))
    holder = look_at_ticket(secret, visitor.now)
    hashed = _hash_wanted(holder, password)
    with transaction(visitor.acting_as(holder.user)) as session:
        holder = tickets.holder_of(session, secret, now=visitor.now, lock=True)
        attempts.give_back(session, counted)
        tickets.use(session, holder, now=visitor.now)
        if hashed is not None:
            passwords.store(session, holder.user, hashed, now=visitor.now)
    if holder.sets_password:  # who reads his mail is the owner, and this is a device of his
        cookies.give_device(devices.mark_device(holder.user.id))
    return holder


def count_request_of_reset(session: Session, visitor: Visitor) -> None:
    """Count that a mail was asked for by somebody who is not known.

    Raises:
        RefusalError: too often from there (429).
    """
    with _limited():
        attempts.take(session, passwords.PER_ADDRESS, network_of(visitor.address))


def _hash_wanted(holder: Holder, password: str | None) -> str | None:
    if holder.sets_password and password is None:
        raise ValidationError.of("/password", "required", N_("This field is required."))
    if not holder.sets_password and password is not None:
        raise ValidationError.of(
            "/password", "unknown", N_("There is no such field here, or it is not yours to write.")
        )
    if password is None:
        return None
    check_password(password, holder.user)
    return hashing.hash_password(password)


def _count_attempt(
    session: Session, visitor: Visitor, email: str, account: Account
) -> list[Attempt]:
    """Count an attempt: on a device its owner is known by apart from those of everybody else."""
    device = devices.known_device(visitor.device, account.user_id)
    if device is not None:
        return [attempts.take(session, passwords.PER_DEVICE, device)]
    return [
        attempts.take(session, passwords.PER_ACCOUNT, email.strip().casefold()),
        attempts.take(session, passwords.PER_ADDRESS, network_of(visitor.address)),
    ]


def _way_in(principal: Principal) -> str:
    """Return what guesses of somebody who is in are counted by: his session, or all his tokens.

    Those who guess from without use up nothing of it.
    """
    return str(principal.session_id or principal.user_id)


@contextmanager
def _limited() -> Iterator[None]:
    try:
        yield
    except TooManyAttemptsError as error:
        logger.warning("sign_in.too_many_attempts", extra={"limit": error.limit.name})
        raise too_many(
            "too_many_attempts",
            N_("Tried too often. Wait {seconds} seconds."),
            error.wait.total_seconds(),
            seconds=round(error.wait.total_seconds()),
        ) from error


def _refused(account: Account) -> RefusalError:
    logger.warning("sign_in.refused", extra={"user_id": str(account.user_id)})
    return RefusalError(
        HTTPStatus.UNAUTHORIZED,
        "sign_in_refused",
        N_("The address and the password do not fit."),
        headers={"WWW-Authenticate": 'Bearer realm="hub"'},
    )


def _wrong_password() -> ValidationError:
    return ValidationError.of(
        "/current_password", "wrong_password", N_("This is not your present password.")
    )

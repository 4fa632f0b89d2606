"""Rows that say what a customer says which the uploader may not see: he is told so, and no more.

Otherwise such customers count for nothing: a row is neither joined with one nor like one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import matching
from hub.access.callers import principal_of, speaking
from hub.access.concealing import UnseenError
from hub.access.models import ApiToken, User
from hub.access.principals import Principal
from hub.customers.models import Customer
from hub.customers.refusing import ENTITY, UNIQUE, holds, taken_unseen
from hub.i18n import N_
from hub.imports.reasons import Reason
from hub.imports.staging import StagedRow
from hub.matching import Identity
from hub.matching.keys import Key
from hub.sharing.blind_matches import TOLD, TooManyBlindMatchesError, require_room, tell
from hub.sharing.unseen import (
    find_unseen,
    sees_all,
    unseen_among,
    unseen_duplicate,
    unseen_with,
)

THERE_IS_ONE = N_(
    "It is here already, and you may not see it. Ask {name}, or ask for access by the reference"
    " {reference}."
)


def uploader(session: Session, user_id: UUID | None, token_id: UUID | None) -> Principal | None:
    """Return who imports a file, as far as he reaches now; None is the installation itself."""
    user = session.get(User, user_id) if user_id is not None else None
    if user is None:
        return None
    token = session.get(ApiToken, token_id) if token_id is not None else None
    return principal_of(session, user) if token is None else speaking(session, user, token)


class Blind:
    """What an uploader does not see, and what he is told of it."""

    def __init__(self, caller: Principal | None) -> None:
        self._caller = caller

    @property
    def sees_all(self) -> bool:
        """Whether nothing is hidden from him."""
        return sees_all(self._caller, Customer)

    def unseen_among(self, session: Session, customer_ids: Iterable[UUID]) -> set[UUID]:
        """Return those of some customers that he does not see."""
        return unseen_among(session, self._caller, Customer, customer_ids)

    def refusals(
        self, session: Session, rows: Sequence[StagedRow], known_again: Mapping[bytes, UUID]
    ) -> dict[int, Reason]:
        """Return why some rows cannot come in, by their indexes; noting that he is told so.

        Args:
            session: a worker's; the notes are committed with what it does.
            rows: some hundreds at a time.
            known_again: the customers as which rows were imported before, by their digests.
        """
        caller = self._caller
        if caller is None or sees_all(caller, Customer):
            return {}
        asked = {row.index: _identities(row) for row in rows}
        met = self._met(session, caller, asked.values())
        taken = _taken(session, rows)
        unseen = unseen_among(session, caller, Customer, {*taken.values(), *known_again.values()})
        refused: dict[int, Reason] = {}
        exhausted = self._exhausted(session, caller)
        for row in rows:
            if exhausted is not None:
                if asked[row.index] or any(name in row.row.values for name in UNIQUE):
                    refused[row.index] = exhausted
                continue
            error = _of_reference(row, taken, unseen) or _of_row(row, known_again, unseen)
            if error is None and not met.isdisjoint(each.key for each in asked[row.index]):
                found = find_unseen(session, caller, Customer, asked[row.index])
                error = None if found is None else unseen_duplicate(Customer, *found)
            if error is not None:
                refused[row.index] = _told(session, caller, error)
                exhausted = self._exhausted(session, caller)
        return refused

    def exhausted(self, session: Session) -> Reason | None:
        """Return why nothing is compared any more with what he does not see; None while it is."""
        caller = self._caller
        if caller is None or sees_all(caller, Customer):
            return None
        return self._exhausted(session, caller)

    def told_of(self, session: Session, customer_id: UUID, field: str, value: str) -> Reason:
        """Return the refusal of a value that a customer has which he does not see; it is noted."""
        caller = self._caller
        if caller is None:
            raise ValueError("the installation itself sees everything")
        spent = self._exhausted(session, caller)
        return spent or _told(session, caller, taken_unseen(customer_id, field, value))

    @staticmethod
    def _met(session: Session, caller: Principal, asked: Iterable[Sequence[Identity]]) -> set[Key]:
        digests = {each.key.digest(ENTITY): each.key for some in asked for each in some}
        return {digests[found] for found in unseen_with(session, caller, Customer, digests)}

    @staticmethod
    def _exhausted(session: Session, caller: Principal) -> Reason | None:
        try:
            require_room(session, caller)
        except TooManyBlindMatchesError as error:
            return {
                "pointer": "", "code": error.code, "message": error.message,
                "params": dict(error.params),
            }  # fmt: skip
        return None


def _identities(row: StagedRow) -> Sequence[Identity]:
    return () if row.prepared is None else matching.identities_of(row.prepared.facts)


def _taken(session: Session, rows: Sequence[StagedRow]) -> dict[tuple[str, str], UUID]:
    found: dict[tuple[str, str], UUID] = {}
    for name in UNIQUE:
        wanted = {row.row.values[name] for row in rows if row.row.values.get(name)}
        if not wanted:
            continue
        column = getattr(Customer, name)
        for value, identifier in session.execute(
            select(column, Customer.id).where(column.in_(wanted), holds(name))
        ):
            found[name, value] = identifier
    return found


def _of_reference(
    row: StagedRow, taken: Mapping[tuple[str, str], UUID], unseen: set[UUID]
) -> UnseenError | None:
    for name in UNIQUE:
        value = row.row.values.get(name)
        if value and taken.get((name, value)) in unseen:
            return taken_unseen(taken[name, value], name, value)
    return None


def _of_row(
    row: StagedRow, known_again: Mapping[bytes, UUID], unseen: set[UUID]
) -> UnseenError | None:
    customer_id = known_again.get(row.row.digest)
    if customer_id is None or customer_id not in unseen:
        return None
    return UnseenError(
        "duplicate",
        THERE_IS_ONE,
        subject=(ENTITY, customer_id),
        fingerprint=row.row.digest,
        details={"matched_on": []},
    )


def _told(session: Session, caller: Principal, error: UnseenError) -> Reason:
    details: Any = tell(session, caller, error).details
    contact, fields = details[TOLD]["contact"], details["matched_on"]
    return {
        "pointer": f"/{fields[0]}" if fields else "",
        "code": TOLD,
        "message": THERE_IS_ONE,
        "params": {
            "name": contact["name"] if contact else "-",
            "reference": details[TOLD]["reference"],
        },
    }  # fmt: skip

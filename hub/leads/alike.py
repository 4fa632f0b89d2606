"""Leads and customers like a lead that is no customer's yet.

One that is a customer's is compared with nothing: it is that customer who may be there twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from hub import matching
from hub.access.principals import Principal
from hub.configuration import current
from hub.customers.models import Customer
from hub.customers.refusing import DuplicateLeave
from hub.entry_policies.enforcing import Warned
from hub.entry_policies.policy import Duplicates, EntryPolicy
from hub.errors import ConflictError, ValidationError
from hub.history.recording import record
from hub.i18n import N_
from hub.leads.models import Lead
from hub.matching import Candidate, Prepared
from hub.sharing import unseen

COMPARED = frozenset(
    {"customer_id", "company", "person", "cvr", "email", "phone", "mobile", "website", "address",
     "postcode", "city", "country"}
)  # fmt: skip
"""The fields that are compared, and the one that says whether they are."""

_ENTITY = Lead.entity()
_AMONG: tuple[type[Any], ...] = (Lead, Customer)
_ALIKE = {
    _ENTITY: N_("A lead like this exists already."),
    Customer.entity(): N_("A customer like this exists already."),
}
_SAID_AS = {"company": "name", "person": "name", "mobile": "phone"}
_WARNED = 3  # of those that are like a new lead so many are named in its answer


@dataclass(frozen=True, slots=True)
class Alike:
    """A record like a lead: of which entity, and how surely it is the same."""

    entity: str
    candidate: Candidate

    def shown(self) -> dict[str, Any]:
        """Return it as JSON carries it."""
        return {"entity": self.entity, **self.candidate.shown()}


@dataclass(frozen=True, slots=True)
class Looked:
    """What is like a new lead, and what its answer is to tell of it."""

    ready: Prepared
    found: tuple[Alike, ...]
    warned: tuple[Warned, ...]


def party_of(values: Mapping[str, Any]) -> matching.Party:
    """Return what is compared of a lead: the company by its name, or else the person."""
    return matching.Party(
        name=values.get("company") or values.get("person"),
        phone=values.get("phone") or values.get("mobile"),
        **{
            name: values.get(name)
            for name in ("cvr", "email", "website", "address", "postcode", "city", "country")
        },
    )


def look(
    session: Session,
    caller: Principal | None,
    values: Mapping[str, Any],
    leave: DuplicateLeave | None,
    *,
    keys_are_held: bool = False,
) -> Looked | None:
    """Look for leads and customers like a new lead, as the policy of entries says.

    What the caller does not see counts for nothing in scores; where the policy forbids what is
    there already, he is told of it by his own words alone. Two who write the same wait for each
    other. None for a lead of a customer.

    Raises:
        ConflictError: ``duplicate``: the policy forbids it, there is one, and no leave.
        UnseenError: likewise, of one that the caller does not see; leave does not reach it.
        TooManyBlindMatchesError: he has been told of such too often.
        ValidationError: the leave gives no reason.
    """
    if leave is not None and not leave.reason.strip():
        raise ValidationError.of("/reason", "required", N_("Say why a second one is wanted."))
    if values.get("customer_id") is not None:
        return None
    ready = matching.prepare(_ENTITY, party_of(values))
    rule = current(session, EntryPolicy).alike_leads
    if rule is Duplicates.ALLOW and leave is None:
        return Looked(ready, (), ())
    if rule is Duplicates.FORBID and not keys_are_held:
        matching.hold(session, _ENTITY, [ready])
    found = tuple(find(session, caller, ready))
    if rule is Duplicates.FORBID:
        _refuse(found, leave)
        for model in _AMONG:
            unseen.refuse_unseen(session, caller, model, ready)
    told = [] if leave is not None else [each for each in found if _is_sure(each)]
    return Looked(ready, found, tuple(_warning(each) for each in told[:_WARNED]))


def hold(session: Session, rows: Iterable[Mapping[str, Any]]) -> None:
    """Hold what a batch of leads is about to write, where the policy forbids the like of it.

    Otherwise each would hold its own, and two batches could wait for each other.
    """
    if current(session, EntryPolicy).alike_leads is Duplicates.FORBID:
        parties = [party_of(row) for row in rows if row.get("customer_id") is None]
        matching.hold(session, _ENTITY, parties)


def refuse_unseen(
    session: Session, caller: Principal | None, lead: Lead, changes: Mapping[str, Any]
) -> None:
    """Pass where a change does not make a lead what one is that the caller does not see.

    Of one that he sees he is told later, when the two are found as a pair.

    Raises:
        UnseenError: ``duplicate``, where the policy of entries forbids those.
        TooManyBlindMatchesError: he has been told of such too often.
    """
    said = {_SAID_AS.get(name, name) for name in changes.keys() & COMPARED}
    values = {name: changes.get(name, getattr(lead, name)) for name in COMPARED}
    if not said or values["customer_id"] is not None:
        return
    if current(session, EntryPolicy).alike_leads is not Duplicates.FORBID:
        return
    ready = matching.prepare(_ENTITY, party_of(values))
    for model in _AMONG:
        unseen.refuse_unseen(session, caller, model, ready, own_id=lead.id, said=said)


def find(
    session: Session, caller: Principal | None, ready: Prepared, *, exclude: Any = None
) -> list[Alike]:
    """Return the leads and customers like a lead that a caller sees, the most alike first."""
    found = []
    for model in _AMONG:
        theirs = matching.prepare_facts(model.entity(), ready.facts)
        hidden = unseen.unseen_like(session, caller, model, theirs)
        found += [
            Alike(model.entity(), candidate)
            for candidate in matching.find(
                session, model.entity(), theirs, exclude=exclude, unseen=hidden, own=_ENTITY
            )
        ]
    return sorted(found, key=lambda each: (-each.candidate.score, each.candidate.record_id))


def note_leave(session: Session, lead: Lead, looked: Looked, leave: DuplicateLeave) -> None:
    """Remember that a lead was made on purpose beside what is like it."""
    for each in looked.found:
        record(
            session, "lead.duplicate_allowed", subject_type=_ENTITY, subject_id=lead.id,
            data={
                "other_entity": each.entity, "other_id": str(each.candidate.record_id),
                "reason": leave.reason,
            },
        )  # fmt: skip


def write_keys(session: Session, lead: Lead) -> None:
    """Bring the keys by which a lead is found up to date: it has some while it takes part."""
    if lead.deleted_at is None and lead.customer_id is None:
        values = {name: getattr(lead, name) for name in COMPARED}
        matching.write(session, _ENTITY, lead.id, party_of(values))
    else:
        matching.remove(session, _ENTITY, lead.id)


def _is_sure(each: Alike) -> bool:
    return each.candidate.score >= matching.FORBID


def _refuse(found: tuple[Alike, ...], leave: DuplicateLeave | None) -> None:
    sure = next((each for each in found if _is_sure(each)), None)
    if sure is not None and leave is None:
        raise ConflictError(
            "duplicate", _ALIKE[sure.entity],
            details={
                "existing_id": str(sure.candidate.record_id),
                "candidates": [each.shown() for each in found],
            },
        )  # fmt: skip


def _warning(each: Alike) -> Warned:
    return Warned(
        "", "", each.candidate.record_id, code="duplicate", text=_ALIKE[each.entity],
        existing_entity=each.entity, score=each.candidate.score,
    )  # fmt: skip

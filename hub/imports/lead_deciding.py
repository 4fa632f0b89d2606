"""What is done with each row of a file of leads.

A lead is known by its reference, or as the row that it came with. Beyond that nothing is joined:
several people of one company are several leads, until somebody converts them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from hub.access import owning
from hub.access.concealing import without_unseen
from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.customers.defaults import currency_of_new
from hub.db import among
from hub.entry_policies.enforcing import enforce
from hub.errors import ConflictError, DomainError, ValidationError
from hub.history.recording import plain
from hub.i18n import N_
from hub.imports.lead_items import typed
from hub.imports.models import ImportIdentity
from hub.imports.nesting import spread
from hub.imports.options import OnMatch, Options
from hub.imports.reading import ReadRow
from hub.imports.reasons import ALREADY_HERE, UNCHANGED, Reason, kept_as_here, refuse, with_notes
from hub.imports.staging import StagedRow, Staging
from hub.leads.models import Lead
from hub.leads.rules import refuse_unpayable
from hub.leads.services import WRITABLE
from hub.plans import services as plans
from hub.plans.models import Plan

ENTITY = Lead.entity()
NEVER_CHANGED = owning.FIELDS | {"currency"}
"""Whose a lead is, is changed by acts of its own; its currency is set once."""

_SHOWN = WRITABLE - {"custom"} | NEVER_CHANGED
_NOT_YOURS: Reason = {
    "pointer": "", "code": "forbidden", "params": {},
    "message": N_("It is here already, and not yours to change."),
}  # fmt: skip
_CONVERTED: Reason = {
    "pointer": "", "code": "converted", "params": {},
    "message": N_("It is here already, and a customer came of it."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Here:
    """A lead that a row means."""

    id: UUID
    version: int
    values: Mapping[str, Any]
    is_seen: bool
    may_change: bool
    is_converted: bool


class LeadDecider:
    """Decides over the rows of one file, batch by batch, in their order."""

    def __init__(self, staging: Staging, options: Options, caller: Principal | None) -> None:
        del staging
        self._options = options
        self._caller = caller
        self._rows: dict[bytes, int] = {}

    def decide(self, session: Session, rows: Sequence[StagedRow]) -> list[dict[str, Any]]:
        """Return the plan items of the next rows, as `hub.plans.services.add_items` takes them."""
        good = [staged.row for staged in rows if not staged.row.errors]
        here = _look_up(session, good, self._caller)
        return [with_notes(self._item(session, staged, here), staged) for staged in rows]

    def complete(self, session: Session, plan: Plan) -> None:
        """Nothing is left: no row adds to another."""

    def _item(
        self, session: Session, staged: StagedRow, here: Mapping[bytes, _Here]
    ) -> dict[str, Any]:
        row = staged.row
        if row.errors:
            return refuse(ENTITY, staged, row.errors)
        first = self._rows.setdefault(row.digest, row.number)
        if first != row.number:
            return self._skip(staged, _same_as(first))
        lead = here.get(row.digest)
        return self._new(session, staged) if lead is None else self._change(staged, lead)

    def _new(self, session: Session, staged: StagedRow) -> dict[str, Any]:
        row, after = staged.row, dict(staged.row.values)
        if self._options.owner_user_id is not None:
            after.setdefault("owner_user_id", str(self._options.owner_user_id))
        if self._options.currency is not None:
            after.setdefault("currency", self._options.currency)
        try:
            refuse_unpayable(typed(after), after.get("currency") or currency_of_new(session))
            enforce(session, Lead, {"custom": {}, **typed(after)}, caller=self._caller)
        except DomainError as error:
            return refuse(ENTITY, staged, plans.all_shown(self._told(session, error)))
        return {
            "position": staged.index, "action": "create", "entity": ENTITY,
            "external_id": row.external_ref, "after": after,
            "source": {
                "row": row.number,
                "identities": [] if row.external_ref is not None else [row.digest.hex()],
            },
        }  # fmt: skip

    def _change(self, staged: StagedRow, lead: _Here) -> dict[str, Any]:
        row = staged.row
        if not lead.is_seen:
            return self._skip(staged, ALREADY_HERE)
        item = {
            **self._skip(staged), "record_id": lead.id, "record_version": lead.version
        }  # fmt: skip
        if self._options.on_match is OnMatch.SKIP:
            return {**item, "errors": [ALREADY_HERE]}
        taken, kept = _changes(row, lead, overwrite=self._options.overwrite)
        if not taken:
            return {**item, "errors": [kept_as_here(kept) if kept else UNCHANGED]}
        if lead.is_converted or not lead.may_change:
            return {**item, "errors": [_CONVERTED if lead.is_converted else _NOT_YOURS]}
        try:
            refuse_unpayable(typed(taken), lead.values["currency"])
        except ValidationError as error:
            return refuse(ENTITY, staged, plans.all_shown(error))
        return {
            **item, "action": "update", "after": taken,
            "before": {name: lead.values.get(name) for name in taken},
            "errors": [kept_as_here(kept)] if kept else None,
        }  # fmt: skip

    def _told(self, session: Session, error: DomainError) -> DomainError:
        if self._caller is None or not isinstance(error, ConflictError):
            return error
        return without_unseen(session, self._caller, Lead, error)

    @staticmethod
    def _skip(staged: StagedRow, *reasons: Reason) -> dict[str, Any]:
        return {
            "position": staged.index, "action": "skip", "entity": ENTITY,
            "external_id": staged.row.external_ref, "errors": list(reasons) or None,
            "source": {"row": staged.row.number},
        }  # fmt: skip


def _look_up(
    session: Session, rows: Iterable[ReadRow], caller: Principal | None
) -> dict[bytes, _Here]:
    """Return the living leads that rows mean, by the rows' digests."""
    meant = _meant(session, list(rows))
    seen, changeable = (
        true() if caller is None else visible(caller, verb, Lead) for verb in (Verb.READ, Verb.EDIT)
    )
    found = session.execute(
        select(Lead, seen.label("is_seen"), changeable.label("may_change")).where(
            among(Lead.id, set(meant.values())), Lead.deleted_at.is_(None)
        )
    )
    here = {
        lead.id: _Here(
            lead.id,
            lead.version,
            {name: plain(getattr(lead, name)) for name in _SHOWN} | spread(lead.custom),
            is_seen,
            may_change,
            lead.converted_at is not None,
        )
        for lead, is_seen, may_change in found
    }
    return {digest: here[lead_id] for digest, lead_id in meant.items() if lead_id in here}


def _meant(session: Session, rows: Sequence[ReadRow]) -> dict[bytes, UUID]:
    """Return the ids of the leads that rows mean, living or not."""
    by_reference = {row.external_ref: row.digest for row in rows if row.external_ref is not None}
    digests = [row.digest for row in rows if row.external_ref is None]
    referred = session.execute(
        select(Lead.external_ref, Lead.id).where(
            Lead.external_ref.in_(by_reference), Lead.deleted_at.is_(None)
        )
    )
    known = session.execute(
        select(ImportIdentity.digest, ImportIdentity.lead_id).where(
            ImportIdentity.digest.in_(digests), ImportIdentity.lead_id.is_not(None)
        )
    )
    return {
        **{by_reference[said]: lead_id for said, lead_id in referred if said is not None},
        **{digest: lead_id for digest, lead_id in known if lead_id is not None},
    }


def _changes(row: ReadRow, lead: _Here, *, overwrite: bool) -> tuple[dict[str, Any], list[str]]:
    """Return the fields that a row may change, and those that stay although it differs."""
    taken, kept = {}, []
    for name, value in row.values.items():
        present = lead.values.get(name)
        if present == value:
            continue
        if name not in NEVER_CHANGED and (overwrite or present in {None, "", False}):
            taken[name] = value
        else:
            kept.append(name)
    return taken, kept


def _same_as(row: int) -> Reason:
    return {
        "pointer": "", "code": "same_as_row", "params": {"row": str(row)},
        "message": N_("It is the same lead as row {row}."),
    }  # fmt: skip

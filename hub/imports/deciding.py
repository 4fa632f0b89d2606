"""What is done with each row of a file of customers: the items of its plan.

One row leads for each customer: it makes it, or changes it as the options allow. Further rows of
the same customer, and there are such files, only fill what is still empty.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import matching
from hub.access import owning
from hub.customers.defaults import currency_of_new
from hub.customers.likeness import refuse_finer
from hub.customers.models import Customer
from hub.customers.services import AMOUNTS
from hub.errors import ValidationError
from hub.i18n import N_
from hub.imports import parts
from hub.imports.blind import Blind
from hub.imports.detecting import find_similar
from hub.imports.entries import Entries
from hub.imports.finding import Finder, Found, Target
from hub.imports.known import Snapshot, look_up, snapshots
from hub.imports.options import MatchKey, OnMatch, Options
from hub.imports.reading import ReadRow
from hub.imports.reasons import ALREADY_HERE, UNCHANGED, Reason, kept_as_here, refuse, with_notes
from hub.imports.staging import StagedRow, Staging
from hub.plans import services as plans
from hub.plans.models import Plan, PlanItem

ENTITY = Customer.entity()
LOCKED = frozenset({"currency"})  # with the first save
NEVER_CHANGED = LOCKED | owning.FIELDS  # whose a customer is, is changed by acts of its own


@dataclass(slots=True)
class _Additions:
    """What later rows add to the row that leads for a customer."""

    values: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, list[Any]] = field(default_factory=dict)
    identities: list[str] = field(default_factory=list)


class CustomerDecider:
    """Decides over the rows of one file, batch by batch, in their order."""

    def __init__(self, staging: Staging, options: Options, blind: Blind) -> None:
        self._staging = staging
        self._blind = blind
        self._options = options
        self._finder = Finder(staging, options)
        self._leaders: dict[Target, int] = {}
        self._additions: dict[int, _Additions] = {}
        self._entries = Entries(blind)

    def decide(self, session: Session, rows: Sequence[StagedRow]) -> list[dict[str, Any]]:
        """Return the plan items of the next rows, as `hub.plans.services.add_items` takes them."""
        good = [staged for staged in rows if not staged.row.errors]
        known = look_up(session, [staged.row for staged in good])
        refused = self._blind.refusals(session, good, known.by_digest)
        good = [staged for staged in good if staged.index not in refused]
        known = known.without(self._blind.unseen_among(session, known.customer_ids))
        unknown = [
            staged
            for staged in good
            if staged.row.digest not in known.by_digest
            and staged.row.external_ref not in known.by_reference
        ]
        similar = self._similar(session, unknown)
        here = snapshots(
            session,
            [
                *known.customer_ids,
                *(found.record_id for each in similar.values() for found in each),
                *self._targets_of_earlier(good),
            ],
        )
        self._entries.look_up(session, [staged.row.values for staged in good])
        items = []
        for staged in rows:
            if staged.row.errors:
                items.append(refuse(ENTITY, staged, staged.row.errors))
                continue
            if staged.index in refused:
                items.append(refuse(ENTITY, staged, [refused[staged.index]]))
                continue
            found = self._finder.find(staged, known, here, similar.get(staged.index, []))
            items.append(with_notes(self._item(session, staged, found, here), staged))
        return items

    def complete(self, session: Session, plan: Plan) -> None:
        """Give the leading rows what later ones add to them; called after the last batch."""
        for index, added in self._additions.items():
            item = session.scalars(
                select(PlanItem).where(PlanItem.plan_id == plan.id, PlanItem.position == index)
            ).one()
            if added.identities:
                known = (item.source or {}).get("identities", [])
                item.source = {
                    **(item.source or {}),
                    "identities": list(dict.fromkeys([*known, *added.identities])),
                }
            if not added.values and not added.parts:
                continue
            item.after = _joined(item.after or {}, added)
            item.source = {**(item.source or {}), "prepared": None}  # it says more by now
            if item.action != "create":
                item.action = "update"
                item.before = {**(item.before or {}), **dict.fromkeys(added.values)}
                item.errors = [r for r in item.errors or [] if r["code"] != "unchanged"] or None
        session.flush()

    def _similar(
        self, session: Session, rows: Sequence[StagedRow]
    ) -> dict[int, list[matching.Candidate]]:
        if MatchKey.DUPLICATES not in self._options.match:
            return {}
        found = find_similar(session, ENTITY, rows)
        unseen = self._blind.unseen_among(
            session, (each.record_id for some in found.values() for each in some)
        )
        return {
            index: [each for each in some if each.record_id not in unseen]
            for index, some in found.items()
        }

    def _targets_of_earlier(self, rows: Sequence[StagedRow]) -> list[UUID]:
        """Return the customers of earlier rows that these may turn out to be the same as."""
        found = set()
        for staged in rows:
            for index in self._staging.met(staged.index):
                target = self._finder.target_of(index)
                if isinstance(target, UUID):
                    found.add(target)
        return list(found)

    def _item(
        self, session: Session, staged: StagedRow, found: Found, here: Mapping[UUID, Snapshot]
    ) -> dict[str, Any]:
        if found.refusal is not None:
            return refuse(ENTITY, staged, [found.refusal])
        target: Target = staged.index if found.target is None else found.target
        self._finder.remember(staged, target)
        leader = self._leaders.setdefault(target, staged.index)
        if leader != staged.index:
            return self._joined(session, staged, target, leader, here)
        if isinstance(target, int):
            return self._new(session, staged, found.notes)
        return self._change(session, staged, _snapshot(session, target, here))

    def _new(self, session: Session, staged: StagedRow, notes: Sequence[Reason]) -> dict[str, Any]:
        row = staged.row
        after = dict(row.values)
        if self._options.roles and "roles" not in after:
            after["roles"] = sorted(self._options.roles)
        if self._options.owner_user_id and "owner_user_id" not in after:
            after["owner_user_id"] = str(self._options.owner_user_id)
        if self._options.currency and "currency" not in after:
            after["currency"] = self._options.currency
        unpayable = _unpayable(after, str(after.get("currency") or currency_of_new(session)))
        if unpayable:
            return refuse(ENTITY, staged, unpayable)
        asked = self._entries.look(session, row.number, after)
        if asked.refusals:
            return refuse(ENTITY, staged, asked.refusals)
        notes = [*notes, *asked.notes]
        known_again = [] if row.external_ref is not None else [row.digest.hex()]
        return {
            "position": staged.index, "action": "create", "entity": ENTITY,
            "external_id": row.external_ref, "after": after, "errors": list(notes) or None,
            "source": {
                "row": row.number, "identities": known_again,
                "prepared": staged.prepared.stored() if staged.prepared else None,
            },
        }  # fmt: skip

    def _change(self, session: Session, staged: StagedRow, customer: Snapshot) -> dict[str, Any]:
        row = staged.row
        item = {
            "position": staged.index, "action": "skip", "entity": ENTITY,
            "external_id": row.external_ref, "record_id": customer.id,
            "record_version": customer.version,
            "source": {"row": row.number, "identities": _identities(row, customer)},
        }  # fmt: skip
        if self._options.on_match is OnMatch.SKIP:
            return {**item, "errors": [ALREADY_HERE]}
        taken, kept = _changes(row, customer, self._options)
        unpayable = _unpayable(taken, str(customer.values["currency"]))
        if unpayable:
            return refuse(ENTITY, staged, unpayable)
        beside = self._parts(session, row, customer.id)
        lacking = self._entries.look_at_contacts(beside.wanted)
        if lacking:
            return refuse(ENTITY, staged, lacking)
        kept += beside.kept
        reasons: list[Reason] = [kept_as_here(kept)] if kept else []
        if not taken and not beside.wanted:
            return {**item, "errors": reasons or [UNCHANGED]}
        return {
            **item, "action": "update", "after": {**taken, **beside.wanted},
            "errors": reasons or None,
            "before": {name: customer.values.get(name) for name in taken},
        }  # fmt: skip

    def _joined(
        self,
        session: Session,
        staged: StagedRow,
        target: Target,
        leader: int,
        here: Mapping[UUID, Snapshot],
    ) -> dict[str, Any]:
        """Let a further row of a customer fill what its leading row and the customer lack."""
        row, first = staged.row, self._staging.row(leader).row
        added = self._additions.setdefault(leader, _Additions())
        present: Mapping[str, Any] = {}
        if isinstance(target, UUID):
            present = _snapshot(session, target, here).values
        filled = {}
        kept = LOCKED if isinstance(target, int) else NEVER_CHANGED
        if isinstance(target, int) or self._options.on_match is OnMatch.UPDATE:
            filled = {
                name: value
                for name, value in parts.without(row.values).items()
                if name not in kept
                and name not in first.values
                and name not in added.values
                and not present.get(name)
            }
            filled |= self._further_parts(session, row, first, target, added)
        added.values.update({name: filled[name] for name in filled if name not in parts.LISTS})
        own = added.values.get("external_ref") or first.external_ref or present.get("external_ref")
        if row.external_ref is None or row.external_ref != own:
            added.identities.append(row.digest.hex())
        same = {
            "pointer": "", "code": "same_as_row", "params": {"row": str(first.number)},
            "message": N_("It is the same customer as row {row}."),
        }  # fmt: skip
        if filled:
            same |= {
                "message": N_("It is the same customer as row {row}; filled from here: {fields}."),
                "params": {"row": str(first.number), "fields": ", ".join(sorted(filled))},
            }
        return {
            "position": staged.index, "action": "skip", "entity": ENTITY,
            "external_id": row.external_ref, "errors": [same],
            "record_id": target if isinstance(target, UUID) else None,
            "source": {"row": row.number, "leader": leader},
        }  # fmt: skip

    def _parts(self, session: Session, row: ReadRow, customer_id: UUID) -> parts.Weighed:
        if not any(name in row.values for name in parts.LISTS):
            return parts.Weighed({}, ())
        here = parts.present(session, [customer_id])[customer_id]
        return parts.weigh(row.values, here, overwrite=self._options.overwrite)

    def _further_parts(
        self,
        session: Session,
        row: ReadRow,
        first: ReadRow,
        target: Target,
        added: _Additions,
    ) -> dict[str, list[Any]]:
        """Return, and keep, the contacts and addresses that only this row names."""
        wanted: Mapping[str, list[Any]] = {name: row.values.get(name, []) for name in parts.LISTS}
        if isinstance(target, UUID):
            wanted = self._parts(session, row, target).wanted
        earlier = {
            name: [*first.values.get(name, ()), *added.parts.get(name, ())] for name in parts.LISTS
        }
        new = parts.weigh(wanted, earlier, overwrite=False).wanted
        for name, found in new.items():
            added.parts.setdefault(name, []).extend(found)
        return dict(new)


def _joined(after: Mapping[str, Any], added: _Additions) -> dict[str, Any]:
    lists = {name: [*after.get(name, ()), *found] for name, found in added.parts.items()}
    return {**after, **added.values, **lists}


def _changes(
    row: ReadRow, customer: Snapshot, options: Options
) -> tuple[dict[str, Any], list[str]]:
    """Return the fields that a row may change, and those that stay although it differs."""
    taken: dict[str, Any] = {}
    kept: list[str] = []
    for name, value in parts.without(row.values).items():
        present = customer.values.get(name)
        if present == value:
            continue
        provisional = name == "name" and customer.name_is_provisional
        if name in NEVER_CHANGED or (name == "external_ref" and present is not None):
            kept.append(name)
        elif not present or provisional or options.overwrite or name in customer.imported:
            taken[name] = value
        else:
            kept.append(name)
    return taken, kept


def _unpayable(values: Mapping[str, Any], currency: str) -> Sequence[Reason]:
    """Return why amounts of a row cannot be paid in the customer's currency."""
    amounts = {name: Decimal(str(values[name])) for name in AMOUNTS if values.get(name)}
    try:
        refuse_finer(amounts, AMOUNTS, currency)
    except ValidationError as error:
        return plans.all_shown(error)
    return []


def _identities(row: ReadRow, customer: Snapshot) -> list[str]:
    """Return by what the row is to be known again, where its own reference does not do."""
    present = customer.values["external_ref"]
    if row.external_ref is not None and present in {None, row.external_ref}:
        return []
    return [row.digest.hex()]


def _snapshot(session: Session, customer_id: UUID, here: Mapping[UUID, Snapshot]) -> Snapshot:
    return here.get(customer_id) or snapshots(session, [customer_id])[customer_id]

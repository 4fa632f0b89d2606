"""Customers that came between an import's preview and its application, and would be made twice."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import matching
from hub.customers import services as customers
from hub.customers.models import Customer, CustomerKind
from hub.i18n import N_
from hub.imports.blind import Blind
from hub.imports.detecting import find_similar
from hub.imports.reading import ReadRow
from hub.imports.staging import StagedRow
from hub.plans.models import Plan, PlanItem

MOST = 10_000
"""Of so many newcomers at most the rows are warned; beyond that, preview the file anew."""
CAME_MEANWHILE = N_("Since the preview {name} came, which is the same customer: preview it anew.")


def newcomers(session: Session, plan: Plan) -> frozenset[UUID]:
    """Return the customers made since a plan's preview, by whomever but the plan itself."""
    own = (
        select(PlanItem.id)
        .where(
            PlanItem.plan_id == plan.id,
            PlanItem.entity == customers.ENTITY,
            PlanItem.record_id == Customer.id,
            PlanItem.action == "create",
        )
        .exists()
    )
    made = (
        select(Customer.id)
        .where(
            Customer.created_at > datetime.fromisoformat(plan.scope["analysed_at"]),
            Customer.deleted_at.is_(None),
            Customer.merged_into_id.is_(None),
            ~own,
        )
        .limit(MOST)
    )
    return frozenset(session.scalars(made))


def already_here(
    session: Session, rows: Sequence[Any], came: Collection[UUID], blind: Blind
) -> dict[UUID, Mapping[str, Any]]:
    """Return why some items make no customer after all, by their ids.

    Args:
        session: the worker's.
        rows: items that are to make one, with `id`, `after` and `source`.
        came: the newcomers.
        blind: what the uploader does not see by now, and is told of only where a row says it.
    """
    if not came and blind.sees_all:
        return {}
    staged = [
        StagedRow(
            index,
            ReadRow(0, row.after),
            matching.Prepared.of_stored(row.source.get("prepared"))
            or matching.prepare(customers.ENTITY, customers.party_of(row.after)),
        )
        for index, row in enumerate(rows)
    ]
    refused = blind.refusals(session, staged, {})
    seen = frozenset(came) - blind.unseen_among(session, came)
    similar = find_similar(session, customers.ENTITY, staged, least=matching.FORBID) if seen else {}
    known = {
        row.id: row
        for row in session.execute(
            select(Customer.id, Customer.name, Customer.kind, Customer.external_ref).where(
                Customer.id.in_(
                    {c.record_id for some in similar.values() for c in some if c.record_id in seen}
                )
            )
        )
    }
    found: dict[int, UUID] = {}
    for index, candidates in similar.items():
        for candidate in candidates:
            customer = known.get(candidate.record_id)
            if customer is None:
                continue
            people = {customer.kind, rows[index].after.get("kind")} & {CustomerKind.PERSON}
            references = {customer.external_ref, rows[index].after.get("external_ref")} - {None}
            if matching.judge(
                [candidate], of_companies=not people, known_apart=len(references) > 1
            ).is_sure:
                found[index] = customer.id
                break
    reasons = {
        rows[index].id: {
            "pointer": "", "code": "came_meanwhile", "message": CAME_MEANWHILE,
            "params": {"name": known[customer_id].name, "customer_id": str(customer_id)},
        }
        for index, customer_id in found.items()
    }  # fmt: skip
    return {**reasons, **{rows[index].id: reason for index, reason in refused.items()}}

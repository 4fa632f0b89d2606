"""What a batch of upserts holds before its first write, so that no two of them wait in a ring."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import matching
from hub.customers.models import Customer
from hub.customers.rules import clean
from hub.customers.services import ENTITY, completed, party_of
from hub.errors import ValidationError


def hold(
    session: Session, wanted: Sequence[tuple[str, Mapping[str, Any]]], *, now: datetime
) -> None:
    """Hold the keys of those that are new.

    `wanted` are external references with the fields sent under them. What breaks a rule is passed
    over: its own turn refuses it.
    """
    references = [reference for reference, _ in wanted]
    known = set(
        session.scalars(
            select(Customer.external_ref).where(
                Customer.external_ref.in_(references), Customer.deleted_at.is_(None)
            )
        )
    )
    parties = [_prepared(fields, now) for reference, fields in wanted if reference not in known]
    matching.hold(session, ENTITY, [party for party in parties if party is not None])


def _prepared(fields: Mapping[str, Any], now: datetime) -> matching.Prepared | None:
    try:
        values = completed(clean(fields), currency="", portal_login=False, channel="", now=now)
    except ValidationError:
        return None
    return matching.prepare(ENTITY, party_of(values))

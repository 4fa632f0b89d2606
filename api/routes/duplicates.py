"""/duplicates"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import and_, select

from api.concealing import require_sight_of_all
from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.paging import next_link
from api.schemas.duplicates import (
    Dismissal,
    DuplicateGroup,
    DuplicateGroups,
    DuplicateScanRequest,
    DuplicateView,
    EvidenceView,
    GroupsQuery,
    LikeRecord,
    LikeRecords,
    NamedRecord,
)
from api.schemas.jobs import JobView
from api.schemas.shapes import TotalView
from hub.access import readings
from hub.access.fields import hidden_fields
from hub.access.lookup import get_record
from hub.access.predicates import visible
from hub.customers.models import Customer
from hub.duplicates import scanning
from hub.duplicates import services as duplicates
from hub.duplicates.grouping import Group, find_groups
from hub.duplicates.kinds import KINDS
from hub.duplicates.listing import DUPLICATES
from hub.duplicates.looking_up import find_like
from hub.duplicates.models import DupCandidate, DupState
from hub.i18n import translate
from hub.leads.models import Lead

blueprint = Blueprint("duplicates", __name__)
_PAIRS_SHOWN = 20  # of a group; the list of pairs shows them all


def _evidence(call: Call[Any, Any], shown: Iterable[Mapping[str, Any]]) -> list[EvidenceView]:
    return [
        EvidenceView(
            field=item["field"],
            kind=item["kind"],
            text=translate(call.language, item["text"], item["params"]),
            weight=item["weight"],
        )
        for item in shown
        if item["field"] not in hidden_fields(call.principal, Customer)
    ]


def _named(record: Any) -> NamedRecord:
    number = record.number if record.entity() == Lead.entity() else record.ref_no
    return NamedRecord(entity=record.entity(), id=record.id, name=record.name, ref_no=number)


def _actions(call: Call[Any, Any], pair: DupCandidate) -> list[str]:
    """Return what there is to be done with a pair; who may merge it may say that it is two."""
    may = call.actions("duplicates", pair, (Verb.READ, Verb.MERGE))
    return ["dismiss" if verb == Verb.MERGE else verb for verb in may]


def _view(call: Call[Any, Any], pair: DupCandidate) -> DuplicateView:
    return DuplicateView(
        id=pair.id,
        version=pair.version,
        created_at=pair.created_at,
        created_by=pair.created_by,
        updated_at=pair.updated_at,
        updated_by=pair.updated_by,
        allowed_actions=_actions(call, pair),
        a=_named(pair.a),
        b=_named(pair.b),
        score=float(pair.score),
        evidence=_evidence(call, pair.evidence),
        agrees=pair.agrees,
        state=pair.state,
        reason=pair.reason,
        decided_by=pair.decided_by,
        decided_at=pair.decided_at,
    )


def _view_again(call: Call[Any, Any], pair_id: UUID) -> DuplicateView:
    pair = get_record(call.session, call.principal, Verb.READ, DupCandidate, pair_id)
    return _view(call, pair)


@operation(
    blueprint, "GET", "/duplicates",
    permission=Permission(Verb.READ, "duplicates"), listing=DUPLICATES,
    answer=ListPage[DuplicateView],
)  # fmt: skip
def list_duplicates(call: Call) -> Answer[ListPage[DuplicateView]]:
    """List pairs of customers and leads that may be one, of those whose both you may see."""
    return list_page(call, DUPLICATES, lambda pair: _view(call, pair))


@operation(
    blueprint, "GET", "/duplicates/groups",
    permission=Permission(Verb.READ, "duplicates"), listing=DUPLICATES, query=GroupsQuery,
    answer=DuplicateGroups, is_expensive=True,
)  # fmt: skip
def list_duplicate_groups(call: Call[None, GroupsQuery]) -> Answer[DuplicateGroups]:
    """List groups of records that hang together by pairs, by the filters of the list of pairs.

    Only open pairs join, unless you filter by `state`. Whom you do not see joins nobody.
    """
    query = call.list_query(DUPLICATES)
    seen = visible(call.principal, Verb.READ, DupCandidate)
    if all(each.field.name != "state" for each in query.conditions):
        seen = and_(seen, DupCandidate.state == DupState.OPEN)
    found = find_groups(
        call.session, query, seen, fields=call.query.names, cursor=call.query.cursor
    )
    wanted = [each for group in found.groups for each in group.pair_ids[:_PAIRS_SHOWN]]
    pairs = {
        pair.id: pair
        for pair in call.session.scalars(select(DupCandidate).where(DupCandidate.id.in_(wanted)))
    }
    call.shown = list(pairs.values())
    readings.note(call.session, call.principal, call.shown, "list")
    following = found.following
    return Answer(
        DuplicateGroups(
            items=[_group(call, group, pairs) for group in found.groups],
            total=TotalView(count=found.total, exact=found.complete),
            next_cursor=following,
        ),
        headers={"Link": next_link(call, cursor=following)} if following else {},
    )


def _group(
    call: Call[Any, Any], group: Group, pairs: Mapping[UUID, DupCandidate]
) -> DuplicateGroup:
    shown = [pairs[each] for each in group.pair_ids[:_PAIRS_SHOWN] if each in pairs]
    records = {record.id: record for pair in shown for record in (pair.a, pair.b)}
    return DuplicateGroup(
        score=float(group.score),
        size=len(group.records),
        records=[_named(record) for record in records.values()],
        pairs=[_view(call, pair) for pair in shown],
    )


@operation(
    blueprint, "GET", "/duplicates/<uuid:duplicate_id>",
    permission=Permission(Verb.READ, "duplicates"), answer=DuplicateView,
)  # fmt: skip
def get_duplicate(call: Call, duplicate_id: UUID) -> DuplicateView:
    """Return a pair, with what speaks for it and against."""
    return _view_again(call, duplicate_id)


@operation(
    blueprint, "POST", "/duplicates/scan",
    permission=Permission(Verb.CONFIGURE, "duplicates"), body=DuplicateScanRequest,
    answer=JobView, status=HTTPStatus.ACCEPTED,
)  # fmt: skip
def scan_for_duplicates(call: Call[DuplicateScanRequest]) -> Answer[JobView]:
    """Look for duplicates among all customers and leads; new and changed ones are looked at anyway.

    With `fields` those that agree in all of these become pairs, however different they are
    otherwise: `GET /duplicates/groups?fields=…` shows them. It counts all records, so it is for
    those who may read them all.
    """
    for kind in KINDS.values():
        require_sight_of_all(call, kind.model)
    job = scanning.ask_for_scan(
        call.session, by=call.principal.user_id, entities=call.body.entities,
        fields=call.body.fields,
    )  # fmt: skip
    return Answer(None, jobs=[job])


@operation(
    blueprint, "POST", "/duplicates/<uuid:duplicate_id>/dismissal",
    permission=Permission(Verb.MERGE, "duplicates"), body=Dismissal, answer=DuplicateView,
    reload=_view_again,
    refusals={HTTPStatus.CONFLICT: "The pair is not open; `details` says what it is."},
)  # fmt: skip
def dismiss_duplicate(call: Call[Dismissal], duplicate_id: UUID) -> DuplicateView:
    """Say that a pair is two records.

    It is not raised again until something speaks for it that does not speak for it now.
    """
    get_record(call.session, call.principal, Verb.MERGE, DupCandidate, duplicate_id)
    pair = duplicates.dismiss(
        call.session,
        duplicate_id,
        reason=call.body.reason,
        by=call.principal.user_id,
        now=call.now,
    )
    return _view(call, pair)


@operation(
    blueprint, "GET", "/customers/<uuid:customer_id>/duplicates",
    permission=Permission(Verb.READ, "duplicates"), answer=LikeRecords,
)  # fmt: skip
def list_customer_duplicates(call: Call, customer_id: UUID) -> LikeRecords:
    """Return the customers and leads like a customer, as everything stands now."""
    return _like(call, get_record(call.session, call.principal, Verb.READ, Customer, customer_id))


@operation(
    blueprint, "GET", "/leads/<uuid:lead_id>/duplicates",
    permission=Permission(Verb.READ, "duplicates"), answer=LikeRecords,
)  # fmt: skip
def list_lead_duplicates(call: Call, lead_id: UUID) -> LikeRecords:
    """Return the leads and customers like a lead, as everything stands now.

    A lead of a customer is like nobody: it is that customer who may be there twice.
    """
    return _like(call, get_record(call.session, call.principal, Verb.READ, Lead, lead_id))


def _like(call: Call[Any, Any], record: Any) -> LikeRecords:
    found = find_like(call.session, call.principal, record)
    for kind in KINDS.values():
        of_kind = [like.record for like in found if isinstance(like.record, kind.model)]
        readings.note(call.session, call.principal, of_kind, "duplicates")
    return LikeRecords(
        items=[
            LikeRecord(
                record=_named(like.record),
                score=like.candidate.score,
                evidence=_evidence(call, (item.shown() for item in like.candidate.evidence)),
                duplicate_id=like.pair.id if like.pair else None,
                state=like.pair.state if like.pair else None,
            )
            for like in found
        ]
    )

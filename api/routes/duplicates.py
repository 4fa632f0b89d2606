"""/duplicates"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.concealing import require_sight_of_all
from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.schemas.duplicates import (
    Dismissal,
    DuplicateView,
    EvidenceView,
    LikeCustomer,
    LikeCustomers,
    NamedCustomer,
)
from api.schemas.jobs import JobView
from hub.access import readings
from hub.access.fields import hidden_fields
from hub.access.lookup import get_record
from hub.access.predicates import visible
from hub.customers.models import Customer
from hub.duplicates import scanning
from hub.duplicates import services as duplicates
from hub.duplicates.listing import DUPLICATES
from hub.duplicates.looking_up import find_like
from hub.duplicates.models import DupCandidate
from hub.i18n import translate

blueprint = Blueprint("duplicates", __name__)


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


def _view(call: Call[Any, Any], pair: DupCandidate) -> DuplicateView:
    return DuplicateView(
        id=pair.id,
        version=pair.version,
        created_at=pair.created_at,
        created_by=pair.created_by,
        updated_at=pair.updated_at,
        updated_by=pair.updated_by,
        allowed_actions=call.actions("duplicates", pair, (Verb.READ, Verb.MERGE)),
        a=NamedCustomer.model_validate(pair.a),
        b=NamedCustomer.model_validate(pair.b),
        score=float(pair.score),
        evidence=_evidence(call, pair.evidence),
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
    """List pairs of customers that may be one, of those whose both customers you may see."""
    return list_page(call, DUPLICATES, lambda pair: _view(call, pair))


@operation(
    blueprint, "GET", "/duplicates/<uuid:duplicate_id>",
    permission=Permission(Verb.READ, "duplicates"), answer=DuplicateView,
)  # fmt: skip
def get_duplicate(call: Call, duplicate_id: UUID) -> DuplicateView:
    """Return a pair, with what speaks for it and against."""
    return _view_again(call, duplicate_id)


@operation(
    blueprint, "POST", "/duplicates/scan",
    permission=Permission(Verb.CONFIGURE, "duplicates"), answer=JobView,
    status=HTTPStatus.ACCEPTED,
)  # fmt: skip
def scan_for_duplicates(call: Call) -> Answer[JobView]:
    """Look for duplicates among all customers; new and changed ones are looked at anyway.

    It counts all of them, so it is for those who may read them all.
    """
    require_sight_of_all(call)
    job = scanning.ask_for_scan(call.session, by=call.principal.user_id)
    return Answer(None, jobs=[job])


@operation(
    blueprint, "POST", "/duplicates/<uuid:duplicate_id>/dismissal",
    permission=Permission(Verb.MERGE, "duplicates"), body=Dismissal, answer=DuplicateView,
    reload=_view_again,
    refusals={HTTPStatus.CONFLICT: "The pair is not open; `details` says what it is."},
)  # fmt: skip
def dismiss_duplicate(call: Call[Dismissal], duplicate_id: UUID) -> DuplicateView:
    """Say that a pair is two customers.

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
    permission=Permission(Verb.READ, "duplicates"), answer=LikeCustomers,
)  # fmt: skip
def list_customer_duplicates(call: Call, customer_id: UUID) -> LikeCustomers:
    """Return the customers like one, as everything stands now."""
    customer = get_record(call.session, call.principal, Verb.READ, Customer, customer_id)
    found = find_like(call.session, customer, visible(call.principal, Verb.READ, Customer))
    readings.note(call.session, call.principal, [like.customer for like in found], "duplicates")
    return LikeCustomers(
        items=[
            LikeCustomer(
                customer=NamedCustomer.model_validate(like.customer),
                score=like.candidate.score,
                evidence=_evidence(call, (item.shown() for item in like.candidate.evidence)),
                duplicate_id=like.pair.id if like.pair else None,
                state=like.pair.state if like.pair else None,
            )
            for like in found
        ]
    )

"""/customers/batch and /customers/by-external-ref/{ref}"""

import json
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy.exc import IntegrityError

from api.concealing import naming_only_seen
from api.dispatch import API
from api.field_classes import refuse_foreign_fields
from api.operations import Answer, Call, Permission, Verb, operation
from api.presenting_customers import customer_view
from api.problems import problem_document, problem_of
from api.refusals import RefusalError
from api.routes.customers import get_customer_record
from api.schemas.customers import (
    BatchItem,
    BatchResult,
    BatchResults,
    CustomerBatch,
    CustomerUpsert,
    CustomerView,
)
from api.validation import read_body
from hub.access.concealing import UnseenError
from hub.access.predicates import allowed
from hub.customers import ownership, upserting
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.customers.refusing import taken_unseen
from hub.db import savepoint
from hub.errors import DomainError, FieldError, ValidationError
from hub.history.recording import react
from hub.i18n import N_
from hub.sharing.blind_matches import TooManyBlindMatchesError, require_room, tell

blueprint = Blueprint("customer_upserts", __name__)
CREATE = Permission(Verb.CREATE, "customers")
EDIT = Permission(Verb.EDIT, "customers")
_PATH = f"{API}/customers/batch"


@operation(
    blueprint, "POST", "/customers/batch",
    permission=EDIT, body=CustomerBatch, answer=BatchResults,
)  # fmt: skip
def upsert_batch(call: Call[CustomerBatch]) -> BatchResults:
    """Create or change up to 500 customers by your own references, each with a result of its own.

    An item's `fields` are those of PUT /customers/by-external-ref; only what it names is changed.
    Good items are written whatever becomes of the others; an item that changes nothing makes no new
    version.
    """
    read = [(item.external_ref, _read(call, item)) for item in call.body.items]
    good = [(ref, fields) for ref, fields in read if not isinstance(fields, ValidationError)]
    upserting.hold(call.session, good, now=call.now)
    results = [_result(call, ref, fields) for ref, fields in read]
    react(call.session)
    counted = [result.status for result in results]
    return BatchResults(
        results=results,
        created=counted.count(HTTPStatus.CREATED),
        changed=counted.count(HTTPStatus.OK),
        unchanged=counted.count(HTTPStatus.NO_CONTENT),
        failed=sum(status >= HTTPStatus.BAD_REQUEST for status in counted),
    )


@operation(
    blueprint, "PUT", "/customers/by-external-ref/<path:external_ref>",
    permission=EDIT, body=CustomerUpsert, answer=CustomerView,
    refusals={
        HTTPStatus.CREATED: "There was none of this reference: it was created.",
        HTTPStatus.PRECONDITION_FAILED: "If-Match was sent and somebody was faster.",
    },
)  # fmt: skip
def upsert_customer(call: Call[CustomerUpsert], external_ref: str) -> Answer[CustomerView]:
    """Create a customer under your own reference, or change what you name of the one that has it.

    Sent twice it changes nothing the second time. If-Match is optional. With the right to assign it
    can be said whose the customer is; where that changes, `reason` says why.
    """
    status, customer = _upsert(call, external_ref, call.body.changes(), call.version_if_given)
    react(call.session)
    made = status is HTTPStatus.CREATED
    return Answer(
        customer_view(call, customer),
        status=HTTPStatus.CREATED if made else HTTPStatus.OK,
        location=f"/customers/{customer.id}" if made else None,
    )


def _result(
    call: Call[Any, Any], external_ref: str, fields: dict[str, Any] | ValidationError
) -> BatchResult:
    try:
        if isinstance(fields, ValidationError):
            raise fields
        with savepoint(call.session):
            status, customer = _upsert(call, external_ref, fields, None, keys_are_held=True)
    except (DomainError, IntegrityError, TooManyBlindMatchesError) as error:
        if isinstance(error, UnseenError):
            error = tell(call.session, call.principal, error)
        problem = problem_of(error)
        return BatchResult(
            external_ref=external_ref,
            status=problem.status,
            problem=json.loads(
                json.dumps(
                    problem_document(problem, call.language, _PATH, call.request_id), default=str
                )
            ),
        )
    return BatchResult(
        external_ref=external_ref,
        status=status,
        id=customer.id,
        version=customer.version,
    )


def _read(call: Call[Any, Any], item: BatchItem) -> dict[str, Any] | ValidationError:
    """Return the fields of an item as an upsert of one reads them, or why it would not."""
    try:
        body = read_body(CustomerUpsert, json.dumps(item.fields).encode(), item.fields)
        refuse_foreign_fields(call.caller, body)
    except ValidationError as error:
        return _under_fields(error)
    return body.changes()


def _upsert(
    call: Call[Any, Any],
    external_ref: str,
    fields: dict[str, Any],
    expected_version: int | None,
    *,
    keys_are_held: bool = False,
) -> tuple[HTTPStatus, Customer]:
    given = fields.pop("external_ref", external_ref)
    if given != external_ref:
        raise ValidationError.of(
            "/external_ref", "different", N_("It differs from the reference it is sent under.")
        )
    reason = fields.pop("reason", None)
    known = customers.find_by_external_ref(call.session, external_ref)
    if known is None:
        call.principal.require(CREATE)
        if expected_version is not None:
            raise RefusalError(
                HTTPStatus.PRECONDITION_FAILED,
                "stale_version",
                N_("There is no customer of this reference any more."),
            )
        ownership.refuse_to_name_others(call.principal, fields)
        with naming_only_seen(call, Customer):
            made = customers.create(
                call.session,
                {**fields, "external_ref": external_ref},
                now=call.now,
                owned_by_creator=True,
                keys_are_held=keys_are_held,
                caller=call.principal,
            )
        return HTTPStatus.CREATED, made
    if not allowed(call.principal, Verb.READ, known):  # not by its id: that is not his to know
        require_room(call.session, call.principal)
        raise taken_unseen(known.id, "external_ref", external_ref)
    customer = get_customer_record(call, Verb.EDIT, known.id, expected_version=expected_version)
    before = _values(customer)  # its version moves once in a whole batch
    owners = {name: fields.pop(name) for name in ownership.FIELDS & fields.keys()}
    with naming_only_seen(call, Customer):
        customers.update(call.session, customer, fields, now=call.now, caller=call.principal)
    if any(before[name] != owner for name, owner in owners.items()):
        _assign(call, customer, owners, reason)
    unchanged = _values(customer) == before
    return (HTTPStatus.NO_CONTENT if unchanged else HTTPStatus.OK), customer


def _assign(
    call: Call[Any, Any], customer: Customer, owners: dict[str, UUID | None], reason: str | None
) -> None:
    get_customer_record(call, Verb.ASSIGN, customer.id)
    call.principal.require(ownership.ASSIGNING)
    if reason is None:
        raise ValidationError.of("/reason", "required", N_("Say why it is to be another's."))
    ownership.assign(call.session, customer, owners, reason=reason)


def _values(customer: Customer) -> dict[str, Any]:
    return customers.values_of(customer, customers.WRITABLE | ownership.FIELDS)


def _under_fields(error: ValidationError) -> ValidationError:
    moved: list[FieldError] = [
        replace(each, pointer=f"/fields{each.pointer}") for each in error.errors
    ]
    return ValidationError(*moved)

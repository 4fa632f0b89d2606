"""/credit-codes"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.operations import Call, Permission, Verb, operation
from api.schemas.credit import CreditCodeCreate, CreditCodePatch, CreditCodes, CreditCodeView
from hub.access.lookup import get_record
from hub.access.predicates import visible
from hub.credit import codes
from hub.credit.models import CreditCode
from hub.customers.models import Customer
from hub.i18n import translate

blueprint = Blueprint("credit_codes", __name__)
READ = Permission(Verb.READ, "credit-codes")
CONFIGURE = Permission(Verb.CONFIGURE, "credit-codes")
_SHOWN = frozenset(CreditCodeView.model_fields) - {"label", "customers", "allowed_actions"}


def _view(call: Call[Any, Any], row: CreditCode, counts: dict[str, int]) -> CreditCodeView:
    return CreditCodeView(
        **{name: getattr(row, name) for name in _SHOWN},
        label=translate(call.language, row.label),
        customers=counts.get(row.code, 0),
        allowed_actions=call.actions("credit-codes", row, (Verb.READ, Verb.CONFIGURE)),
    )


def _counts(call: Call[Any, Any]) -> dict[str, int]:
    return codes.counts(call.session, visible(call.principal, Verb.READ, Customer))


def _view_again(call: Call[Any, Any], code_id: UUID) -> CreditCodeView:
    row = get_record(call.session, call.principal, Verb.READ, CreditCode, code_id)
    return _view(call, row, _counts(call))


@operation(blueprint, "GET", "/credit-codes", permission=READ, answer=CreditCodes)
def list_credit_codes(call: Call) -> CreditCodes:
    """List the credit codes, retired ones too, with how many customers have each."""
    counts = _counts(call)
    return CreditCodes(items=[_view(call, row, counts) for row in codes.list_all(call.session)])


@operation(
    blueprint, "POST", "/credit-codes",
    permission=CONFIGURE, body=CreditCodeCreate, answer=CreditCodeView,
    status=HTTPStatus.CREATED, reload=_view_again,
    refusals={HTTPStatus.CONFLICT: "There is one of this code already (`taken`)."},
)  # fmt: skip
def create_credit_code(call: Call[CreditCodeCreate]) -> CreditCodeView:
    """Add a credit code with an effect of its own."""
    row = codes.create(call.session, **call.body.model_dump())
    return _view(call, row, {})


@operation(
    blueprint, "GET", "/credit-codes/<uuid:code_id>", permission=READ, answer=CreditCodeView,
)  # fmt: skip
def get_credit_code(call: Call, code_id: UUID) -> CreditCodeView:
    """Return a credit code."""
    return _view_again(call, code_id)


@operation(
    blueprint, "PATCH", "/credit-codes/<uuid:code_id>",
    permission=CONFIGURE, body=CreditCodePatch, answer=CreditCodeView,
    refusals={HTTPStatus.CONFLICT: "It is everybody's own code (`default_code`)."},
)  # fmt: skip
def change_credit_code(call: Call[CreditCodePatch], code_id: UUID) -> CreditCodeView:
    """Change a credit code, or retire it (`"active": false`); it holds for all who have it."""
    row = get_record(
        call.session, call.principal, Verb.CONFIGURE, CreditCode, code_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    codes.change(call.session, row, call.body.changes())
    return _view(call, row, _counts(call))

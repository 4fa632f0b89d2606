"""/tokens"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.operations import Answer, Call, Permission, Verb, operation
from api.paging import page
from api.schemas.shapes import Page, PageQuery
from api.schemas.tokens import TokenCreate, TokenCreated, TokenPatch, TokenView
from hub.access import issuing
from hub.access.issuing import Bounds
from hub.access.lookup import get_record
from hub.access.models import ApiToken
from hub.access.predicates import visible

blueprint = Blueprint("tokens", __name__)
_VERBS = (Verb.READ, Verb.EDIT, Verb.DELETE)


def _view(call: Call[Any, Any], token: ApiToken) -> TokenView:
    return TokenView.model_validate(token).model_copy(
        update={"allowed_actions": call.actions("tokens", token, _VERBS)}
    )


@operation(
    blueprint, "GET", "/tokens",
    permission=Permission(Verb.READ, "tokens"), query=PageQuery, answer=Page[TokenView],
)  # fmt: skip
def list_tokens(call: Call[None, PageQuery]) -> Answer[Page[TokenView]]:
    """List your tokens; an administrator sees those of all users."""
    query = select(ApiToken).where(
        ApiToken.deleted_at.is_(None), visible(call.principal, Verb.READ, ApiToken)
    )
    return page(call, query, ApiToken, lambda token: _view(call, token), call.query)


@operation(
    blueprint, "POST", "/tokens",
    permission=Permission(Verb.CREATE, "tokens"), body=TokenCreate, answer=TokenCreated,
    status=HTTPStatus.CREATED, keeps_answer=False,
)  # fmt: skip
def create_token(call: Call[TokenCreate]) -> TokenCreated:
    """Make a token; its text is shown only in this answer.

    It reaches no further than the token you call with. Idempotency-Key is refused here, since the
    answer to be repeated would have to be kept, and the token with it.
    """
    body = call.body
    token, made = issuing.issue_token(
        call.session,
        call.principal,
        user_id=body.user_id or call.principal.user_id,
        name=body.name,
        scopes=body.scopes,
        bounds=Bounds(
            expires_at=body.expires_at,
            networks=body.networks,
            request_rate=body.request_rate,
            row_filters=body.row_filters or {},
        ),
        now=call.now,
    )
    return TokenCreated(**_view(call, token).model_dump(), token=made.text)


@operation(
    blueprint, "GET", "/tokens/<uuid:token_id>",
    permission=Permission(Verb.READ, "tokens"), answer=TokenView,
)  # fmt: skip
def get_token(call: Call, token_id: UUID) -> TokenView:
    """Return a token, without its text."""
    return _view(call, get_record(call.session, call.principal, Verb.READ, ApiToken, token_id))


@operation(
    blueprint, "PATCH", "/tokens/<uuid:token_id>",
    permission=Permission(Verb.EDIT, "tokens"), body=TokenPatch, answer=TokenView,
    refusals={HTTPStatus.CONFLICT: "It is revoked (`token_revoked`)."},
)  # fmt: skip
def change_token(call: Call[TokenPatch], token_id: UUID) -> TokenView:
    """Change a token's name, end, networks or rate.

    What it may do was said when it was made. A token does not change its own bounds, and widens no
    other beyond them.
    """
    token = issuing.change_token(
        call.session,
        call.principal,
        token_id,
        call.body.changes(),
        expected_version=call.expected_version,
        now=call.now,
    )
    return _view(call, token)


@operation(
    blueprint, "POST", "/tokens/<uuid:token_id>/revocation",
    permission=Permission(Verb.DELETE, "tokens"), answer=TokenView,
)  # fmt: skip
def revoke_token(call: Call, token_id: UUID) -> TokenView:
    """Revoke a token: nobody gets in with it five seconds later, wherever Hub runs."""
    return _view(call, issuing.revoke_token(call.session, call.principal, token_id, now=call.now))

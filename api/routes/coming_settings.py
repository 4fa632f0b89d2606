"""/settings/{key}/coming"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.operations import Answer, Call, Permission, Verb, operation
from api.removing import taking_away
from api.schemas.settings import ComingCreate, ComingView, ComingViews
from api.schemas.shapes import Because
from hub import coming_settings, configuration
from hub.access.lookup import get_record
from hub.configuration.models import ComingSetting
from hub.errors import NotFoundError

blueprint = Blueprint("coming_settings", __name__)
READ = Permission(Verb.READ, "settings")
CONFIGURE = Permission(Verb.CONFIGURE, "settings")
_SHOWN = frozenset(ComingView.model_fields) - {"allowed_actions"}


def _view(call: Call[Any, Any], made: ComingSetting) -> ComingView:
    return ComingView(
        **{name: getattr(made, name) for name in _SHOWN},
        allowed_actions=call.actions("settings", made, (Verb.READ, Verb.CONFIGURE)),
    )


def _view_again(call: Call[Any, Any], coming_id: UUID) -> ComingView:
    return _view(call, _get(call, Verb.READ, coming_id))


def _get(call: Call[Any, Any], verb: Verb, coming_id: UUID) -> ComingSetting:
    version = None if verb is Verb.READ else call.expected_version
    return get_record(
        call.session, call.principal, verb, ComingSetting, coming_id, expected_version=version
    )


@operation(
    blueprint, "GET", "/settings/<string:key>/coming", permission=READ, answer=ComingViews
)  # fmt: skip
def list_coming_settings(call: Call, key: str) -> ComingViews:
    """List what is to come of a policy, the next first."""
    found = coming_settings.coming(call.session, configuration.policy_of(key))
    return ComingViews(items=[_view(call, each) for each in found])


@operation(
    blueprint, "POST", "/settings/<string:key>/coming",
    permission=CONFIGURE, body=ComingCreate, answer=ComingView, status=HTTPStatus.CREATED,
    reload=_view_again,
)  # fmt: skip
def announce_setting(call: Call[ComingCreate], key: str) -> Answer[ComingView]:
    """Have fields of a policy change at an instant to come; a worker makes it then.

    It is looked at as the policy is now, and again then: what is changed of other fields in between
    stays.
    """
    made = coming_settings.announce(
        call.session, configuration.policy_of(key), call.body.changes,
        effective_at=call.body.effective_at, now=call.now, reason=call.body.reason,
    )  # fmt: skip
    return Answer(_view(call, made), location=f"/settings/{key}/coming/{made.id}")


@operation(
    blueprint, "GET", "/settings/<string:key>/coming/<uuid:coming_id>",
    permission=READ, answer=ComingView,
)  # fmt: skip
def get_coming_setting(call: Call, key: str, coming_id: UUID) -> ComingView:
    """Return a change that is to come, or has come."""
    return _view(call, _of(call, Verb.READ, key, coming_id))


@operation(
    blueprint, "DELETE", "/settings/<string:key>/coming/<uuid:coming_id>",
    permission=CONFIGURE, query=Because, status=HTTPStatus.NO_CONTENT,
    refusals={HTTPStatus.CONFLICT: "It has come already (`applied`)."},
)  # fmt: skip
def withdraw_coming_setting(call: Call[None, Because], key: str, coming_id: UUID) -> Answer[None]:
    """Leave the policy as it is."""
    made = _of(call, Verb.CONFIGURE, key, coming_id)
    with taking_away(call, made):
        coming_settings.withdraw(call.session, made, now=call.now)
    return Answer(None)


def _of(call: Call[Any, Any], verb: Verb, key: str, coming_id: UUID) -> ComingSetting:
    found = _get(call, verb, coming_id)
    if found.key != key:
        raise NotFoundError(coming_settings.ENTITY, coming_id)
    return found

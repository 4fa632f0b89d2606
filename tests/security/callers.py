"""Somebody who may call whatever those may call to whom a record can be hidden."""

from api.authentication import forget_tokens
from hub.access.models import User
from hub.access.roles import BASE_ROLES, Role
from hub.db import transaction
from tests.api.conftest import Caller, make_caller
from tests.security.routes import Route

_ROLES = (Role.REPRESENTATIVE, Role.MANAGER, Role.INTEGRATION)


def make_colleague(email: str) -> Caller:
    """Make somebody of all roles that do not see everything."""
    made = make_caller(Role.REPRESENTATIVE, email)
    with transaction() as session:
        session.get_one(User, made.user_id).roles = list(_ROLES)
    forget_tokens()
    return made


def is_for_colleagues(route: Route) -> bool:
    """Say whether he may call a route."""
    verb, collection = route.permission.verb, route.permission.collection
    return any(BASE_ROLES[role].grants(verb, collection) for role in _ROLES)

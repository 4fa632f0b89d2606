"""Who asked for a plan, as he stands now."""

from sqlalchemy.orm import Session

from hub.access.callers import principal_of, speaking
from hub.access.models import ApiToken
from hub.access.people import find_active_user
from hub.access.principals import Principal
from hub.plans.models import Plan


def acting_for(session: Session, plan: Plan) -> Principal | None:
    """Return whoever asked for a plan, as he stands now; None where he is not active any more.

    He reaches no further than the token with which he asked.
    """
    user = find_active_user(session, plan.created_by)
    if user is None:
        return None
    token = session.get_one(ApiToken, plan.token_id) if plan.token_id is not None else None
    return principal_of(session, user) if token is None else speaking(session, user, token)

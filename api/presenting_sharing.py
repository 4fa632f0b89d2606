"""What is shown of a share."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.calls import Call
from api.schemas.sharing import GranteeView, GrantLevel, GrantSubject, GrantView
from hub.access.models import AccessGrant, Team, User
from hub.access.roles import Verb

_VERBS = (Verb.READ, Verb.SHARE, Verb.DELETE)
_COLUMNS = frozenset(GrantView.model_fields) - {
    "subject", "grantee", "level", "live", "shared_by_name", "allowed_actions",
}  # fmt: skip


class GrantNames:
    """The names of people and teams that grants name, looked up for all of them at once."""

    def __init__(self) -> None:
        self._names: dict[UUID, str] = {}
        self.is_loaded = False

    def load(self, session: Session, grants: Iterable[AccessGrant]) -> None:
        """Look up who is named in some grants."""
        shown = list(grants)
        users = {each for granted in shown for each in (granted.user_id, granted.created_by)}
        teams = {granted.team_id for granted in shown}
        for model, wanted in ((User, users - {None}), (Team, teams - {None})):
            if wanted:
                rows = session.execute(select(model.id, model.name).where(model.id.in_(wanted)))
                self._names |= {row.id: row.name for row in rows}
        self.is_loaded = True

    def of(self, identifier: UUID | None) -> str | None:
        """Return a name."""
        return self._names.get(identifier) if identifier else None


def grant_view(
    call: Call[Any, Any], granted: AccessGrant, names: GrantNames | None = None
) -> GrantView:
    """Return a share as the caller sees it; `names` are those looked up already."""
    if names is None:
        names = GrantNames()
        names.load(call.session, [granted])
    grantee_id = granted.user_id or granted.team_id
    assert grantee_id is not None  # noqa: S101 - a constraint of the table
    return GrantView(
        **{name: getattr(granted, name) for name in _COLUMNS},
        subject=GrantSubject(type=granted.subject_type, id=granted.subject_id),
        grantee=GranteeView(
            type="user" if granted.user_id else "team", id=grantee_id, name=names.of(grantee_id)
        ),
        level=GrantLevel(granted.level),
        live=granted.is_live,
        shared_by_name=names.of(granted.created_by),
        allowed_actions=call.actions("grants", granted, _VERBS),
    )

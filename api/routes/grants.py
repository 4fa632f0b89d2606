"""/grants, and those of customers and of what may belong to one"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import and_

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, named, operation
from api.presenting_sharing import GrantNames, grant_view
from api.removing import taking_away
from api.routes.subjects import SUBJECTS, Subject
from api.schemas.shapes import Because
from api.schemas.sharing import GrantCreate, GrantPatch, GrantView
from hub.access.lookup import get_record
from hub.access.models import AccessGrant
from hub.sharing import services as sharing
from hub.sharing.listing import GRANTS
from hub.sharing.services import Share

blueprint = Blueprint("grants", __name__)
READ = Permission(Verb.READ, "grants")
SHARE = Permission(Verb.SHARE, "grants")
_FURTHER = "It is shared with you yourself, and less far."


def _view_again(call: Call[Any, Any], grant_id: UUID) -> GrantView:
    found = get_record(call.session, call.principal, Verb.READ, AccessGrant, grant_id)
    return grant_view(call, found)


def _list(call: Call[Any, Any], within: Any = None) -> Answer[ListPage[GrantView]]:
    names = GrantNames()

    def view(granted: AccessGrant) -> GrantView:
        if not names.is_loaded:  # all of the page at once, as the first one is shown
            names.load(call.session, call.shown)
        return grant_view(call, granted, names)

    return list_page(call, GRANTS, view, within=within)


@operation(blueprint, "GET", "/grants", permission=READ, listing=GRANTS, answer=ListPage[GrantView])
def list_grants(call: Call) -> Answer[ListPage[GrantView]]:
    """List who shares what with whom, and why: your own shares, and those you may change.

    `user=me` gives what is shared with you in person, `live=false` what is over.
    """
    return _list(call)


def _share(call: Call[GrantCreate], record: Any) -> Answer[GrantView]:
    body = call.body
    wanted = Share(
        level=body.level.level,
        user_id=body.user_id,
        team_id=body.team_id,
        may_share=body.may_share,
        expires_at=body.expires_at,
        reason=body.reason,
    )
    made = sharing.share(call.session, call.principal, record, wanted, now=call.now)
    return Answer(grant_view(call, made), location=f"/grants/{made.id}")


def _serve(subject: Subject) -> None:
    """Declare the routes by which one kind of record is shared."""

    def listed(call: Call, **path: UUID) -> Answer[ListPage[GrantView]]:
        found = subject.find(call, Verb.READ, *path.values())
        of_it = (AccessGrant.subject_type == found.entity(), AccessGrant.subject_id == found.id)
        return _list(call, and_(*of_it))

    def share(call: Call[GrantCreate], **path: UUID) -> Answer[GrantView]:
        return _share(call, subject.find(call, Verb.SHARE, *path.values()))

    named(
        listed, f"list_{subject.noun}_grants",
        f"List with whom the {subject.noun} is shared; all of it where you may share it, else your"
        " own.",
    )  # fmt: skip
    named(
        share, f"share_{subject.noun}",
        f"Share the {subject.noun} with a person or a team, at a level, perhaps until a time."
        "\n\nWith whom it is shared finds it in his own list (`shared=true`), and there by whom and"
        " why.",
    )  # fmt: skip
    operation(
        blueprint, "GET", f"{subject.path}/grants",
        permission=READ, listing=GRANTS, answer=ListPage[GrantView],
    )(listed)  # fmt: skip
    operation(
        blueprint, "POST", f"{subject.path}/grants",
        permission=SHARE, body=GrantCreate, answer=GrantView, status=HTTPStatus.CREATED,
        reload=_view_again,
        refusals={
            HTTPStatus.CONFLICT: "It is shared with them already (`shared`).",
            HTTPStatus.FORBIDDEN: f"You may not share it, or not so far: {_FURTHER}",
        },
    )(share)  # fmt: skip


@operation(blueprint, "GET", "/grants/<uuid:grant_id>", permission=READ, answer=GrantView)
def get_grant(call: Call, grant_id: UUID) -> GrantView:
    """Return a share."""
    return _view_again(call, grant_id)


@operation(
    blueprint, "PATCH", "/grants/<uuid:grant_id>",
    permission=SHARE, body=GrantPatch, answer=GrantView,
    refusals={HTTPStatus.FORBIDDEN: f"It is not yours to change, or not so far: {_FURTHER}"},
)  # fmt: skip
def change_grant(call: Call[GrantPatch], grant_id: UUID) -> GrantView:
    """Change how far or how long something is shared."""
    granted = get_record(
        call.session, call.principal, Verb.SHARE, AccessGrant, grant_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    sharing.change(call.session, call.principal, granted, call.body.changes(), now=call.now)
    return grant_view(call, granted)


@operation(
    blueprint, "DELETE", "/grants/<uuid:grant_id>",
    permission=Permission(Verb.DELETE, "grants"), query=Because, status=HTTPStatus.NO_CONTENT,
)  # fmt: skip
def revoke_grant(call: Call[None, Because], grant_id: UUID) -> Answer[None]:
    """Take a share back, or give up what is shared with you; it ends within seconds."""
    granted = get_record(
        call.session, call.principal, Verb.DELETE, AccessGrant, grant_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    with taking_away(call, granted):
        sharing.revoke(call.session, granted, now=call.now)
    return Answer(None)


for _subject in SUBJECTS:
    _serve(_subject)

"""/customers/actions, /customers/{id}/actions, and those of leads and opportunities"""

from typing import Any
from uuid import UUID

from flask import Blueprint

from api.acts import menus_of, menus_of_new
from api.operations import Call, Permission, Verb, named, operation
from api.routes.subjects import SUBJECTS, Subject
from api.schemas.acts import ActsQuery, ActsView

blueprint = Blueprint("acts", __name__)


def _serve(subject: Subject) -> None:
    """Declare the routes of one kind of record."""
    reading = Permission(Verb.READ, subject.collection)

    def of_new(call: Call[Any, Any]) -> ActsView:
        return ActsView(menus=menus_of_new(call, subject.collection))

    def of_one(call: Call[None, ActsQuery], **path: UUID) -> ActsView:
        record = subject.find(call, Verb.READ, *path.values())
        return ActsView(menus=menus_of(call, subject.path, record, mode=call.query.mode))

    named(
        of_new, f"list_actions_on_new_{subject.noun}",
        f"Return what you may do where a new {subject.noun} is to be made: the mode `create`.",
    )  # fmt: skip
    named(
        of_one, f"list_actions_on_{subject.noun}",
        f"Return what you may do with the {subject.noun}, by menus and by mode."
        "\n\nBy your rights to it; whether it is closed, or held already, its own answers tell.",
    )  # fmt: skip
    operation(
        blueprint, "GET", f"/{subject.collection}/actions", permission=reading, answer=ActsView
    )(of_new)
    operation(
        blueprint, "GET", f"{subject.path}/actions",
        permission=reading, query=ActsQuery, answer=ActsView,
    )(of_one)  # fmt: skip


for _subject in SUBJECTS:
    _serve(_subject)

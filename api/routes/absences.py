"""/absences"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.removing import taking_away
from api.schemas.absences import AbsenceCreate, AbsencePatch, AbsenceView
from api.schemas.shapes import Because
from hub.absences import services as absences
from hub.absences.listing import ABSENCES
from hub.absences.models import Absence
from hub.access.lookup import get_record

blueprint = Blueprint("absences", __name__)
_ACTIONS = (Verb.READ, Verb.EDIT, Verb.DELETE)


def _right(verb: Verb) -> Permission:
    return Permission(verb, Absence.collection())


def _get(call: Call[Any, Any], verb: Verb, absence_id: UUID) -> Absence:
    version = None if verb is Verb.READ else call.expected_version
    return get_record(
        call.session, call.principal, verb, Absence, absence_id, expected_version=version
    )


def _view(call: Call[Any, Any], absence: Absence) -> AbsenceView:
    return AbsenceView.model_validate(absence).model_copy(
        update={"allowed_actions": call.actions(Absence.collection(), absence, _ACTIONS)}
    )


def _view_again(call: Call[Any, Any], absence_id: UUID) -> AbsenceView:
    return _view(call, _get(call, Verb.READ, absence_id))


@operation(
    blueprint, "GET", "/absences",
    permission=_right(Verb.READ), listing=ABSENCES, answer=ListPage[AbsenceView],
)  # fmt: skip
def list_absences(call: Call) -> Answer[ListPage[AbsenceView]]:
    """List absences, those that begin last first: your own, and those of whom you lead.

    That a colleague is away now, `absent_until` of `GET /users` tells everybody.
    """
    return list_page(call, ABSENCES, lambda each: _view(call, each))


@operation(
    blueprint, "POST", "/absences",
    permission=_right(Verb.CREATE), body=AbsenceCreate, answer=AbsenceView,
    status=HTTPStatus.CREATED, reload=_view_again,
)  # fmt: skip
def create_absence(call: Call[AbsenceCreate]) -> AbsenceView:
    """Say that you are away, or somebody whom you lead.

    Meanwhile nothing is given to him that a draw or a rule gives out, and others are told in his
    place of what waits to be decided. Who names him himself may still give him something.
    """
    made = absences.create(call.session, call.principal, **call.body.model_dump())
    return _view(call, made)


@operation(
    blueprint, "GET", "/absences/<uuid:absence_id>",
    permission=_right(Verb.READ), answer=AbsenceView,
)  # fmt: skip
def get_absence(call: Call, absence_id: UUID) -> AbsenceView:
    """Return an absence."""
    return _view_again(call, absence_id)


@operation(
    blueprint, "PATCH", "/absences/<uuid:absence_id>",
    permission=_right(Verb.EDIT), body=AbsencePatch, answer=AbsenceView, reload=_view_again,
)  # fmt: skip
def change_absence(call: Call[AbsencePatch], absence_id: UUID) -> AbsenceView:
    """Change the days of an absence, or why it is."""
    absence = _get(call, Verb.EDIT, absence_id)
    return _view(call, absences.change(call.session, absence, call.body.changes()))


@operation(
    blueprint, "DELETE", "/absences/<uuid:absence_id>",
    permission=_right(Verb.DELETE), query=Because, status=HTTPStatus.NO_CONTENT,
)  # fmt: skip
def delete_absence(call: Call[None, Because], absence_id: UUID) -> Answer[None]:
    """Take an absence away; its history stays."""
    absence = _get(call, Verb.DELETE, absence_id)
    with taking_away(call, absence):
        absences.delete(call.session, absence, now=call.now)
    return Answer(None)

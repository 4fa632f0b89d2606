"""/number-sequences"""

from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.operations import Call, Permission, Verb, operation
from api.schemas.numbering import NumberSequencePatch, NumberSequences, NumberSequenceView
from hub import numbering
from hub.access.lookup import get_record
from hub.i18n import translate
from hub.numbering import NumberSequence

blueprint = Blueprint("number_sequences", __name__)
READ = Permission(Verb.READ, NumberSequence.collection())
CONFIGURE = Permission(Verb.CONFIGURE, NumberSequence.collection())
_SHOWN = frozenset(NumberSequenceView.model_fields) - {"label", "preview", "allowed_actions"}


def _view(call: Call[Any, Any], row: NumberSequence) -> NumberSequenceView:
    kind = numbering.KINDS.get(row.kind)
    return NumberSequenceView(
        **{name: getattr(row, name) for name in _SHOWN},
        label=translate(call.language, kind.label) if kind else row.kind,
        preview=numbering.preview(call.session, row.kind),
        allowed_actions=call.actions(NumberSequence.collection(), row, (Verb.READ, Verb.CONFIGURE)),
    )


def _view_again(call: Call[Any, Any], sequence_id: UUID) -> NumberSequenceView:
    found = get_record(call.session, call.principal, Verb.READ, NumberSequence, sequence_id)
    return _view(call, found)


@operation(blueprint, "GET", "/number-sequences", permission=READ, answer=NumberSequences)
def list_number_sequences(call: Call) -> NumberSequences:
    """List how the numbers of customers, leads and opportunities are made."""
    query = select(NumberSequence).where(NumberSequence.deleted_at.is_(None))
    rows = call.session.scalars(query.order_by(NumberSequence.kind)).all()
    return NumberSequences(items=[_view(call, row) for row in rows])


@operation(
    blueprint, "GET", "/number-sequences/<uuid:sequence_id>",
    permission=READ, answer=NumberSequenceView,
)  # fmt: skip
def get_number_sequence(call: Call, sequence_id: UUID) -> NumberSequenceView:
    """Return how the numbers of one kind are made, and how the next one looks."""
    return _view_again(call, sequence_id)


@operation(
    blueprint, "PATCH", "/number-sequences/<uuid:sequence_id>",
    permission=CONFIGURE, body=NumberSequencePatch, answer=NumberSequenceView,
    reload=_view_again,
)  # fmt: skip
def change_number_sequence(
    call: Call[NumberSequencePatch], sequence_id: UUID
) -> NumberSequenceView:
    """Change how the next numbers are made; those that were given out stay, and none comes twice.

    Counting begins anew only under a prefix that was not used before. `automatic` says whether
    customers get numbers of ours at all: while a connection owns their numbers they do not.
    """
    row = get_record(
        call.session, call.principal, Verb.CONFIGURE, NumberSequence, sequence_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    numbering.configure(call.session, row.kind, **call.body.changes())
    return _view(call, row)

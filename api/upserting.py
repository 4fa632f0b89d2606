"""Records created or changed by the references that scripts give them: one mechanism for all kinds.

A reference that is unknown makes a record, a known one changes what is named, and the same sent
twice changes nothing the second time.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic
from uuid import UUID

from flask import Blueprint
from sqlalchemy.exc import IntegrityError

from api.bodies import refuse_bad_texts
from api.concealing import naming_only_seen, writing
from api.field_classes import refuse_foreign_fields
from api.operations import Answer, Call, Permission, operation
from api.problems import problem_document, problem_of
from api.refusals import RefusalError
from api.schemas.batches import Batch, BatchItem, BatchResult, BatchResults
from api.schemas.shapes import Because, Patch, RecordView
from api.validation import read_body
from hub import external_refs
from hub.access import readings
from hub.access.concealing import UnseenError
from hub.access.lookup import get_record
from hub.access.predicates import allowed
from hub.access.roles import Verb
from hub.db import savepoint
from hub.errors import DomainError, FieldError, NotFoundError, ValidationError, under
from hub.external_refs import ReferableT
from hub.history.recording import give_reason, react
from hub.i18n import N_
from hub.sharing.blind_matches import TooManyBlindMatchesError, tell
from hub.texts import composed

Fields = dict[str, Any]
Wanted = Sequence[tuple[str, Fields]]
"""References with the fields sent under them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upsertable(Generic[ReferableT]):
    """A kind of record that scripts know by references of their own.

    Attributes:
        path: of its collection, such as ``customers``.
        model: its records.
        body: what may be said of one.
        answer: what is shown of one.
        creating: the right to make one.
        changing: the right to change one; nobody calls without it.
        needed: the fields without which there is no new one.
        compared: the columns by which a change is told from none.
        refuse_unseen: raises what a caller is told of a reference that a record has which he may
            not see, by its id and the reference; without it he is told that it is taken.
        view: makes what is shown.
        hold: locks what a batch will write beside the records themselves, in one order.
        lock: returns a record for a change, if it is the caller's to change.
        create: makes one from its fields.
        change: writes the fields that are named.
    """

    path: str
    model: type[ReferableT]
    body: type[Patch]
    answer: type[RecordView]
    creating: Permission
    changing: Permission
    needed: tuple[str, ...] = ()
    compared: frozenset[str]
    refuse_unseen: Callable[[Call[Any, Any], UUID, str], None] | None = None
    view: Callable[[Call[Any, Any], ReferableT], RecordView]
    hold: Callable[[Call[Any, Any], Wanted], None]
    lock: Callable[[Call[Any, Any], UUID, int | None], ReferableT]
    create: Callable[[Call[Any, Any], Fields, bool], ReferableT]
    change: Callable[[Call[Any, Any], ReferableT, Fields], None]

    @property
    def noun(self) -> str:
        """What people call one."""
        return self.model.entity().replace("_", " ")

    def values(self, record: ReferableT) -> Mapping[str, Any]:
        """Return what is compared of a record."""
        return {name: getattr(record, name) for name in self.compared}


def serve(
    blueprint: Blueprint, kind: Upsertable[Any], *, described: str = "", batch: str = ""
) -> None:
    """Declare the three routes of a kind; the texts are added to what their documentation says."""
    noun = kind.noun

    def upsert_one(call: Call[Any], external_ref: str) -> Answer[Any]:
        fields, external_ref = call.body.changes(), composed(external_ref)
        external_refs.hold(call.session, kind.model, [external_ref])
        status, record = _upsert(call, kind, external_ref, fields, call.version_if_given)
        react(call.session)
        made = status is HTTPStatus.CREATED
        return Answer(
            kind.view(call, record),
            status=HTTPStatus.CREATED if made else HTTPStatus.OK,
            location=f"/{kind.path}/{record.id}" if made else None,
        )

    def view_again(call: Call[Any], identifier: UUID) -> RecordView:
        record = get_record(call.session, call.principal, Verb.READ, kind.model, identifier)
        return kind.view(call, record)

    def get_one(call: Call, external_ref: str) -> Any:
        return _find(call, kind, composed(external_ref))

    def upsert_many(call: Call[Batch, Because]) -> BatchResults:
        return _upsert_all(call, kind)

    upsert_one.__name__ = f"upsert_{kind.model.entity()}"
    upsert_one.__doc__ = f"""Create a {noun} under your own reference, or change what has it.

Only what you name is changed; sent twice it changes nothing the second time. If-Match is optional.
A deleted {noun} frees its reference. {described}"""
    get_one.__name__ = f"get_{kind.model.entity()}_by_reference"
    get_one.__doc__ = f"""Return the {noun} that has your own reference, as GET by its id does."""
    upsert_many.__name__ = f"upsert_{kind.path}"
    upsert_many.__doc__ = f"""Create or change up to 500 {kind.path} by your own references.

Each has a result of its own; good ones are written whatever becomes of the others, and what is no
item is refused in its own result. An item's
`fields` are those of PUT /{kind.path}/by-external-ref; only what it names is changed, and an item
that changes nothing makes no new version. `?reason=` stays with each that is written. {batch}"""
    operation(
        blueprint, "GET", f"/{kind.path}/by-external-ref/<path:external_ref>",
        permission=Permission(Verb.READ, kind.path), answer=kind.answer,
    )(get_one)  # fmt: skip
    operation(
        blueprint, "PUT", f"/{kind.path}/by-external-ref/<path:external_ref>",
        permission=kind.changing, body=kind.body, query=Because, answer=kind.answer,
        reload=view_again,
        refusals={
            HTTPStatus.CREATED: "There was none of this reference: it was created.",
            HTTPStatus.PRECONDITION_FAILED: "If-Match was sent and somebody was faster.",
        },
    )(upsert_one)  # fmt: skip
    operation(
        blueprint, "POST", f"/{kind.path}/batch",
        permission=kind.changing, body=Batch, query=Because, answer=BatchResults,
    )(upsert_many)  # fmt: skip


def _find(call: Call, kind: Upsertable[ReferableT], external_ref: str) -> RecordView:
    known = external_refs.find(call.session, kind.model, external_ref)
    try:
        if known is not None:
            record = get_record(call.session, call.principal, Verb.READ, kind.model, known.id)
            return kind.view(call, record)
    except NotFoundError:  # one that he does not see is as one that is not there
        pass
    raise NotFoundError(kind.model.entity(), external_ref)


@dataclass(frozen=True, slots=True)
class _Read:
    """An item of a batch as it was read: what it wants under which reference, or why it is none."""

    external_ref: str | None
    fields: Fields
    refused: ValidationError | None = None


def _upsert_all(call: Call[Batch, Because], kind: Upsertable[Any]) -> BatchResults:
    read = [_read(call, kind, sent) for sent in call.body.sent()]
    good = [
        (item.external_ref, item.fields)
        for item in read
        if item.external_ref is not None and item.refused is None
    ]
    references = [ref for ref, _ in good]
    external_refs.hold(call.session, kind.model, references)
    kind.hold(call, good)
    external_refs.lock_known(call.session, kind.model, references)
    results = [_result(call, kind, index, item) for index, item in enumerate(read)]
    if call.query.reason is not None:
        written = {result.id for result in results if result.id is not None}
        give_reason(call.session, written, call.query.reason)
    react(call.session)
    counted = [result.status for result in results]
    return BatchResults(
        results=results,
        created=counted.count(HTTPStatus.CREATED),
        changed=counted.count(HTTPStatus.OK),
        unchanged=counted.count(HTTPStatus.NO_CONTENT),
        failed=sum(status >= HTTPStatus.BAD_REQUEST for status in counted),
    )


def _result(call: Call[Any, Any], kind: Upsertable[Any], index: int, item: _Read) -> BatchResult:
    try:
        if item.refused is not None:
            raise item.refused
        assert item.external_ref is not None  # noqa: S101 - only a refused one may have none
        with savepoint(call.session), under("/fields"):
            status, record = _upsert(
                call, kind, item.external_ref, item.fields, None, keys_are_held=True
            )
    except (DomainError, IntegrityError, TooManyBlindMatchesError) as error:
        readings.note_again(call.session, call.principal, readings.noted(call.session))
        if isinstance(error, UnseenError):
            error = tell(call.session, call.principal, error)
        problem = problem_of(error)
        document = problem_document(problem, call.language, call.request.path, call.request_id)
        return BatchResult(
            index=index,
            external_ref=item.external_ref,
            status=problem.status,
            problem=json.loads(json.dumps(document, default=str)),
        )
    return BatchResult(
        index=index,
        external_ref=item.external_ref,
        status=status,
        id=record.id,
        version=record.version,
    )


def _read(call: Call[Any, Any], kind: Upsertable[Any], sent: Any) -> _Read:
    """Return what an item says, its fields as an upsert of one reads them."""
    external_ref = None
    try:
        refuse_bad_texts(sent)
        if isinstance(sent, dict) and isinstance(sent.get("external_ref"), str):
            external_ref = sent["external_ref"]
        item = read_body(BatchItem, json.dumps(sent).encode(), sent)
        external_ref = item.external_ref
        with under("/fields"):
            body = read_body(kind.body, json.dumps(item.fields).encode(), item.fields)
            refuse_foreign_fields(call.caller, body)
    except ValidationError as error:
        return _Read(external_ref, {}, error)
    return _Read(external_ref, body.changes())


def _upsert(
    call: Call[Any, Any],
    kind: Upsertable[ReferableT],
    external_ref: str,
    fields: Fields,
    expected_version: int | None,
    *,
    keys_are_held: bool = False,
) -> tuple[HTTPStatus, ReferableT]:
    given = fields.pop("external_ref", external_ref)
    if given != external_ref:
        raise ValidationError.of(
            "/external_ref", "different", N_("It differs from the reference it is sent under.")
        )
    known = external_refs.find(call.session, kind.model, external_ref)
    if known is None:
        call.principal.require(kind.creating)
        if expected_version is not None:
            raise RefusalError(
                HTTPStatus.PRECONDITION_FAILED,
                "stale_version",
                N_("There is none of this reference any more."),
            )
        _require(kind, fields)
        with naming_only_seen(call, kind.model):
            made = kind.create(call, {**fields, "external_ref": external_ref}, keys_are_held)
        return HTTPStatus.CREATED, made
    if not allowed(call.principal, Verb.READ, known):  # not by its id: that is not his to know
        if kind.refuse_unseen is not None:
            kind.refuse_unseen(call, known.id, external_ref)
        with writing(call, kind.model, {"external_ref": external_ref}):
            raise external_refs.taken(kind.model, "external_ref", external_ref, known.id)
    record = kind.lock(call, known.id, expected_version)
    before = kind.values(record)  # its version moves once in a whole batch
    with naming_only_seen(call, kind.model):
        kind.change(call, record, fields)
    unchanged = kind.values(record) == before
    return (HTTPStatus.NO_CONTENT if unchanged else HTTPStatus.OK), record


def _require(kind: Upsertable[Any], fields: Fields) -> None:
    missing = [
        FieldError(f"/{name}", "required", N_("This field is required."))
        for name in kind.needed
        if fields.get(name) is None
    ]
    if missing:
        raise ValidationError(*missing)

"""What a route gets and what it gives back."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Generic
from uuid import UUID

from flask import Request
from pydantic import BaseModel
from sqlalchemy.orm import Session
from typing_extensions import TypeVar  # the standard one learns of defaults with Python 3.13

from api.refusals import RefusalError, malformed
from hub.access.predicates import actions_on, allowed_actions
from hub.access.principals import Principal
from hub.access.readers import reader_of
from hub.access.roles import OF_A_RECORD, Verb
from hub.errors import HubError
from hub.i18n import N_
from hub.ledger.enqueueing import Enqueued
from hub.listing.declaration import Listing, ModelT
from hub.listing.query import Query as ListQuery
from hub.listing.reader import Reader
from hub.listing.reading import parse_parameters
from hub.settings import get_settings
from hub.sharing.shares import ReceivedShare, received

BodyT = TypeVar("BodyT", default=None)
QueryT = TypeVar("QueryT", default=None)
AnswerT = TypeVar("AnswerT", default=Any)

MAX_WAIT_S = 30
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,20})\"?\s*(?:$|[,;])", re.IGNORECASE)
_STRONG_TAG = re.compile(r'"([0-9A-Za-z_.-]{1,40})"')
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
NO_ID = UUID(int=0)
NO_VERSION = 0  # below every version there is: a tag that is none of ours


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the caller would like (RFC 7240); `wait_s` is None where he does not want to wait."""

    wait_s: int | None = None

    @classmethod
    def of(cls, header: str | None) -> "Preferences":
        """Read a Prefer header; what is not understood is passed over, as the RFC wants."""
        found = _WAIT.search(header) if header else None
        return cls(min(int(found[1]), MAX_WAIT_S) if found else None)


@dataclass(slots=True)
class Call(Generic[BodyT, QueryT]):
    """One request as a route sees it: checked, authorised, inside its transaction."""

    request: Request
    request_id: str
    now: datetime
    body: BodyT
    query: QueryT
    preferences: Preferences = field(default_factory=Preferences)
    caller: Principal | None = None
    database: Session | None = None
    shown: Sequence[Any] = ()  # rows of a page: what may be done to them is asked for all at once
    _actions: dict[tuple[str, tuple[Verb, ...]], dict[UUID, list[str]]] = field(
        default_factory=dict
    )
    _shares: dict[UUID, ReceivedShare] | None = None

    @property
    def principal(self) -> Principal:
        """Who calls; a public route has nobody."""
        if self.caller is None:
            raise HubError("a public route has no principal")
        return self.caller

    @property
    def session(self) -> Session:
        """The transaction of this request; it commits when the route returns."""
        if self.database is None:
            raise HubError("this route opens no transaction")
        return self.database

    @property
    def language(self) -> str | None:
        """The caller's own language, else what his program asks for, else the installation's."""
        own = self.caller.locale if self.caller else None
        return own or self.request.headers.get("Accept-Language") or get_settings().locale

    @property
    def zone(self) -> str:
        """The caller's own time zone, else that of the business."""
        return (self.caller.zone if self.caller else None) or get_settings().zone

    @property
    def reader(self) -> Reader:
        """The caller as the reader of a list."""
        return reader_of(self.principal, now=self.now, locale=self.language, session=self.database)

    @property
    def expected_version(self) -> int:
        """The version of the record that the caller has read.

        Raises:
            RefusalError: he did not say (428).
        """
        version = self.version_if_given
        if version is None:
            raise RefusalError(
                HTTPStatus.PRECONDITION_REQUIRED,
                "version_required",
                N_("Name the version you change: If-Match with the ETag of its last answer."),
            )
        return version

    @property
    def version_if_given(self) -> int | None:
        """The version of the record in If-Match, None without that header.

        Raises:
            RefusalError: the header is no single strong tag (400).
        """
        header = self.request.headers.get("If-Match")
        if header is None:
            return None
        tag = _STRONG_TAG.fullmatch(header.strip())
        if tag is None:
            raise malformed("malformed_if_match", N_('If-Match must be one ETag, like "3".'))
        return int(tag[1]) if _VERSION.fullmatch(tag[1]) else NO_VERSION

    def list_query(self, listing: Listing[ModelT]) -> ListQuery[ModelT]:
        """Return the question that the query string puts to a list.

        Raises:
            ValidationError: a parameter, operator or value is unknown or not for this caller.
        """
        own = type(self.query).model_fields if isinstance(self.query, BaseModel) else {}
        items = self.request.args.items(multi=True)
        return parse_parameters(
            listing, [each for each in items if each[0] not in own], self.reader
        )

    def share_of(self, record: Any) -> ReceivedShare | None:
        """Return how far a record is shared with the caller, by whom and why; None if it is not."""
        if not self.shown or type(record) is not type(self.shown[0]):
            return received(self.session, self.principal, [record]).get(record.id)
        if self._shares is None:
            self._shares = received(self.session, self.principal, self.shown)
        return self._shares.get(record.id) if self._shares else None

    def actions(
        self, collection: str, record: object, verbs: Iterable[Verb] = OF_A_RECORD
    ) -> list[str]:
        """Return which of some verbs the caller may do to a record, for its `allowed_actions`."""
        if not self.shown or type(record) is not type(self.shown[0]):
            return allowed_actions(self.principal, collection, record, verbs)
        key = (collection, tuple(verbs))
        if key not in self._actions:
            self._actions[key] = actions_on(
                self.session, self.principal, collection, self.shown, key[1]
            )
        known = self._actions[key].get(getattr(record, "id", None))  # type: ignore[arg-type] # any
        return (
            allowed_actions(self.principal, collection, record, verbs) if known is None else known
        )


@dataclass(slots=True)
class Answer(Generic[AnswerT]):
    """An answer that needs more than its model.

    Attributes:
        model: what is shown; None for 204, and for a 202 that shows its job.
        status: None takes the status that the operation declares.
        headers: further headers.
        location: of a record just made, under ``/api/v1``, such as ``/notes/{id}``; None puts the
            model's id behind the path of the request.
        jobs: the work asked for; None takes all that the transaction asked for.
    """

    model: AnswerT | None = None
    status: HTTPStatus | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    location: str | None = None
    jobs: Sequence[Enqueued] | None = None

    @property
    def subject_id(self) -> UUID | None:
        """The id of the record that is shown."""
        identifier = getattr(self.model, "id", None)
        return identifier if isinstance(identifier, UUID) else None

"""Declares routes; one without a permission cannot be declared.

    @operation(blueprint, "POST", "/customers", permission=Permission(Verb.CREATE, "customers"),
               body=CustomerCreate, answer=CustomerView, status=HTTPStatus.CREATED)
    def create_customer(call: Call[CustomerCreate]) -> CustomerView:
        '''Create a customer.'''

The checks, the answer and the published document all follow from the declaration.
"""

import inspect
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import UUID

from flask import Blueprint, Response
from pydantic import BaseModel

from api.bodies import JSON
from api.calls import Answer, Call
from api.declarations import PUBLIC, Operation, Public, Upload
from api.dispatch import dispatch
from api.schemas.shapes import Because
from hub.access.principals import Permission
from hub.access.roles import Verb
from hub.listing.declaration import Listing

__all__ = [
    "PUBLIC",
    "Answer",
    "Call",
    "Permission",
    "Upload",
    "Verb",
    "View",
    "named",
    "operation",
]  # fmt: skip - what a module of routes needs


class View:
    """What Flask calls for a route: everything but the route's own business."""

    def __init__(self, declared: Operation) -> None:
        self.operation = declared
        self.__name__ = declared.function.__name__

    def __call__(self, **path: Any) -> Response:
        """Answer one request."""
        return dispatch(self.operation, path)


Route = TypeVar("Route", bound=Callable[..., Any])


def operation(
    blueprint: Blueprint,
    method: str,
    path: str,
    *,
    permission: Permission | Public,
    body: type[BaseModel] | Upload | None = None,
    query: type[BaseModel] | None = None,
    listing: Listing[Any] | None = None,
    answer: type[BaseModel] | None = None,
    content_type: str = JSON,
    status: HTTPStatus = HTTPStatus.OK,
    reload: Callable[[Call[Any, Any], UUID], BaseModel] | None = None,
    refusals: Mapping[HTTPStatus, str] | None = None,
    headers: Mapping[str, str] | None = None,
    keeps_answer: bool = True,
    opens_transaction: bool = True,
    is_expensive: bool = False,
    documented: bool = True,
    versioned: bool = False,
) -> Callable[[Route], Route]:
    """Make a function answer a method of a path; its docstring becomes the documentation.

    Args:
        blueprint: the concept's.
        method: GET, POST, PATCH, PUT or DELETE; the last but PUT of these need If-Match.
        path: in Flask's writing, with ``<uuid:…>`` for ids.
        permission: the right that the caller needs, or `PUBLIC`.
        body: the model of the JSON body, or an `Upload`; the route finds it in `call.body`.
        query: the model of the query string; without it (and `listing`) there may be none, but for
            the reason that every PATCH takes.
        listing: the list whose parameters the query string has; see `Call.list_query`.
        answer: the model of the answer; None where there is no body, or another content type.
        content_type: of the answer; several by comma where it is one of them.
        status: of the answer.
        reload: reads the record again, by the id of the answer: after `Prefer: wait`, and before an
            idempotent answer is given again. It raises where the caller may not see it any more.
        refusals: what else it may answer, and when, for the document.
        headers: the answer's own headers with their meaning, for the document.
        keeps_answer: False where the answer holds a secret: Idempotency-Key is refused there.
        opens_transaction: False for a route that needs no database.
        is_expensive: True where two at a time are enough for one user; searches are so anyway.
        documented: False for pages that are no part of the API.
        versioned: True for a PUT that needs If-Match too.

    Raises:
        TypeError: the function has no docstring.
    """

    def declare(function: Route) -> Route:
        summary, _, rest = (inspect.getdoc(function) or "").partition("\n\n")
        if not summary:
            raise TypeError(f"{function.__module__}.{function.__name__} has no docstring")
        declared = Operation(
            method=method,
            path=path,
            function=function,
            permission=permission,
            body=body,
            query=query or (Because if method == "PATCH" else None),
            listing=listing,
            answer=answer,
            content_type=content_type,
            status=status,
            reload=reload,
            refusals=refusals or {},
            headers=headers or {},
            keeps_answer=keeps_answer,
            opens_transaction=opens_transaction,
            is_expensive=is_expensive,
            documented=documented,
            versioned=versioned,
            summary=" ".join(summary.split()).rstrip("."),
            description=rest.partition("Raises:")[0].strip(),
        )
        blueprint.add_url_rule(path, function.__name__, View(declared), methods=[method])
        return function

    return declare


def named(function: Callable[..., Any], name: str, document: str) -> None:
    """Give a route that is made for one kind of many its name and its documentation."""
    function.__name__, function.__doc__ = name, document

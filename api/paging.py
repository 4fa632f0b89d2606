"""Pages of collections without filters of their own; lists proper are `hub.listing`'s."""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import Select

from api.calls import Answer, Call
from api.schemas.shapes import Page, PageQuery, View
from hub.access import readings
from hub.db import Base

RowT = TypeVar("RowT", bound=Base)
ViewT = TypeVar("ViewT", bound=View)


def page(
    call: Call[Any, Any],
    query: Select[RowT],
    model: type[RowT],
    view: Callable[[RowT], ViewT],
    wanted: PageQuery,
    *,
    newest_first: bool = False,
) -> Answer[Page[ViewT]]:
    """Return a page in the order of ids, with the link to the next one.

    Args:
        call: its session reads.
        query: the rows that the caller may see.
        model: what is selected.
        view: makes what is shown of a row.
        wanted: which page.
        newest_first: ids rise with time, so that this turns it round.
    """
    order = model.id.desc() if newest_first else model.id.asc()
    query = query.order_by(None).order_by(order).limit(wanted.limit + 1)
    if wanted.cursor is not None:
        behind = model.id < wanted.cursor if newest_first else model.id > wanted.cursor
        query = query.where(behind)
    rows = list(call.session.scalars(query))
    call.shown = rows[: wanted.limit]
    readings.note(call.session, call.principal, call.shown, "list")
    following: UUID | None = rows[wanted.limit - 1].id if len(rows) > wanted.limit else None
    headers = {"Link": next_link(call, cursor=following)} if following else {}
    return Answer(
        Page(
            items=[view(row) for row in rows[: wanted.limit]],
            next_cursor=str(following) if following else None,
        ),
        headers=headers,
    )


def next_link(call: Call[Any, Any], **changed: object) -> str:
    """Return the `Link` value of the same request with other parameters."""
    kept = [(k, v) for k, v in call.request.args.items(multi=True) if k not in changed]
    query = urlencode([*kept, *((k, str(v)) for k, v in changed.items())])
    return f'<{call.request.path}?{query}>; rel="next"'

"""/customers/{id}/timeline, /customers/{id}/related, and those of leads and opportunities"""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.operations import Answer, Call, Permission, Verb, named, operation
from api.routes.subjects import CONTACT, SUBJECTS
from api.routes.subjects import Subject as KindOfSubject
from api.schemas.shapes import TotalView
from api.schemas.timelines import (
    CountedView,
    EntrySubject,
    EntryView,
    KindCount,
    RelatedView,
    TabView,
    TimelineQuery,
    TimelineView,
    WhoView,
)
from hub.access.models import User
from hub.db import among
from hub.i18n import translate
from hub.timeline import reading
from hub.timeline.declaring import Entry, Subject
from hub.timeline.kinds import APPEARANCES
from hub.timeline.reading import Place, TimelinePage
from hub.timeline.related import Part, Tab, related

blueprint = Blueprint("timelines", __name__)


def _serve(subject: KindOfSubject) -> None:
    """Declare the routes of one kind of record."""
    reading_it = Permission(Verb.READ, subject.collection)

    def timeline(call: Call[None, TimelineQuery], **path: UUID) -> Answer[TimelineView]:
        return _timeline(call, subject.find(call, Verb.READ, *path.values()))

    def count(call: Call, **path: UUID) -> RelatedView:
        return _related(call, subject.find(call, Verb.READ, *path.values()))

    named(
        timeline, f"read_{subject.noun}_timeline",
        f"Read all that happened to the {subject.noun}, and all that is planned."
        "\n\nThe first page lies around now, the newest first: at most half of it is what lies"
        " ahead. `next_cursor` leads to what is older, `previous_cursor` to what is newer. Every"
        " row is one that you may see by itself; of a customer those of its leads and"
        " opportunities, too.",
    )  # fmt: skip
    named(
        count, f"count_related_to_{subject.noun}",
        f"Count what there is beside the {subject.noun}, open and closed, with the lists of it."
        "\n\nOf a lead or opportunity: the others of the same customer, too.",
    )  # fmt: skip
    operation(
        blueprint, "GET", f"{subject.path}/timeline",
        permission=reading_it, query=TimelineQuery, answer=TimelineView,
    )(timeline)  # fmt: skip
    operation(
        blueprint, "GET", f"{subject.path}/related", permission=reading_it, answer=RelatedView
    )(count)


def _timeline(call: Call[None, TimelineQuery], record: Any) -> Answer[TimelineView]:
    wanted = call.query
    subject = Subject(record.entity(), record.id, call.principal)
    place = Place.of(wanted.cursor) if wanted.cursor is not None else None
    found = reading.read(
        call.session, subject, wanted.kind or list(APPEARANCES), limit=wanted.limit,
        around=wanted.around or call.now, place=place, planned=wanted.planned,
    )  # fmt: skip
    counted = reading.count(call.session, subject) if place is None else None
    names = _names(call, found)
    return Answer(
        TimelineView(
            items=[_entry(call, each, names) for each in found.entries],
            next_cursor=str(found.older) if found.older else None,
            previous_cursor=str(found.newer) if found.newer else None,
            kinds=None
            if counted is None
            else [
                KindCount(
                    kind=name,
                    label=translate(call.language, APPEARANCES[name].label),
                    total=TotalView(count=total.count, exact=total.exact),
                )
                for name, total in counted.items()
            ],
        ),
        headers=_links(call, found),
    )


def _entry(call: Call[Any, Any], entry: Entry, names: dict[UUID, str]) -> EntryView:
    kind = APPEARANCES[entry.kind]
    name = names.get(entry.user_id) if entry.user_id else None
    return EntryView(
        kind=entry.kind,
        label=kind.speak(call.session, call.language, entry.word) if entry.word else None,
        title=kind.entitle(call.language, entry.title)
        if kind.entitle and entry.title
        else entry.title,
        reason=entry.reason,
        at=entry.at,
        on=entry.on,
        planned=entry.planned,
        who=WhoView(id=entry.user_id, name=name) if entry.user_id and name else None,
        subject=EntrySubject(type=entry.subject_type, id=entry.subject_id)
        if entry.subject_type and entry.subject_id
        else None,
        id=entry.id,
        link=kind.path_of(entry),
    )


def _names(call: Call[Any, Any], page: TimelinePage) -> dict[UUID, str]:
    ids = {entry.user_id for entry in page.entries if entry.user_id is not None}
    if not ids:
        return {}
    rows = call.session.execute(select(User.id, User.name).where(among(User.id, ids)))
    return {row.id: row.name for row in rows}


def _links(call: Call[Any, Any], page: TimelinePage) -> dict[str, str]:
    kept = [(k, v) for k, v in call.request.args.items(multi=True) if k != "cursor"]
    found = [
        f'<{call.request.path}?{urlencode([*kept, ("cursor", str(place))])}>; rel="{relation}"'
        for place, relation in ((page.older, "next"), (page.newer, "prev"))
        if place is not None
    ]
    return {"Link": ", ".join(found)} if found else {}


def _related(call: Call[Any, Any], record: Any) -> RelatedView:
    tabs = related(call.session, call.principal, call.reader, record)
    return RelatedView(items=[_tab(call, each) for each in tabs])


def _tab(call: Call[Any, Any], tab: Tab) -> TabView:
    return TabView(
        name=tab.relation.name,
        label=translate(call.language, tab.relation.label),
        open=tab.open and _counted(tab.open),
        closed=tab.closed and _counted(tab.closed),
        **_counted(tab.all).model_dump(),
    )


def _counted(part: Part) -> CountedView:
    total = TotalView(count=part.total.count, exact=part.total.exact)
    return CountedView(total=total, link=part.path)


for _subject in (*SUBJECTS, CONTACT):
    _serve(_subject)

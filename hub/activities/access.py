"""Who may do what to an activity: whoever sees what it is about, and the people in it."""

from typing import Any

from sqlalchemy import ColumnElement, Uuid, and_, any_, false, literal, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from hub.access.predicates import PartRule, visible
from hub.access.principals import Principal
from hub.access.roles import WITHOUT_OWNING, Reach, Verb
from hub.activities.models import Activity, ActivitySubject
from hub.db import Ids, among
from hub.subjects import subjects


class ActivityRule(PartRule):
    """It is seen with any of its subjects, by the people in it, by its team, and by who leads them.

    It is changed by its author, by those who are to do it, and by who leads one of these. To
    comment on it by way of a subject, one may comment on that. A token with row filters goes by
    subjects alone: of an activity about nothing the filters cannot tell.
    """

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        del model
        about = Verb.COMMENT if verb is Verb.COMMENT else Verb.READ
        ways = [] if principal.row_filters else self._for_whose_sake(principal, reach)
        seen = or_(*ways, _by_subjects(principal, about))
        if verb in WITHOUT_OWNING or reach is Reach.ALL:
            return seen
        return and_(seen, self._theirs(principal, reach))

    def _for_whose_sake(self, principal: Principal, reach: Reach) -> list[ColumnElement[bool]]:
        standing = principal.standing
        found = [Activity.people_ids.contains([principal.user_id])]
        if reach >= Reach.VISIBLE and standing.team_ids:
            found.append(among(Activity.team_id, standing.team_ids))
        if reach >= Reach.LINE and standing.line_user_ids:
            found.append(_overlaps(Activity.people_ids, standing.line_user_ids))
        return found

    def _theirs(self, principal: Principal, reach: Reach) -> ColumnElement[bool]:
        standing = principal.standing
        found = [
            Activity.author_user_id == principal.user_id,
            literal(principal.user_id) == any_(Activity.assignee_ids),
        ]
        if reach >= Reach.LINE and standing.line_user_ids:
            found.append(among(Activity.author_user_id, standing.line_user_ids))
            found.append(_overlaps(Activity.assignee_ids, standing.line_user_ids))
        return or_(*found)


def subjects_seen(principal: Principal, verb: Verb) -> ColumnElement[bool]:
    """Return the condition for the rows of subjects that a caller may do `verb` to."""
    return or_(false(), *(
        and_(ActivitySubject.subject_type == entity, _seen(principal, verb, subject))
        for entity, subject in subjects().items()
        if subject is not Activity
    ))  # fmt: skip


def _seen(principal: Principal, verb: Verb, subject: type[Any]) -> ColumnElement[bool]:
    if verb is Verb.READ and principal.sees_all(subject.collection()):
        return true()
    found = select(subject.id).where(
        subject.id == ActivitySubject.subject_id, visible(principal, verb, subject)
    )
    return found.correlate(ActivitySubject).exists()


def _by_subjects(principal: Principal, verb: Verb) -> ColumnElement[bool]:
    return (
        select(ActivitySubject.id)
        .where(ActivitySubject.activity_id == Activity.id, subjects_seen(principal, verb))
        .correlate(Activity)
        .exists()
    )


def _overlaps(column: Any, ids: Ids) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column.overlap(literal(list(ids), ARRAY(Uuid())))
    return found

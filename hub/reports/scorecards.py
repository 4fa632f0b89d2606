"""Scorecards of teams: the same figures of each of its people, over the same days.

Everybody is counted by the same rules, from the records, of which none is typed in: what was done
and won, what is late, and how the customers are spread among them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access.models import Team, User
from hub.access.principals import Principal
from hub.access.teams import members_of
from hub.activities.listing import ACTIVITIES
from hub.customers.listing import CUSTOMERS
from hub.i18n import N_
from hub.leads.listing import LEADS
from hub.listing import Reader
from hub.listing.breakdowns import Group
from hub.objectives.listing import OBJECTIVE_PROGRESS
from hub.opportunities.listing import OPPORTUNITIES
from hub.reports.dashboards import PIPELINE, Count, Parameters, Span


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """What is counted of a person; `label` is an English source text.

    `amount` is the field that is added up beside the rows, in each currency by itself.
    """

    name: str
    label: str
    count: Count
    amount: str | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """One figure of one person: how many, and of which worth in each currency.

    `parameters` find the rows in the figure's list.
    """

    figure: Figure
    count: int
    amounts: Mapping[str, Decimal]
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Card:
    """A person with his figures, in the order of these."""

    user_id: UUID
    name: str
    scores: list[Score] = field(default_factory=list)


def _done(kind: str) -> Count:
    return Count(ACTIVITIES, "done_by", "at", (("kind", kind), ("state", "done")))


FIGURES: Sequence[Figure] = (
    Figure("customers", N_("Customers"), Count(CUSTOMERS, "owner")),
    Figure("calls", N_("Calls"), _done("call")),
    Figure("meetings", N_("Meetings"), _done("meeting")),
    Figure("late_activities", N_("Activities that are overdue"),
           Count(ACTIVITIES, "assignee", None, (("overdue", "true"),))),
    Figure("leads", N_("New leads"), Count(LEADS, "owner", "created_at")),
    Figure("converted", N_("Leads converted"), Count(LEADS, "owner", "converted_at")),
    Figure("opportunities", N_("New opportunities"), Count(OPPORTUNITIES, "owner", "created_at")),
    Figure("pipeline", N_("Pipeline"), PIPELINE, "weighted"),
    Figure("late_opportunities", N_("Opportunities past a deadline"),
           Count(OPPORTUNITIES, "owner", None, (*PIPELINE.filter, ("overdue", "true")))),
    Figure("won", N_("Won"),
           Count(OPPORTUNITIES, "owner", "decided_at", (("stage_kind", "won"),)), "amount"),
    Figure("lost", N_("Lost"),
           Count(OPPORTUNITIES, "owner", "decided_at", (("stage_kind", "lost"),)), "amount"),
    Figure("targets_met", N_("Targets reached"),
           Count(OBJECTIVE_PROGRESS, "user", "ends_on", (("met", "true"),))),
    Figure("targets_missed", N_("Targets missed"),
           Count(OBJECTIVE_PROGRESS, "user", "ends_on", (("met", "false"),))),
)  # fmt: skip
"""All figures, in their order."""


def scorecard(
    session: Session, principal: Principal, reader: Reader, team: Team, span: Span
) -> list[Card]:
    """Return the card of each of a team's people, of what the reader sees of their records.

    A figure whose list he may not read is left out. Targets are those of periods that ended in the
    span.
    """
    people = members_of(session, team.id)
    names = {
        row.id: row.name
        for row in session.execute(select(User.id, User.name).where(User.id.in_(people)))
    }
    cards = {each: Card(each, names[each]) for each in people}
    for figure in FIGURES if people else ():
        if not principal.may(figure.count.reading):
            continue
        found = _counted(session, principal, reader, figure, span=span, people=people)
        for user_id, card in cards.items():
            groups = found.get(user_id, ())
            amounts = {
                each.currency: each.sums[figure.amount]
                for each in groups
                if figure.amount is not None and each.currency is not None
            }
            count = sum(each.count for each in groups)
            card.scores.append(
                Score(figure, count, amounts, figure.count.parameters(span, [user_id]))
            )
    return list(cards.values())


def _counted(
    session: Session,
    principal: Principal,
    reader: Reader,
    figure: Figure,
    *,
    span: Span,
    people: Sequence[UUID],
) -> dict[UUID, list[Group]]:
    """Return the rows of each person: in one question, where a row is of one person."""
    count = figure.count
    if count.listing.by_name[count.who].is_mix:
        return {
            each: count.broken_down(
                session, principal, reader, count.parameters(span, [each])
            ).totals
            for each in people
        }
    parameters = count.parameters(span, people)
    found = defaultdict[UUID, list[Group]](list)
    for group in count.broken_down(session, principal, reader, parameters, [count.who]).groups:
        found[UUID(str(group.keys[0].value))].append(group)
    return found

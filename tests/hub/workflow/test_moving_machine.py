"""Whatever is done with a lead or an opportunity, it stands where its log says that it does."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, select

from hub.access.callers import principal_of
from hub.access.models import User
from hub.access.roles import Role
from hub.clock import utcnow
from hub.conversion import services as conversion
from hub.conversion.wishes import Wish
from hub.db import locked, transaction
from hub.errors import ConflictError, ValidationError
from hub.history.models import Event
from hub.leads import services as leads
from hub.leads.models import Lead
from hub.opportunities import services as opportunities
from hub.opportunities.models import Opportunity
from hub.plans import services as plans
from hub.workflow import moving
from hub.workflow.models import StateKind
from hub.workflow.moving import Move
from tests.people import acting, make_user

# As domain.md §2 has them, not as Hub does.
CETEC: Mapping[str, str] = {
    "pending_qualification": "development inactive",
    "development": "quoting pending_qualification inactive",
    "quoting": "customer development inactive",
    "inactive": "pending_qualification development",
    "customer": "",
}
AXELOR_LEAD: Mapping[str, str] = {
    "new": "assigned in_progress converted lost", "assigned": "in_progress converted lost",
    "in_progress": "converted lost", "converted": "", "lost": "in_progress",
}  # fmt: skip
AXELOR: Mapping[str, str] = {
    "new": "qualification won lost", "qualification": "new proposition won lost",
    "proposition": "qualification negotiation won lost", "negotiation": "proposition won lost",
    "lost": "negotiation", "won": "negotiation",
}  # fmt: skip
KINDS: Mapping[str, str] = {
    "pending_qualification": "new", "new": "new", "inactive": "parked", "customer": "won",
    "converted": "won", "won": "won", "lost": "lost",
}  # fmt: skip
CERTAIN: Mapping[str, int] = {"won": 100, "lost": 0}


class Machine(RuleBasedStateMachine):
    """One record, what may be done with it, and where it must stand then."""

    code: ClassVar[str]
    edges: ClassVar[Mapping[str, str]]
    model: ClassVar[type[Any]]

    def make(self, session: Any) -> Any:
        raise NotImplementedError

    @initialize()
    def begin(self) -> None:
        with transaction() as session:
            user = make_user(
                session, f"{utcnow().timestamp()}@hub.example", role=Role.ADMINISTRATOR
            )
            self.user_id = user.id
        with transaction(acting(self.user())) as session:
            self.id: UUID = self.make(session).id
        self.state: str = next(iter(self.edges))
        self.is_open = True
        self.plan_id: UUID | None = None
        self.begun = self.state

    def user(self) -> User:
        with transaction() as session:
            return session.get_one(User, self.user_id)

    def change(self, act: Any) -> str | None:
        """Do something with the record in a transaction of its own; returns why it was refused."""
        try:
            with transaction(acting(self.user())) as session:
                principal = principal_of(session, session.get_one(User, self.user_id))
                act(session, principal, locked(session, self.model, self.id))
        except (ConflictError, ValidationError) as error:
            return error.code
        return None

    @rule(to=st.sampled_from([*CETEC, *AXELOR_LEAD, *AXELOR]), close=st.booleans())
    def move(self, to: str, close: bool) -> None:
        close = close and KINDS.get(to) in {"won", "lost", "parked"}
        wanted = Move(to, reason="fordi", close=close)
        refused = self.change(lambda s, p, record: self.carry_out(s, p, record, wanted))
        if not self.is_open:
            assert refused == "closed"
        elif to not in self.edges[self.state].split():
            assert refused == "transition_refused"
        else:
            assert refused is None
            self.state, self.is_open = to, not close

    def carry_out(self, session: Any, principal: Any, record: Any, wanted: Move) -> None:
        moving.move(session, principal, record, wanted, now=utcnow())

    @rule()
    def close(self) -> None:
        refused = self.change(lambda s, _, record: self.shut(s, record))
        if self.is_open and self.may_be_closed():
            assert refused is None
            self.is_open = False

    def shut(self, session: Any, record: Any) -> None:
        raise NotImplementedError

    def may_be_closed(self) -> bool:
        return True

    @rule()
    def reopen(self) -> None:
        refused = self.change(lambda s, _, record: self.open_again(s, record))
        assert refused == ("converted" if self.plan_id else None)
        self.is_open = self.is_open if self.plan_id else True

    def open_again(self, session: Any, record: Any) -> None:
        raise NotImplementedError

    @invariant()
    def it_stands_where_it_must(self) -> None:
        with transaction() as session:
            record = session.get_one(self.model, self.id)
            assert (record.state, record.is_open) == (self.state, self.is_open)
            assert record.state_kind.value == KINDS.get(self.state, "working")
            assert (record.closed_at is None) == self.is_open
            certain = CERTAIN.get(record.state_kind.value)
            assert certain is None or record.probability == certain

    @invariant()
    def the_log_leads_there(self) -> None:
        with transaction() as session:
            moves = session.scalars(
                select(Event)
                .where(Event.subject_id == self.id, Event.type.endswith(".transitioned"))
                .order_by(Event.id)
            ).all()
        state = self.begun
        for each in moves:
            assert each.data is not None
            assert each.data["from"] == state
            state = each.data["to"]
        assert state == self.state


class LeadMachine(Machine):
    model = Lead

    def make(self, session: Any) -> Lead:
        fields = {"company": f"Firma {self.user_id}", "person": "Bo Lund"}
        return leads.create(session, fields, now=utcnow(), workflow=self.code)

    def shut(self, session: Any, record: Any) -> None:
        leads.close(
            session, record, reason=None, lost_reason=None, set_aside_until=None, now=utcnow()
        )

    def open_again(self, session: Any, record: Any) -> None:
        leads.reopen(session, record, reason=None)

    @rule()
    def convert(self) -> None:
        made: list[UUID] = []

        def act(session: Any, principal: Any, lead: Any) -> None:
            wish = Wish(opportunity={})
            made.append(conversion.convert(session, principal, lead, wish, now=utcnow()).id)

        refused = self.change(act)
        if self.plan_id is not None or not self.is_open:
            assert refused == ("converted" if self.plan_id else "closed")
            return
        assert refused is None
        self.before, self.plan_id, self.is_open = self.state, made[0], False
        won = [each for each in self.edges[self.state].split() if KINDS.get(each) == "won"]
        self.state = won[0] if won else self.state

    @rule()
    def undo(self) -> None:
        if self.plan_id is None:
            return
        with transaction(acting(self.user())) as session:
            conversion.undo(session, plans.get(session, self.plan_id, lock=True), now=utcnow())
            lead = session.get_one(Lead, self.id)
            assert (lead.converted_at, lead.customer_id) == (None, None)
            found = session.scalars(select(Opportunity).where(Opportunity.lead_id == self.id))
            assert all(each.deleted_at is not None for each in found)
        self.state, self.is_open, self.plan_id = self.before, True, None


class CetecLead(LeadMachine):
    code, edges = "cetec", CETEC


class AxelorLead(LeadMachine):
    code, edges = "axelor", AXELOR_LEAD


class AxelorOpportunity(Machine):
    code, edges, model = "axelor", AXELOR, Opportunity

    def make(self, session: Any) -> Opportunity:
        fields = {"name": "Tilbud", "amount": Decimal("1000.00")}
        return opportunities.create(session, fields, now=utcnow(), pipeline=self.code)

    def carry_out(self, session: Any, principal: Any, record: Any, wanted: Move) -> None:
        said = {"lost_reason": "price" if wanted.target == "lost" else None}
        opportunities.move(session, principal, record, wanted, said, now=utcnow())

    def shut(self, session: Any, record: Any) -> None:
        opportunities.close(session, record, reason=None, now=utcnow())

    def may_be_closed(self) -> bool:
        return KINDS.get(self.state) in {"won", "lost"}

    def open_again(self, session: Any, record: Any) -> None:
        opportunities.reopen(session, record, reason=None)

    @invariant()
    def the_weighted_value_is_the_amount_times_the_probability(self) -> None:
        with transaction() as session:
            found = session.get_one(Opportunity, self.id)
            assert found.amount is not None
            assert found.weighted == found.amount * found.probability / 100
            assert found.state_kind is not StateKind.LOST or found.weighted == 0


@pytest.mark.parametrize("machine", [CetecLead, AxelorLead, AxelorOpportunity])
def test_a_record_stands_where_the_log_of_its_moves_leads(
    database: Engine, machine: type[Machine]
) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=8,
            stateful_step_count=12,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )

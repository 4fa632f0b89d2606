"""Does what a wish says, in one transaction: all of it or nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import custom_fields
from hub.access import owning
from hub.access.principals import Permission, Principal
from hub.access.roles import Verb
from hub.conversion import copies
from hub.conversion.wishes import Wish
from hub.custom_fields.models import COLUMN
from hub.customers import becoming, contacts
from hub.customers import services as customers
from hub.customers.belonging import other_currency
from hub.customers.lookup import get_customer
from hub.customers.models import Contact, Customer, CustomerRole
from hub.customers.refusing import DuplicateLeave
from hub.errors import ConflictError, ValidationError, under
from hub.history.recording import plain, record
from hub.history.records import Record
from hub.i18n import N_
from hub.leads import alike
from hub.leads.models import Lead
from hub.leads.services import fill_derived
from hub.opportunities import services as opportunities
from hub.opportunities.models import Opportunity
from hub.workflow import moving
from hub.workflow.models import StateKind
from hub.workflow.moving import Move

SETTLED = (
    "customer_id", "contact_id", "state", "state_kind", "state_since", "is_open", "closed_at",
    "probability",
    "converted_at", "converted_by", "converted_customer_id", "converted_contact_id",
)  # fmt: skip
"""What a conversion sets of a lead, and its undo puts back."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a conversion does: to which record, from what to what.

    `error` says why it, or what is left out of it, is not done.
    """

    action: str  # create, update, link, skip
    record: Record
    version: int | None = None  # before it
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    error: ValidationError | None = None


def carry_out(
    session: Session, principal: Principal, lead: Lead, wish: Wish, *, plan_id: UUID, now: datetime
) -> list[Step]:
    """Convert a lead that the caller may move, and is locked; returns what was done, in order.

    Raises:
        ConflictError: ``converted``; ``closed``; ``duplicate``, with the candidates, as for a new
            customer.
        ValidationError: names every broken rule, under ``/customer``, ``/contact`` or
            ``/opportunity`` where it is one of theirs.
        NotFoundError, ForbiddenError: he does not see the customer, or has no right to it.
    """
    return _Conversion(session, principal, lead, wish, now).carry_out(plan_id)


@dataclass(frozen=True, slots=True)
class _Conversion:
    """One lead, whoever converts it, and what it is to become."""

    session: Session
    principal: Principal
    lead: Lead
    wish: Wish
    now: datetime

    def carry_out(self, plan_id: UUID) -> list[Step]:
        """See the function."""
        self._refuse_settled()
        found = self._customer()
        customer: Any = found.record
        person = self._contact(customer)
        contact: Any = person.record if person else None
        adopted = list(self._adopt(customer))
        begun = list(self._make_opportunity(customer, contact))
        made = [*adopted, *begun]
        told = self._settle(customer, contact)
        record(
            self.session, "lead.converted", subject_type=Lead.entity(), subject_id=self.lead.id,
            data=plain({
                "plan_id": plan_id, "reason": self.wish.reason, "customer_id": customer.id,
                "contact_id": contact.id if contact else None,
                "opportunity_id": begun[0].record.id if begun else None,
                "opportunity_ids": [each.record.id for each in made if each.action != "skip"],
            }),
        )  # fmt: skip
        return [found, *([person] if person else []), *made, told]

    def _refuse_settled(self) -> None:
        if self.lead.converted_at is not None:
            raise ConflictError(
                "converted", N_("A customer came of it already."),
                details={"customer_id": str(self.lead.converted_customer_id)},
            )  # fmt: skip
        if not self.lead.is_open:
            raise ConflictError(
                "closed", N_("It is closed: reopen it first."), details={"allowed": []}
            )

    def _customer(self) -> Step:
        own, wanted = self.lead.customer_id, self.wish.customer_id or self.lead.customer_id
        if own is not None and wanted != own:
            raise ValidationError.of(
                "/customer_id", "other",
                N_("The lead is of another customer: that is what it becomes."),
            )  # fmt: skip
        if wanted is None:
            return self._new_customer()
        if self.wish.customer:
            raise ValidationError.of(
                "/customer", "exists", N_("The customer exists already: it is changed by itself.")
            )
        customer = get_customer(self.session, self.principal, Verb.READ, wanted)
        roles = becoming.roles_after(customer, self.wish.role)
        if roles == customer.roles:
            return Step("link", customer, customer.version)
        customer = get_customer(self.session, self.principal, Verb.EDIT, wanted)
        version, before = customer.version, customer.roles
        customers.update(
            self.session, customer, {"roles": roles}, now=self.now, caller=self.principal
        )
        return Step("update", customer, version, {"roles": before}, {"roles": roles})

    def _new_customer(self) -> Step:
        self._require_creating(Customer, self.wish.customer)
        fields = {
            "roles": [(self.wish.role or CustomerRole.PROSPECT).value],
            **self._still_assignable(Customer, copies.customer_fields(self.lead)),
            **self.wish.customer,
        }
        self._carry_custom(Customer, fields)
        reason = self.wish.duplicate_reason
        with under("/customer"):
            customer = customers.create(
                self.session, fields, now=self.now, channel="lead", owned_by_creator=True,
                allow_duplicate=DuplicateLeave(reason) if reason is not None else None,
                caller=self.principal,
            )  # fmt: skip
        return Step("create", customer, after=fields)

    def _contact(self, customer: Customer) -> Step | None:
        if self.wish.without_contact:
            return None
        named = self.wish.contact_id
        if named is None and self.wish.contact is None:
            named = self.lead.contact_id
        if named is not None:
            return Step("link", self._contact_of(customer, named))
        fields = {**copies.contact_fields(self.lead), **(self.wish.contact or {})}
        if not fields:
            return None
        get_customer(self.session, self.principal, Verb.EDIT, customer.id)
        self._carry_custom(Contact, fields)
        with under("/contact"):
            contact = contacts.create(self.session, customer, fields, caller=self.principal)
        return Step("create", contact, after=fields)

    def _contact_of(self, customer: Customer, contact_id: UUID) -> Contact:
        contact = self.session.get(Contact, contact_id)
        if contact is None or contact.customer_id != customer.id or contact.deleted_at is not None:
            raise ValidationError.of(
                "/contact_id", "unknown", N_("There is no such contact of this customer.")
            )
        return contact

    def _adopt(self, customer: Customer) -> Iterator[Step]:
        """Give the customer what came of the lead before it was one."""
        earlier = self.session.scalars(
            select(Opportunity)
            .where(
                Opportunity.lead_id == self.lead.id, Opportunity.customer_id.is_(None),
                Opportunity.deleted_at.is_(None),
            )
            .order_by(Opportunity.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        ).all()  # fmt: skip
        for each in earlier:
            yield self._adopted(each, customer)

    def _adopted(self, opportunity: Opportunity, customer: Customer) -> Step:
        version = opportunity.version
        if opportunity.currency != customer.currency:
            return Step("skip", opportunity, version, error=other_currency(opportunity, customer))
        opportunities.update(self.session, opportunity, {"customer_id": customer.id})
        return Step(
            "update", opportunity, version, {"customer_id": None}, {"customer_id": customer.id}
        )

    def _make_opportunity(self, customer: Customer, contact: Contact | None) -> Iterator[Step]:
        wanted = self.wish.opportunity
        if wanted is None:
            return
        self._require_creating(Opportunity, wanted)
        copied = self._still_assignable(Opportunity, copies.opportunity_fields(self.lead))
        foreign = None
        if self.lead.currency != customer.currency and copied.pop("amount", None) is not None:
            foreign = other_currency(self.lead, customer)
        fields = {
            **copied,
            **wanted,
            "lead_id": self.lead.id,
            "customer_id": customer.id,
            "contact_id": contact.id if contact else None,
        }
        self._carry_custom(Opportunity, fields)
        with under("/opportunity"):
            made = opportunities.create(
                self.session, fields, now=self.now, pipeline=self.wish.pipeline,
                caller=self.principal,
            )  # fmt: skip
        told = {name: value for name, value in fields.items() if value is not None}
        yield Step("create", made, after=told, error=None if "amount" in wanted else foreign)

    def _settle(self, customer: Customer, contact: Contact | None) -> Step:
        """Note on the lead what became of it, and close it: won, where its workflow lets it be."""
        lead, version = self.lead, self.lead.version
        before = {name: getattr(lead, name) for name in SETTLED}
        lead.customer_id = lead.converted_customer_id = customer.id
        lead.contact_id = lead.converted_contact_id = contact.id if contact else None
        lead.converted_at, lead.converted_by = self.now, self.principal.user_id
        fill_derived(lead, customer)
        offered = moving.targets(self.session, self.principal, lead)
        won = next((each.state.key for each in offered if each.state.kind is StateKind.WON), None)
        if won is None:
            moving.close(self.session, lead, reason=self.wish.reason, now=self.now)
        else:
            wanted = Move(won, lead.owner_user_id, self.wish.reason, close=True)
            moving.move(self.session, self.principal, lead, wanted, now=self.now)
        self.session.flush()
        alike.write_keys(self.session, lead)
        after = {name: getattr(lead, name) for name in SETTLED}
        changed = [name for name in SETTLED if before[name] != after[name]]
        return Step(
            "update", lead, version,
            {name: before[name] for name in changed}, {name: after[name] for name in changed},
        )  # fmt: skip

    def _require_creating(self, model: type[Record], said: Mapping[str, Any]) -> None:
        self.principal.require(Permission(Verb.CREATE, model.collection()))
        owning.refuse_to_name_others(self.principal, model, said)

    def _carry_custom(self, model: type[Record], fields: dict[str, Any]) -> None:
        """Have what comes of the lead take over its own fields, but for those that are said."""
        carried = custom_fields.carried(self.session, self.lead, model, caller=self.principal)
        if carried:
            fields[COLUMN] = {**carried, **(fields.get(COLUMN) or {})}

    def _still_assignable(self, model: type[Record], fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return fields without those that name people to whom nothing is given any more."""
        try:
            owning.refuse_unassignable(self.session, model, fields)
        except ValidationError as error:
            left = {each.pointer.removeprefix("/") for each in error.errors}
            return {name: value for name, value in fields.items() if name not in left}
        return dict(fields)

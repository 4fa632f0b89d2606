"""Records that stand by themselves and may belong to a customer: to whom, in which currency."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.customers.defaults import currency_of_new
from hub.customers.models import Contact, Customer
from hub.errors import ValidationError
from hub.i18n import N_


def customer_of(session: Session, values: Mapping[str, Any]) -> Customer | None:
    """Return the living customer that the values name, whom nobody takes away meanwhile.

    Raises:
        ValidationError: there is no such customer, or `contact_id` is none of his.
    """
    customer_id, contact_id = values.get("customer_id"), values.get("contact_id")
    if customer_id is None:
        if contact_id is not None:
            raise ValidationError.of(
                "/contact_id", "without_customer", N_("A contact is one of a customer: name it.")
            )
        return None
    customer = session.scalar(
        select(Customer)
        .where(Customer.id == customer_id, Customer.deleted_at.is_(None))
        .with_for_update(read=True, key_share=True)
        .execution_options(populate_existing=True)
    )
    if customer is None:
        raise ValidationError.of("/customer_id", "unknown", N_("There is no such customer."))
    if customer.merged_into_id is not None:
        raise ValidationError.of(
            "/customer_id",
            "merged",
            N_("It was merged into {id}."),
            id=str(customer.merged_into_id),
        )
    if contact_id is not None:
        contact = session.get(Contact, contact_id)
        if contact is None or contact.customer_id != customer_id or contact.deleted_at is not None:
            raise ValidationError.of(
                "/contact_id", "unknown", N_("There is no such contact of this customer.")
            )
    return customer


def other_currency(record: Any, customer: Customer) -> ValidationError:
    """Return why amounts of a record do not become those of a customer with another currency."""
    return ValidationError.of(
        "/customer_id", "other_currency",
        N_("Its amounts are in {own}, and the customer's currency is {currency}."),
        own=record.currency, currency=customer.currency,
    )  # fmt: skip


def currency_of(session: Session, wanted: str | None, customer: Customer | None) -> str:
    """Return the currency of a new record: its customer's, where it has one.

    Raises:
        ValidationError: ``of_customer``: another one is wanted.
    """
    if customer is None:
        return wanted or currency_of_new(session)
    if wanted is not None and wanted != customer.currency:
        raise ValidationError.of(
            "/currency", "of_customer", N_("The currency is that of the customer: {currency}."),
            currency=customer.currency,
        )  # fmt: skip
    return customer.currency

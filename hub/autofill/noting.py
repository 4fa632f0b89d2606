"""What customers and searches show while a registry does not answer, and when it never will."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.autofill import services
from hub.autofill.models import RegistryLookup
from hub.connections import holding, mending
from hub.customers.models import Customer, RegistryState
from hub.db import find_locked, locked
from hub.errors import ConnectorError, RateLimitedError, TransientError
from hub.i18n import N_
from hub.ledger.setbacks import Setback
from hub.links import record_path

NO_REGISTRY = holding.waits_for_kind(services.REGISTRY)
NOT_FOUND = N_(
    "The registry {source} has no company with the number {number}: correct the number, or fill the"
    " customer in by hand."
)
NO_ANSWER = N_("The registry does not answer: {reason}")
HELD = N_("The registry is asked later: {reason}")
FAILED = N_("The registry {source} could not be asked: {reason}")
GIVEN_UP = N_(
    "The registry {source} was asked in vain: {reason} Ask it again, or fill it in by hand."
)
NOT_ASKED = N_("The registry could not be asked: {reason}")


def note_customer(session: Session, setback: Setback) -> None:
    """Show on a customer why the registry has not filled it, and when it is asked again, if so."""
    customer = find_locked(session, Customer, UUID(setback.args["customer_id"]))
    if customer is None or customer.deleted_at is not None:
        return
    is_over = setback.next_try_at is None
    customer.registry_state = RegistryState.FAILED if is_over else RegistryState.WAITING
    if setback.waits_for == NO_REGISTRY:  # nobody is asked until there is one
        customer.registry_next_try_at = None
        customer.registry_message = services.no_registry()
        return
    customer.registry_next_try_at = setback.next_try_at
    customer.registry_message = _message(setback)
    if isinstance(setback.error, ConnectorError):
        customer.registry_source = setback.error.system


def note_not_found(session: Session, customer_id: UUID, registry: str, number: str) -> None:
    """Show that a registry has no company of a customer's number; the customer stays as it is."""
    customer = locked(session, Customer, customer_id)
    customer.registry_state = RegistryState.FAILED
    customer.registry_source = registry
    customer.registry_next_try_at = None
    customer.registry_message = {
        "code": "not_found", "text": NOT_FOUND, "params": {"source": registry, "number": number},
        "link": f"{record_path('customers', customer_id)}#/cvr",
    }  # fmt: skip


def note_search(session: Session, setback: Setback) -> None:
    """Show on a search why it has no answer yet, or why it gets none."""
    lookup = find_locked(session, RegistryLookup, UUID(setback.args["lookup_id"]))
    if lookup is None or lookup.state == "answered":
        return
    lookup.state = "failed" if setback.next_try_at is None else "waiting"
    lookup.next_try_at = setback.next_try_at
    no_registry = setback.waits_for == NO_REGISTRY
    lookup.message = services.no_registry() if no_registry else _message(setback)
    if isinstance(setback.error, ConnectorError):
        lookup.source = setback.error.system


def _message(setback: Setback) -> dict[str, Any]:
    text, params = _said(setback)
    return {
        "code": setback.code,
        "text": text,
        "params": dict(params),
        "link": mending.link(setback),
    }


def _said(setback: Setback) -> tuple[str, Mapping[str, Any]]:
    error, reason = setback.error, dict(setback.reason)
    if setback.next_try_at is not None:
        is_silent = isinstance(error, TransientError) and not isinstance(error, RateLimitedError)
        return (NO_ANSWER if is_silent else HELD), {"reason": reason}
    if isinstance(error, ConnectorError):
        text = GIVEN_UP if isinstance(error, TransientError) else FAILED
        return text, {"source": error.system, "reason": reason}
    return NOT_ASKED, {"reason": reason}

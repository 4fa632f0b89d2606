"""The list of mirrored documents."""

from sqlalchemy import select

from hub.customers.models import Customer
from hub.documents.models import DocMirror, DocumentKind, DocumentState
from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Listing

_CUSTOMER = (
    select(Customer.name)
    .where(Customer.id == DocMirror.customer_id)
    .correlate(DocMirror)
    .scalar_subquery()
)

DOCUMENTS = Listing(
    name="documents",
    model=DocMirror,
    fields=(
        Field("id", DocMirror.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("customer", DocMirror.customer_id, label=N_("Customer"), kind=Kind.UUID,
              caption=_CUSTOMER, width=40),
        Field("kind", DocMirror.kind, label=N_("Kind"), kind=Kind.ENUM, facet=True, choices=(
            Choice(DocumentKind.INVOICE, N_("Invoice")),
            Choice(DocumentKind.CREDIT_NOTE, N_("Credit note")),
            Choice(DocumentKind.PAYMENT, N_("Payment")),
            Choice(DocumentKind.ORDER, N_("Order")),
        )),
        Field("number", DocMirror.number, label=N_("Number"), width=14),
        Field("state", DocMirror.state, label=N_("State"), kind=Kind.ENUM, facet=True, choices=(
            Choice(DocumentState.OPEN, N_("Open")),
            Choice(DocumentState.SETTLED, N_("Settled")),
        )),
        Field("issued_on", DocMirror.issued_on, label=N_("Date"), kind=Kind.DATE, sortable=True),
        Field("due_on", DocMirror.due_on, label=N_("Due"), kind=Kind.DATE, sortable=True),
        Field("starts_on", DocMirror.starts_on, label=N_("Starts"), kind=Kind.DATE),
        Field("delivers_on", DocMirror.delivers_on, label=N_("Delivery day"), kind=Kind.DATE),
        Field("currency", DocMirror.currency, label=N_("Currency"), facet=True),
        Field("amount", DocMirror.amount, label=N_("Amount"), kind=Kind.MONEY),
        Field("remaining", DocMirror.remaining, label=N_("Remaining"), kind=Kind.MONEY),
        Field("connection", DocMirror.connection_id, label=N_("Connection"), kind=Kind.UUID,
              shown=False),
    ),
    default_sort=("-issued_on",),
)  # fmt: skip

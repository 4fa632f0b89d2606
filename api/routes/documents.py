"""/documents and /customers/{id}/documents"""

from uuid import UUID

from flask import Blueprint

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.routes.customers import get_customer_record
from api.schemas.documents import DocumentView
from hub.documents.listing import DOCUMENTS
from hub.documents.models import DocMirror

blueprint = Blueprint("documents", __name__)
READ = Permission(Verb.READ, "documents")


@operation(
    blueprint, "GET", "/documents",
    permission=READ, listing=DOCUMENTS, answer=ListPage[DocumentView],
)  # fmt: skip
def list_documents(call: Call) -> Answer[ListPage[DocumentView]]:
    """List invoices, credit notes, payments and orders, as the books or a shop have them."""
    return list_page(call, DOCUMENTS, DocumentView.model_validate)


@operation(
    blueprint, "GET", "/customers/<uuid:customer_id>/documents",
    permission=READ, listing=DOCUMENTS, answer=ListPage[DocumentView],
)  # fmt: skip
def list_customer_documents(call: Call, customer_id: UUID) -> Answer[ListPage[DocumentView]]:
    """List the documents of a customer, the newest first."""
    customer = get_customer_record(call, Verb.READ, customer_id)
    return list_page(
        call,
        DOCUMENTS,
        DocumentView.model_validate,
        within=DocMirror.customer_id == customer.id,
    )

"""/documents and /customers/{id}/documents"""

from typing import Any
from uuid import UUID

from flask import Blueprint

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.routes.customers import get_customer_record
from api.schemas.documents import DocumentView
from hub.access.roles import FieldClass
from hub.documents.listing import DOCUMENTS
from hub.documents.models import DocMirror

blueprint = Blueprint("documents", __name__)
READ = Permission(Verb.READ, "documents")


def _view(call: Call[Any, Any], document: DocMirror) -> DocumentView:
    shown = DocumentView.model_validate(document)
    if FieldClass.INTERNAL in call.principal.reads:
        return shown
    return shown.model_copy(update={"amount": None, "remaining": None})


@operation(
    blueprint, "GET", "/documents",
    permission=READ, listing=DOCUMENTS, answer=ListPage[DocumentView],
)  # fmt: skip
def list_documents(call: Call) -> Answer[ListPage[DocumentView]]:
    """List invoices, credit notes, payments and orders, as the accounting system has them."""
    return list_page(call, DOCUMENTS, lambda document: _view(call, document))


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
        lambda document: _view(call, document),
        within=DocMirror.customer_id == customer.id,
    )

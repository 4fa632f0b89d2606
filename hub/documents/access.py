"""Who may see a document: whoever sees its customer."""

from hub.access.predicates import declare_rule
from hub.customers.access import PartOfCustomerRule
from hub.documents.models import DocMirror

declare_rule(DocMirror, PartOfCustomerRule())

"""Whose rows tell of customers that may be protected, and by which columns."""

from hub.access.models import AccessGrant
from hub.access.readings import declare_guarded
from hub.activities.models import Activity, ActivitySubject
from hub.approvals.models import Approval
from hub.connections.models import Conflict, ExternalLink
from hub.customers.models import Address, Contact, Customer
from hub.documents.models import DocMirror
from hub.duplicates.models import DupCandidate
from hub.leads.models import Lead
from hub.notes.models import Note
from hub.opportunities.models import Opportunity
from hub.pools.models import PoolClaim, PoolDraw
from hub.reminders.models import Reminder


def install() -> None:
    """Declare it; every process that reads for a caller does so as it starts."""
    declare_guarded(Customer, Customer, Customer.id)
    for model in (
        Address, Conflict, Contact, DocMirror, ExternalLink, Lead, Opportunity, PoolClaim,
    ):  # fmt: skip
        declare_guarded(model, Customer, model.customer_id)
    for noted in (Note, Reminder):
        about = noted.subject_type, noted.subject_id
        declare_guarded(noted, Customer, noted.customer_id, about=about)
    declare_guarded(
        Activity, Customer, ActivitySubject.customer_id, by=ActivitySubject.activity_id,
        about=(ActivitySubject.subject_type, ActivitySubject.subject_id),
    )  # fmt: skip
    declare_guarded(PoolDraw, Customer, PoolClaim.customer_id, by=PoolClaim.draw_id)
    declare_guarded(AccessGrant, Customer, AccessGrant.subject_id)
    declare_guarded(DupCandidate, Customer, DupCandidate.a_id, DupCandidate.b_id)
    declare_guarded(Approval, Customer, Approval.subject_id)

"""Whose rows tell of customers that may be protected, and by which columns."""

from hub.access.readings import declare_guarded
from hub.activities.models import Activity, ActivitySubject
from hub.approvals.models import Approval
from hub.connections.models import Conflict, ExternalLink
from hub.customers.models import Contact, Customer
from hub.documents.models import DocMirror
from hub.duplicates.models import DupCandidate
from hub.notes.models import Note
from hub.reminders.models import Reminder


def install() -> None:
    """Declare it; every process that reads for a caller does so as it starts."""
    declare_guarded(Customer, Customer, Customer.id)
    for model in (Contact, Conflict, DocMirror, ExternalLink, Note, Reminder):
        declare_guarded(model, Customer, model.customer_id)
    declare_guarded(Activity, Customer, ActivitySubject.customer_id, by=ActivitySubject.activity_id)
    declare_guarded(DupCandidate, Customer, DupCandidate.a_id, DupCandidate.b_id)
    declare_guarded(Approval, Customer, Approval.subject_id)

"""What follows from changes, whoever makes them: every process connects its reactions here.

The rules of who may do what are declared with them.
"""

from hub import follow_ups, rules
from hub.approvals.telling import ApprovalMails
from hub.assignments import requesting
from hub.autofill import noting as registry_notes
from hub.autofill import services as autofill
from hub.credit import reacting as credit
from hub.credit import transactions
from hub.customers import following as customers
from hub.customers import reaching, refusals
from hub.duplicates import services as duplicates
from hub.history.recording import when_changed
from hub.hooks import importing as hooks
from hub.imports import services as imports
from hub.imports import templates
from hub.leads import following as leads
from hub.leads.models import Lead
from hub.ledger.setbacks import when_given_up, when_set_back
from hub.ledger.tasks import TaskName
from hub.mail import trying
from hub.mail.sources import declare_gate, declare_source
from hub.pools import applying, handing_over
from hub.pools.recalling import CLAIM, RecallWarnings
from hub.reminders import due
from hub.reports import delivering as report_deliveries
from hub.sharing import access_requests
from hub.signing_in import following
from hub.signing_in.mails import TicketMails
from hub.sync import noting as accounting_notes
from hub.sync import pushing, runs


def install() -> None:
    """Connect the reactions; every process that writes records calls this as it starts."""
    rules.install()
    when_changed("customer", autofill.react, many=autofill.react_many)
    when_changed("customer", pushing.react, many=pushing.react_many)
    for entity in ("customer", "lead"):
        when_changed(entity, duplicates.react, many=duplicates.react_many)
    when_changed("customer", handing_over.react, many=handing_over.react_many)
    when_set_back(TaskName.LOOK_UP_COMPANY, registry_notes.note_customer)
    when_set_back(TaskName.SEARCH_COMPANIES, registry_notes.note_search)
    when_set_back(TaskName.PUSH_CUSTOMER, accounting_notes.note_push)
    when_changed("user", following.react)
    when_changed("customer", customers.react)
    when_changed("contact", reaching.react)
    when_changed("custom_field", templates.follow)
    when_changed("lead", leads.react)
    for entity in ("lead", "opportunity"):
        when_changed(entity, follow_ups.react)
    when_set_back(TaskName.PULL_CUSTOMERS, runs.note_setback)
    when_set_back(TaskName.IMPORT_HOOK, hooks.note_setback)
    when_given_up(TaskName.IMPORT_HOOK, hooks.note_given_up)
    for task in imports.TOLD_OF:
        when_set_back(task, imports.note_setback)
    when_set_back(TaskName.SEND_DELIVERY, trying.note_setback)
    when_given_up(TaskName.SEND_DELIVERY, trying.note_given_up)
    when_set_back(TaskName.SEND_DUE_REMINDER, due.note_setback)
    declare_source("reminder", due.ReminderMails())
    declare_source("approval", ApprovalMails())
    declare_source("ticket", TicketMails())
    declare_source(CLAIM, RecallWarnings())
    refusals.declare_refuser(Lead)
    declare_gate(refusals.refuse_unwanted)
    report_deliveries.install()
    credit.install()
    transactions.declare_actions()
    applying.declare_actions()
    access_requests.declare_actions()
    requesting.declare_actions()

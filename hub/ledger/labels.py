"""What tasks are called where people read of them."""

from collections.abc import Mapping

from hub.i18n import N_
from hub.ledger.tasks import TaskName

TASK_LABELS: Mapping[TaskName, str] = {
    TaskName.SEND_DELIVERY: N_("Sending mail"),
    TaskName.SEND_DUE_REMINDER: N_("Reminding people"),
    TaskName.SEND_RESET: N_("Sending a new password's link"),
    TaskName.LOOK_UP_COMPANY: N_("Filling customers from the company registry"),
    TaskName.SEARCH_COMPANIES: N_("Searching the company registry"),
    TaskName.TEST_CONNECTION: N_("Testing a connection"),
    TaskName.PUSH_CUSTOMER: N_("Sending customers to accounting"),
    TaskName.PULL_CUSTOMERS: N_("Fetching customers from accounting"),
    TaskName.CALL_ROLL: N_("Looking who is gone from accounting"),
    TaskName.PLAN_FIRST_LOAD: N_("Planning the first load from accounting"),
    TaskName.APPLY_FIRST_LOAD: N_("Carrying out the first load from accounting"),
    TaskName.FIND_DUPLICATES: N_("Looking for duplicates"),
    TaskName.IMPORT_HOOK: N_("Taking in what shops and mailboxes send"),
    TaskName.READ_MAILBOX: N_("Reading a mailbox"),
    TaskName.ANALYSE_FILE: N_("Analysing a file to import"),
    TaskName.APPLY_IMPORT: N_("Carrying out an import"),
    TaskName.UNDO_IMPORT: N_("Taking an import back"),
    TaskName.RENDER_IMPORT_RESULT: N_("Writing the result of an import"),
    TaskName.RENDER_IMPORT_TEMPLATES: N_("Writing the templates of imports"),
    TaskName.PLAN_ASSIGNMENT: N_("Planning an assignment"),
    TaskName.APPLY_ASSIGNMENT: N_("Carrying out an assignment"),
    TaskName.UNDO_ASSIGNMENT: N_("Taking an assignment back"),
    TaskName.RUN_REPORT: N_("Starting a scheduled report"),
    TaskName.RENDER_REPORT: N_("Making a report"),
    TaskName.RENDER_EXPORT: N_("Making an export"),
    TaskName.TIDY_LEDGER: N_("Tidying up"),
    TaskName.EXPIRE_REQUESTS: N_("Closing requests that nobody decided in time"),
    TaskName.ESCALATE_REQUESTS: N_("Passing requests on that wait too long"),
    TaskName.EVALUATE_CUSTOMER: N_("Evaluating a customer's credit"),
    TaskName.EVALUATE_CUSTOMERS: N_("Evaluating all customers' credit"),
    TaskName.RECALL_CUSTOMERS: N_("Calling customers back to their pools"),
    TaskName.FOLLOW_WORKFLOW: N_("Carrying a change of a workflow over to its records"),
    TaskName.FOLLOW_CUSTOMER: N_("Carrying a customer's new name over to its records"),
    TaskName.WAKE_LEAD: N_("Opening a lead again on its day"),
    TaskName.APPLY_CONVERSION: N_("Converting a lead"),
    TaskName.UNDO_CONVERSION: N_("Taking a conversion back"),
    TaskName.FOLLOW_OBJECTIVES: N_("Keeping objectives up to date"),
    TaskName.MEASURE_OBJECTIVE: N_("Measuring an objective"),
    TaskName.APPLY_SETTING: N_("Putting a setting into force on its day"),
}
"""English source texts: each says what is done, so that it can stand before what became of it."""


def label_of(task: str) -> str:
    """Return what a task is called; the name of one that this version does not know, as it is."""
    try:
        return TASK_LABELS[TaskName(task)]
    except ValueError:
        return task

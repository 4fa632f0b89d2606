"""The names of all tasks, the queue each belongs to, and what may not run beside itself.

A queue says how urgent a task is.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Queue(StrEnum):
    """The Celery queues, most urgent first."""

    URGENT = "urgent"
    DEFAULT = "default"
    BULK = "bulk"


class TaskName(StrEnum):
    """Every task: ``<kind>.<verb>_<noun>``, its body in ``workers/tasks/<kind>.py``."""

    SEND_DELIVERY = "mail.send_delivery"
    SEND_DUE_REMINDER = "mail.send_due_reminder"
    SEND_RESET = "signing_in.send_reset"
    LOOK_UP_COMPANY = "registry.look_up_company"
    SEARCH_COMPANIES = "registry.search_companies"
    TEST_CONNECTION = "connections.test_connection"
    PUSH_CUSTOMER = "accounting.push_customer"
    PULL_CUSTOMERS = "accounting.pull_customers"
    CALL_ROLL = "accounting.call_roll"
    PLAN_FIRST_LOAD = "accounting.plan_first_load"
    APPLY_FIRST_LOAD = "accounting.apply_first_load"
    FIND_DUPLICATES = "duplicates.find_duplicates"
    IMPORT_HOOK = "imports.import_hook"
    READ_MAILBOX = "mailboxes.read_mailbox"
    ANALYSE_FILE = "imports.analyse_file"
    APPLY_IMPORT = "imports.apply_import"
    UNDO_IMPORT = "imports.undo_import"
    RENDER_IMPORT_RESULT = "imports.render_import_result"
    RENDER_IMPORT_TEMPLATES = "imports.render_import_templates"
    PLAN_ASSIGNMENT = "assignments.plan_assignment"
    APPLY_ASSIGNMENT = "assignments.apply_assignment"
    UNDO_ASSIGNMENT = "assignments.undo_assignment"
    RUN_REPORT = "reports.run_report"
    RENDER_REPORT = "reports.render_report"
    RENDER_EXPORT = "reports.render_export"
    TIDY_LEDGER = "ledger.tidy_ledger"
    EXPIRE_REQUESTS = "approvals.expire_requests"
    ESCALATE_REQUESTS = "approvals.escalate_requests"
    EVALUATE_CUSTOMER = "credit.evaluate_customer"
    EVALUATE_CUSTOMERS = "credit.evaluate_customers"
    RECALL_CUSTOMERS = "pools.recall_customers"
    FOLLOW_WORKFLOW = "workflows.follow_workflow"
    FOLLOW_CUSTOMER = "customers.follow_customer"
    WAKE_LEAD = "leads.wake_lead"
    APPLY_CONVERSION = "conversions.apply_conversion"
    UNDO_CONVERSION = "conversions.undo_conversion"
    FOLLOW_OBJECTIVES = "objectives.follow_objectives"
    MEASURE_OBJECTIVE = "objectives.measure_objective"
    APPLY_SETTING = "settings.apply_setting"


_QUEUES = {
    TaskName.SEND_DELIVERY: Queue.URGENT,
    TaskName.SEND_DUE_REMINDER: Queue.URGENT,
    TaskName.SEND_RESET: Queue.URGENT,
    TaskName.SEARCH_COMPANIES: Queue.URGENT,
    TaskName.LOOK_UP_COMPANY: Queue.URGENT,
    TaskName.TEST_CONNECTION: Queue.URGENT,
    TaskName.APPLY_CONVERSION: Queue.URGENT,
    TaskName.UNDO_CONVERSION: Queue.URGENT,
    TaskName.FIND_DUPLICATES: Queue.BULK,
    TaskName.ANALYSE_FILE: Queue.BULK,
    TaskName.APPLY_IMPORT: Queue.BULK,
    TaskName.UNDO_IMPORT: Queue.BULK,
    TaskName.RENDER_IMPORT_RESULT: Queue.BULK,
    TaskName.CALL_ROLL: Queue.BULK,
    TaskName.PLAN_FIRST_LOAD: Queue.BULK,
    TaskName.APPLY_FIRST_LOAD: Queue.BULK,
    TaskName.RENDER_EXPORT: Queue.BULK,
    TaskName.PLAN_ASSIGNMENT: Queue.BULK,
    TaskName.APPLY_ASSIGNMENT: Queue.BULK,
    TaskName.UNDO_ASSIGNMENT: Queue.BULK,
    TaskName.TIDY_LEDGER: Queue.BULK,
    TaskName.EVALUATE_CUSTOMERS: Queue.BULK,
    TaskName.RECALL_CUSTOMERS: Queue.BULK,
    TaskName.FOLLOW_WORKFLOW: Queue.BULK,
    TaskName.FOLLOW_CUSTOMER: Queue.BULK,
    TaskName.FOLLOW_OBJECTIVES: Queue.BULK,
    TaskName.MEASURE_OBJECTIVE: Queue.BULK,
}


SERIAL_KEYS = {
    TaskName.LOOK_UP_COMPANY: "registry:{customer_id}",
    TaskName.PUSH_CUSTOMER: "{connection_id}:{customer_id}",
    TaskName.PULL_CUSTOMERS: "pull:{connection_id}",
    TaskName.READ_MAILBOX: "pull:{connection_id}",
    TaskName.CALL_ROLL: "roll",
    TaskName.PLAN_FIRST_LOAD: "load:{connection_id}",
    TaskName.FIND_DUPLICATES: "duplicates",
    # Two imports that write at once would each miss the customers that the other one makes.
    TaskName.APPLY_IMPORT: "imports",
    TaskName.UNDO_IMPORT: "imports",
    TaskName.ANALYSE_FILE: "imports.analyse_file:{import_id}",
    TaskName.RENDER_IMPORT_RESULT: "imports.render_import_result:{import_id}",
    TaskName.TIDY_LEDGER: "tidy",
    TaskName.EXPIRE_REQUESTS: "approvals",
    TaskName.ESCALATE_REQUESTS: "escalations",
    TaskName.RECALL_CUSTOMERS: "pools",
    TaskName.EVALUATE_CUSTOMERS: "credit",
    TaskName.FOLLOW_WORKFLOW: "workflows",
    TaskName.FOLLOW_CUSTOMER: "names:{customer_id}",
    TaskName.FOLLOW_OBJECTIVES: "objectives",
    TaskName.MEASURE_OBJECTIVE: "objective:{objective_id}",
    TaskName.APPLY_SETTING: "settings",
}
"""What keeps jobs of a task from running beside each other, made of their arguments."""


IN_ORDER = frozenset({TaskName.PUSH_CUSTOMER})
"""Tasks whose held jobs are released one after another, in the order they were asked for."""


def queue_of(task: str) -> Queue:
    """Return the queue a task belongs to."""
    return _QUEUES.get(TaskName(task), Queue.DEFAULT)


def serial_key_of(task: TaskName, args: Mapping[str, Any]) -> str | None:
    """Return the serial key of a job, whoever asks for it: by hand, on a schedule, in passing.

    None where its task may run beside itself, or where the arguments do not tell.
    """
    pattern = SERIAL_KEYS.get(task)
    if pattern is None:
        return None
    try:
        return pattern.format_map(args)
    except KeyError:
        return None

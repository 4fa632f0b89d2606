"""Who may do what to a reminder: seen with its customer, changed by whom it is for or from."""

from hub.access.predicates import declare_rule
from hub.notes.access import OnCustomerRule
from hub.reminders.models import Reminder

declare_rule(Reminder, OnCustomerRule("recipient_user_id", "created_by"))

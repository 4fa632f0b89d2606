"""Who may see plans and runs: whoever asked for them.

A plan names the customers it touches, with their values, and a run counts them: who may not read a
customer of another's may not read these either.
"""

from hub.access.predicates import PersonalRule, declare_rule
from hub.connections.models import Run
from hub.plans.models import Plan

declare_rule(Plan, PersonalRule("created_by"))
declare_rule(Run, PersonalRule("created_by"))

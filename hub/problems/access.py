"""Who may see a problem: its owner; administrators see all."""

from hub.access.predicates import PersonalRule, declare_rule
from hub.problems.models import Problem

declare_rule(Problem, PersonalRule("owner_user_id"))

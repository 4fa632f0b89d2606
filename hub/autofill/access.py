"""Whose searches are whose: what somebody looks for in a registry is nobody else's business."""

from hub.access.predicates import PersonalRule, declare_rule
from hub.autofill.models import RegistryLookup

declare_rule(RegistryLookup, PersonalRule("created_by"))

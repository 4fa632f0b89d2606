"""Whose imports are whose: a file shows what nobody but its uploader may have seen yet."""

from hub.access.predicates import PersonalRule, declare_rule
from hub.imports.models import ImportJob

declare_rule(ImportJob, PersonalRule("owner_user_id"))

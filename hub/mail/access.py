"""Who may see a delivery: the person it is for."""

from hub.access.predicates import PersonalRule, declare_rule
from hub.mail.models import Delivery

declare_rule(Delivery, PersonalRule("user_id"))
